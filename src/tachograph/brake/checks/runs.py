"""Training runs put together from the statements about them, and how they descend.

Two runs are of one lineage where one names the other, or weights of it, or an optimiser state, as a
parent; where any of their checkpoints, starts or states are the same bytes; and where they train
the same code on the same data. So cutting a run into many does not make it smaller. Proven by
tests/brake/test_check_balance.py. Not covered: lineages that were re-encoded so that no bytes are
alike, which nobody sees without the weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tachograph.brake.evidence import Evidence, Heard
from tachograph.brake.said_records import (
    RunCompleted,
    RunDeclared,
    SegmentCommitted,
    WeightsCommitted,
    WindowReported,
)


@dataclass
class RunSeen:
    """A run as far as its party spoke of it."""

    party: str
    run: str
    declared: tuple[Heard, RunDeclared] | None = None
    checkpoints: list[tuple[Heard, WeightsCommitted]] = field(default_factory=list)
    segments: list[tuple[Heard, SegmentCommitted]] = field(default_factory=list)
    completed: tuple[Heard, RunCompleted] | None = None
    said_twice: bool = False
    """Declared or completed more than once."""
    metered_flop: float = 0.0
    """By the meters."""

    @property
    def flop(self) -> float:
        """The larger of what meters and commitments say."""
        return max(self.metered_flop, sum(segment.flop for _, segment in self.segments))


def runs(evidence: Evidence) -> dict[tuple[str, str], RunSeen]:
    """Every run that anyone spoke of, by party and id."""
    found: dict[tuple[str, str], RunSeen] = {}

    def at(party: str, run: str) -> RunSeen:
        return found.setdefault((party, run), RunSeen(party, run))

    for heard in evidence.heard:
        match heard.said:
            case RunDeclared() as said:
                seen = at(heard.by, said.run)
                seen.said_twice |= seen.declared is not None
                seen.declared = seen.declared or (heard, said)
            case WeightsCommitted() as said:
                at(heard.by, said.run).checkpoints.append((heard, said))
            case SegmentCommitted() as said:
                at(heard.by, said.run).segments.append((heard, said))
            case RunCompleted() as said:
                seen = at(heard.by, said.run)
                seen.said_twice |= seen.completed is not None
                seen.completed = seen.completed or (heard, said)
            case WindowReported() as said if heard.by in evidence.meters:
                for run, flop in said.runs.items():
                    at(evidence.meters[heard.by][0], run).metered_flop += flop
            case _:
                pass
    return found


def parameters_by_root(evidence: Evidence) -> dict[str, int]:
    """Number of weights behind each committed root, by whoever's run declared it; the largest."""
    found: dict[str, int] = {}
    for run in runs(evidence).values():
        if run.declared is not None:
            for _, checkpoint in run.checkpoints:
                size = max(found.get(checkpoint.root, 0), run.declared[1].parameters)
                found[checkpoint.root] = size
    return found


def lineages(evidence: Evidence) -> list[tuple[RunSeen, ...]]:
    """All runs, each with those that it descends from or shares anything with."""
    seen = runs(evidence)
    groups = _Groups()
    for key, run in seen.items():
        name = _name(*key)
        groups.find(name)
        for mark in _marks(run):
            groups.join(name, mark)
    by_root: dict[str, list[RunSeen]] = {}
    for key, run in seen.items():
        by_root.setdefault(groups.find(_name(*key)), []).append(run)
    return [tuple(group) for group in by_root.values()]


EMPTY_TREE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""Root of no arrays: an optimiser without state, which is no sign of descent."""


def _name(party: str, run: str) -> str:
    return f"run {party}/{run}"


def _marks(run: RunSeen) -> Iterator[str]:
    """Everything by which it may be tied to others."""
    if run.declared is not None:
        said = run.declared[1]
        yield f"start {said.start_commitment}"
        yield f"code and data {said.code} {said.data}"
        for parent in said.parents:
            yield f"weights {parent}"
            yield _name(run.party, parent)
            yield f"run {parent}"  # another party's, as party/run
        yield from (f"state {parent}" for parent in said.state_parents)
    for _, checkpoint in run.checkpoints:
        yield f"weights {checkpoint.root}"
        # A fresh optimiser is the same zeros for every run of one shape.
        if checkpoint.step and checkpoint.state != EMPTY_TREE:
            yield f"state {checkpoint.state}"


class _Groups:
    """Union-find over names."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._above: dict[str, str] = {name: name for name in names}

    def find(self, name: str) -> str:
        """The name that stands for the group."""
        above = self._above.setdefault(name, name)
        while above != name:
            self._above[name] = self._above[above]
            name, above = above, self._above[above]
        return name

    def join(self, one: str, other: str) -> None:
        """They are of one group."""
        self._above[self.find(one)] = self.find(other)
