"""Memory files hold what they were made with, whoever has a descriptor of them."""

from __future__ import annotations

import mmap
import os
import sys

import pytest

from tachograph.sandbox import MemoryFile

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seals are Linux's own")


@pytest.fixture(params=["filled", "twin", "sealed after the fact"])
def held(request: pytest.FixtureRequest) -> MemoryFile:
    """`abc`, finished in each of the ways that there are."""
    if request.param == "sealed after the fact":
        made = MemoryFile.make("test")
        os.write(made.descriptor, b"abc")
        assert made.seal()
        return made
    filled = MemoryFile.filled("test", b"a", b"bc")
    return filled if request.param == "filled" else filled.twin("test")


def test_a_finished_file_cannot_be_changed(held: MemoryFile) -> None:
    """Not written, not grown, not cut, not mapped for writing; not by opening it anew either."""
    again = os.open(f"/proc/self/fd/{held.descriptor}", os.O_RDWR)
    with held:
        for descriptor in (held.descriptor, again):
            for attempt in (
                lambda: os.pwrite(descriptor, b"x", 0),  # noqa: B023 - called at once
                lambda: os.ftruncate(descriptor, 1),  # noqa: B023
                lambda: os.ftruncate(descriptor, 9),  # noqa: B023
                lambda: mmap.mmap(descriptor, 3),  # noqa: B023
            ):
                with pytest.raises(PermissionError):
                    attempt()
        assert os.pread(held.descriptor, 9, 0) == b"abc"
        assert held.size == 3
    os.close(again)


def test_a_finished_file_can_be_mapped_for_oneself(held: MemoryFile) -> None:
    """A private mapping may be written to, and the file does not notice."""
    with held, mmap.mmap(held.descriptor, 3, mmap.MAP_PRIVATE) as private:
        private[:] = b"xyz"
        assert os.pread(held.descriptor, 9, 0) == b"abc"


@pytest.mark.parametrize("size", [1 << 10, 1 << 18])
def test_a_value_is_read_as_it_was_written(size: int) -> None:
    """Small ones are read, large ones are mapped."""
    with MemoryFile.sealed("test", {"x": b"y" * size}) as held:
        assert held.value(held.size) == {"x": b"y" * size}


def test_a_log_without_a_word_is_empty_text() -> None:
    """And one with words is those words."""
    with MemoryFile.bounded("log", 1 << 16) as log:
        assert log.text() == ""
        os.write(log.descriptor, b"a word\x1b")
        assert log.text() == "a word\N{REPLACEMENT CHARACTER}"
