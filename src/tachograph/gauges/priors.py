"""Priors: what is assumed about each parameter of the outlook, printed beside every answer.

A table has one row a parameter, `parameter,form,low,high,source`:

    doubling_days,lognormal,120,270,"horizon gauge, 2026-09"
    human_floor,uniform,0,0.2,assumption

Forms: `lognormal` and `normal` have 80 % of their mass between the ends, a tenth on either side;
`uniform` has all of it there; `fixed` needs both ends the same. Parameters that the table leaves
out keep the defaults below, which are assumptions and say so. Proven by
tests/gauges/test_outlook.py. Not covered: parameters that depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from tachograph.errors import FormatError
from tachograph.gauges.read import Row, read_rows
from tachograph.gauges.reading import number
from tachograph.gauges.stats.intervals import normal_quantile

Array = NDArray[np.float64]
Form = Literal["lognormal", "normal", "uniform", "fixed"]
FORMS: tuple[Form, ...] = ("lognormal", "normal", "uniform", "fixed")
MASS = 0.8
"""Of a log-normal or normal prior between its ends."""


@dataclass(frozen=True)
class Range:
    """Where a parameter may lie, and what it means."""

    about: str
    low: float
    high: float


PARAMETERS: Mapping[str, Range] = {
    "doubling_days": Range("the days in which capability doubles today", 1.0, 10_000.0),
    "compute_growth": Range("the growth of research compute a year", 0.1, 100.0),
    "people_growth": Range("the growth of research staff a year", 0.1, 10.0),
    "parallel": Range("how far input adds up (lambda, progress as a power of it)", 0.01, 2.0),
    "input_growth": Range("the growth of input a year behind today's pace", 1.01, 100.0),
    "substitution": Range("how far compute and labour replace each other (rho)", -20.0, 0.99),
    "compute_share": Range("the part of compute in research input today", 0.001, 0.999),
    "human_share": Range("the part of research work that people do today", 0.001, 1.0),
    "human_floor": Range("the part that stays people's, however capable AI gets", 0.0, 1.0),
    "human_halving": Range("the doublings of capability that halve the rest", 0.05, 100.0),
    "ai_speed": Range("the speed of AI on its part today, people's is 1", 0.1, 10_000.0),
    "ai_speed_rise": Range("the doublings of that speed for one of capability", 0.0, 5.0),
}  # fmt: skip
"""Every parameter, in the order in which they are printed."""


@dataclass(frozen=True)
class Prior:
    """What is assumed about one parameter, and on whose word."""

    form: Form
    low: float
    high: float
    source: str

    def draw(self, name: str, count: int, rng: np.random.Generator) -> Array:
        """Draws, shape (count,), cut to the parameter's range."""
        bounds = PARAMETERS[name]
        return np.clip(self._raw(count, rng), bounds.low, bounds.high)

    def _raw(self, count: int, rng: np.random.Generator) -> Array:
        if self.form == "fixed" or self.low == self.high:
            return np.full(count, self.low)
        if self.form == "uniform":
            return rng.uniform(self.low, self.high, count)
        low, high = (math.log(self.low), math.log(self.high)) if self.form == "lognormal" else \
            (self.low, self.high)  # fmt: skip
        width = (high - low) / (2 * normal_quantile(MASS))
        found = (low + high) / 2 + width * rng.standard_normal(count)
        return np.exp(found) if self.form == "lognormal" else found

    def text(self) -> str:
        """`lognormal 120 to 270 (horizon gauge)`."""
        ends = number(self.low)
        if self.high != self.low:
            ends += f" to {number(self.high)}"
        return f"{self.form} {ends} ({self.source})"


ASSUMED = "assumption"
DEFAULTS: Mapping[str, Prior] = {
    "doubling_days": Prior("lognormal", 90, 300, ASSUMED),
    "compute_growth": Prior("lognormal", 1.5, 4.0, ASSUMED),
    "people_growth": Prior("lognormal", 1.0, 1.4, ASSUMED),
    "parallel": Prior("uniform", 0.3, 1.0, ASSUMED),
    "input_growth": Prior("lognormal", 1.6, 4.0, ASSUMED),
    "substitution": Prior("uniform", -2.0, 0.2, ASSUMED),
    "compute_share": Prior("uniform", 0.2, 0.8, ASSUMED),
    "human_share": Prior("uniform", 0.4, 0.9, ASSUMED),
    "human_floor": Prior("lognormal", 0.01, 0.2, ASSUMED),
    "human_halving": Prior("lognormal", 1.0, 8.0, ASSUMED),
    "ai_speed": Prior("lognormal", 2.0, 20.0, ASSUMED),
    "ai_speed_rise": Prior("uniform", 0.0, 1.0, ASSUMED),
}
"""Wide on purpose: nobody has measured most of these."""


def read_priors(paths: Iterable[Path]) -> dict[str, Prior]:
    """The priors that tables declare. Raises FormatError naming file and row."""
    found: dict[str, Prior] = {}
    for path in paths:
        for row in read_rows(path):
            name = row.choice("parameter", tuple(PARAMETERS))
            if name in found:
                raise row.fault("parameter", f"declared twice: {name!r}", "keep one row")
            found[name] = _prior(row, PARAMETERS[name])
    return found


def _prior(row: Row, bounds: Range) -> Prior:
    form = cast(Form, row.choice("form", FORMS))
    low, high = (row.number(end, bounds.low, bounds.high) for end in ("low", "high"))
    if low > high:
        raise row.fault("low", f"{low:g} is above high, {high:g}", "exchange them")
    if form == "fixed" and low != high:
        raise row.fault("form", "fixed, but the ends differ", "give one number twice")
    if form == "lognormal" and low <= 0:
        raise row.fault("low", "a log-normal prior lies above 0", "use uniform or normal")
    return Prior(form, low, high, row.text("source"))


def draw_all(priors: Mapping[str, Prior], count: int, seed: int) -> dict[str, Array]:
    """Independent draws of every parameter, each from a stream of its own, shape (count,) each.

    A prior that changes leaves the draws of the others as they are. The floor is cut to people's
    share of today. Raises FormatError where a parameter has no prior.
    """
    missing = [name for name in PARAMETERS if name not in priors]
    if missing:
        raise FormatError(f"no prior for {missing[0]}", hint="declare it in the table")
    streams = np.random.SeedSequence(seed).spawn(len(PARAMETERS))
    found = {
        name: priors[name].draw(name, count, np.random.default_rng(stream))
        for name, stream in zip(PARAMETERS, streams, strict=True)
    }
    found["human_floor"] = np.minimum(found["human_floor"], found["human_share"])
    return found
