"""A gain counts beyond what a candidate could have by handing over in another way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from loop_toys import fresh

from tachograph.loop.handover import GREATEST, handover_seconds, margin


@pytest.mark.parametrize(
    ("reference", "handover", "asked"),
    [(0.020, 0.0001, 1.03), (0.001, 0.0, 1.03), (0.001, 0.0002, 1.25), (0.001, 0.002, GREATEST),
     (None, 1.0, 1.03), (0.001, None, 1.03)],
)  # fmt: skip
def test_the_margin_rises_where_a_call_is_short(
    reference: float | None, handover: float | None, asked: float
) -> None:
    """A fifth of the call can be had by handing over: a gain begins at 1.25."""
    assert margin(reference, handover, 1.03) == pytest.approx(asked)


def test_much_to_hand_over_takes_longer(new_bench) -> None:
    """Measured in a box, on inputs and a result of the task's own form."""
    bench = new_bench()
    little = handover_seconds(bench.examiner, fresh())
    draw = bench.examiner.check.draw
    bench.examiner.check.draw = lambda rng: draw(rng) | {"more": list(range(20_000))}
    much = handover_seconds(bench.examiner, fresh())
    assert 0 <= little < much


def test_where_no_call_that_hands_over_fits_none_is_measured(new_bench) -> None:
    """Not 0 seconds."""
    bench = new_bench()
    bench.examiner.box.limits = replace(bench.examiner.box.limits, output_mib=0)
    assert handover_seconds(bench.examiner, fresh()) is None
