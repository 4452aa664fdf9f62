"""A bundle takes in no log without end, whatever its publisher says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from parties import key

from tachograph.brake.bundle import gather
from tachograph.brake.bundle.folder import Limits
from tachograph.brake.bundle.log_copy import ENTRIES
from tachograph.errors import FormatError
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.note import format_note, sign_note
from tachograph.merkle.tile import Tile


class Endless:
    """A log of so many entries, each tile as large as it may be; it counts what is asked of it."""

    def __init__(self, size: int, data: bytes = b"") -> None:
        self.size, self.data, self.asked = size, data, 0

    def checkpoint(self) -> bytes:
        text = format_checkpoint(Checkpoint("example.org/register", self.size, bytes(32)))
        return format_note(sign_note(text, key("register"))).encode()

    def tile(self, tile: Tile) -> bytes:
        self.asked += 1
        return self.data


def test_a_log_of_more_entries_than_an_audit_takes_in_is_not_fetched(tmp_path: Path) -> None:
    """Its head says how many there are, and nothing of it is asked for."""
    source = Endless(2**60)
    with pytest.raises(FormatError, match="an audit takes in"):
        gather.add_source(tmp_path, "register", source)
    assert source.asked == 0 and not list(tmp_path.iterdir())


def test_a_log_of_more_bytes_than_an_audit_takes_in_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not fill the disk."""
    monkeypatch.setattr(gather, "Limits", lambda: Limits(total_bytes=10_000))
    source = Endless(ENTRIES, b"x" * 4_000)
    with pytest.raises(FormatError, match="10000 bytes"):
        gather.add_source(tmp_path, "register", source)
    assert source.asked == 3
