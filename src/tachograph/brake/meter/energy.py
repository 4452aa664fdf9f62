"""Energy of the processors' packages, by the counters that Linux calls powercap (RAPL).

Each package has a file `energy_uj` that begins anew at `max_energy_range_uj`; the loss is undone as
long as looks come more often than it does (a minute at full load). It counts packages, not the
machine: no fans, no disks, memory only where the package has it. Proven by
tests/brake/meter/test_meter_instruments.py on folders like the kernel's.
"""

from __future__ import annotations

from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


class Packages:
    """All packages of a machine that can be read."""

    def __init__(self, folder: Path = POWERCAP) -> None:
        found = [path for path in sorted(folder.glob("*-rapl:*")) if path.name.count(":") == 1]
        self.packages = [path for path in found if reading(path, "energy_uj") is not None]
        self.last: dict[Path, int] = {}
        self.total = 0

    def joules(self) -> float | None:
        """Energy since the first look; None: the machine does not tell, or has stopped to."""
        if not self.packages:
            return None
        for package in self.packages:
            now = reading(package, "energy_uj")
            if now is None:
                return None
            before = self.last.setdefault(package, now)
            span = reading(package, "max_energy_range_uj") or 0
            self.total += now - before if now >= before else now - before + span
            self.last[package] = now
        return self.total / 1e6


def reading(package: Path, name: str) -> int | None:
    """A package's file; None where it cannot be read, which is usual for those who are not root."""
    try:
        return int((package / name).read_text())
    except (OSError, ValueError):
        return None
