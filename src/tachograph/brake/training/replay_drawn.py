"""From a bundle to replays: which segments the beacon draws, and what each comes to in a box.

The verifier's errand between two audits: `tacho brake replay`. What it finds are statements for a
verifier to sign and post; V7 then judges them like anybody's. Proven by
tests/brake/test_brake_replay_drawn.py. Not covered: choosing the beacon, and signing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tachograph.brake.bundle.evidence import Evidence, Heard
from tachograph.brake.checks.draws import round_of, unfair
from tachograph.brake.checks.frozen import MOST_RECORDS
from tachograph.brake.checks.frozen import draw_purpose as outputs_purpose
from tachograph.brake.checks.reexecution import draw_purpose
from tachograph.brake.checks.runs import RunSeen, runs
from tachograph.brake.said import beacon
from tachograph.brake.said.records import (
    OutputsOpened,
    OutputsServed,
    SegmentOpened,
    SegmentReplayed,
    ServedReplayed,
    ToleranceCalibrated,
    WeightsCommitted,
)
from tachograph.brake.training import char_lm, replay, served, tensors
from tachograph.brake.training.tensors import Arrays
from tachograph.errors import EvidenceError, FormatError, NotFoundError, UsageError
from tachograph.sandbox import Box


@dataclass(frozen=True)
class NotOpened:
    """A drawn segment that could not be replayed. Nothing is wrong with it as yet: ask again."""

    segment: int
    """Number of the segment."""
    missing: str
    """What the party must open."""


Found = SegmentReplayed | ToleranceCalibrated | NotOpened


def run_named(evidence: Evidence, party: str, run: str) -> RunSeen:
    """Return a party's run. Raises NotFoundError, and UsageError where it is not complete."""
    seen = runs(evidence).get((party, run))
    if seen is None:
        names = ", ".join(f"{p}/{r}" for p, r in runs(evidence)) or "none"
        raise NotFoundError(f"no run {party}/{run}", hint=f"there are: {names}")
    if seen.declared is None or seen.completed is None:
        raise UsageError(f"{party}/{run} is not complete", hint="segments are drawn when it is")
    if len(seen.checkpoints) != len(seen.segments) + 1:
        raise UsageError(f"{party}/{run} is no chain", hint="tacho brake audit says why (V8)")
    return seen


def drawn(evidence: Evidence, seen: RunSeen, name: str, count: int) -> tuple[int, ...]:
    """Return the segments that a beacon round draws of a run.

    Raises NotFoundError where nothing was revealed in the round, UsageError where it may not draw.
    """
    one = round_of(evidence, name)
    if one is None:
        raise NotFoundError(f"nothing was revealed of beacon {name!r}", hint="see BeaconRevealed")
    assert seen.completed is not None
    committed = max([seen.completed[0].seq, *(heard.seq for heard, _ in seen.segments)])
    if problem := unfair(evidence, one, seen.party, committed):
        raise UsageError(f"beacon {name!r}: {problem}", hint="use a later round")
    return beacon.draw(one.value, draw_purpose(seen.party, seen.run), len(seen.segments), count)


def replay_segments(
    evidence: Evidence, seen: RunSeen, name: str, numbers: Sequence[int], boxes: Sequence[Box]
) -> Iterator[Found]:
    """Replay segments in the first box; more boxes, on unlike machines, calibrate a tolerance.

    With one box equality is asked bit for bit. Raises BoxError.
    """
    assert seen.declared is not None
    for number in numbers:
        before, after = seen.checkpoints[number][1], seen.checkpoints[number + 1][1]
        segment = seen.segments[number][1]
        try:
            opened = replay.open_segment(
                seen.party, seen.declared[1], before, after, segment, evidence.read
            )
            inner = _inner(evidence, seen, number)
            tolerance = 0.0
            if len(boxes) > 1:
                calibrated = replay.calibrate(boxes, opened)
                tolerance = calibrated.tolerance
                yield calibrated
        except EvidenceError as error:
            yield NotOpened(number, error.message)
            continue
        yield replay.replay(boxes[0], opened, beacon=name, tolerance=tolerance, inner=inner)


def _inner(evidence: Evidence, seen: RunSeen, number: int) -> dict[int, replay.Point]:
    """What the party opened of the checkpoints inside. Raises EvidenceError where it is false."""
    for _, opening in evidence.of(SegmentOpened, seen.party):
        if (opening.run, opening.segment) == (seen.run, number):
            first = seen.checkpoints[number][1].step
            return replay.inner_points(opening, seen.segments[number][1], first, evidence.read)
    return {}


# Served outputs. A forward pass of ours over the party's weights; no code of the party runs.


def outputs_named(evidence: Evidence, party: str, begins: str = "") -> tuple[str, ...]:
    """Return the roots of a party's served outputs that begin so, in the order of its statements.

    Raises NotFoundError where there are none.
    """
    roots = [said.outputs for _, said in evidence.of(OutputsServed, party)]
    found = tuple(dict.fromkeys(root for root in roots if root.startswith(begins)))
    if not found:
        names = ", ".join(f"{party}/{root[:16]}" for root in dict.fromkeys(roots)) or "none"
        raise NotFoundError(f"no outputs {party}/{begins[:16]}", hint=f"there are: {names}")
    return found


def replay_outputs(
    evidence: Evidence, party: str, outputs: str, name: str, count: int
) -> ServedReplayed:
    """Compute the records that a beacon draws again, from the committed weights.

    Raises NotFoundError for outputs or beacons that are not there, UsageError for a beacon that may
    not draw, and FormatError for what was not opened, or is not what was committed to.
    """
    heard, said = _served(evidence, party, outputs)
    one = round_of(evidence, name)
    if one is None:
        raise NotFoundError(f"nothing was revealed of beacon {name!r}", hint="see BeaconRevealed")
    if problem := unfair(evidence, one, party, heard.seq):
        raise UsageError(f"beacon {name!r}: {problem}", hint="use a later round")
    weights = _weights(evidence, party, said.model)
    if not 0 < said.count <= MOST_RECORDS:
        raise FormatError(f"{said.count} records, which nobody could open", hint="ask the party")
    numbers = beacon.draw(one.value, outputs_purpose(outputs), said.count, count)
    matched = tokens = 0
    for number in numbers:
        same, length = served.same(weights, _record(evidence, party, said, number))
        matched += same
        tokens += length
    return ServedReplayed(
        said.model, outputs, name, len(numbers), matched, tokens, True, list(numbers)
    )


def _served(evidence: Evidence, party: str, outputs: str) -> tuple[Heard, OutputsServed]:
    for heard, said in evidence.of(OutputsServed, party):
        if said.outputs == outputs:
            return heard, said
    raise NotFoundError(f"{party} committed to no outputs {outputs[:16]}", hint="see OutputsServed")


def _weights(evidence: Evidence, party: str, root: str) -> Arrays:
    for _, said in evidence.of(WeightsCommitted, party):
        data = evidence.read(said.packed_weights) if said.root == root else None
        if data is not None:
            weights = tensors.unpack(data)
            if tensors.root(weights) == root and char_lm.fits(weights):
                return weights
    raise FormatError(f"weights {root[:16]} were not opened", hint="ask the party for them")


def _record(evidence: Evidence, party: str, said: OutputsServed, number: int) -> bytes:
    for _, opening in evidence.of(OutputsOpened, party):
        if opening.outputs == said.outputs and str(number) in opening.records:
            hashes = evidence.read(opening.hashes)
            record = evidence.read(opening.records[str(number)])
            if hashes is not None and record is not None:
                return served.opened(said.outputs, said.count, hashes, number, record)
    raise FormatError(f"record {number} was not opened", hint="ask the party for it")
