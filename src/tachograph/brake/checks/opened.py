"""What the opened objects of a char-lm run show: start, order, checkpoints, losses, memory.

V8 (weight_chain.py) puts it into words. Everything here is computed from the run's own bytes with
the forward pass of training/char_lm.py; no code of the party is run. Proven by
tests/brake/test_check_weight_chain.py; the figures behind the bounds are measured by
bench/reexecution.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tachograph.brake.bundle.evidence import Evidence
from tachograph.brake.checks.runs import RunSeen
from tachograph.brake.said.records import RunDeclared, WeightsCommitted
from tachograph.brake.training import char_lm, tensors
from tachograph.brake.training.links import batches_root
from tachograph.brake.training.tensors import Arrays
from tachograph.errors import FormatError

LOSS_TOLERANCE = 1e-6
"""Relative, between a declared loss and that of the opened checkpoint on the same batch: two
float64 programs differ by 1e-12, a checkpoint that is not on the path by 1e-3 and more."""
LONGEST_STEP, SHORTEST_STEP = 1.5, 0.01
"""A segment's largest move of one weight, and its root mean square, over steps times learning rate.
Adam with these constants moves no weight further than about 1 (1.09 measured at most); honest
segments of 8 to 20 steps had 0.17 to 0.58 in the mean square (bench/reexecution.py)."""
MEMORY_STEPS, MEMORY_SIGMAS = 40, 3.0
"""From so many opened steps after the first segment on, training is known by its traces: over 60
honest runs the statistic was 9 at least, and untrained order gives a standard normal one."""
OTHER_SEQUENCES = 1024

Gains = tuple[NDArray[np.float64], NDArray[np.float64]]
"""How far the loss fell, sequence by sequence: those trained on, and others."""


@dataclass(frozen=True)
class Opened:
    """What was found."""

    problem: str = ""
    """What contradicts the commitments; empty: nothing."""
    missing: str = ""
    """What was not opened, or is not known here; empty: all was there."""
    said: str = ""
    """What was seen, where all was."""


def look_into(evidence: Evidence, run: RunSeen) -> Opened:
    """Look at all that the run has opened."""
    assert run.declared is not None
    declared = run.declared[1]
    if declared.task != "char-lm":
        return Opened(missing=f"nobody here knows the task {declared.task[:40]!r}")
    try:
        return _look(evidence, declared, run)
    except FormatError as error:
        return Opened(problem=error.message)


def _look(evidence: Evidence, declared: RunDeclared, run: RunSeen) -> Opened:
    problem = _wrong_start(evidence, declared, run.checkpoints[0][1])
    if problem:
        return Opened(problem)
    text = _text(evidence, declared)
    secret = evidence.read(declared.order_commitment)
    if text is None or secret is None or evidence.read(declared.start_commitment) is None:
        return Opened(missing="the data or a secret were not opened")
    rows = char_lm.order(secret, declared.data, len(text), declared.steps)
    gains: list[Gains] = []
    before = _weights(evidence, run, 0)
    count = int(before is not None)
    for number, (_, segment) in enumerate(run.segments):
        first = number * declared.segment_steps
        part = rows[first : first + len(segment.losses)]
        if batches_root(part) != segment.batches:
            return Opened(f"segment {number} used other batches than its secret orders")
        after = _weights(evidence, run, number + 1)
        count += after is not None
        if before is not None:
            right = float(char_lm.losses(before, text, part[0]).mean())
            if not abs(segment.losses[0] / right - 1.0) <= LOSS_TOLERANCE:
                return Opened(
                    f"segment {number} declares a loss of {segment.losses[0]:.6g} where its "
                    f"checkpoint has {right:.6g}"
                )
        if before is not None and after is not None:
            if problem := _wrong_step(declared, number, before, after, len(part)):
                return Opened(problem)
            if number:
                gains.append(gains_of(before, after, text, part, number))
        before = after
    return _summary(count, run, gains, declared.segment_steps)


def _summary(count: int, run: RunSeen, gains: list[Gains], segment_steps: int) -> Opened:
    if count < 2:
        return Opened(missing="fewer than two checkpoints were opened")
    said = f"{count} of {len(run.checkpoints)} checkpoints opened, losses and steps fit"
    if len(gains) * segment_steps < MEMORY_STEPS:
        return Opened(said=f"{said}; too few opened steps to see memory of the data")
    memory = memory_of(gains)
    if memory < MEMORY_SIGMAS:
        return Opened(
            f"its checkpoints know their declared batches no better than others ({memory:.1f} "
            "standard deviations): they were trained on something else"
        )
    return Opened(said=f"{said}; memory of the declared batches {memory:.1f} standard deviations")


def memory_of(gains: Sequence[Gains]) -> float:
    """How much more the loss fell on what was trained than on what was not, over its error.

    A sum of one z a segment over the root of their number (Stouffer). After the memorisation test
    of Choi, Shavit and Duvenaud 2023, with differences of two checkpoints in place of one.
    """
    each = [
        (own.mean() - other.mean())
        / math.sqrt(own.var() / own.size + other.var() / other.size + 1e-30)
        for own, other in gains
    ]
    return float(sum(each) / math.sqrt(len(each)))


def gains_of(
    before: Arrays, after: Arrays, text: NDArray[np.int64], rows: NDArray[np.int64], number: int
) -> Gains:
    """How far the loss fell on each sequence of the segment, and on others from the same text."""
    last = len(text) - char_lm.CONTEXT
    other = np.random.default_rng(number).integers(0, last, size=OTHER_SEQUENCES)
    return (
        char_lm.losses(before, text, rows.ravel()) - char_lm.losses(after, text, rows.ravel()),
        char_lm.losses(before, text, other) - char_lm.losses(after, text, other),
    )


def _wrong_start(evidence: Evidence, declared: RunDeclared, first: WeightsCommitted) -> str:
    secret = evidence.read(declared.start_commitment)
    if declared.parents or secret is None:
        return ""
    if tensors.root(char_lm.initial_weights(secret)) != first.root:
        return "its initial weights are not those of its committed secret"
    fresh = char_lm.initial_state(char_lm.initial_weights(secret))
    if not declared.state_parents and tensors.root(fresh) != first.state:
        return "its optimiser does not start fresh, and declares no parent"
    return ""


def _wrong_step(
    declared: RunDeclared, number: int, before: Arrays, after: Arrays, steps: int
) -> str:
    moves = [np.abs(after[name] - before[name]) for name in before]
    unit = steps * float(declared.hyperparameters["learning_rate"])
    largest = max(float(move.max()) for move in moves) / unit
    square = math.sqrt(sum(float((m * m).sum()) for m in moves) / declared.parameters) / unit
    if largest > LONGEST_STEP:
        return f"segment {number} moves a weight {largest:.2g} times as far as its steps can"
    if square < SHORTEST_STEP:
        return f"segment {number} hardly moves: {square:.1e} of its steps"
    return ""


def _weights(evidence: Evidence, run: RunSeen, number: int) -> Arrays | None:
    """The opened weights of a checkpoint; None where they were not opened.

    Raises FormatError where they are not those of its root, or no char-lm's.
    """
    checkpoint = run.checkpoints[number][1]
    data = evidence.read(checkpoint.packed_weights)
    if data is None:
        return None
    weights = tensors.unpack(data)
    if tensors.root(weights) != checkpoint.root or not char_lm.fits(weights):
        raise FormatError(
            f"checkpoint {number} opens to other weights than its root", hint="ask again"
        )
    return weights


def _text(evidence: Evidence, declared: RunDeclared) -> NDArray[np.int64] | None:
    data = evidence.read(declared.data)
    if data is None:
        return None
    return char_lm.parse_text(tensors.unpack(data))
