"""The twelve checks, a file each: pure functions from a bundle to results.

A check's file has `CHECK` (what it is, what it detects, what it assumes) and `look(bundle)`, which
yields a CheckResult for each subject: `CHECK.passed(...)`, `CHECK.failed(...)` or
`CHECK.not_assessed(...)`. It reads nothing but the bundle, asks no clock and no network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.checks import (
    balance,
    bounds,
    devices,
    envelopes,
    frozen,
    gapless,
    history,
    legality,
    reexecution,
    trace,
    weight_chain,
    witnessed,
)
from tachograph.brake.verdict import Check, CheckResult

Look = Callable[[Bundle], Iterable[CheckResult]]

ALL: tuple[tuple[Check, Look], ...] = (
    (envelopes.CHECK, envelopes.look),
    (witnessed.CHECK, witnessed.look),
    (history.CHECK, history.look),
    (gapless.CHECK, gapless.look),
    (bounds.CHECK, bounds.look),
    (balance.CHECK, balance.look),
    (reexecution.CHECK, reexecution.look),
    (weight_chain.CHECK, weight_chain.look),
    (frozen.CHECK, frozen.look),
    (trace.CHECK, trace.look),
    (devices.CHECK, devices.look),
    (legality.CHECK, legality.look),
)
"""Every check there is, in order: add yours here."""

__all__ = ["ALL", "Look"]
