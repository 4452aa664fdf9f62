"""All instruments of a machine, read together. What is not measured is None, and never 0."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

from tachograph.brake.meter.cpu import CpuCounter, open_cpu
from tachograph.brake.meter.energy import Packages
from tachograph.brake.meter.gpu import Gpus


@dataclass(frozen=True)
class Reading:
    """What counters stand at, or what lies between two looks at them."""

    cpu_seconds: float | None = None
    """User and system time in the meter's scope."""
    gpu_seconds: float | None = None
    """Time in which a GPU ran a kernel, all GPUs added."""
    cpu_joules: float | None = None
    """Energy of the processors' packages; of the whole machine, whatever the scope."""
    gpu_joules: float | None = None
    """Energy of the GPUs."""

    def since(self, before: Reading) -> Reading:
        """The difference; None in each place where one of the two is None."""
        both = {field.name: (getattr(self, field.name), getattr(before, field.name))
                for field in fields(self)}  # fmt: skip
        return Reading(**{name: None if now is None or then is None else max(0.0, now - then)
                          for name, (now, then) in both.items()})  # fmt: skip

    @property
    def joules(self) -> float | None:
        """What was measured of energy, added; None where nothing was."""
        known = [value for value in (self.cpu_joules, self.gpu_joules) if value is not None]
        return sum(known) if known else None

    def told(self) -> str:
        """In words."""
        parts = [("CPU", self.cpu_seconds, "s"), ("GPU", self.gpu_seconds, "s"),
                 ("energy", self.joules, "J")]  # fmt: skip
        return "; ".join(f"{name} not measured" if value is None else f"{name} {value:.1f} {unit}"
                         for name, value, unit in parts)  # fmt: skip


class Instruments:
    """Of one machine, in one scope."""

    def __init__(self, cpu: CpuCounter, gpus: Gpus | None = None,
                 packages: Packages | None = None, cores: int | None = None) -> None:  # fmt: skip
        self.cpu = cpu
        self.gpus = gpus
        self.packages = packages
        self.cores = cores or os.cpu_count() or 1

    @classmethod
    def open(cls, scope: str) -> Instruments:
        """All that this machine has. Raises UsageError, StoreError."""
        return cls(open_cpu(scope), Gpus.open(), Packages())

    def read(self) -> Reading:
        """Look at all of them. Raises StoreError where the scope has gone."""
        return Reading(
            cpu_seconds=self.cpu.seconds(),
            gpu_seconds=self.gpus.seconds() if self.gpus else None,
            cpu_joules=self.packages.joules() if self.packages else None,
            gpu_joules=self.gpus.joules() if self.gpus else None,
        )
