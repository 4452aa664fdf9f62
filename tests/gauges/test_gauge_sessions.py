"""Sessions: the mix held fixed, a judge corrected, clusters of people, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coverage import assert_nominal, holds

from tachograph.errors import FormatError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.logs import Session
from tachograph.gauges.picture import LIGHT
from tachograph.gauges.sessions import (
    Data,
    Options,
    by_class,
    by_model,
    compute,
    corrected,
    tabulate,
)

FEW = Options(replicates=200)


def sessions(model: str, **classes: tuple[int, int]) -> list[Session]:
    """Sessions of a model: class to (tried, won)."""
    return [
        Session(f"{model}-{name}-{n}", model, None, difficulty=name.replace("_", "-"),
                success=float(n < won))
        for name, (tried, won) in classes.items()
        for n in range(tried)
    ]  # fmt: skip


def values(reading: Reading) -> dict[str, float | None]:
    return {each.name: each.value for each in reading.estimates}


def test_harder_work_for_the_better_model_does_not_hide_it() -> None:
    """Per class the new model is better by 10 points; by plain rates it looks worse."""
    old = sessions("old", routine=(90, 72), open_ended=(10, 2))
    new = sessions("new", routine=(10, 9), open_ended=(90, 27))
    found = compute(Data((*old, *new), ()), FEW)
    got = values(found)
    assert got["success of old, same mix"] == pytest.approx(50)
    assert got["success of new, same mix"] == pytest.approx(60)
    plain = next(row for row in found.grid if row.choices["mix"] == "its own")
    assert plain.estimate.value == pytest.approx(36)


def test_a_judge_that_errs_is_corrected_to_the_truth() -> None:
    """Sensitivity 0.9, specificity 0.8: a true share of 0.6 is observed as 0.62."""
    pairs = [(n < 90, True) for n in range(100)] + [(n < 20, False) for n in range(100)]
    seen = 0.6 * 0.9 + 0.4 * 0.2
    assert corrected(np.array([seen]), pairs)[0] == pytest.approx(0.6)
    found = compute(Data(tuple(sessions("m", routine=(500, round(500 * seen)))), tuple(pairs)), FEW)
    assert values(found)["success of m, same mix"] == pytest.approx(60, abs=0.2)
    raw = next(row for row in found.grid if row.choices["judge"] == "as it says")
    assert raw.estimate.value == pytest.approx(100 * seen, abs=0.2)


def test_a_calibration_widens_the_interval() -> None:
    data = tuple(sessions("m", routine=(200, 120)))
    pairs = tuple([(n < 18, True) for n in range(20)] + [(n < 4, False) for n in range(20)])
    plain, judged = (compute(Data(data, each), FEW).estimates[0] for each in ((), pairs))
    assert None not in (plain.low, plain.high, judged.low, judged.high)
    assert judged.high - judged.low > 1.3 * (plain.high - plain.low)  # type: ignore[operator]


def by_people(rng: np.random.Generator, people: int, spread: float, shift: float = 0.0):
    """Sessions of people who differ by `spread` in log odds; about twenty each."""
    made = []
    for person in range(people):
        share = 1 / (1 + np.exp(-shift - spread * rng.normal(0, 1)))
        made += [Session(f"{person}-{n}", "m", None, person=str(person), difficulty="routine",
                         success=float(rng.random() < share))
                 for n in range(rng.integers(10, 30))]  # fmt: skip
    return made


def true_share(spread: float, shift: float = 0.0) -> float:
    odds = shift + spread * np.random.default_rng(0).normal(0, 1, 400_000)
    return 100 * float((1 / (1 + np.exp(-odds))).mean())


@pytest.mark.long
@pytest.mark.parametrize(("people", "spread", "shift"), [
    (10, 0.5, 0.0), (10, 1.5, 0.0), (30, 0.0, 0.0), (30, 1.5, 0.0), (30, 1.0, 1.5),
])  # fmt: skip
def test_intervals_cover_the_truth_with_people_who_differ(
    people: int, spread: float, shift: float
) -> None:
    """Of the whole mix and of a class, both of people drawn anew each time."""
    truth, held = true_share(spread, shift), {"mix": 0, "class": 0}
    for seed in range(1000):
        made = by_people(np.random.default_rng([9, seed]), people, spread, shift)
        table = tabulate(made)
        assert table is not None
        (mix,) = by_model(table, Data((), ()), Options(replicates=600))
        (single,) = by_class(table, FEW)
        for name, each in (("mix", mix), ("class", single)):
            assert each.low is not None and each.high is not None
            held[name] += each.low <= truth <= each.high
    for count in held.values():
        assert_nominal(count / 1000, 1000)


@pytest.mark.long
def test_corrected_intervals_cover_the_truth() -> None:
    """A judge with sensitivity 0.9 and specificity 0.8, calibrated on 60 sessions."""
    held = 0
    for seed in range(1000):
        rng = np.random.default_rng([10, seed])
        true = rng.random(400) < 0.6
        says = np.where(true, rng.random(400) < 0.9, rng.random(400) < 0.2)
        made = [Session(str(n), "m", None, difficulty="routine", success=float(says[n]))
                for n in range(400)]  # fmt: skip
        human = rng.random(60) < 0.6
        judge = np.where(human, rng.random(60) < 0.9, rng.random(60) < 0.2)
        pairs = tuple(zip(judge.tolist(), human.tolist(), strict=True))
        table = tabulate(made)
        assert table is not None
        (mix,) = by_model(table, Data((), pairs), Options(replicates=600))
        # open where resamples of the calibration leave the judge without skill
        held += holds(60, (mix.low, mix.high))
    assert_nominal(held / 1000, 1000)


def test_a_calibration_that_may_show_no_skill_leaves_the_ends_open() -> None:
    """A number, no ends, and a sentence that says so."""
    pairs = tuple([(n < 7, True) for n in range(12)] + [(n < 4, False) for n in range(10)])
    found = compute(Data(tuple(sessions("m", routine=(60, 33))), pairs), FEW)
    head = found.estimates[0]
    assert found.verdict.told and head.value is not None
    assert head.low is None and head.high is None
    assert "too small to say how sure" in found.sentence


def test_a_class_of_one_person_has_no_interval() -> None:
    """What others would do cannot be told from one."""
    made = [replace(each, person="p") for each in sessions("m", routine=(30, 20))]
    table = tabulate(made)
    assert table is not None
    (found,) = by_class(table, FEW)
    assert (found.value, found.low, found.high) == (pytest.approx(200 / 3), None, None)


def test_people_are_the_units_where_all_are_named() -> None:
    made = [replace(s, person=str(n % 4)) for n, s in enumerate(sessions("m", routine=(40, 20)))]
    table = tabulate(made)
    assert table is not None and len(table.tried) == 4
    table = tabulate([*made[1:], replace(made[0], person="")])
    assert table is not None and len(table.tried) == 40


def test_what_people_do_is_counted_per_session() -> None:
    made = [Session(str(n), "m", None, prompts=3, interruptions=n % 2, rejections=0)
            for n in range(20)]  # fmt: skip
    found = compute(Data(tuple(made), ()), FEW)
    got = values(found)
    assert (got["interruptions per session"], got["rejections per session"]) == (0.5, 0)
    assert "redirections per session" not in got
    assert not found.verdict.told and "people interrupt 0.5 times" in found.sentence


def test_few_sessions_in_a_class_cannot_tell() -> None:
    found = compute(Data(tuple(sessions("m", routine=(50, 25), challenging=(3, 1))), ()), FEW)
    assert not found.verdict.told and found.estimates[0].value is None and not found.grid


def test_a_judge_without_skill_or_a_short_calibration_cannot_tell() -> None:
    data = tuple(sessions("m", routine=(50, 25)))
    blind = tuple(
        [(n % 2 == 0, True) for n in range(20)] + [(n % 2 == 0, False) for n in range(20)]
    )
    assert not compute(Data(data, blind), FEW).verdict.told
    short = compute(Data(data, ((True, True),)), FEW)
    assert "fewer than 20" in short.verdict.reason


def test_labels_are_joined_and_strangers_refused(tmp_path: Path) -> None:
    logs, labels = tmp_path / "s.csv", tmp_path / "labels.csv"
    logs.write_text(
        "session,model,day\n" + "".join(f"s{n},m,2026-01-{n + 1:02}\n" for n in range(9))
    )
    labels.write_text("session,class,success,redirections\n"
                      + "".join(f"s{n},routine,{n % 2},2\n" for n in range(9)))  # fmt: skip
    found = take(find("sessions"), Inputs((logs,)), Options(labels=labels, replicates=100))
    got = values(found)
    assert got["success of m, same mix"] == pytest.approx(100 * 4 / 9)
    assert got["redirections per session"] == 2 and len(found.inputs) == 2
    labels.write_text("session,success\nnobody,1\n")
    with pytest.raises(FormatError, match=r"labels\.csv:2: session: no such session"):
        take(find("sessions"), Inputs((logs,)), Options(labels=labels))
    with pytest.raises(FormatError, match="is there twice"):
        take(find("sessions"), Inputs((logs, logs)))


def test_the_picture_shows_classes_and_months() -> None:
    made = [Session(f"{model}{n}", model, None, difficulty="routine", success=float(n % 2))
            for model in "ab" for n in range(10)]  # fmt: skip
    figure = find("sessions").plot(compute(Data(tuple(made), ()), FEW), LIGHT)
    assert len(figure.axes) == 1 and figure.axes[0].get_legend() is not None


@pytest.mark.parametrize(("won", "words", "end"), [(40, "succeeded", "low"), (0, "failed", "high")])
def test_sessions_that_all_end_alike_give_a_bound_and_no_number(
    won: int, words: str, end: str
) -> None:
    """Resamples of them know no other ending; of 40 sessions the bound is Wilson's."""
    found = compute(Data(tuple(sessions("m", routine=(40, won))), ()), FEW)
    head = found.estimates[0]
    assert not found.verdict.told and head.value is None
    assert head.reason == f"all 40 labelled sessions {words}"
    assert getattr(head, end) == pytest.approx(91.2 if won else 8.8, abs=0.1)
