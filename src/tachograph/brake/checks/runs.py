"""Training runs put together from the statements about them, and how they descend.

Two runs are of one lineage where one names the other, or weights of it, or an optimiser state, as a
parent; where any of their checkpoints, starts or states are the same bytes; and where one party
trains the same code on the same data. So cutting a run into many does not make it smaller. Proven
by tests/brake/test_check_balance.py. Not covered: lineages that were re-encoded so that no bytes
are alike, which nobody sees without the weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tachograph.brake.bundle.evidence import Evidence, Heard
from tachograph.brake.said.records import (
    RunCompleted,
    RunDeclared,
    SegmentCommitted,
    WeightsCommitted,
    WindowReported,
)
from tachograph.brake.verdict import Check, CheckResult


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
    first_seq: int = 0
    """The entry that first spoke of it."""

    @property
    def flop(self) -> float:
        """The larger of what meters and commitments say."""
        return max(self.metered_flop, sum(segment.flop for _, segment in self.segments))


def runs(evidence: Evidence) -> dict[tuple[str, str], RunSeen]:
    """Every run that anyone spoke of, by party and id."""
    found: dict[tuple[str, str], RunSeen] = {}

    def at(party: str, run: str) -> RunSeen:
        return found.setdefault((party, run), RunSeen(party, run, first_seq=heard.seq))

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


def of_each_run(
    evidence: Evidence, check: Check, of_run: Callable[[Evidence, RunSeen], CheckResult]
) -> Iterator[CheckResult]:
    """A check's result for each run, and one for a party that declared none."""
    seen = runs(evidence)
    for party in evidence.parties:
        own = [run for run in seen.values() if run.party == party]
        for run in own:
            yield of_run(evidence, run)
        if not own:
            yield check.not_assessed(party, "it declared no training run")


def parameters_by_root(evidence: Evidence) -> dict[str, int]:
    """Number of weights behind each committed root, by whoever's run declared it; the largest."""
    found: dict[str, int] = {}
    for run in runs(evidence).values():
        if run.declared is not None:
            for _, checkpoint in run.checkpoints:
                size = max(found.get(checkpoint.root, 0), run.declared[1].parameters)
                found[checkpoint.root] = size
    return found


def lineages(evidence: Evidence, party: str) -> list[tuple[RunSeen, ...]]:
    """A party's runs, each with all that they descend from or share anything with.

    Among its own runs anything shared ties. To another party's run it is tied only by what it said
    itself, after the other had said it: nobody can be drawn into a lineage by being copied.
    """
    ties = _Ties(runs(evidence))
    groups: list[tuple[RunSeen, ...]] = []
    done: set[_Key] = set()
    for key in ties.seen:
        if key[0] == party and key not in done:
            group = ties.reach(key)
            done |= {other for other in group if other[0] == party}
            groups.append(tuple(ties.seen[other] for other in group))
    return groups


def flop_of(group: tuple[RunSeen, ...], party: str) -> float:
    """Operations of a lineage, as `party` is held to them.

    Another party's runs count by their meters alone, which its energy bears out (V6); what it
    claims of itself could be claimed to accuse.
    """
    return sum(run.flop if run.party == party else run.metered_flop for run in group)


EMPTY_TREE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""Root of no arrays: an optimiser without state, which is no sign of descent."""

_Key = tuple[str, str]
"""Party and run."""
_OWN = "own "
"""Begins a mark that ties a party's runs to each other and to nobody else's."""


class _Ties:
    """Runs by the marks that they share, with the entry at which each came to bear it."""

    def __init__(self, seen: dict[_Key, RunSeen]) -> None:
        self.seen = seen
        self.marks = {key: dict(_marks(run)) for key, run in seen.items()}
        self.bearers: dict[str, list[tuple[int, _Key]]] = {}
        for key, marks in self.marks.items():
            for mark, seq in marks.items():
                self.bearers.setdefault(mark, []).append((seq, key))

    def reach(self, start: _Key) -> list[_Key]:
        """All runs of the lineage of a run, itself first."""
        bounds = {start: math.inf}
        waiting = [start]
        while waiting:
            key = waiting.pop()
            for mark, seq in self.marks[key].items():
                for other_seq, other in self.bearers[mark]:
                    bound = self._bound(start[0], key, seq, other, other_seq, bounds[key])
                    if bound is not None and bound > bounds.get(other, -1.0):
                        bounds[other] = bound
                        waiting.append(other)
        return list(bounds)

    @staticmethod
    def _bound(
        home: str, key: _Key, seq: int, other: _Key, other_seq: int, bound: float
    ) -> float | None:
        """Up to which entry `other` may be tied on from here; None: it is not tied at all."""
        if other[0] == home == key[0]:
            return math.inf
        latest = bound if other[0] == key[0] else min(bound, seq)
        if other_seq >= latest:
            return None
        return math.inf if other[0] == home else latest


def _marks(run: RunSeen) -> Iterator[tuple[str, int]]:
    """Everything by which it may be tied to others, and since which entry."""
    yield f"run {run.party}/{run.run}", run.first_seq
    if run.declared is not None:
        heard, said = run.declared
        yield f"start {said.start_commitment}", heard.seq
        yield f"{_OWN}{run.party} code and data {said.code} {said.data}", heard.seq
        for parent in said.parents:
            yield f"weights {parent}", heard.seq
            yield f"run {run.party}/{parent}", heard.seq
            yield f"run {parent}", heard.seq  # another party's, as party/run
        for state in said.state_parents:
            yield f"state {state}", heard.seq
    for heard, checkpoint in reversed(run.checkpoints):
        yield f"weights {checkpoint.root}", heard.seq
        # A fresh optimiser is the same zeros for every run of one shape.
        if checkpoint.step and checkpoint.state != EMPTY_TREE:
            yield f"state {checkpoint.state}", heard.seq
