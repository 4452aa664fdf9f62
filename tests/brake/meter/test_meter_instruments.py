"""Energy and GPUs: on folders and a library like the real ones, and where there are none."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from tachograph.brake.meter.energy import Packages
from tachograph.brake.meter.gpu import Gpus
from tachograph.brake.meter.reading import Instruments, Reading


def package(folder: Path, name: str, joules: float, span: float = 1000.0) -> Path:
    """A package as the kernel shows it."""
    path = folder / name
    path.mkdir(exist_ok=True)
    (path / "energy_uj").write_text(f"{round(joules * 1e6)}\n")
    (path / "max_energy_range_uj").write_text(f"{round(span * 1e6)}\n")
    return path


def test_packages_are_added_and_parts_of_them_are_not(tmp_path: Path) -> None:
    """A subzone of a package is in the package's figure already."""
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        package(tmp_path, name, 10)
    found = Packages(tmp_path)
    assert found.joules() == 0
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        package(tmp_path, name, 14)
    assert found.joules() == 8


def test_a_counter_that_begins_anew_loses_nothing(tmp_path: Path) -> None:
    """It counts up to its range and then from 0."""
    package(tmp_path, "intel-rapl:0", 990)
    found = Packages(tmp_path)
    found.joules()
    package(tmp_path, "intel-rapl:0", 5)
    assert found.joules() == 15


def test_what_cannot_be_read_is_not_measured(tmp_path: Path) -> None:
    """None, and never 0: without packages, and when one stops telling."""
    assert Packages(tmp_path).joules() is None
    path = package(tmp_path, "intel-rapl:0", 1)
    found = Packages(tmp_path)
    assert found.joules() == 0
    (path / "energy_uj").unlink()
    assert found.joules() is None


class Nvml:
    """Two GPUs, as the library tells of them; 0 is success."""

    def __init__(self) -> None:
        self.percent = [50, 100]
        self.millijoules = [1000, 2000]
        self.refuses: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        """A function of the library."""
        short = name.removeprefix("nvml").removeprefix("Device").removesuffix("_v2")
        method = type(self).__dict__["do_" + short]
        return lambda *arguments: 3 if name in self.refuses else method(self, *arguments)

    def do_Init(self) -> int:  # noqa: N802 - the library's name
        return 0

    def do_GetCount(self, count: Any) -> int:  # noqa: N802
        count._obj.value = 2
        return 0

    def do_GetHandleByIndex(self, index: Any, handle: Any) -> int:  # noqa: N802
        handle._obj.value = index.value + 1
        return 0

    def do_GetUUID(self, handle: Any, name: Any, length: Any) -> int:  # noqa: N802
        ctypes.memmove(name, b"GPU-%d\0" % handle.value, 6)
        return 0

    def do_GetUtilizationRates(self, handle: Any, rates: Any) -> int:  # noqa: N802
        rates._obj.gpu = self.percent[handle.value - 1]
        return 0

    def do_GetTotalEnergyConsumption(self, handle: Any, millijoules: Any) -> int:  # noqa: N802
        millijoules._obj.value = self.millijoules[handle.value - 1]
        return 0


def test_gpus_are_found_and_added() -> None:
    """Busy time is the share of the time between two looks; energy is the devices' own count."""
    library, now = Nvml(), [100.0]
    gpus = Gpus(library, lambda: now[0])  # type: ignore[arg-type]
    assert gpus.ids == ["GPU-1", "GPU-2"]
    assert gpus.joules() == 0
    now[0] += 10
    library.millijoules = [4000, 2500]
    assert gpus.seconds() == pytest.approx(15)
    assert gpus.joules() == pytest.approx(3.5)


def test_a_gpu_that_does_not_tell_is_not_measured() -> None:
    """None where one of them fails; no GPUs where the library does."""
    library = Nvml()
    gpus = Gpus(library)  # type: ignore[arg-type]
    library.refuses = {"nvmlDeviceGetUtilizationRates", "nvmlDeviceGetTotalEnergyConsumption"}
    assert gpus.seconds() is None and gpus.joules() is None
    library.refuses = {"nvmlInit_v2"}
    assert not Gpus(library).ids  # type: ignore[arg-type]
    assert Gpus.open("no-such-library.so") is None


def test_differences_and_words_keep_what_was_not_measured() -> None:
    """None stays None."""
    before = Reading(cpu_seconds=1.0, gpu_seconds=None, cpu_joules=3.0)
    after = Reading(cpu_seconds=3.5, gpu_seconds=2.0, cpu_joules=4.0)
    between = after.since(before)
    assert between == Reading(cpu_seconds=2.5, gpu_seconds=None, cpu_joules=1.0)
    assert between.told() == "CPU 2.5 s; GPU not measured; energy 1.0 J"
    assert Reading().joules is None


def test_the_instruments_of_this_machine_can_be_read() -> None:
    """CPU time everywhere; the others where they are."""
    instruments = Instruments.open("machine")
    assert instruments.cores >= 1
    reading = instruments.read()
    assert reading.cpu_seconds is not None and reading.cpu_seconds > 0
    assert (reading.gpu_seconds is None) == (instruments.gpus is None)
