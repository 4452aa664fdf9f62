"""What a verifier computes of char-lm is what the task itself computes."""

from __future__ import annotations

import numpy as np
import pytest
from runs_by_hand import RATE, STEPS, honest, text

from tachograph.brake.training import char_lm
from tachograph.brake.training.tensors import unpack
from tachograph.task import Check, load

CHECK = Check(load("char-lm"))


def test_initial_weights_have_the_shapes_and_scales_of_the_task() -> None:
    """Names and shapes equal; standard deviations within five of their errors."""
    ours = char_lm.initial_weights(b"x" * 32)
    theirs = CHECK.draw(np.random.default_rng(1))["weights"]
    assert sum(array.size for array in ours.values()) == char_lm.PARAMETERS
    assert {n: a.shape for n, a in ours.items()} == {n: a.shape for n, a in theirs.items()}
    for name, array in ours.items():
        assert np.log(array.std() / theirs[name].std()) == pytest.approx(0, abs=7 / array.size**0.5)


def test_loss_is_that_of_the_task() -> None:
    """Our forward pass against the check's own trainer, on the very batches of a run."""
    made = honest()
    weights = unpack(made.objects[made.checkpoints[0].packed_weights])
    rows = char_lm.order(b"o" * 32, made.declared.data, len(text()), STEPS)
    right = CHECK.expected(
        {"tokens": text(), "starts": rows, "weights": weights, "learning_rate": RATE}
    )
    ours = char_lm.losses(weights, text(), rows[0]).mean()
    assert ours == pytest.approx(right["losses"][0], rel=1e-12)
    losses = [loss for segment in made.segments for loss in segment.losses]
    np.testing.assert_allclose(losses, right["losses"], rtol=1e-10)
    last = unpack(made.objects[made.checkpoints[-1].packed_weights])
    for name, array in right["weights"].items():
        np.testing.assert_allclose(last[name], array, rtol=1e-7, atol=1e-10)


def test_order_is_bound_to_the_data() -> None:
    """The same secret on other data gives another order."""
    one, two = (char_lm.order(b"o" * 32, data, 6000, 4) for data in ("aa", "bb"))
    assert not np.array_equal(one, two)
