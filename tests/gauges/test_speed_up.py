"""Speed-up over runs: geometric means, the ledger's runs, people's figure, bad tables."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.picture import LIGHT
from tachograph.gauges.speed_up import Options, Result, mean, read
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import (
    Body,
    CandidateDropped,
    CandidateKept,
    ClockTested,
    RunClosed,
    RunOpened,
)

HEADER = "task,proposer,ratio,low,high,date\n"


def reading(tmp_path: Path, rows: str, options: Options | None = None) -> Reading:
    table = tmp_path / "runs.csv"
    table.write_text(HEADER + rows)
    return take(find("speed-up"), Inputs((table,)), options)


def runs(*ratios: float) -> list[Result]:
    return [Result("t", "p", ratio, None, None, None) for ratio in ratios]


def test_means_are_geometric() -> None:
    """Twice and eight times as fast are four times as fast."""
    assert mean("m", runs(2, 8), 0.95).value == pytest.approx(4)


@given(st.lists(st.floats(0.2, 50), min_size=2, max_size=9))
def test_seed_and_best_exchanged_is_the_inverse(ratios: list[float]) -> None:
    one, other = mean("m", runs(*ratios), 0.95), mean("m", runs(*(1 / r for r in ratios)), 0.95)
    assert one.value is not None and other.value is not None
    assert one.value * other.value == pytest.approx(1)
    if len(set(ratios)) == 1:
        return  # nothing says how another run would fare, there as here
    assert one.low is not None and other.high is not None
    assert one.low * other.high == pytest.approx(1)


def test_intervals_over_runs_cover_the_truth() -> None:
    rng = np.random.default_rng(7)
    inside, trials = 0, 2000
    for _ in range(trials):
        each = mean("m", runs(*np.exp(math.log(3) + 0.3 * rng.standard_normal(5))), 0.95)
        assert each.low is not None and each.high is not None
        inside += each.low <= 3 <= each.high
    assert 0.93 <= inside / trials <= 0.97


def opened(run: str, proposers: list[str]) -> RunOpened:
    return RunOpened(run, "char-lm", "t-1", "c-seed", "goal", {}, 1, {}, {}, proposers)


def clock(run: str) -> ClockTested:
    return ClockTested(run, 5, 1.0, 0.9, 1.1, 0.01, "wall", 0.0)


def test_runs_of_the_ledger_count_when_they_are_closed_and_timed(tmp_path: Path) -> None:
    """A revoked best does not count, an open run not yet, one without a gain counts as 1."""
    bodies: list[Body] = [
        opened("r-1", ["recipes"]), clock("r-1"), CandidateKept("r-1", "c-1", 2.0, 1.9, 2.1),
        CandidateKept("r-1", "c-2", 3.0, 2.9, 3.1), CandidateDropped("r-1", "c-2", "revoked"),
        RunClosed("r-1", "trials", "c-1"),
        opened("r-2", ["recipes", "hand"]), clock("r-2"), RunClosed("r-2", "trials", None),
        opened("r-3", ["recipes"]), clock("r-3"), CandidateKept("r-3", "c-3", 9.0, 8.0, 10.0),
        opened("r-4", ["recipes"]), RunClosed("r-4", "trials", None),
    ]  # fmt: skip
    with Ledger.open(tmp_path, create=True) as ledger:
        ledger.append([("loop", (), body) for body in bodies])
        found = read(Inputs(ledger=ledger), Options())
    assert [(r.task, r.proposer, r.ratio) for r in found] == [
        ("char-lm", "recipes", 2.0), ("char-lm", "recipes + hand", 1.0),
    ]  # fmt: skip


def test_people_are_the_yardstick(tmp_path: Path) -> None:
    rows = "".join(f"t,p,{ratio},,,2026-0{n + 1}-01\n" for n, ratio in enumerate((6, 8, 10)))
    found = reading(tmp_path, rows, Options(human=4, human_hours=6))
    assert "people reached 4 times in 6 hours" in found.sentence
    over = next(e for e in found.estimates if "over people's" in e.name)
    assert over.value == pytest.approx((6 * 8 * 10) ** (1 / 3) / 4)
    assert found.window is not None and found.window.last == "2026-03-01"
    assert [row.estimate.value for row in found.grid[1:4]] == [8, 10, 6]


def test_one_run_cannot_tell_how_another_would_fare(tmp_path: Path) -> None:
    found = reading(tmp_path, "t,p,2,1.9,2.1,\n")
    assert not found.verdict.told and "cannot be told" in found.sentence
    assert (found.estimates[0].low, found.estimates[0].high) == (1.9, 2.1)


def test_no_run_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, create=True) as ledger, pytest.raises(FormatError) as caught:
        read(Inputs(ledger=ledger), Options())
    assert "tacho run" in caught.value.hint


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("t,p,0,,,", ":2: ratio: not above 0"),
        ("t,p,inf,,,", ":2: ratio: not a finite number"),
        ("t,p,3,1,2,", ":2: ratio: 3 is not between 1 and 2"),
        ("t,,3,,,", ":2: proposer: not a text"),
        ("t,p,3,,,soon", ":2: date: not a day"),
    ],
)
def test_bad_tables_name_the_row(tmp_path: Path, row: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        reading(tmp_path, row + "\n")
    assert place in caught.value.message and caught.value.hint


def test_the_picture_has_a_line_for_each_proposer(tmp_path: Path) -> None:
    found = reading(tmp_path, "t,a,2,,,\nt,a,3,,,\nt,b,1,,,\n", Options(human=4))
    axes = find("speed-up").plot(found, LIGHT).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a on t", "b on t"]
