"""Every gauge by name. A new one is its file beside this one, and its name here.

The order is that of the argument: how much of the work, how well, how fast it grows, where it is
stuck, what may follow. Files are imported when asked for, as most of them need numpy.
"""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import Any

from tachograph.errors import NotFoundError
from tachograph.gauges.gauge import Gauge

NAMES = (
    "attribution",
    "lines",
    "sessions",
    "speed-up",
    "gap",
    "next-step",
    "survey",
    "uplift",
    "horizon",
    "trend",
    "saturation",
    "stitching",
    "bottleneck",
    "outlook",
)  # fmt: skip
"""One name a line; `next-step` is in next_step.py."""


def names() -> tuple[str, ...]:
    """All gauges, in the order of the argument."""
    return NAMES


def find(name: str) -> Gauge[Any, Any]:
    """The gauge of this name. Raises NotFoundError with the nearest name."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else "gauges: " + ", ".join(NAMES)
        raise NotFoundError(f"no gauge {name!r}", hint=hint)
    gauge = import_module(f"tachograph.gauges.{name.replace('-', '_')}").GAUGE
    assert isinstance(gauge, Gauge) and gauge.name == name, name
    return gauge
