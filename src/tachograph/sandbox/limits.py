"""What a candidate may use, per box."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of one box. They hold at every level that `tacho box probe` says they hold at."""

    wall_seconds: float = 10.0
    """From GO to the whole result received."""
    setup_seconds: float = 60.0
    """From the fork to READY: loading the source, and compiling what depends on it alone."""
    memory_mib: int = 2048
    """Address space of each process, and resident memory of all of them together."""
    processes: int = 1
    """1: fork and exec are refused. More: that many processes at once."""
    threads: int = 1
    """Cores that the candidate may run on, and the size of its maths libraries' thread pools."""
    disk_mib: int = 64
    """Scratch space."""
    output_mib: int = 64
    """The result, encoded."""
    log_kib: int = 64
    """stdout and stderr together; a candidate that writes more gets a write error."""
