"""Ctrl-C and SIGTERM: noted at once, raised where it is safe, never lost."""

from __future__ import annotations

import os
import signal

import pytest

from tachograph.cli.stop import SIGNALS, Stop


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts_once_armed(number):
    """What goes on is left at once."""
    with Stop() as stop:
        stop.arm()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_arming_waits(number):
    """An import is not broken off; the interrupt comes with the arming."""
    with Stop() as stop:
        os.kill(os.getpid(), number)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            stop.arm()


def test_a_dropped_interrupt_is_raised_again():
    """Python may drop an exception inside a finaliser; the next check does not."""
    with Stop() as stop:
        stop.arm()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            stop.check()


def test_without_a_signal_nothing_happens():
    """Arming and checking cost nothing."""
    with Stop() as stop:
        stop.arm()
        stop.check()


def test_handlers_are_put_back():
    """Outside of it signals mean what they meant before."""
    before = [signal.getsignal(number) for number in SIGNALS]
    with Stop():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in SIGNALS] == before
