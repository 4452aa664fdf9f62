"""A trial's allowance: what one candidate's own runs may take."""

from __future__ import annotations

import pytest

from tachograph.loop.allowance import Allowance, TooCostly


class Clock:
    """Goes only when told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A new one."""
    return Clock()


def spend(allowance: Allowance, clock: Clock, seconds: float, runs_to_come: int = 0) -> None:
    """One run that takes so long."""
    with allowance.spending(runs_to_come):
        clock.seconds += seconds


def test_runs_within_the_allowance_go_on(clock: Clock) -> None:
    """Ten runs of a tenth each use it up, and none is refused."""
    allowance = Allowance(10.0, clock)
    for left in reversed(range(10)):
        spend(allowance, clock, 1.0, left)
    assert allowance.left_seconds == 0


def test_a_run_is_not_begun_when_nothing_is_left(clock: Clock) -> None:
    """A run that took longer than foreseen counts; the next one does not begin."""
    allowance = Allowance(10.0, clock)
    spend(allowance, clock, 30.0)
    with pytest.raises(TooCostly), allowance.spending():
        pytest.fail("it has begun")
    assert clock.seconds == 130.0


def test_what_will_not_fit_is_foreseen(clock: Clock) -> None:
    """After one run it is known that ten such runs do not fit."""
    allowance = Allowance(10.0, clock)
    with pytest.raises(TooCostly):
        spend(allowance, clock, 1.1, runs_to_come=9)
    assert clock.seconds == 101.1


def test_a_run_that_fails_is_paid_and_fails_as_it_did(clock: Clock) -> None:
    """What went wrong in a run is a better answer than what it cost."""
    allowance = Allowance(10.0, clock)
    with pytest.raises(KeyError), allowance.spending(runs_to_come=9):
        clock.seconds += 7.0
        raise KeyError
    assert allowance.left_seconds == 3.0
