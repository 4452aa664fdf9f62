"""SYNTHETIC data for demonstrations and tests: drawn from formulas, about nothing in the world.

    python -m tachograph.gauges.synthetic DIR

writes one file for each kind of data that gauges read. Every name in them begins with `made-up` and
every file with `synthetic-`, so that no figure made from them can pass for a measurement. The same
seed gives the same bytes. The truth behind each file is in the constants below, so that a gauge can
be held against it (tests/gauges/test_synthetic.py).
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

SEED = 2026
FIRST_DAY = date(2023, 3, 1)
DOUBLING_DAYS = 200.0
"""True doubling time of the 50 % horizon."""
FIRST_HORIZON_MINUTES = 4.0
"""True 50 % horizon on FIRST_DAY."""
SLOPE = -0.6
"""True change of the log odds of success with each doubling of the human time."""
CEILING = 0.86
"""True ceiling of the dated scores."""


def horizon_minutes(day: date) -> float:
    """The true 50 % horizon of an agent released on `day`."""
    days: int = (day - FIRST_DAY).days
    return FIRST_HORIZON_MINUTES * math.pow(2.0, days / DOUBLING_DAYS)


def release_days(agents: int, rng: np.random.Generator) -> list[date]:
    """Days over about two and a half years, the first on FIRST_DAY."""
    gaps = np.sort(rng.integers(20, 900, agents - 1))
    return [FIRST_DAY, *(FIRST_DAY + timedelta(int(gap)) for gap in gaps)]


def runs(
    agents: int = 8, families: int = 30, tasks: int = 90, repeats: int = 6, seed: int = SEED,
    task_spread: float = 0.0,
) -> list[dict[str, object]]:  # fmt: skip
    """Rows for `tacho gauge horizon`, a row a run.

    `task_spread` is the standard deviation, in log odds, of how much harder a task is than its
    length says; the same for all agents.
    """
    rng = np.random.default_rng(seed)
    days = release_days(agents, rng)
    minutes = 2.0 ** rng.uniform(0, 11, tasks)
    family = rng.integers(0, families, tasks)
    harder = rng.normal(0, task_spread, tasks)
    rows: list[dict[str, object]] = []
    for number, day in enumerate(days):
        odds = SLOPE * np.log2(minutes / horizon_minutes(day)) - harder
        share = 1 / (1 + np.exp(-odds))
        for task in range(tasks):
            rows += [
                {
                    "agent": f"made-up-{number + 1}",
                    "task": f"made-up-task-{task}",
                    "family": f"made-up-family-{family[task]}",
                    "human_minutes": round(float(minutes[task]), 3),
                    "success": int(rng.random() < share[task]),
                    "release_date": day.isoformat(),
                }
                for _ in range(repeats)
            ]
    return rows


def scores(
    entries: int = 40, ceiling: float = CEILING, seed: int = SEED
) -> list[dict[str, object]]:
    """Rows for `tacho gauge saturation`: dated scores that climb towards a ceiling."""
    rng = np.random.default_rng(seed)
    days = np.sort(rng.integers(0, 1100, entries))
    best = ceiling / (1 + np.exp(-(days - 350) / 150))
    shortfall = rng.exponential(0.05, entries) * (rng.random(entries) < 0.6)
    shown = np.clip(best - shortfall + rng.normal(0, 0.01, entries), 0.001, 0.999)
    return [
        {
            "name": f"made-up-entry-{place + 1}",
            "date": (FIRST_DAY + timedelta(int(day))).isoformat(),
            "score": round(float(score), 4),
            "score_se": 0.01,
        }
        for place, (day, score) in enumerate(zip(days, shown, strict=True))
    ]


def values(count: int = 16, doubling_days: float = DOUBLING_DAYS, seed: int = SEED,
           noise: float = 0.25) -> list[dict[str, object]]:  # fmt: skip
    """Rows for `tacho gauge trend`: dated values that double every `doubling_days`."""
    rng = np.random.default_rng(seed)
    days = np.sort(rng.integers(0, 1200, count))
    logs = math.log2(FIRST_HORIZON_MINUTES) + days / doubling_days + rng.normal(0, noise, count)
    return [
        {
            "name": f"made-up-{place + 1}",
            "date": (FIRST_DAY + timedelta(int(day))).isoformat(),
            "value": float(f"{2.0**log:.6g}"),
            "low": float(f"{2.0 ** (log - 1.96 * noise):.6g}"),
            "high": float(f"{2.0 ** (log + 1.96 * noise):.6g}"),
        }
        for place, (day, log) in enumerate(zip(days.tolist(), logs.tolist(), strict=True))
    ]


def write_csv(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    """Write rows of the same columns, with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_all(folder: Path) -> list[Path]:
    """Write every file into a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    made: Iterable[tuple[str, list[dict[str, object]]]] = (
        ("runs", runs()), ("scores", scores()), ("values", values()),
    )  # fmt: skip
    return [write_csv(folder / f"synthetic-{name}.csv", rows) for name, rows in made]


if __name__ == "__main__":
    for written in write_all(Path(sys.argv[1] if len(sys.argv) > 1 else ".")):
        print(written)
