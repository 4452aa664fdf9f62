"""A real run is replayed bit for bit; a forged one is not, and bisection finds where."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from runs_by_hand import (
    SEGMENT_STEPS,
    forge,
    hidden_steps,
    honest,
    inner,
    open_box,
    opened,
    swapped,
    text,
    train,
)

from tachograph import canon
from tachograph.brake.training import replay
from tachograph.brake.training.steps import NoSteps, Steps, parse_code, take_steps
from tachograph.errors import FormatError
from tachograph.sandbox import Box


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with open_box() as opened_box:
        yield opened_box


def test_an_honest_run_replays_bit_for_bit(box: Box) -> None:
    """In another box and process, from any checkpoint."""
    for number in range(2):
        found = replay.replay(box, opened(honest(), number), beacon="b", tolerance=0.0)
        assert (found.outcome, found.distance, found.same_machine) == ("exact", 0.0, True)


def test_a_run_is_the_same_twice(box: Box) -> None:
    """So are all its commitments."""
    assert train(box).segments == honest().segments


def test_another_instruction_set_strays_within_the_tolerance() -> None:
    """Calibration gives a tolerance; another machine is near and says it is another."""
    # without fused multiply-add, as on a machine of fifteen years ago
    other = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL"}
    with open_box() as here, open_box(variables=other) as there:
        calibrated = replay.calibrate([here, there], opened(honest(), 1))
        assert 0 < calibrated.distances[0] < 1e-10
        found = replay.replay(
            there, opened(honest(), 1), beacon="b", tolerance=calibrated.tolerance
        )
    assert found.outcome == "near"
    assert not found.same_machine
    assert found.distance is not None
    assert 0 < found.distance <= calibrated.tolerance


def interpolated(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    """Only the end was ever computed; what lies between is a straight line."""
    end: Steps = trainer(weights, state, batch[:1])
    shares = np.linspace(0, 1, len(batch) + 1)[1:]
    points = [
        {n: w + share * (end.weights[0][n] - w) for n, w in weights.items()} for share in shares
    ]
    return Steps(np.ones(len(batch)), tuple(points), (state,) * len(batch), 0.0)


def other_data(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    steps: Steps = trainer(weights, state, batch, tokens=np.roll(text(), 1234))
    return steps


def doctored_state(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    """The weights are right; the optimiser carries something on into the next segment."""
    steps: Steps = trainer(weights, state, batch)
    last = dict(steps.state[-1])
    last["first.token"] = last["first.token"] * 1.5
    return dataclasses.replace(steps, state=(*steps.state[:-1], last))


@pytest.mark.parametrize(
    ("cheat", "bad_step"),
    [(swapped, 4), (interpolated, 1), (other_data, 1), (hidden_steps, 8), (doctored_state, 8)],
)
def test_a_forged_segment_is_far_and_its_first_bad_step_is_found(
    box: Box, cheat: Any, bad_step: int
) -> None:
    """Far beyond any tolerance; bisection ends at the step that was forged."""
    made = forge(box, cheat)
    found = replay.replay(box, opened(made, 1), beacon="b", tolerance=1e-6, inner=inner(made, 1))
    assert found.outcome == "far"
    assert found.distance is None or found.distance > 1e-3
    assert found.first_bad_step == SEGMENT_STEPS + bad_step


def test_without_inner_checkpoints_no_step_is_accused(box: Box) -> None:
    """Far all the same."""
    found = replay.replay(box, opened(forge(box, swapped), 0), beacon="b", tolerance=1e-6)
    assert (found.outcome, found.first_bad_step) == ("far", None)


def test_what_is_opened_must_be_what_was_committed() -> None:
    """Another checkpoint, other data, other leaves: each is refused by name."""
    made, good = honest(), honest().objects
    for name, message in (
        (made.checkpoints[0].packed_weights, "a checkpoint"),
        (made.declared.data, "the data"),
        (made.declared.order_commitment, "the secret"),
    ):
        for objects in ({**good, name: b"x"}, {k: v for k, v in good.items() if k != name}):
            with pytest.raises(FormatError, match=message):
                replay.open_segment(
                    "alba", made.declared, *made.checkpoints[:2], made.segments[0], objects.get
                )  # fmt: skip
    opening = made.open_segment(0)
    for other in (
        dataclasses.replace(opening, leaves=opening.leaves[::-1]),
        dataclasses.replace(opening, inner={"3": opening.inner["4"]}),
        dataclasses.replace(opening, inner={"99": opening.inner["4"]}),
    ):
        with pytest.raises(FormatError):
            replay.inner_points(other, made.segments[0], 0, good.get)


HOSTILE = {
    "raises": "def segment(**k): raise ValueError('no')",
    "shapes": "def segment(**k): return {'losses': 1, 'weights': {}, 'state': {}}",
    "escapes": "import os\ndef segment(**k): return open('/etc/passwd').read()",
    "spins": "def segment(**k):\n  while True: pass",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_hostile_training_code_gives_no_steps(source: str) -> None:
    """It runs behind walls, and what it returns is believed to have no shape."""
    made = honest()
    program = parse_code(canon.encode({"entry": "s:segment", "files": {"s.py": source}}))
    segment = opened(made, 0)
    limits = dataclasses.replace(replay_limits(), wall_seconds=1.0)
    with Box.open_best(libraries=("numpy",), limits=limits)[0] as box:
        taken = take_steps(
            box, program, data=segment.data, batches=segment.batches, weights=segment.before[0],
            state=segment.before[1], first_step=0, hyperparameters={},
        )  # fmt: skip
    assert isinstance(taken, NoSteps)
    assert taken.detail


def replay_limits() -> Any:
    from tachograph.brake.training.record import LIMITS

    return LIMITS
