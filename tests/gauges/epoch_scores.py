"""Scores of the published stitching data, out of its 35 tables: which column, on which scale.

The choices are those of the published study (arXiv:2512.00193): the best score of a model on a
benchmark, models with scores on more than 3 benchmarks, released since November 2022. Written for
the test of the gauge `stitching`; the data themselves lie with the reference data.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

EPOCH_RUNS = {
    "GPQA diamond", "FrontierMath-2025-02-28-Private", "MATH level 5", "OTIS Mock AIME 2024-2025",
    "FrontierMath-Tier-4-2025-07-01-Private", "SWE-Bench verified",
}  # fmt: skip
PERCENT, TENTHS = 100.0, 10.0
TABLES: dict[str, tuple[str, str, float]] = {
    "Aider polyglot": ("aider_polyglot", "Percent correct", PERCENT),
    "ANLI": ("anli", "Score", PERCENT),
    "ARC-AGI": ("arc_agi", "Score", PERCENT),
    "ARC AI2": ("arc_ai2", "Challenge score", PERCENT),
    "Balrog": ("balrog", "Average progress", PERCENT),
    "BBH": ("bbh", "Average", PERCENT),
    "CadEval": ("cadeval", "Overall pass (%)", PERCENT),
    "CSQA2": ("csqa2", "Score", PERCENT),
    "Cybench": ("cybench", "Unguided % Solved", PERCENT),
    "DeepResearch Bench": ("deepresearch", "Average score", PERCENT),
    "Factorio learning environment": (
        "factorio_learning_environment", "Lab Success %", PERCENT,
    ),
    "Fiction.LiveBench": ("fictionlivebench", "16k token score", PERCENT),
    "GeoBench": ("geobench", "ACW Country %", PERCENT),
    "GSM8K": ("gsm8k", "EM", PERCENT),
    "GSO-Bench": ("gso_bench", "Score OPT@1", PERCENT),
    "HellaSwag": ("hellaswag", "Overall accuracy", PERCENT),
    "LAMBADA": ("lambada", "Score", PERCENT),
    "Lech Mazur Writing": ("lech_mazur_writing", "Mean score", TENTHS),
    "LiveBench": ("livebench", "Global average", PERCENT),
    "MMLU": ("mmlu", "EM", PERCENT),
    "OpenBookQA": ("openbookqa", "Accuracy", PERCENT),
    "OSWorld": ("os_world", "Score", PERCENT),
    "OSUniverse": ("osuniverse", "Weighted Score", PERCENT),
    "PIQA": ("piqa", "Score", PERCENT),
    "ScienceQA": ("scienceqa", "Score", PERCENT),
    "SimpleBench": ("simple_bench", "Score (AVG@5)", PERCENT),
    "SuperGLUE": ("superglue", "Score", PERCENT),
    "Terminal Bench": ("terminal_bench", "Accuracy mean", PERCENT),
    "The Agent Company": ("the_agent_company", "% Resolved", PERCENT),
    "TriviaQA": ("triviaqa", "EM", PERCENT),
    "VideoMME": ("videomme", "Overall (no subtitles)", PERCENT),
    "VPCT": ("vpct", "Correct", PERCENT),
    "WeirdML": ("weirdml", "Accuracy", PERCENT),
    "Winogrande": ("winogrande", "Accuracy", PERCENT),
}  # fmt: skip
FIRST_DAY = "2022-11-01"
MORE_THAN_BENCHMARKS = 3
CORRECTED_DAYS = {
    "gemini-exp-1206": "2024-12-06", "LLaMA-13B": "2023-02-24", "LLaMA-33B": "2023-02-24",
}  # fmt: skip


def epoch_scores(folder: Path) -> dict[tuple[str, str], float]:
    """(model, benchmark) to the best score, as the published fit used them."""
    found: dict[tuple[str, str], float] = {}
    for model, benchmark, score in (*_runs(folder), *_tables(folder)):
        if 0 <= score <= 1:
            key = model, benchmark
            found[key] = max(score, found.get(key, 0.0))
    taken: dict[str, int] = {}
    for model, _ in found:
        taken[model] = taken.get(model, 0) + 1
    days = _days(folder)
    return {
        (model, benchmark): score
        for (model, benchmark), score in found.items()
        if taken[model] > MORE_THAN_BENCHMARKS and days.get(model, "") >= FIRST_DAY
    }


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _runs(folder: Path) -> Iterator[tuple[str, str, float]]:
    for row in _rows(folder / "benchmarks_runs.csv"):
        if row["task"] in EPOCH_RUNS and row["model"] and row["Best score (across scorers)"]:
            yield row["model"], row["task"], float(row["Best score (across scorers)"])


def _tables(folder: Path) -> Iterator[tuple[str, str, float]]:
    for benchmark, (name, column, scale) in TABLES.items():
        for row in _rows(folder / f"external_benchmark_{name}.csv"):
            told = row["Model version"] and row[column] and (row["Source"] or name == "balrog")
            if told:
                yield row["Model version"], benchmark, float(row[column].rstrip("%")) / scale


def _days(folder: Path) -> dict[str, str]:
    rows = _rows(folder / "model_versions.csv")
    return {row["id"]: CORRECTED_DAYS.get(row["id"], row["Version release date"]) for row in rows}
