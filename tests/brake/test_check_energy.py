"""Energy of declared work, and the published arithmetic of what could hide."""

from __future__ import annotations

import dataclasses

import pytest
from work_by_hand import BUSY, DEVICES, HOUR, IDLE, PEAK, site, window

from tachograph.brake.checks import energy


def test_honest_energy_is_expected() -> None:
    """Idle power, and the rest in proportion to operations."""
    found = energy.energy_of(site("alba"), window("alba", 0))
    assert found is not None
    assert found.measured == pytest.approx(found.expected)
    assert found.joules_per_flop == (BUSY - IDLE) / PEAK


def test_the_surplus_is_told_in_operations() -> None:
    """What was added comes out."""
    found = energy.energy_of(site("alba"), window("alba", 0, extra=5e18))
    assert found is not None
    assert found.excess_flop == pytest.approx(5e18)
    assert found.off > energy.SIGMAS


def test_what_hides_is_three_errors_of_the_meter() -> None:
    """A run that hides is about three times the error over what an operation takes."""
    found = energy.energy_of(site("alba", meter_error=0.02), window("alba", 0, training=0.0))
    assert found is not None
    below = window("alba", 0, training=0.0, extra=0.9 * found.smallest_hidden_flop)
    above = window("alba", 0, training=0.0, extra=1.2 * found.smallest_hidden_flop)
    for said, caught in ((below, False), (above, True)):
        tried = energy.energy_of(site("alba", meter_error=0.02), said)
        assert tried is not None
        assert (tried.off > energy.SIGMAS) is caught


@pytest.mark.parametrize(
    "wrong", [{"idle_watts": 0.0}, {"busy_watts": IDLE}, {"meter_error": 0.0}, {"devices": []}]
)
def test_figures_that_cannot_be_give_no_energy(wrong: dict[str, object]) -> None:
    """So nothing is divided by nothing."""
    assert energy.energy_of(dataclasses.replace(site("alba"), **wrong), window("alba", 0)) is None


def test_published_arithmetic() -> None:
    """1e24 FLOP in 90 days at 989 TFLOP/s and 40 %: 325 devices, 2 % of 16,384; 1e25: 19.8 %."""
    devices = energy.devices_that_hide(run_flop=1e24, peak=989e12, used=0.4, days=90)
    assert round(devices) == 325
    assert devices / 16_384 == pytest.approx(0.0198, abs=1e-4)
    days = 1e24 / (1024 * 989e12 * 0.4 * 86_400)
    assert days == pytest.approx(28.6, abs=0.05)
    assert DEVICES * HOUR > 0
