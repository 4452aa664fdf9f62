"""Benchmark stitching, against one run of the published fit (reference data)."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from epoch_scores import epoch_scores

from tachograph.errors import FormatError, UsageError
from tachograph.gauges import Inputs, find, take
from tachograph.gauges.stitching import Given, Options, compute

NAMES = [f"made-up-{n}" for n in range(6)]


def given(benchmarks: str = "abcd") -> list[Given]:
    return [
        Given(model, benchmark, min(0.95, 0.1 + 0.12 * place + 0.05 * row))
        for place, model in enumerate(NAMES)
        for row, benchmark in enumerate(benchmarks)
    ]


def rows(path: Path, name: str) -> dict[str, dict[str, str]]:
    with path.open() as file:
        return {row[name].strip(): row for row in csv.DictReader(file)}


def test_the_scores_are_those_of_the_published_tables(reference_data: Path):
    """1,324 scores out of 35 tables: the same models, benchmarks and values that were fitted."""
    used = reference_data / "epoch_stitching_expected" / "scores_used.csv"
    with used.open() as file:
        expected = {
            (row["model"], row["benchmark"]): float(row["performance"])
            for row in csv.DictReader(file)
        }
    found = epoch_scores(reference_data / "epoch_stitching_data")
    assert len(expected) == 1324
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_published_fit_to_the_printed_digits(reference_data: Path):
    """38 difficulties and slopes and 179 capabilities, to the six decimals that are quoted.

    In a process with one thread of linear algebra: with two, the published code's own figures
    differ in the fourth decimal for the benchmark with the fewest scores.
    """
    folder = reference_data / "epoch_stitching_expected"
    tacho = [sys.executable, "-c", "from tachograph.cli import main; main()"]
    command = [*tacho, "gauge", "stitching", str(folder / "scores_used.csv"), "--json",
               "--anchor", "Winogrande", "--solver", "published"]  # fmt: skip
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, env=one_thread, capture_output=True, text=True, check=True)
    series = {each["name"]: each["columns"] for each in json.loads(ended.stdout)["series"]}
    expected = rows(folder / "benchmark_params.csv", "benchmark_name")
    found = series["benchmarks"]
    assert len(found["benchmark"]) == len(expected) == 38
    for name, difficulty, slope in zip(
        found["benchmark"], found["difficulty"], found["slope"], strict=True
    ):
        assert difficulty == pytest.approx(float(expected[name]["estimated_difficulty"]), abs=5e-7)
        assert slope == pytest.approx(float(expected[name]["estimated_slope"]), abs=5e-7)
    models = rows(folder / "model_capabilities.csv", "model")
    assert len(series["models"]["model"]) == len(models) == 179
    for name, value in zip(series["models"]["model"], series["models"]["capability"], strict=True):
        assert value == pytest.approx(float(models[name]["estimated_capability"]), abs=5e-7)


def test_the_minimum_is_below_where_the_published_fit_stops(reference_data: Path):
    """Where the data fix a figure both agree; benchmarks with few scores move by up to 0.002."""
    folder = reference_data / "epoch_stitching_expected"
    options = Options(anchor="Winogrande")
    reading = take(find("stitching"), Inputs((folder / "scores_used.csv",)), options)
    expected = rows(folder / "benchmark_params.csv", "benchmark_name")
    found = reading.table("benchmarks")
    apart = {
        name: abs(value - float(expected[name]["estimated_difficulty"]))
        for name, value in zip(found.texts("benchmark"), found.numbers("difficulty"), strict=True)
    }
    assert max(apart.values()) < 2e-3
    assert sorted(apart.values())[len(apart) // 2] < 1e-4
    assert reading.verdict.told
    assert reading.headline is not None
    assert reading.headline.name == "capability of gpt-5-pro-2025-10-06_high"
    rise = next(e for e in reading.estimates if e.name == "rise of the frontier a year")
    assert rise.value is not None
    assert rise.value > 0


def test_parts_without_a_shared_model_are_not_compared():
    """Two islands have no common scale."""
    data = given("abc") + [Given(f"other-{g.model}", f"other-{g.benchmark}", g.score)
                           for g in given("abc")]  # fmt: skip
    reading = compute(data, Options())
    assert not reading.verdict.told
    assert "no chain of shared models" in reading.verdict.reason
    assert reading.estimates == ()


def test_two_benchmarks_are_too_few():
    """There is nothing to stitch."""
    assert not compute(given("ab"), Options()).verdict.told


def test_better_scores_are_more_capability():
    """The order of models that took the same benchmarks is that of their scores."""
    reading = compute(given(), Options(anchor="a"))
    values = reading.table("models").numbers("capability")
    assert values == sorted(values)


def test_an_unknown_anchor_is_a_wrong_call():
    """The hint says which there are."""
    with pytest.raises(UsageError, match="no benchmark 'z'"):
        compute(given(), Options(anchor="z"))


@pytest.mark.parametrize(
    ("row", "what"), [("m,b,50", "not between 0 and 1"), ("m,b,", "score"), (",b,0.5", "model")]
)
def test_bad_scores_are_named(tmp_path: Path, row: str, what: str):
    """File and line."""
    path = tmp_path / "s.csv"
    path.write_text(f"model,benchmark,score\n{row}\n")
    with pytest.raises(FormatError, match=r"s\.csv:2:") as error:
        take(find("stitching"), Inputs((path,)))
    assert what in error.value.message
