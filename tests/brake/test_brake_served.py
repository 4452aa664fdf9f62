"""Served characters come out the same from the same weights, and not from others."""

from __future__ import annotations

import numpy as np
import pytest

from tachograph import canon
from tachograph.brake.training import char_lm, served
from tachograph.errors import FormatError

WEIGHTS = char_lm.initial_weights(b"w" * 32)
PROMPT = np.array([1, 5, 9, 2])


def test_a_record_is_the_same_from_the_same_weights() -> None:
    """All of its characters."""
    record = served.record(WEIGHTS, PROMPT, 24)
    assert served.same(WEIGHTS, record) == (True, 24)
    other = char_lm.initial_weights(b"x" * 32)
    assert served.same(other, record)[0] is False


def test_an_early_end_of_the_context_is_served_too() -> None:
    """A prompt of one character, shorter than the context."""
    assert served.same(WEIGHTS, served.record(WEIGHTS, PROMPT[:1], 3)) == (True, 3)


@pytest.mark.parametrize(
    "value",
    [
        {"output": [1], "prompt": []},
        {"output": [1], "prompt": [32]},
        {"output": [1.5], "prompt": [1]},
        {"output": [True], "prompt": [1]},
        {"output": [0] * 5000, "prompt": [1]},
        {"output": [1]},
        [1],
    ],
)
def test_what_is_no_record_is_refused(value: object) -> None:
    """By a FormatError."""
    with pytest.raises(FormatError):
        served.same(WEIGHTS, canon.encode(value))
