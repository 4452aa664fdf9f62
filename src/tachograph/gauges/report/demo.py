"""The demonstration: the whole report from data that are made up, and say so.

Proven by tests/gauges/report/test_demo.py. Not covered: anything about the world.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from tachograph.gauges import synthetic, synthetic_people
from tachograph.gauges.gauge import Inputs, take
from tachograph.gauges.registry import find, names
from tachograph.gauges.report.gather import Taken
from tachograph.gauges.report.page import Report
from tachograph.gauges.synthetic import write_csv
from tachograph.gauges.synthetic_history import write_repository

Row = dict[str, object]
TABLES: Mapping[str, Callable[[], list[Row]]] = {
    "horizon": synthetic.runs,
    "trend": synthetic.values,
    "saturation": synthetic.scores,
    "sessions": synthetic_people.coding_sessions,
    "speed-up": synthetic_people.loop_runs,
    "gap": synthetic_people.seeds,
    "next-step": synthetic_people.verdicts,
    "survey": synthetic_people.answers,
    "uplift": synthetic_people.trial,
    "bottleneck": synthetic_people.stages,
    "outlook": synthetic_people.priors,
}
"""Gauge to the made-up table that it reads. A gauge that is not here shows what it would need."""
OF_REPOSITORIES = ("attribution", "lines")
"""Gauges that read a made-up git repository."""
WARNING = (
    "DEMONSTRATION. Every number on this page comes from data that were made up for it; nothing "
    "here was measured."
)


def demonstrate(day: date) -> Report:
    """Make the data, take every reading, and return the report."""
    readings = {}
    with tempfile.TemporaryDirectory() as folder:
        repository = write_repository(Path(folder) / "synthetic-repository")
        for name in names():
            if name in OF_REPOSITORIES:
                reading = take(find(name), Inputs((repository,)), find(name).options(fresh=True))
            elif name in TABLES:
                path = write_csv(Path(folder) / f"synthetic-{name}.csv", TABLES[name]())
                reading = take(find(name), Inputs((path,)))
            else:
                continue
            readings[name] = Taken(reading, "made up for this page")
    return Report("A demonstration", day, "made-up data", readings, WARNING)
