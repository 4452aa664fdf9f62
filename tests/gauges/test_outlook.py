"""The outlook: the law of motion against closed forms, the scenarios' rules, the priors' ends."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tachograph.errors import FormatError, UsageError
from tachograph.gauges import Inputs, find, record, take
from tachograph.gauges.feedback import run
from tachograph.gauges.outlook import SCENARIOS, Options, compute, futures, read
from tachograph.gauges.picture import LIGHT
from tachograph.gauges.priors import DEFAULTS, FORMS, PARAMETERS, Form, Prior, draw_all
from tachograph.gauges.reading import MEASURED, Estimate, Reading
from tachograph.ledger import Ledger

FEW = Options(draws=200, years=3)
STILL = {
    "doubling_days": 180.0, "compute_growth": 1.0, "people_growth": 1.0, "parallel": 0.5,
    "input_growth": 2.0, "substitution": -1.0, "compute_share": 0.5, "human_share": 1.0,
    "human_floor": 1.0, "human_halving": 1.0, "ai_speed": 1.0, "ai_speed_rise": 0.0,
}  # fmt: skip
"""Nothing grows, and people do everything."""


def fixed(**changed: float) -> dict[str, Prior]:
    return {name: Prior("fixed", value, value, "test") for name, value in (STILL | changed).items()}


def drawn(**changed: float) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in (STILL | changed).items()}


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "priors.csv"
    path.write_text("\n".join(["parameter,form,low,high,source", *rows, ""]))
    return path


def test_inputs_that_go_on_keep_the_pace() -> None:
    """The null: inputs grow as they did, AI stays as it is, and nothing changes."""
    path = run(drawn(compute_growth=3.0, people_growth=3.0, input_growth=3.0), 8)
    assert np.allclose(path.pace, 1, atol=1e-9)
    assert path.doublings[-1, 0] == pytest.approx(8 * 365.25 / 180)


@pytest.mark.parametrize("parallel", [0.2, 1.0])
def test_constant_inputs_slow_down_as_the_closed_form_says(parallel: float) -> None:
    """dy/dt = needed^(-lambda y) has y = ln(1 + lambda t ln needed) / (lambda ln needed)."""
    path = run(drawn(parallel=parallel), 10)
    rate = parallel * math.log(2.0)
    assert path.doublings[-1, 0] * 180 / 365.25 == pytest.approx(
        math.log(1 + rate * 10) / rate, rel=1e-4
    )


def test_frozen_ai_is_the_reference() -> None:
    """With AI that does not change, the draw is its own reference; with better AI it is ahead."""
    still = run(drawn(human_share=0.5, human_floor=0.5, ai_speed=5.0), 5)
    assert np.allclose(still.pace, still.reference)
    better = run(drawn(human_share=0.5, human_floor=0.0, ai_speed=5.0), 5)
    assert (better.pace[1:] > better.reference[1:]).all()


def test_compute_binds_where_nothing_replaces_it() -> None:
    """With little substitution, labour without bound cannot do more than 2^lambda here."""
    path = run(drawn(human_share=0.5, human_floor=0.0, ai_speed=9.0, ai_speed_rise=2.0,
                     human_halving=0.2, input_growth=1.01), 10)  # fmt: skip
    assert 1 < path.pace.max() <= 2**0.5 * 1.001


@pytest.mark.parametrize(
    ("changed", "scenario"),
    [
        ({}, "plateau"),
        ({"compute_growth": 2.0, "people_growth": 2.0}, "compounding"),
        ({"human_share": 0.5, "human_floor": 0.0, "ai_speed": 10.0, "ai_speed_rise": 1.0,
          "substitution": 0.2, "compute_growth": 2.0, "parallel": 1.0}, "self-improvement"),
        ({"human_share": 0.5, "human_floor": 0.1, "ai_speed": 10.0, "ai_speed_rise": 1.0,
          "substitution": 0.2, "compute_growth": 2.0, "parallel": 1.0}, "compounding"),
    ],
)  # fmt: skip
def test_each_future_is_named_by_what_one_could_observe(
    changed: dict[str, float], scenario: str
) -> None:
    """The last two differ in people's share alone: above 5 % it is not self-improvement."""
    found = futures(fixed(**changed), FEW)
    assert {SCENARIOS[place] for place in found.scenario} == {scenario}


def test_probabilities_sum_and_the_decisive_prior_is_named() -> None:
    priors = fixed(compute_growth=2.0) | {"people_growth": Prior("uniform", 1.0, 3.0, "test")}
    found = compute(priors, FEW)
    shares = [e.value for e in found.estimates if e.name.startswith("probability")]
    assert sum(share or 0 for share in shares) == pytest.approx(100)
    assert found.table("tornado").texts("parameter") == ["people_growth"]
    assert PARAMETERS["people_growth"].about in found.sentence
    assert found.table("tornado").numbers("rank correlation")[0] > 0.99
    assert sum(row.headline for row in found.grid) == 1


@pytest.mark.parametrize("form", FORMS)
def test_priors_have_their_mass_between_the_ends(form: Form) -> None:
    ends = (150.0, 150.0) if form == "fixed" else (100.0, 300.0)
    values = Prior(form, *ends, "test").draw("doubling_days", 20_000, np.random.default_rng(1))
    inside = float(((values >= ends[0]) & (values <= ends[1])).mean())
    assert inside == pytest.approx(1.0 if form in ("fixed", "uniform") else 0.8, abs=0.01)


def test_a_changed_prior_leaves_other_draws_alone() -> None:
    before = draw_all(DEFAULTS, 50, 3)
    after = draw_all({**DEFAULTS, "parallel": Prior("fixed", 1, 1, "test")}, 50, 3)
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert same == set(PARAMETERS) - {"parallel"}


def test_priors_come_from_the_table_then_the_ledger_then_defaults(tmp_path: Path) -> None:
    doubling = Estimate(name="doubling time", value=200.0, low=150.0, high=260.0, unit="d")
    horizon = Reading(gauge="horizon", version="1", question="?", verdict=MEASURED, sentence="s",
                      estimates=(doubling,), n={})  # fmt: skip
    with Ledger.open(tmp_path / "book", create=True) as ledger:
        record(horizon, ledger)
        found = read(Inputs(ledger=ledger), FEW)
        path = table(tmp_path, "doubling_days,fixed,99,99,measured")
        declared = read(Inputs((path,), ledger), FEW)
    assert found["doubling_days"] == Prior("lognormal", 150, 260, "horizon, entry 0")
    assert found["parallel"] == DEFAULTS["parallel"]
    assert declared["doubling_days"].low == 99


def test_every_prior_is_printed_with_its_source(tmp_path: Path) -> None:
    path = table(tmp_path, "parallel,uniform,0.4,0.6,a study")
    found = take(find("outlook"), Inputs((path,)), FEW)
    printed = dict(found.table("priors").rows("parameter", "prior"))
    assert set(printed) == set(PARAMETERS)
    assert printed["parallel"] == "uniform 0.4 to 0.6 (a study)"
    assumed = next(text for text in found.caveats if text.startswith("Assumed"))
    assert "human_floor" in assumed and "parallel" not in assumed


def test_same_priors_same_reading() -> None:
    assert compute(DEFAULTS, FEW).encode() == compute(DEFAULTS, FEW).encode()
    assert compute(DEFAULTS, FEW) != compute(DEFAULTS, replace(FEW, seed=1))


def test_the_picture_names_every_parameter(tmp_path: Path) -> None:
    path = table(tmp_path, "parallel,uniform,0.4,0.6,a study")
    found = take(find("outlook"), Inputs((path,)), FEW)
    top, below = find("outlook").plot(found, LIGHT).axes
    assert [label.get_text() for label in top.get_yticklabels()] == list(SCENARIOS)
    assert len(below.get_yticklabels()) == len(PARAMETERS)


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("paralel,uniform,0.1,0.2,x", ":2: parameter: not known"),
        ("parallel,triangular,0.1,0.2,x", ":2: form: not known"),
        ("parallel,uniform,0.3,0.2,x", ":2: low: 0.3 is above high"),
        ("parallel,fixed,0.1,0.2,x", ":2: form: fixed, but the ends differ"),
        ("parallel,uniform,-1,0.2,x", ":2: low: not between"),
        ("parallel,uniform,0.1,0.2,", ":2: source: not a text"),
        ("human_floor,lognormal,0,0.2,x", ":2: low: a log-normal prior lies above 0"),
        ("parallel,uniform,nan,0.2,x", ":2: low: not a finite number"),
    ],
)
def test_bad_priors_name_the_row(tmp_path: Path, row: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        take(find("outlook"), Inputs((table(tmp_path, row),)), FEW)
    assert place in caught.value.message and caught.value.hint


@pytest.mark.parametrize("wrong", [{"years": 0}, {"years": 31}, {"factor": 1}, {"draws": 5}])
def test_bad_options_say_what_is_allowed(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Options(**wrong)  # type: ignore[arg-type]
