"""The meter itself: it beats, and closes a window after the other.

Windows follow each other without a hole, by the meter's own count of time, which no change of the
clock touches; what the clock shows beside it is told in each beat. Where the meter was away, a
window covers that time, and all of it counts as training at full capacity: being away can hide
nothing. What is busy counts as training, too; what no run of the ledger accounts for, as that of a
run named `undeclared`. Proven by tests/brake/meter/test_meter.py.

FLOP are estimated as device seconds x declared peak x utilisation. The utilisation is 1, so the
estimate is an upper bound: no device exceeds its peak (S. Williams, A. Waterman, D. Patterson,
"Roofline", CACM 52(4), 2009). Large training runs reach 0.2 to 0.6 of it (A. Chowdhery et al.,
"PaLM", 2022, appendix B), so the truth is usually less than half. Where no peak is declared,
nothing is estimated.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from tachograph.brake.meter.declared import Declared
from tachograph.brake.meter.delivery import Delivery
from tachograph.brake.meter.journal import Journal
from tachograph.brake.meter.reading import Reading
from tachograph.brake.said.records import Heartbeat, WindowReported
from tachograph.brake.times import stamp_of
from tachograph.errors import WorldError
from tachograph.ledger import Ledger

UTILISATION = 1.0
"""An upper bound; see above."""
UNDECLARED = "undeclared"
"""Stands for a run that nobody told of; no run has such an id."""
BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Looks(Protocol):
    """Instruments, as the meter uses them."""

    cores: int

    def read(self) -> Reading: ...


@dataclass(frozen=True)
class Clock:
    """Two clocks."""

    wall: Callable[[], float] = time.time
    """POSIX seconds; somebody may set it."""
    steady: Callable[[], float] = lambda: time.clock_gettime(BOOT_CLOCK)
    """Seconds since some moment; counts on while the machine sleeps, and nobody sets it."""


@dataclass(frozen=True)
class Metered:
    """What a meter is told about itself."""

    site: str
    interval_seconds: float = 10.0
    """From beat to beat."""
    window_seconds: float = 60.0
    """Length of a window."""
    peak_flop_per_second: float | None = None
    """Of one core; None: not declared, and FLOP are not estimated."""
    gpu_peak_flop_per_second: float | None = None
    """Of one GPU."""


class Meter:
    """One meter, in one process."""

    def __init__(self, metered: Metered, journal: Journal, delivery: Delivery, looks: Looks, *,
                 ledger: Ledger | None = None, gpu_ids: list[str] | None = None,
                 clock: Clock | None = None) -> None:  # fmt: skip
        """`ledger`: whose runs are told apart, and whose head dates the statements."""
        self.metered = metered
        self.journal = journal
        self.delivery = delivery
        self.looks = looks
        self.ledger = ledger
        self.gpu_ids = gpu_ids or []
        self.clock = clock or Clock()
        self.late = ""
        """Why statements wait in the journal; empty: none do."""
        self.declared = Declared(ledger) if ledger else None
        self.told: dict[str, float] = {}
        """CPU seconds by run that windows have told of."""
        self.before = Reading()
        self.began_seconds = 0.0
        self.began_steady = 0.0
        self.beaten_steady = 0.0

    # -- running -----------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; the window that is open is reported then. Raises EvidenceError."""
        self.start()
        while not stop.wait(self.wait_seconds()):
            self.tick()
        self.close_window()

    def start(self) -> None:
        """The first beat of this process, after the window in which the meter was away.

        A clock that was put back meanwhile hides that time here, and shows in each beat: an audit
        (V4) then takes no window's word for the hours that it is of.
        """
        now = self.clock.wall()
        end = self.journal.end_seconds
        away = 0.0 if end is None else max(0.0, now - end)
        self.told = self.told_of_runs()
        self.before = self.looks.read()
        self.began_steady = self.clock.steady()
        self.began_seconds = now if end is None else end
        if away:
            self.say(self.away_window(away))
            self.began_seconds += away
        self.beat(away)

    def wait_seconds(self) -> float:
        """Until the next beat or the end of the window."""
        now = self.clock.steady()
        beat = self.beaten_steady + self.metered.interval_seconds
        window = self.began_steady + self.metered.window_seconds
        return max(0.0, min(beat, window) - now)

    def tick(self) -> None:
        """What is due."""
        now = self.clock.steady()
        if now >= self.began_steady + self.metered.window_seconds:
            self.close_window()
        if now >= self.beaten_steady + self.metered.interval_seconds:
            self.beat()

    # -- saying ------------------------------------------------------------------------------------

    def beat(self, away_seconds: float = 0.0) -> None:
        """A sign of life."""
        self.beaten_steady = self.clock.steady()
        count = self.began_seconds + self.beaten_steady - self.began_steady
        self.say(Heartbeat(
            site=self.metered.site, meter=self.journal.name, beat=self.journal.beats,
            interval_seconds=self.metered.interval_seconds, previous=self.journal.previous,
            away_seconds=round(away_seconds, 6),
            clock_off_seconds=round(self.clock.wall() - count, 3),
        ))  # fmt: skip

    def close_window(self) -> None:
        """Report what was measured since the window began, and begin the next."""
        now, reading = self.clock.steady(), self.looks.read()
        seconds = round(now - self.began_steady, 6)
        if seconds <= 0:
            return
        self.say(self.window(seconds, reading.since(self.before)))
        self.before, self.began_steady = reading, now
        self.began_seconds += seconds

    def say(self, said: Heartbeat | WindowReported) -> None:
        """Sign it, and hand over what waits. What cannot be handed over now waits on."""
        self.journal.say(said, agreement=self.agreement(), beacon=self.beacon(),
                         time=stamp_of(self.clock.wall()))  # fmt: skip
        try:
            self.delivery.hand_over(self.journal)
            self.late = ""
        except WorldError as error:
            self.late = error.message

    def agreement(self) -> str:
        """Id of the agreement that the ledger obeys; empty: none."""
        if self.declared is None:
            return ""
        self.declared.hear()
        return self.declared.agreement

    def beacon(self) -> str:
        """Root of the register's head that the ledger heard last: the statement is not older.

        Never the ledger's own root, with which outsiders could try out what it withholds.
        """
        return self.declared.register_root if self.declared is not None else ""

    # -- windows -----------------------------------------------------------------------------------

    @property
    def devices(self) -> list[str]:
        """Ids: a core is a device, and so is a GPU."""
        cores = [f"{self.metered.site}/core-{n}" for n in range(self.looks.cores)]
        return cores + self.gpu_ids

    def window(self, seconds: float, used: Reading) -> WindowReported:
        """What was measured, by class."""
        told = self.told_of_runs()
        fresh = {run: told[run] - self.told.get(run, 0.0) for run in told}
        self.told = told
        busy = min(used.cpu_seconds or 0.0, self.looks.cores * seconds)
        gpu = None if used.gpu_seconds is None else min(used.gpu_seconds,
                                                        len(self.gpu_ids) * seconds)  # fmt: skip
        training = busy + (gpu or 0.0)
        idle = len(self.devices) * seconds - training
        return replace(
            self.empty_window(seconds),
            device_seconds={"training": round(training, 6), "idle": round(idle, 6)},
            flop=self.flop(busy, gpu), energy_joules=used.joules,
            runs=self.by_run(self.flop(busy, gpu).get("training"), fresh),
            gpu_seconds={} if gpu is None else {"training": round(gpu, 6)},
        )  # fmt: skip

    def away_window(self, seconds: float) -> WindowReported:
        """Nothing was measured: whatever could be done may have been done."""
        gpus = len(self.gpu_ids) * seconds
        return replace(
            self.empty_window(seconds), away_seconds=round(seconds, 6),
            device_seconds={"training": round(len(self.devices) * seconds, 6)},
            flop=(flop := self.flop(self.looks.cores * seconds, gpus if self.gpu_ids else None)),
            runs={UNDECLARED: flop["training"]} if flop else {},
            gpu_seconds={"training": round(gpus, 6)} if self.gpu_ids else {},
        )  # fmt: skip

    def empty_window(self, seconds: float) -> WindowReported:
        """The next one, with nothing in it yet."""
        return WindowReported(self.metered.site, self.journal.name, self.journal.windows,
                              stamp_of(self.began_seconds), seconds, self.devices, {},
                              {})  # fmt: skip

    def flop(self, cpu_seconds: float, gpu_seconds: float | None) -> dict[str, float]:
        """Upper bound on what was computed, by class; empty where a peak is not declared."""
        peak, gpu_peak = self.metered.peak_flop_per_second, self.metered.gpu_peak_flop_per_second
        if peak is None or (gpu_seconds is not None and gpu_peak is None):
            return {}
        total = cpu_seconds * peak + (gpu_seconds or 0.0) * (gpu_peak or 0.0)
        return {"training": total * UTILISATION}

    def by_run(self, flop: float | None, cpu_seconds: dict[str, float]) -> dict[str, float]:
        """Training FLOP by run, as the ledger told of them in this window, and what is left over;
        empty where FLOP are not estimated. What a run tells only when it closes explains no more
        than the window in which it does: what was left over before stays said.
        """
        peak, found = self.metered.peak_flop_per_second, {}
        if flop is None or peak is None:
            return {}
        for run, cpu in cpu_seconds.items():
            if cpu > 0 and flop > 0:
                found[run] = min(flop, cpu * peak)
                flop -= found[run]
        return found | ({UNDECLARED: flop} if flop > 0 else {})

    def told_of_runs(self) -> dict[str, float]:
        """CPU seconds by run that the ledger tells of so far."""
        if self.declared is None:
            return {}
        self.declared.hear()
        return {run: found.cpu_seconds for run, found in self.declared.runs.items()}
