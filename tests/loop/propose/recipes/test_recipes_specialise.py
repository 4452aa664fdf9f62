"""The specialising compiler: same results as the original, on programs of many kinds."""

from __future__ import annotations

import numpy as np
import pytest
from recipe_programs import (
    EDIT_DISTANCE,
    HISTOGRAM,
    K_MEANS,
    LSTM,
    MATRIX_VECTOR,
    N_BODY,
    NETWORK,
    SMOOTHING,
    Sample,
)  # fmt: skip
from recipe_running import assert_equal, run, workpiece

from tachograph.loop.propose.recipes import specialised
from tachograph.loop.propose.recipes.workpiece import compiles

WHOLE = [K_MEANS, N_BODY, EDIT_DISTANCE, MATRIX_VECTOR, LSTM, HISTOGRAM, NETWORK, SMOOTHING]


@pytest.mark.parametrize("sample", WHOLE, ids=lambda sample: sample.name)
def test_the_entry_is_compiled_and_gives_the_same(sample: Sample) -> None:
    """The whole program becomes loops, and its results stay what they were on other inputs."""
    made = {v.label.split("@")[0]: v for v in specialised.find(workpiece(sample))}
    variant = made[f"specialise/{sample.function}/fixed"]
    assert compiles(variant.files)
    inputs = sample.draw(np.random.default_rng(7))
    before = run(sample.files, sample.entry, inputs)
    assert_equal(before, run(variant.files, sample.entry, inputs), 1e-7)
