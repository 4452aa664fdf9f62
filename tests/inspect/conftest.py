"""Inspect, if it is installed, and in a state of its own."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore_glob = [] if find_spec("inspect_ai") else ["test_*.py"]
"""Without the extra `models` there is nothing to test."""


@pytest.fixture
def anyio_backend() -> str:
    """Inspect runs on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No log, cache or setting of the user's."""
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TACHO_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True, scope="module")
def swept() -> Iterator[None]:
    """What Inspect leaves open is found here, where it is let be, and not by another's test."""
    yield
    gc.collect()


ITS_OWN = ("ignore:The 'initial' parameter is deprecated:DeprecationWarning",
           "ignore:.*<function MemoryObject:pytest.PytestUnraisableExceptionWarning")  # fmt: skip
"""What Inspect does to its own dependencies, and leaves open, is no fault of ours."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let those warnings be."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for each in ITS_OWN:
                item.add_marker(pytest.mark.filterwarnings(each))
