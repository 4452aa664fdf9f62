"""The prover's side: a training run that commits to what it does, as it does it.

1. Before it begins: code, data, hyperparameters, and the secrets that seed start and order.
2. Every k steps: the roots of weights and optimiser state, a link to the checkpoint before, the
   batches used, and the root over the checkpoints of single steps.
3. When it has ended, that it has. Only then can others draw segments and ask to see them.

    with Box.open(libraries=LIBRARIES, limits=LIMITS) as box:
        record = train_char_lm(box, run="r-1", site="north", tokens=text, steps=60, ...)

Proven by tests/brake/test_brake_replay.py. Not covered: posting the statements, which post.py does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tachograph.brake.said.records import (
    RunCompleted,
    RunDeclared,
    SegmentCommitted,
    SegmentOpened,
    WeightsCommitted,
)
from tachograph.brake.training import char_lm, tensors
from tachograph.brake.training.links import batches_root, link, step_leaf, training_flop
from tachograph.brake.training.steps import Steps, char_lm_code, machine_of, parse_code, take_steps
from tachograph.brake.training.tensors import Arrays
from tachograph.errors import UsageError
from tachograph.sandbox import Box, Limits

LIMITS = Limits(wall_seconds=120.0, memory_mib=2048, output_mib=256)
"""Of the box that takes a segment's steps."""
SECRET_BYTES = 32


@dataclass
class Recorder:
    """Commits to a run segment by segment; holds what is opened when it is asked for."""

    declared: RunDeclared
    checkpoints: list[WeightsCommitted] = field(default_factory=list)
    segments: list[SegmentCommitted] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    """Withheld bytes by their SHA-256."""
    step_leaves: dict[int, list[bytes]] = field(default_factory=dict)
    """By segment: the leaves of the checkpoints after each of its steps."""
    inner: dict[int, tuple[Arrays, Arrays]] = field(default_factory=dict)
    """By number of steps taken: weights and state. Opened for a bisection."""

    def keep(self, data: bytes) -> str:
        """Hold an object; its name."""
        name = hashlib.sha256(data).hexdigest()
        self.objects[name] = data
        return name

    def begin(self, weights: Arrays, state: Arrays) -> None:
        """Commit to step 0."""
        self.checkpoint(0, weights, state)

    def checkpoint(self, step: int, weights: Arrays, state: Arrays) -> WeightsCommitted:
        """Commit to a checkpoint after so many steps."""
        made = WeightsCommitted(
            run=self.declared.run,
            step=step,
            root=tensors.root(weights),
            state=tensors.root(state),
            packed_weights=self.keep(tensors.pack(weights)),
            packed_state=self.keep(tensors.pack(state)),
            previous=link(self.checkpoints[-1]) if self.checkpoints else "",
        )
        self.checkpoints.append(made)
        return made

    def commit(self, steps: Steps, batches: NDArray[np.int64]) -> SegmentCommitted:
        """Commit to one more segment."""
        before = self.checkpoints[-1]
        leaves = [step_leaf(*pair) for pair in zip(steps.weights, steps.state, strict=True)]
        for offset, pair in enumerate(zip(steps.weights, steps.state, strict=True), start=1):
            self.inner[before.step + offset] = pair
        after = self.checkpoint(before.step + len(batches), steps.weights[-1], steps.state[-1])
        self.step_leaves[len(self.segments)] = leaves
        made = SegmentCommitted(
            run=self.declared.run,
            segment=len(self.segments),
            before=link(before),
            after=link(after),
            batches=batches_root(batches),
            steps=tensors.root_of_leaves(leaves),
            losses=[float(loss) for loss in steps.losses],
            flop=training_flop(self.declared, len(batches)),
        )
        self.segments.append(made)
        return made

    def open_segment(self, number: int) -> SegmentOpened:
        """Open a segment that was drawn, with every checkpoint inside it."""
        segment = self.segments[number]
        first = self.checkpoints[number].step
        inner = {}
        for step in range(first + 1, first + len(segment.losses)):
            weights, state = self.inner[step]
            inner[str(step)] = [self.keep(tensors.pack(weights)), self.keep(tensors.pack(state))]
        leaves = [leaf.hex() for leaf in self.step_leaves[number]]
        return SegmentOpened(self.declared.run, number, leaves, inner)

    def complete(self) -> RunCompleted:
        """Say that nothing comes after the last segment."""
        return RunCompleted(
            run=self.declared.run, segments=len(self.segments), last=link(self.checkpoints[-1])
        )

    def statements(self) -> Sequence[RunDeclared | WeightsCommitted | SegmentCommitted]:
        """All that was said, in order, but the end."""
        said: list[RunDeclared | WeightsCommitted | SegmentCommitted] = [self.declared]
        said.append(self.checkpoints[0])
        for checkpoint, segment in zip(self.checkpoints[1:], self.segments, strict=True):
            said += [checkpoint, segment]
        return said


def declare_char_lm(
    *,
    run: str,
    site: str,
    tokens: NDArray[np.int64],
    steps: int,
    segment_steps: int,
    learning_rate: float,
    order_secret: bytes,
    start_secret: bytes,
    machine: Mapping[str, Any],
) -> Recorder:
    """What a char-lm run commits to before its first step. Raises UsageError."""
    if not 1 <= segment_steps <= steps or {len(order_secret), len(start_secret)} != {SECRET_BYTES}:
        raise UsageError("steps or secrets are off", hint="32 secret bytes each, steps from 1")
    code, data = char_lm_code(), tensors.pack({"tokens": tokens})
    declared = RunDeclared(
        run=run,
        site=site,
        task="char-lm",
        code=hashlib.sha256(code).hexdigest(),
        data=hashlib.sha256(data).hexdigest(),
        order_commitment=hashlib.sha256(order_secret).hexdigest(),
        start_commitment=hashlib.sha256(start_secret).hexdigest(),
        hyperparameters={"learning_rate": learning_rate},
        parameters=char_lm.PARAMETERS,
        tokens_per_step=char_lm.TOKENS_PER_STEP,
        steps=steps,
        segment_steps=segment_steps,
        machine=dict(machine),
    )
    recorder = Recorder(declared)
    for held in (code, data, order_secret, start_secret):
        recorder.keep(held)
    return recorder


def train_char_lm(
    box: Box,
    *,
    run: str,
    site: str,
    tokens: NDArray[np.int64],
    steps: int,
    segment_steps: int,
    learning_rate: float,
    order_secret: bytes,
    start_secret: bytes,
) -> Recorder:
    """Train char-lm for real, committing as it goes. Raises BoxError and UsageError."""
    recorder = declare_char_lm(
        run=run, site=site, tokens=tokens, steps=steps, segment_steps=segment_steps,
        learning_rate=learning_rate, order_secret=order_secret, start_secret=start_secret,
        machine=machine_of(box),
    )  # fmt: skip
    declared = recorder.declared
    program = parse_code(recorder.objects[declared.code])
    batches = char_lm.order(order_secret, declared.data, len(tokens), steps)
    weights: Arrays = char_lm.initial_weights(start_secret)
    state: Arrays = char_lm.initial_state(weights)
    recorder.begin(weights, state)
    for first in range(0, steps, segment_steps):
        rows = batches[first : first + segment_steps]
        taken = take_steps(
            box, program, data={"tokens": tokens}, batches=rows, weights=weights, state=state,
            first_step=first, hyperparameters=declared.hyperparameters,
        )  # fmt: skip
        if not isinstance(taken, Steps):
            raise UsageError(f"the training code gave no steps: {taken.detail}", hint="run it")
        recorder.commit(taken, rows)
        weights, state = taken.weights[-1], taken.state[-1]
    return recorder
