"""The energy that declared work should take, and the work that could hide in a meter's error.

A linear model: every device draws its idle power all the time, and the rest up to its busy power in
proportion to the operations that it does. Proven by tests/brake/test_check_energy.py, with the
published arithmetic. Not covered: work whose energy per operation is far below the declared one
(other number formats, better chips): the declared figures are the party's, and inspectors must see
that they are true.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tachograph.brake.said.records import SiteDeclared, WindowReported

SIGMAS = 3.0
"""An energy that is off by more standard deviations than this is a failure: one honest window in
370 would be, were the error normal. The windows of one meter share its bias, so what can hide in
each adds up over all of them and does not average out."""
MODEL_ERROR = 0.01
"""Relative error of the linear model itself, one standard deviation. An assumption of ours: no
figure that was measured at a site."""


@dataclass(frozen=True)
class Energy:
    """What was measured against what was to be expected, in joules and operations."""

    measured: float
    expected: float
    """By the model, from the declared operations."""
    error: float
    """One standard deviation of their difference."""
    joules_per_flop: float
    """What one more operation takes."""

    @property
    def excess_flop(self) -> float:
        """Operations that the surplus energy could have done; negative where there is less."""
        return (self.measured - self.expected) / self.joules_per_flop

    @property
    def smallest_hidden_flop(self) -> float:
        """Operations that could have been done without the difference standing out."""
        return SIGMAS * self.error / self.joules_per_flop

    @property
    def off(self) -> float:
        """How many standard deviations measured lies above expected."""
        return (self.measured - self.expected) / self.error


def energy_of(site: SiteDeclared, window: WindowReported) -> Energy | None:
    """Return a window's energies; None where none was measured, or the site's figures cannot be."""
    can_be = 0.0 < site.idle_watts < site.busy_watts and 0.0 < site.meter_error < 1.0
    if window.energy_joules is None or not can_be or not site.devices:
        return None
    joules_per_flop = (site.busy_watts - site.idle_watts) / site.peak_flop_per_second
    idle = site.idle_watts * len(site.devices) * window.seconds
    expected = idle + joules_per_flop * sum(window.flop.values())
    error = math.hypot(site.meter_error * window.energy_joules, MODEL_ERROR * expected)
    return Energy(window.energy_joules, expected, error, joules_per_flop)


def devices_that_hide(*, run_flop: float, peak: float, used: float, days: float) -> float:
    """Devices that do a run of so many operations in so many days, at a share `used` of peak.

    989e12 FLOP/s at 0.4: 1e24 in 90 days take 325, two per cent of a site of 16,384.
    """
    return run_flop / (peak * used * days * 86_400)
