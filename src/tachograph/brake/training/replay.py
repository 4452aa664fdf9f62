"""The verifier's side: a drawn segment taken again in a box, compared, and bisected where it fails.

The code is another party's, so it runs in the sandbox, and never here. On the machine that the run
declared the end must be the same bit for bit. On another, the distance

    |replayed - declared| / |declared step|      of the weights, and of the optimiser's state

must be within a tolerance that was calibrated for this segment: honest replays of it on unlike
machines, against each other, never against what the party declared. Proven by
tests/brake/test_brake_replay.py, measured by bench/reexecution.py. Not covered: data that a party
will not open at all; then a replay belongs on a machine that both sides trust.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tachograph.brake.said.records import (
    RunDeclared,
    SegmentCommitted,
    SegmentOpened,
    SegmentReplayed,
    ToleranceCalibrated,
    WeightsCommitted,
)
from tachograph.brake.training import char_lm, tensors
from tachograph.brake.training.links import step_leaf
from tachograph.brake.training.steps import NoSteps, Steps, machine_of, parse_code, take_steps
from tachograph.brake.training.tensors import Arrays
from tachograph.brake.training.tolerance import (
    LARGEST_TOLERANCE,
    SAFETY,
    SMALLEST_TOLERANCE,
    tolerance_of,
)
from tachograph.errors import FormatError
from tachograph.sandbox import Box, Program

Read = Callable[[str], bytes | None]
"""Finds an object by its SHA-256; None where it was not opened."""
Point = tuple[Arrays, Arrays]
"""Weights and optimiser state after some step."""

_HINT = "ask the party to open the segment's objects"


@dataclass(frozen=True)
class Segment:
    """A segment as it was committed and opened."""

    party: str
    """Whose run it is."""
    declared: RunDeclared
    number: int
    first_step: int
    """Steps taken before it."""
    before: Point
    after: Point
    batches: NDArray[np.int64]
    """(steps, sequences): what the committed order says, not what the party says it used."""
    data: Arrays
    program: Program


def open_segment(
    party: str,
    declared: RunDeclared,
    before: WeightsCommitted,
    after: WeightsCommitted,
    segment: SegmentCommitted,
    read: Read,
) -> Segment:
    """Gather and verify all that a replay needs. Raises EvidenceError naming what is missing."""
    if declared.task != "char-lm":
        raise FormatError(f"nobody here knows the task {declared.task!r}", hint="char-lm")
    data = tensors.unpack(_object(read, declared.data, "the data"))
    tokens = char_lm.parse_text(data)
    secret = _object(read, declared.order_commitment, "the secret of the order")
    rows = char_lm.order(secret, declared.data, len(tokens), declared.steps)
    return Segment(
        party,
        declared,
        segment.segment,
        before.step,
        _point(before, read),
        _point(after, read),
        rows[before.step : after.step],
        data,
        parse_code(_object(read, declared.code, "the code")),
    )


def replay(
    box: Box,
    opened: Segment,
    *,
    beacon: str,
    tolerance: float,
    inner: Mapping[int, Point] | None = None,
) -> SegmentReplayed:
    """Take the segment's steps again and compare. `tolerance` 0: bit for bit. Raises BoxError.

    Where it is too far, bisects to the first bad step, as far as `inner` checkpoints allow.
    """
    same = machine_of(box) == opened.declared.machine
    taken = _take(box, opened, opened.before, opened.first_step, opened.batches)
    if isinstance(taken, NoSteps):
        return _result(opened, beacon, tolerance, same, "failed", None, taken.cpu_seconds,
                       detail=taken.detail)  # fmt: skip
    found = (taken.weights[-1], taken.state[-1])
    strayed = far_from(found, opened.after, opened.before)
    if step_leaf(*found) == step_leaf(*opened.after):
        return _result(opened, beacon, tolerance, same, "exact", 0.0, taken.cpu_seconds)
    if strayed <= tolerance:
        return _result(opened, beacon, tolerance, same, "near", strayed, taken.cpu_seconds)
    bad, spent = bisect(box, opened, dict(inner or {}), tolerance)
    return _result(opened, beacon, tolerance, same, "far", strayed, taken.cpu_seconds + spent, bad)


def bisect(
    box: Box, opened: Segment, inner: Mapping[int, Point], tolerance: float
) -> tuple[int | None, float]:
    """Find the first step that does not follow from the checkpoint before it, and CPU seconds.

    Keeps a stretch whose begin is the party's own and whose end does not follow from it, and halves
    it: at most as many further steps as the segment has. None where a checkpoint was not opened.
    """
    low, high = opened.first_step, opened.first_step + len(opened.batches)
    points = {low: opened.before, high: opened.after, **inner}
    spent = 0.0
    while high - low > 1:
        middle = (low + high) // 2
        if middle not in points:
            return None, spent
        rows = opened.batches[low - opened.first_step : middle - opened.first_step]
        taken = _take(box, opened, points[low], low, rows)
        spent += taken.cpu_seconds
        follows = (
            isinstance(taken, Steps)
            and far_from((taken.weights[-1], taken.state[-1]), points[middle], points[low])
            <= tolerance
        )
        low, high = (middle, high) if follows else (low, middle)
    return high, spent


def calibrate(boxes: Sequence[Box], opened: Segment) -> ToleranceCalibrated:
    """Replay the segment on unlike machines and measure how far the replays stray from each other.

    Raises EvidenceError where the code gives no steps, or strays too far to be checked.
    """
    ends: list[Point] = []
    for box in boxes:
        taken = _take(box, opened, opened.before, opened.first_step, opened.batches)
        if isinstance(taken, NoSteps):
            raise FormatError(f"the code gave no steps: {taken.detail}", hint=_HINT)
        ends.append((taken.weights[-1], taken.state[-1]))
    distances = [far_from(end, ends[0], opened.before) for end in ends[1:]]
    tolerance = tolerance_of(distances)
    if not tolerance <= LARGEST_TOLERANCE:
        largest = max(distances, default=math.inf)
        raise FormatError(
            f"honest replays stray by {largest:.1e}: too far to be told from dishonest ones",
            hint="replay it on the declared machine, bit for bit",
        )
    return ToleranceCalibrated(
        opened.party,
        opened.declared.run,
        opened.number,
        distances,
        tolerance,
        f"{SAFETY:g} times the largest distance between {len(ends)} replays of the declared code "
        f"from the opened checkpoint, on unlike machines; at least {SMALLEST_TOLERANCE:g}",
    )


def inner_points(
    opening: SegmentOpened, segment: SegmentCommitted, first_step: int, read: Read
) -> dict[int, Point]:
    """Return the opened checkpoints inside a segment, by number of steps taken before them.

    Raises EvidenceError unless the leaves give the committed root, and each checkpoint its leaf.
    """
    leaves = [bytes.fromhex(leaf) for leaf in opening.leaves if _is_leaf(leaf)]
    if len(leaves) != len(segment.losses) or tensors.root_of_leaves(leaves) != segment.steps:
        raise FormatError("the leaves opened are not those committed to", hint=_HINT)
    found: dict[int, Point] = {}
    for step, names in opening.inner.items():
        offset = int(step) - first_step - 1 if step.isdecimal() else -1
        if len(names) != 2 or not 0 <= offset < len(leaves):
            raise FormatError(f"step {step[:20]!r} is not of this segment", hint=_HINT)
        weights, state = (tensors.unpack(_object(read, name, "a checkpoint")) for name in names)
        if step_leaf(weights, state) != leaves[offset]:
            raise FormatError(f"the checkpoint opened for step {step} is another", hint=_HINT)
        found[int(step)] = (weights, state)
    return found


def far_from(replayed: Point, declared: Point, before: Point) -> float:
    """The larger of the two relative distances, of weights and of state."""
    return max(tensors.distance(replayed[part], declared[part], before[part]) for part in range(2))


def _take(
    box: Box, opened: Segment, start: Point, first_step: int, batches: NDArray[np.int64]
) -> Steps | NoSteps:
    return take_steps(
        box, opened.program, data=opened.data, batches=batches, weights=start[0], state=start[1],
        first_step=first_step, hyperparameters=opened.declared.hyperparameters,
    )  # fmt: skip


def _point(checkpoint: WeightsCommitted, read: Read) -> Point:
    weights = tensors.unpack(_object(read, checkpoint.packed_weights, "a checkpoint"))
    state = tensors.unpack(_object(read, checkpoint.packed_state, "an optimiser state"))
    if tensors.root(weights) != checkpoint.root or tensors.root(state) != checkpoint.state:
        raise FormatError("an opened checkpoint has not the root committed to", hint=_HINT)
    return weights, state


def _object(read: Read, name: str, what: str) -> bytes:
    data = read(name)
    if data is None:
        raise FormatError(f"{what} was not opened: {name}", hint=_HINT)
    if hashlib.sha256(data).hexdigest() != name:
        raise FormatError(f"{what} is not what was committed to", hint=_HINT)
    return data


def _is_leaf(text: Any) -> bool:
    return isinstance(text, str) and len(text) == 128 and set(text) <= set("0123456789abcdef")


def _result(opened: Segment, beacon: str, tolerance: float, same: bool, outcome: Any,
            distance: float | None, cpu: float, first_bad: int | None = None,
            detail: str = "") -> SegmentReplayed:  # fmt: skip
    finite = distance if distance is not None and np.isfinite(distance) else None
    return SegmentReplayed(
        opened.party, opened.declared.run, opened.number, beacon, outcome, finite, tolerance, same,
        first_bad, detail[:1000], cpu,
    )  # fmt: skip
