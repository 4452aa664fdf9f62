"""A real committed training run of char-lm, small and made once, and ways to forge one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tachograph.brake.training import char_lm, record, replay
from tachograph.brake.training.steps import LIBRARIES, Steps, parse_code, take_steps
from tachograph.sandbox import Box
from tachograph.task import Check, load

STEPS, SEGMENT_STEPS, RATE = 16, 8, 0.004
ORDER, START = b"o" * 32, b"s" * 32


@cache
def text() -> NDArray[np.int64]:
    """The task's own kind of text."""
    found: NDArray[np.int64] = Check(load("char-lm")).draw(np.random.default_rng(7))["tokens"]
    return found


def open_box(**options: Any) -> Box:
    """A box such as replays run in."""
    return Box.open_best(libraries=LIBRARIES, limits=record.LIMITS, **options)[0]


@cache
def honest() -> record.Recorder:
    """Sixteen steps in two segments."""
    with open_box() as box:
        return train(box)


def train(box: Box, run: str = "r-1") -> record.Recorder:
    """The same run anew."""
    return record.train_char_lm(
        box, run=run, site="north", tokens=text(), steps=STEPS, segment_steps=SEGMENT_STEPS,
        learning_rate=RATE, order_secret=ORDER, start_secret=START,
    )  # fmt: skip


Cheat = Callable[[int, Callable[..., Steps], Any, Any, NDArray[np.int64]], Steps]
"""Gets segment number, an honest trainer, weights, state, batches; returns what to commit to."""


def forge(
    box: Box, cheat: Cheat, steps: int = STEPS, segment_steps: int = SEGMENT_STEPS
) -> record.Recorder:
    """A run whose segments come from `cheat`, committed to as if they were honest."""
    made = record.declare_char_lm(
        run="r-1", site="north", tokens=text(), steps=steps, segment_steps=segment_steps,
        learning_rate=RATE, order_secret=ORDER, start_secret=START,
        machine=honest().declared.machine,
    )  # fmt: skip
    program = parse_code(made.objects[made.declared.code])
    rows = char_lm.order(ORDER, made.declared.data, len(text()), steps)
    weights: Any = char_lm.initial_weights(START)
    state: Any = char_lm.initial_state(weights)
    made.begin(weights, state)
    for number, first in enumerate(range(0, steps, segment_steps)):

        def trainer(weights: Any, state: Any, rows: Any, first: int = first,
                    tokens: Any = None, rate: float = RATE) -> Steps:  # fmt: skip
            taken = take_steps(
                box, program, data={"tokens": text() if tokens is None else tokens}, batches=rows,
                weights=weights, state=state, first_step=first,
                hyperparameters={"learning_rate": rate},
            )  # fmt: skip
            assert isinstance(taken, Steps), taken
            return taken

        batch = rows[first : first + segment_steps]
        taken = cheat(number, trainer, weights, state, batch)
        made.commit(taken, batch)
        weights, state = taken.weights[-1], taken.state[-1]
    return made


def opened(made: record.Recorder, number: int, party: str = "alba") -> replay.Segment:
    """A segment as the verifier gets to see it."""
    return replay.open_segment(
        party, made.declared, made.checkpoints[number], made.checkpoints[number + 1],
        made.segments[number], made.objects.get,
    )  # fmt: skip


def inner(made: record.Recorder, number: int) -> dict[int, replay.Point]:
    """Its opened checkpoints inside."""
    opening = made.open_segment(number)
    return replay.inner_points(
        opening, made.segments[number], made.checkpoints[number].step, made.objects.get
    )


# Ways to forge one: each takes a segment's steps in its own manner.


def swapped(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    """One batch of each segment is another: its fourth step."""
    rows = batch.copy()
    rows[3] = rows[3][::-1] // 2
    steps: Steps = trainer(weights, state, rows)
    return steps


def hidden_steps(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    """Two steps more on the segment's first batches, which nobody declared, before its last."""
    early: Steps = trainer(weights, state, batch[:-1])
    more: Steps = trainer(early.weights[-1], early.state[-1], batch[:2])
    last: Steps = trainer(more.weights[-1], more.state[-1], batch[-1:])
    return Steps(
        np.append(early.losses, last.losses), early.weights + last.weights,
        early.state + last.state, 0.0,
    )  # fmt: skip
