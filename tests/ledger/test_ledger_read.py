"""Reading entries: filters pass over the right ones."""

from __future__ import annotations

from typing import Any

import pytest

from tachograph.errors import NotFoundError, UsageError
from tachograph.ledger import Ledger, kinds

OPENED: dict[str, Any] = {
    "task": "t", "task_digest": "", "seed_candidate": "c-0", "goal": "", "random_seed": 1,
    "box": {}, "clock": {}, "proposers": [],
}  # fmt: skip


def seqs(ledger: Ledger, **filters: Any) -> list[int]:
    """Places of the entries found."""
    return [entry.seq for entry in ledger.entries(**filters)]


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """200 entries of two runs and three kinds; the ledger's last block is not full."""
    for number in range(50):
        run = f"r-{number % 2}"
        ledger.append(
            [
                ("loop", (), kinds.RunResumed(run)),
                ("loop", (), kinds.CandidateDropped(run, "c-1", "slower")),
                ("loop", (), kinds.RunResumed("r-3")),
                ("loop", (), kinds.RunClosed(run, "trials", None)),
            ]
        )
    return ledger


def test_filters_by_run_and_kind(filled: Ledger) -> None:
    """Runs and kinds select the same entries as looking at each of them."""
    everything = list(filled.entries())
    for run in ("r-0", "r-1", "r-3", "r-9"):
        assert seqs(filled, run=run) == [e.seq for e in everything if e.body.run == run]  # type: ignore[union-attr]
    for names in (["RunClosed"], ["RunClosed", "CandidateDropped"]):
        assert seqs(filled, kinds=names) == [e.seq for e in everything if e.kind in names]
    assert seqs(filled, run="r-1", kinds=["RunClosed"]) == list(range(7, 200, 8))
    assert seqs(filled, kinds=[kinds.RunClosed]) == seqs(filled, kinds=["RunClosed"])


@pytest.mark.parametrize("start", [-1, 0, 1, 63, 64, 65, 127, 199, 200, 500])
def test_reading_starts_anywhere(filled: Ledger, start: int) -> None:
    """From any place on, all the rest is found, and nothing before."""
    assert seqs(filled, start=start) == list(range(max(start, 0), 200))
    assert seqs(filled, start=start, kinds=["RunClosed"]) == [
        seq for seq in range(max(start, 0), 200) if seq % 4 == 3
    ]


def test_text_that_looks_like_a_run_or_a_kind_is_no_match(ledger: Ledger) -> None:
    """A budget or a note may spell what the filter looks for; only the entry's own fields count."""
    trap = {"run": "r-2", "kind": "RunClosed"}
    ledger.append(
        [
            ("loop", (), kinds.RunOpened(run="r-1", budget=trap, **OPENED)),
            ("loop", (), kinds.RunResumed('r-1","run":"r-2')),
        ]
    )
    assert seqs(ledger, run="r-2") == []
    assert seqs(ledger, kinds=["RunClosed"]) == []
    assert seqs(ledger, run="r-1") == [0]
    assert seqs(ledger, run='r-1","run":"r-2') == [1]


def test_readers_see_the_ledger_as_it_was_when_they_began(ledger: Ledger) -> None:
    """Appending while reading neither disturbs the reader nor lengthens what it sees."""
    ledger.append([("loop", (), kinds.RunResumed("r"))] * 100)
    found = []
    for entry in ledger.entries():
        found.append(entry.seq)
        ledger.append([("loop", (), kinds.RunResumed("r"))])
    assert found == list(range(100))
    assert ledger.size == 200


def test_unknown_kinds_and_places_are_usage_errors(ledger: Ledger) -> None:
    """Asking for what there cannot be is told, and is not an empty answer."""
    with pytest.raises(UsageError, match="RunForgotten"):
        seqs(ledger, kinds=["RunForgotten"])
    for seq in (0, -1):
        with pytest.raises(NotFoundError):
            ledger.get(seq)
