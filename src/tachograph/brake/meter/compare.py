"""A meter's windows against what the ledger says that its runs have used.

    measured   CPU seconds that were not idle, in windows in which the meter ran
    declared   CPU seconds of sittings that lie within these windows
    undeclared measured - declared: work that no run accounts for

**The error that is allowed**: a sitting tells what its process and its boxes took until it closed,
by ticks of 10 ms for each process, and not how it ended afterwards (signing, tearing boxes down):
`ERROR_SHARE` of the figure and `ERROR_SECONDS` for each sitting. Below it undeclared work cannot be
told from it; `smallest` says how much that is. Proven by tests/brake/meter/test_meter_compare.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tachograph.brake.meter.declared import computes
from tachograph.brake.said.records import WindowReported
from tachograph.brake.said.statement import peek
from tachograph.brake.times import seconds_of
from tachograph.errors import EvidenceError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import StatementPosted

ERROR_SHARE = 0.05
ERROR_SECONDS = 1.0


@dataclass(frozen=True)
class Comparison:
    """Of a span of time without a hole."""

    measured: float
    """CPU seconds, by the meter."""
    declared: float
    """CPU seconds, by the ledger."""
    error: float
    """CPU seconds by which the two may differ where all is in order."""
    away: float
    """Seconds in which the meter did not run."""
    killed: int
    """Sittings that tell only parts: what they took besides is in `undeclared`."""

    @property
    def undeclared(self) -> float:
        """CPU seconds that no run accounts for; below 0: runs tell more than there was."""
        return self.measured - self.declared

    @property
    def agrees(self) -> bool:
        """Whether the two agree within the error, and the meter was there all the time."""
        return abs(self.undeclared) <= self.error and not self.away

    @property
    def smallest(self) -> float:
        """CPU seconds of undeclared work that would be seen for sure."""
        return 2 * self.error

    def told(self) -> str:
        """In words."""
        text = (f"meter {self.measured:.1f} CPU s, ledger {self.declared:.1f} CPU s, "
                f"undeclared {self.undeclared:.1f}, allowed error {self.error:.1f}")  # fmt: skip
        if self.away:
            text += f"; the meter was away for {self.away:.0f} s"
        return text + ("" if self.agrees else "; they do not agree")


def compare(ledger: Ledger, meter: str) -> Comparison:
    """The windows of this meter, as the ledger holds them, against the ledger's runs."""
    windows = list(windows_of(ledger, meter))
    measured = sum(busy(window) for window in windows if not window.away_seconds)
    declared, count, killed = 0.0, 0, 0
    if windows:
        began = seconds_of(windows[0].began)
        ended = max(seconds_of(window.began) + window.seconds for window in windows)
        for compute in computes(ledger).values():
            for sitting in compute.sittings:
                if began <= seconds_of(sitting.ended) <= ended:
                    declared += sitting.cpu_seconds
                    count += 1
                    killed += sitting.whole is None
    error = ERROR_SHARE * max(measured, declared) + ERROR_SECONDS * max(count, 1)
    return Comparison(measured, declared, error, sum(w.away_seconds for w in windows), killed)


def windows_of(ledger: Ledger, meter: str) -> Iterable[WindowReported]:
    """In the order of the ledger."""
    for entry in ledger.entries(kinds=[StatementPosted]):
        assert isinstance(entry.body, StatementPosted)
        try:
            statement = peek(entry.body.envelope)
        except EvidenceError:
            continue
        if statement.by == meter and isinstance(statement.said, WindowReported):
            yield statement.said


def busy(window: WindowReported) -> float:
    """CPU seconds that were not idle; GPUs not counted."""
    used = sum(each for name, each in window.device_seconds.items() if name != "idle")
    return used - sum(window.gpu_seconds.values())
