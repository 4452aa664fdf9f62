"""V6: what adds up passes, what does not fails for its party and for the right question."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from work_by_hand import (
    DEVICES,
    HOUR,
    MODEL,
    PARAMETERS,
    PEAK,
    START,
    Work,
    model,
    of,
    outcomes,
    run,
    site,
    window,
)

from tachograph.brake.bundle.spans import Limit
from tachograph.brake.checks.balance import judge
from tachograph.brake.checks.runs import lineages
from tachograph.brake.said import records as r

PAUSE = Limit(START + 4 * HOUR, math.inf, 0.0)


def honest(hours: int = 4, **options: Any) -> Work:
    work = Work(**options)
    work.begin()
    for number in range(hours):
        work.hour(number)
    return work


def test_honest_work_passes_and_says_what_could_hide() -> None:
    """Both questions, and the smallest run."""
    results = list(judge(honest().evidence()))
    assert [result.outcome for result in results] == ["pass"] * 4
    complete = of(results, "alba", "completeness")[0]
    assert complete.smallest_hidden_flop is not None
    capacity = 4 * HOUR * DEVICES * PEAK
    assert 0.01 < complete.smallest_hidden_flop / capacity < 0.05
    assert f"{complete.smallest_hidden_flop:.2g} FLOP" in complete.reason


def changed(**changes: Any) -> Any:
    def change(party: str, said: r.WindowReported) -> r.WindowReported:
        return dataclasses.replace(said, **changes) if party == "alba" else said

    return change


WHOLE = window("alba", 4)
WRONG = {
    "surplus energy": ("completeness", {"energy_joules": 1.2 * (WHOLE.energy_joules or 0)}),
    "too little energy": ("correctness", {"energy_joules": 0.8 * (WHOLE.energy_joules or 0)}),
    "a device left out": ("completeness", {"devices": WHOLE.devices[:-1]}),
    "time left out": ("completeness", {"device_seconds": {"training": 1.0}, "flop": {},
                                        "runs": {}, "models": {}}),
    "another class": ("correctness", {"device_seconds": {**WHOLE.device_seconds, "misc": 1.0}}),
    "a negative figure": ("correctness", {"flop": {**WHOLE.flop, "training": -1.0}}),
    "not a number": ("correctness", {"energy_joules": math.nan}),
    "no length": ("correctness", {"seconds": 0.0}),
    "more than time allows": ("correctness", {"flop": {**WHOLE.flop, "training": 1e20}}),
    "idle work": ("correctness", {"flop": {**WHOLE.flop, "idle": 1e15}}),
    "runs that do not add up": ("correctness", {"runs": {"main": 1e15}}),
    "models that do not add up": ("correctness", {"models": {MODEL["alba"]: 1e15}}),
    "training called inference": ("correctness", {
        "tokens": {**WHOLE.tokens, MODEL["alba"]: WHOLE.flop["inference"] / (6 * PARAMETERS)},
    }),
    "tokens that were not trained": ("correctness", {"tokens": {**WHOLE.tokens, "main": 1.0}}),
}  # fmt: skip


@pytest.mark.parametrize(("about", "changes"), WRONG.values(), ids=WRONG)
def test_figures_that_do_not_add_up_fail(about: str, changes: dict[str, Any]) -> None:
    """For the party whose they are, on the question that they touch, and for nobody else."""
    work = honest()
    work.hour(4, changed(**changes))
    results = list(judge(work.evidence()))
    assert outcomes(results, "alba", about) == {"fail"}
    assert outcomes(results, "brim") == {"pass"}


def test_other_tokens_than_were_served_fail() -> None:
    """The meter's count is that of the outputs committed to."""
    work = honest()
    work.say("alba", r.OutputsServed("alba-one", 0, MODEL["alba"], "0" * 64, 5, {"c": 7.0}))
    assert outcomes(judge(work.evidence()), "alba", "correctness") == {"fail"}


@pytest.mark.parametrize(
    "changes",
    [{"devices": ["x"]}, {"devices": ["x"] * DEVICES}, {"peak_flop_per_second": 1e14},
     {"idle_watts": 800.0}, {"meter_error": 2.0}],
)  # fmt: skip
def test_a_site_that_is_not_the_agreed_one_fails(changes: dict[str, Any]) -> None:
    """Fewer devices, one twice, slower ones, powers that cannot be."""
    work = Work()
    work.begin()
    work.say("alba", site("alba", **changes))
    work.hour(0)
    assert outcomes(judge(work.evidence()), "alba", "completeness") == {"fail"}


def test_without_an_energy_meter_all_idle_time_could_hide() -> None:
    """Completeness is not assessed, and the bound is the idle time at peak."""
    work = Work()
    work.begin()
    work.hour(0, changed(energy_joules=None))
    complete = of(judge(work.evidence()), "alba", "completeness")[0]
    assert complete.outcome == "not-assessed"
    assert complete.smallest_hidden_flop == pytest.approx(0.3 * DEVICES * HOUR * PEAK)


def test_silence_is_not_assessed() -> None:
    """No windows, no declaration, unknown weights: never a pass."""
    work = Work()
    assert {x.outcome for x in judge(work.evidence())} == {"not-assessed"}
    work = honest()
    work.heard = [h for h in work.heard if not isinstance(h.said, r.WeightsCommitted)]
    assert outcomes(judge(work.evidence()), "alba", "correctness") == {"not-assessed"}


@pytest.mark.parametrize(
    "changes",
    [{"runs": {}}, {"models": {}}, {"tokens": {}}, {"flop": {}, "runs": {}, "models": {}},
     {"runs": {"ghost": WHOLE.flop["training"]}}],
)  # fmt: skip
def test_what_a_meter_does_not_tell_is_not_assessed(changes: dict[str, Any]) -> None:
    """A meter may know less than this check asks; that is no failure, and no pass."""
    work = honest()
    work.hour(4, changed(**changes))
    results = list(judge(work.evidence()))
    assert outcomes(results, "alba", "correctness") == {"not-assessed"}
    assert outcomes(results, "alba", "completeness") <= {"pass", "not-assessed"}


# Limits


def paused(**work: Any) -> Work:
    made = honest(limits=[PAUSE])
    made.hour(4, serving(made), **work)
    return made


def serving(made: Work) -> Any:
    """Honest parties commit to what they serve in a pause."""

    def change(party: str, said: r.WindowReported) -> r.WindowReported:
        tokens = said.tokens.get(MODEL[party], 0.0)
        out = r.OutputsServed(said.site, said.window, MODEL[party], "0" * 64, 5, {"c": tokens})
        made.say(party, out)
        return said

    return change


def test_a_pause_that_is_kept_passes() -> None:
    """Inference that was committed to goes on."""
    assert {x.outcome for x in judge(paused(training=0.0).evidence())} == {"pass"}


def test_training_in_a_pause_fails_whatever_it_is_called() -> None:
    """As training; as evaluation; as inference that nobody was served."""
    assert outcomes(judge(paused().evidence()), "alba", "completeness") == {"fail"}
    made = honest(limits=[PAUSE])
    made.hour(4, training=0.0)  # nothing committed to
    assert outcomes(judge(made.evidence()), "alba", "completeness") == {"fail"}


def test_a_window_that_begins_before_the_pause_may_train_until_then() -> None:
    """Only the seconds before it count; a whole window's training does not fit into half of one."""
    half = Limit(START + 4.5 * HOUR, math.inf, 0.0)
    for training, used, expected in ((0.4, 0.4, "pass"), (0.7, 0.9, "fail")):
        made = honest(limits=[half])
        made.hour(4, serving(made), training=training, inference=0.1, used=used)
        assert outcomes(judge(made.evidence()), "alba", "completeness") == {expected}


def test_a_ramp_allows_a_share() -> None:
    """Ten per cent of capacity, and no more."""
    for training, expected in ((0.2, "pass"), (0.4, "fail")):
        made = honest(limits=[Limit(START + 4 * HOUR, math.inf, 0.1)])
        made.hour(4, serving(made), training=training)
        assert outcomes(judge(made.evidence()), "alba", "completeness") == {expected}


def small_runs(made: Work, party: str, **ties: Any) -> None:
    """Ten runs, each far below every threshold, in a pause."""
    names = [f"s{number}" for number in range(10)]
    for name in names:
        made.say(party, run(party, name, **ties))
    made.window_flop = 1e19  # so that only lineages can catch it
    made.lineage_flop = 2e18
    made.hour(4, lambda p, said: serving(made)(p, window(
        p, 4, training=0.1 if p == party else 0.0, runs=dict.fromkeys(names, 0.1))))  # fmt: skip


TIES = {
    "start": {"start_commitment": "5" * 64},
    "parent weights": {"parents": ["7" * 64]},
    "parent run": {"parents": ["s0"]},
    "optimiser": {"state_parents": ["8" * 64]},
    "code and data": {"code": "9" * 64, "data": "9" * 64},
}


@pytest.mark.parametrize("ties", TIES.values(), ids=TIES)
def test_a_run_cut_into_many_is_one_lineage(ties: dict[str, Any]) -> None:
    """However the parts hang together."""
    made = honest(limits=[PAUSE])
    small_runs(made, "alba", **ties)
    results = list(judge(made.evidence()))
    assert outcomes(results, "alba", "completeness") == {"fail"}
    assert "lineage of 10 runs" in of(results, "alba", "completeness")[0].reason
    assert outcomes(results, "brim") == {"pass"}


def test_runs_that_share_nothing_are_many_lineages() -> None:
    """Ten small experiments below the thresholds stay small."""
    made = honest(limits=[PAUSE])
    small_runs(made, "alba")
    assert outcomes(judge(made.evidence()), "alba") == {"pass"}


def parties_of(work: Work, party: str) -> list[set[str]]:
    return [{run.party for run in group} for group in lineages(work.evidence(), party)]


def test_who_takes_over_a_root_takes_over_its_lineage() -> None:
    """The second party's run goes on from the first one's weights; the first one's does not."""
    work = Work()
    work.begin()
    for party in ("alba", "brim"):
        work.say(party, model(party, "c" * 64))
    assert parties_of(work, "brim") == [{"alba", "brim"}]
    assert parties_of(work, "alba") == [{"alba"}]
    work.say("alba", run("alba", "back", parents=["brim/main"]))
    assert {"alba", "brim"} in parties_of(work, "alba")


def test_copying_a_partys_marks_draws_it_into_no_lineage() -> None:
    """A rival claims a giant run that begins where an honest small one did."""
    made = honest(limits=[PAUSE])
    made.say("alba", run("alba", "small"))
    made.say("alba", model("alba", "d" * 64, "small"))
    giant = run("brim", "giant", parents=["alba/small", "d" * 64],
                start_commitment=run("alba", "small").start_commitment)  # fmt: skip
    made.say("brim", giant)
    made.say("brim", r.SegmentCommitted("giant", 0, *["0" * 64] * 4, [], 1e30))
    made.lineage_flop = 1e19
    made.window_flop = 1e19
    made.hour(4, lambda p, said: serving(made)(p, window(
        p, 4, training=0.01 if p == "alba" else 0.0, runs={"small": 1.0})))  # fmt: skip
    assert outcomes(judge(made.evidence()), "alba") == {"pass"}


def test_a_window_without_a_time_blames_its_party_alone() -> None:
    """It cannot keep anybody else's windows from being looked at."""
    work = honest()
    work.hour(4, changed(began="yesterday"))
    results = list(judge(work.evidence()))
    assert outcomes(results, "alba", "correctness") == {"fail"}
    assert outcomes(results, "brim") == {"pass"}


def test_a_meter_that_errs_much_makes_no_pass_easy() -> None:
    """A party that names an error of a fifth is not assessed."""
    work = Work()
    work.begin()
    work.say("alba", site("alba", meter_error=0.2))
    work.hour(0)
    complete = of(judge(work.evidence()), "alba", "completeness")[0]
    assert complete.outcome == "not-assessed"
    assert "too large" in complete.reason


def test_figures_declared_afterwards_do_not_count() -> None:
    """A later declaration cannot explain an earlier surplus of energy."""
    work = honest()
    work.hour(4, changed(energy_joules=1.2 * (WHOLE.energy_joules or 0)))
    work.say("alba", site("alba", idle_watts=200.0))
    assert outcomes(judge(work.evidence()), "alba", "completeness") == {"fail"}
