"""GPU time and energy, as NVIDIA's management library (NVML) tells them.

The library comes with the driver and is called in place; without it nothing is measured. GPU time
is what `nvmlDeviceGetUtilizationRates` says, the share of the last sample period (1/6 to 1 s) in
which a kernel ran, times the time between two looks: between looks that lie further apart than that
it is a sample. Energy is `nvmlDeviceGetTotalEnergyConsumption`, which the device counts itself,
from Volta on. Source: NVML API reference, device queries. Proven by
tests/brake/meter/test_meter_instruments.py with a library of ours in NVML's place. Not covered: how
busy a GPU is while a kernel runs on it.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from ctypes import byref, c_char_p, c_uint, c_ulonglong, c_void_p

LIBRARY = "libnvidia-ml.so.1"
SUCCESS = 0
ID_BYTES = 96


class Rates(ctypes.Structure):
    """nvmlUtilization_t: percent of the sample period."""

    _fields_ = (("gpu", c_uint), ("memory", c_uint))


class Gpus:
    """All GPUs of a machine. `ids` is empty where there are none, or none that tell."""

    def __init__(self, library: ctypes.CDLL, now: Callable[[], float] = time.monotonic) -> None:
        self.library = library
        self.now = now
        self.handles: list[c_void_p] = []
        self.ids: list[str] = []
        self.busy = 0.0
        self.before = now()
        self.first: dict[str, int] = {}
        if library.nvmlInit_v2() == SUCCESS:
            self.find()

    @classmethod
    def open(cls, name: str = LIBRARY) -> Gpus | None:
        """Those of this machine; None where the library is not there, or finds none."""
        try:
            found = cls(ctypes.CDLL(name))
        except (OSError, AttributeError):
            return None
        return found if found.ids else None

    def find(self) -> None:
        """Handles and ids."""
        count = c_uint()
        if self.library.nvmlDeviceGetCount_v2(byref(count)) != SUCCESS:
            return
        for index in range(count.value):
            handle, name = c_void_p(), ctypes.create_string_buffer(ID_BYTES)
            if (
                self.library.nvmlDeviceGetHandleByIndex_v2(c_uint(index), byref(handle)) == SUCCESS
                and self.library.nvmlDeviceGetUUID(handle, c_char_p(ctypes.addressof(name)),
                                                   c_uint(ID_BYTES)) == SUCCESS
            ):  # fmt: skip
                self.handles.append(handle)
                self.ids.append(name.value.decode("ascii", "replace"))

    def seconds(self) -> float | None:
        """Busy GPU seconds of all devices since the beginning; None: one of them did not tell."""
        now = self.now()
        elapsed, self.before = now - self.before, now
        for handle in self.handles:
            rates = Rates()
            if self.library.nvmlDeviceGetUtilizationRates(handle, byref(rates)) != SUCCESS:
                return None
            self.busy += rates.gpu / 100 * elapsed
        return self.busy

    def joules(self) -> float | None:
        """Energy of all devices since the first look; None: one of them did not tell."""
        total = 0
        for handle, name in zip(self.handles, self.ids, strict=True):
            millijoules = c_ulonglong()
            told = self.library.nvmlDeviceGetTotalEnergyConsumption(handle, byref(millijoules))
            if told != SUCCESS:
                return None
            total += millijoules.value - self.first.setdefault(name, millijoules.value)
        return total / 1e3
