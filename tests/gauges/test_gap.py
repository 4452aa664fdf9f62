"""Gap recovered: the public study's figures, coverage, the ledger's hold-outs, bad tables."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import FormatError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.gap import Options, Scored, compute, groups, mean, read
from tachograph.gauges.picture import LIGHT
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import CandidateScored, HoldoutOpened, RunOpened

HEADER = "task,method,seed,score,floor,ceiling\n"


def reading(tmp_path: Path, rows: str, options: Options | None = None) -> Reading:
    table = tmp_path / "seeds.csv"
    table.write_text(HEADER + rows)
    return take(find("gap"), Inputs((table,)), options)


def test_seeds_of_the_public_study_have_their_stored_gaps(reference_data: Path) -> None:
    """Each row's gap as the study stored it; it rounded some to three digits."""
    path = reference_data / "pgr" / "pgr_seeds.csv"
    found = read(Inputs((path,)), Options())
    with path.open() as file:
        stored = [float(row["pgr"]) for row in csv.DictReader(file)
                  if row["transfer_acc"] and row["fixed_weak"]]  # fmt: skip
    assert len(found) == len(stored) > 60
    for each, pgr in zip(found, stored, strict=True):
        assert each.gap == pytest.approx(pgr, abs=7e-4)


@pytest.mark.parametrize(
    ("group", "value", "low", "high"),
    [
        (("chat", "train_only_on_confident_labels"), "0.2337", "0.08", "0.38"),
        (("chat", "vanilla_w2s"), "0.2035", None, None),
        (("math", "ue_zeroshot"), "0.586", None, None),
        (("code", "train_only_on_confident_labels"), "0.190", None, None),
    ],
)
def test_methods_of_the_public_study_to_the_printed_digits(
    reference_data: Path, group: tuple[str, str], value: str, low: str | None, high: str | None
) -> None:
    found = read(Inputs((reference_data / "pgr" / "pgr_seeds.csv",)), Options())
    each = mean("m", groups(found)[group], 0.95)
    assert each.value is not None and each.low is not None and each.high is not None
    digits = len(value) - 2
    assert f"{each.value:.{digits}f}" == value
    if low and high:
        assert (f"{each.low:.2f}", f"{each.high:.2f}") == (low, high)


@given(st.floats(-1, 2), st.floats(0.01, 5), st.floats(-3, 3))
def test_gap_does_not_depend_on_the_scale_of_the_score(
    gap: float, scale: float, shift: float
) -> None:
    plain = Scored("t", "m", "1", 0.5 + gap * 0.3, 0.5, 0.8)
    turned = Scored("t", "m", "1", *(scale * x + shift for x in (plain.score, 0.5, 0.8)))
    assert plain.gap == pytest.approx(gap) and turned.gap == pytest.approx(gap, abs=1e-6)


def test_intervals_over_seeds_cover_the_truth() -> None:
    """Five seeds each, as studies have them: 93 to 97 % of the intervals hold the true gap."""
    rng = np.random.default_rng(6)
    inside, trials = 0, 2000
    for _ in range(trials):
        seeds = [Scored("t", "m", str(n), 0.5 + 0.3 * (0.4 + rng.normal(0, 0.1)), 0.5, 0.8)
                 for n in range(5)]  # fmt: skip
        each = mean("m", seeds, 0.95)
        assert each.low is not None and each.high is not None
        inside += each.low <= 0.4 <= each.high
    assert 0.93 <= inside / trials <= 0.97


def test_floor_and_ceiling_are_none_and_all_of_the_gap(tmp_path: Path) -> None:
    rows = "".join(f"t,floor,{n},0.5,0.5,0.8\nt,ceiling,{n},0.8,0.5,0.8\n" for n in range(4))
    found = {e.name: e.value for e in reading(tmp_path, rows).estimates}
    assert found == {"ceiling on t, 4 seeds": 1.0, "floor on t, 4 seeds": 0.0}


def test_two_seeds_cannot_tell(tmp_path: Path) -> None:
    found = reading(tmp_path, "t,m,1,0.6,0.5,0.8\nt,m,2,0.7,0.5,0.8\n")
    assert not found.verdict.told and found.estimates[0].value is None and not found.grid
    assert find("gap").plot(found, LIGHT) is not None


def test_holdouts_of_the_ledger_are_read_and_visible_draws_are_not(tmp_path: Path) -> None:
    """The best and the seed on the sealed draws; what chose the best does not count."""
    opened = RunOpened("r-1", "weak", "t-1", "c-seed", "goal", {}, 1, {}, {}, ["recipes"])
    draws = ["s1", "s2", "s3"]

    def scored(candidate: str, split: str, scores: list[float]) -> CandidateScored:
        return CandidateScored("r-1", candidate, split, draws, scores,  # type: ignore[arg-type]
                               [0.5] * 3, [0.7, 0.8, 0.9], 1.0)  # fmt: skip

    holdout = HoldoutOpened("r-1", "c-best", "c-seed", "better", 0.1, 0.0, 0.2, 3, "", 0.01, 0)
    with Ledger.open(tmp_path, create=True) as ledger:
        ledger.append([("loop", (), body) for body in (
            opened, scored("c-best", "visible", [0.9, 0.9, 0.9]),
            scored("c-best", "sealed", [0.6, 0.65, 0.7]), scored("c-seed", "sealed", [0.5] * 3),
            holdout,
        )])  # fmt: skip
        found = read(Inputs(ledger=ledger), Options())
    assert {(e.method, round(e.gap, 9)) for e in found} == {("best of recipes", 0.5), ("seed", 0)}
    assert len(found) == 6


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("t,m,1,0.6,0.8,0.8", ":2: ceiling: 0.8 is not above the floor"),
        ("t,m,1,nan,0.5,0.8", ":2: score: not a finite number"),
        ("t,,1,0.6,0.5,0.8", ":2: method: not a text"),
        ("t,m,1,0.6,0.5,0.8\nt,m,1,0.7,0.5,0.8", ":3: seed: m has seed '1' twice"),
    ],
)
def test_bad_tables_name_the_row(tmp_path: Path, row: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        reading(tmp_path, row + "\n")
    assert place in caught.value.message and caught.value.hint


def test_people_stand_beside_it(tmp_path: Path) -> None:
    rows = "".join(f"t,m,{n},{0.6 + n / 100},0.5,0.8\n" for n in range(5))
    found = reading(tmp_path, rows, Options(human=0.23))
    assert "people's best method 23 %" in found.sentence
    assert compute(read(Inputs((tmp_path / "seeds.csv",)), Options()), Options()).caveats
    assert find("gap").plot(found, LIGHT).axes[0].get_legend() is not None
