"""SYNTHETIC data about people and their work, like synthetic.py: drawn, about nothing in the world.

The truth behind each table is in the constants below (tests/gauges/test_synthetic_people.py).
"""

from __future__ import annotations

import math

import numpy as np

from tachograph.gauges.synthetic import SEED

Row = dict[str, object]

EFFECT = -0.12
"""True change in log time with AI in the trial."""
MULTIPLIERS = {"past": 1.3, "now": 1.9, "forecast": 2.6}
"""True median multiplier of value, by time; of speed it is SPEED_OVER_VALUE times that."""
SPEED_OVER_VALUE = 1.4
HARDNESS = ((0.5, 0.3, 0.15, 0.05), (0.15, 0.25, 0.3, 0.3))
"""True mix of classes, early and late: people give harder work to the later model."""
SPEED_UPS = (3.0, 8.0, 20.0)
"""True geometric means of the made-up proposers."""
GAPS = {"naive": 0.2, "confident": 0.35, "found-by-agents": 0.7}
"""True gaps of the made-up methods."""
PREFERENCE = 0.35
"""True mean log odds that the AI's step is the better one."""
PLACE = 0.5
"""Log odds by which the judges like the first place."""
STAGES = {
    "2025Q4": ((0.12, 1.2), (0.30, 1.9), (0.28, 1.3), (0.20, 1.0), (0.10, 1.4)),
    "2026Q2": ((0.12, 1.3), (0.30, 4.5), (0.28, 1.6), (0.20, 1.0), (0.10, 2.0)),
    "2026Q4": ((0.12, 1.5), (0.30, 9.0), (0.28, 2.2), (0.20, 1.1), (0.10, 3.0)),
}
STAGE_NAMES = ("ideas", "writing code", "experiments", "review", "analysis")
HUMAN = ("ideas", "review")
LOADS = {"review": 1.3}


def stages() -> list[Row]:
    """Rows for `tacho gauge bottleneck`: three periods of made-up work."""
    rows: list[Row] = []
    for period, values in STAGES.items():
        for name, (share, speedup) in zip(STAGE_NAMES, values, strict=True):
            rows.append({
                "period": period, "stage": name, "share": share, "speedup": speedup,
                "speedup_low": round(speedup / 1.25, 3), "speedup_high": round(speedup * 1.25, 3),
                "load": LOADS.get(name, 1.0), "human": "yes" if name in HUMAN else "no",
            })  # fmt: skip
    return rows


def trial(people: int = 24, each: int = 10, seed: int = SEED) -> list[Row]:
    """Rows for `tacho gauge uplift`: tasks by a coin with or without AI."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for person in range(people):
        speed = rng.normal(0, 0.25)
        for _ in range(each):
            size, treated = rng.normal(4.2, 0.8), int(rng.integers(2))
            rows.append({
                "subject": f"made-up-person-{person + 1}", "treatment": treated,
                "minutes": round(math.exp(size + speed + EFFECT * treated + rng.normal(0, 0.4)), 1),
                "forecast_without": round(math.exp(size), 1),
                "forecast_with": round(math.exp(size - 0.25), 1),
            })  # fmt: skip
    return rows


def answers(people: int = 90, seed: int = SEED) -> list[Row]:
    """Rows for `tacho gauge survey`: value and speed, at three times."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for person in range(people):
        who = {
            "respondent": f"made-up-person-{person + 1}",
            "group": "research" if person % 3 else "infrastructure",
        }
        taste = rng.normal(0, 0.35)
        for when, middle in MULTIPLIERS.items():
            value = middle * math.exp(taste + rng.normal(0, 0.2))
            speed = value * SPEED_OVER_VALUE * math.exp(rng.normal(0, 0.15))
            rows += [
                {**who, "asked": asked, "when": when, "multiplier": round(multiplier, 2)}
                for asked, multiplier in (("value", value), ("speed", speed))
            ]
    return rows


def verdicts(items: int = 140, seed: int = SEED) -> list[Row]:
    """Rows for `tacho gauge next-step`: two judges, both orders, a placebo and gold items."""
    rng = np.random.default_rng(seed)

    def one(kind: str, item: int, judge: str, first: str, choice: str, gold: str = "") -> Row:
        return {"item": f"made-up-{kind}-{item}", "judge": judge, "kind": kind, "first": first,
                "choice": choice, "gold": gold, "ai_length": int(rng.integers(80, 200)),
                "human_length": int(rng.integers(80, 200))}  # fmt: skip

    rows: list[Row] = []
    for item in range(items):
        quality = PREFERENCE + rng.normal(0, 1)
        for judge in ("made-up-judge-a", "made-up-judge-b"):
            for first in ("ai", "human"):
                odds = quality + (PLACE if first == "ai" else -PLACE)
                wins = rng.random() < 1 / (1 + math.exp(-odds))
                rows.append(one("comparison", item, judge, first, "ai" if wins else "human"))
    for item in range(80):
        first_wins = rng.random() < 1 / (1 + math.exp(-PLACE))
        rows.append(one("placebo", item, "made-up-judge-a", "", ("second", "first")[first_wins]))
    for item in range(60):
        gold = ("ai", "human")[item % 2]
        agrees = rng.random() < 0.85
        choice = gold if agrees else ("human" if gold == "ai" else "ai")
        rows.append(one("gold", item, "made-up-judge-a", "ai", choice, gold))
    return rows


def coding_sessions(people: int = 30, each: int = 30, seed: int = SEED) -> list[Row]:
    """Rows for `tacho gauge sessions`: two made-up models, work that gets harder with time."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for person in range(people):
        for number in range(each):
            late = number >= each // 2
            hardness = int(rng.choice(4, p=HARDNESS[late]))
            odds = 2.0 - 1.1 * hardness + 1.2 * late + rng.normal(0, 0.3)
            rows.append({
                "session": f"made-up-{person}-{number}",
                "model": "made-up-model-2" if late else "made-up-model-1",
                "day": f"2026-{number // 3 + 1:02}-{person % 28 + 1:02}",
                "person": f"made-up-person-{person + 1}",
                "class": ("routine", "regular", "challenging", "open-ended")[hardness],
                "success": int(rng.random() < 1 / (1 + math.exp(-odds))),
                "prompts": 1 + int(rng.poisson(3)),
                "interruptions": int(rng.poisson(0.6 - 0.03 * number / 2)),
                "rejections": int(rng.poisson(0.3)),
            })  # fmt: skip
    return rows


def loop_runs(runs: int = 6, seed: int = SEED) -> list[Row]:
    """Rows for `tacho gauge speed-up`: three made-up proposers on one task."""
    rng = np.random.default_rng(seed)
    return [
        {
            "task": "made-up-task", "proposer": f"made-up-model-{place + 1}",
            "ratio": round(middle * math.exp(rng.normal(0, 0.25)), 3),
            "date": f"2026-{place * 3 + 1:02}-{number + 1:02}",
        }
        for place, middle in enumerate(SPEED_UPS)
        for number in range(runs)
    ]  # fmt: skip


def seeds(count: int = 6, seed: int = SEED) -> list[Row]:
    """Rows for `tacho gauge gap`: made-up methods between floor and ceiling."""
    rng = np.random.default_rng(seed)
    return [
        {
            "task": "made-up-data", "method": f"made-up-{name}", "seed": number + 1,
            "score": round(0.6 + 0.25 * (gap + rng.normal(0, 0.06)), 4),
            "floor": 0.6, "ceiling": 0.85,
        }
        for name, gap in GAPS.items()
        for number in range(count)
    ]  # fmt: skip


def priors() -> list[Row]:
    """Rows for `tacho gauge outlook`: one prior said to be measured, the rest left at defaults."""
    return [{"parameter": "doubling_days", "form": "lognormal", "low": 150, "high": 260,
             "source": "made up"}]  # fmt: skip
