"""Meters of sites that do not exist, run by a thread: heartbeats and windows without gaps.

**Simulated**: the figures are made up, honestly for all sites but one. That one trains on in the
pause and reports its devices as idle; the energy that its meter reads gives it away. What
is real is everything after the figures: signatures, numbers, posting, checks. A meter of a real
machine: `tacho brake meter`. Proven by tests/brake/exercise.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from tachograph.brake.exercise.cast import CAST, PEAK, Lab
from tachograph.brake.said.records import (
    CLASSES,
    Heartbeat,
    RunDeclared,
    SiteDeclared,
    WindowReported,
)
from tachograph.brake.said.statement import Said

IDLE_WATTS = 100.0
BUSY_WATTS = 700.0
PARAMETERS = 1_000_000_000
"""Of the model that every laboratory trains; six operations a weight and token."""
WINDOW_SECONDS = 5.0
USE = 0.4
"""Share of the peak that busy devices reach."""

Say = Callable[[str, Said], object]
"""Speaker and what it says, posted to the register."""
Trains = Callable[[Lab], bool]
"""Whether a laboratory declares training now."""


def site_of(lab: Lab) -> SiteDeclared:
    """What a laboratory declares of its site."""
    return SiteDeclared(lab.site, lab.devices, PEAK, IDLE_WATTS, BUSY_WATTS, 0.01)


def run_of(lab: Lab) -> RunDeclared:
    """The training run that a laboratory declares before it begins."""

    def digest(what: str) -> str:
        return hashlib.sha256(f"{lab.name}: {what}".encode()).hexdigest()

    return RunDeclared(
        f"{lab.name}-run", lab.site, "a language model", digest("code"), digest("data"),
        digest("order"), digest("start"), {"rate": 1e-4}, PARAMETERS, 1_000_000, 10_000, 1_000,
    )  # fmt: skip


class Meters:
    """All seven meters. Windows begin where the last one ended; inside the block, by themselves."""

    def __init__(self, say: Say, trains: Trains) -> None:
        self._say = say
        self._trains = trains
        self._window = 0
        self._began = time.time()
        self.turn = threading.Lock()
        """Whoever holds it keeps the meters still."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read_on, daemon=True)

    def __enter__(self) -> Meters:
        """Begin the first window now."""
        self._began = time.time()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop reading."""
        self._over.set()
        self._thread.join()

    def read(self) -> None:
        """End the window of every meter, and report it."""
        with self.turn:
            ended = time.time()
            for lab in CAST:
                self._say(lab.meter, Heartbeat(lab.site, lab.meter, self._window))
                self._say(lab.meter, self._report(lab, ended - self._began))
            self._window += 1
            self._began = ended

    def _read_on(self) -> None:
        while not self._over.wait(WINDOW_SECONDS):
            self.read()

    def _report(self, lab: Lab, seconds: float) -> WindowReported:
        site, total = site_of(lab), len(lab.devices) * seconds
        declared = 0.5 * total if self._trains(lab) else 0.0
        spent = dict.fromkeys(CLASSES, 0.0)
        spent.update(training=declared, idle=total - declared)
        flop = {name: USE * PEAK * busy for name, busy in spent.items()}
        flop["idle"] = 0.0
        runs = {run_of(lab).run: flop["training"]} if declared else {}
        tokens = {run: done / (6 * PARAMETERS) for run, done in runs.items()}
        hidden = 0.5 * total if lab.temper == "hiding" and not declared else 0.0
        busy = declared + hidden
        energy = len(lab.devices) * IDLE_WATTS * seconds + (BUSY_WATTS - IDLE_WATTS) * USE * busy
        return WindowReported(
            lab.site, lab.meter, self._window, _stamp(self._began), seconds, site.devices,
            spent, flop, energy, runs, {}, tokens,
        )  # fmt: skip


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
