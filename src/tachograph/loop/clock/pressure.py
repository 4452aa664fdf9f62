"""How much tasks waited for a CPU: Linux pressure stall information.

/proc/pressure/cpu holds `some avg10=0.00 avg60=0.00 avg300=0.00 total=12345`, the total in
microseconds since boot, for the whole machine. Not covered: waiting for memory or disk.
"""

from __future__ import annotations

from pathlib import Path

PRESSURE_FILE = Path("/proc/pressure/cpu")


def stalled_seconds(path: Path = PRESSURE_FILE) -> float | None:
    """Seconds since boot in which some task waited for a CPU; None where the kernel is silent."""
    try:
        text = path.read_text()
    except OSError:
        return None
    for line in text.splitlines():
        kind, *fields = line.split()
        for field in fields:
            key, _, value = field.partition("=")
            if kind == "some" and key == "total" and value.isdigit():
                return int(value) / 1e6
    return None
