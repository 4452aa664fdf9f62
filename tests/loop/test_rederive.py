"""A run derived again from its ledger: what follows agrees, what was changed does not."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from loop_toys import FAILING, FAST, FASTER, WRONG, Scripted, begin, correct

from tachograph.ledger.kinds import (
    CandidateDropped,
    CandidateKept,
    ClockTested,
    RunOpened,
    TrialTimed,
    TurnBegun,
)
from tachograph.loop.budget import Budget
from tachograph.loop.rederive import rederive
from tachograph.loop.run import Run
from tachograph.loop.team import Team, seated
from tachograph.loop.turn import Loop


class Elsewhere(Scripted):
    """Thinks in a thread: hands its candidates out once each, whatever was tried."""

    thinks_here = False

    def __init__(self, candidates, name):
        super().__init__(candidates, name)
        self.lock = threading.Lock()

    def propose(self, brief, desk):
        with self.lock:
            proposal = super().propose(brief, desk)
            if proposal:
                self.candidates.remove(proposal.candidate)
            return proposal


def run_of(bench, ledger, folder, proposers, team):
    """A run that records who plays in it."""
    names, team = [proposer.name for proposer in proposers], seated(team, proposers)
    run = Run.open(ledger, folder, bench.task, Budget(), bench.rules, box=bench.description,
                   proposers=names, team=team.plain(), random_seed=7)  # fmt: skip
    Loop(run, bench, proposers, Budget(), team=team).drive()
    return [*ledger.entries(run=run.id)]


@pytest.fixture
def team_of_four(new_bench, ledger, ledger_folder):
    """Entries of a run of two proposers in four seats."""
    bench = new_bench(metric="check")
    team = Team(seats=4, policy="islands", directions=("a", "b", "c", "d"))
    proposers = [Elsewhere([WRONG, *correct(5)], "one"), Elsewhere([FAILING, *correct(9)], "two")]
    return run_of(bench, ledger, ledger_folder, proposers, team)


def changed(entries, kind, **fields):
    """The same entries, but that the last of this kind says something else."""
    entry = [e for e in entries if isinstance(e.body, kind)][-1]
    forged = replace(entry, body=replace(entry.body, **fields))
    return [forged if e.seq == entry.seq else e for e in entries]


def test_every_choice_and_every_verdict_follows(team_of_four):
    """With several proposers and seats, whoever was quicker."""
    found = rederive(team_of_four)
    assert found.agrees, list(found.lines())
    assert found.turns == sum(isinstance(e.body, TurnBegun) for e in team_of_four)
    assert found.verdicts == 11
    assert list(found.lines())[-1] == "all agree"


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        (TurnBegun, {"proposer": "three"}, "recorded is three on"),
        (TurnBegun, {"parent": FAILING.id}, f"recorded is one on {FAILING.id}|two on {FAILING.id}"),
        (TurnBegun, {"direction": "elsewhere"}, "recorded is"),
        (CandidateDropped, {"reason": "same"}, "recorded as same, derived is"),
        (CandidateKept, {"ratio": 99.0}, "derived is kept at None"),
        (RunOpened, {"random_seed": 8}, "recorded is"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_does_not_follow_is_named(kind, fields, says, team_of_four):
    """One field changed, one sentence about it."""
    found = rederive(changed(team_of_four, kind, **fields))
    assert not found.agrees
    assert any(part in fault for fault in found.faults for part in says.split("|")), found.faults


def test_a_timed_run_follows_from_its_races(new_bench, ledger, ledger_folder):
    """Screen, confirmation and the race with the seed; a figure that is not the race's is named."""
    bench = new_bench()
    entries = run_of(bench, ledger, ledger_folder, [Scripted([FAST, WRONG, FASTER])], Team())
    found = rederive(entries)
    assert found.agrees, list(found.lines())
    assert found.verdicts + found.open == 3
    kept = [e.body for e in entries if isinstance(e.body, CandidateKept)]
    if kept:
        assert not rederive(changed(entries, CandidateKept, ratio=kept[-1].ratio + 0.5)).agrees
    screens = [e for e in entries if isinstance(e.body, TrialTimed) and e.body.stage == "screen"]
    if screens:
        forged = [replace(e, body=replace(e.body, against=WRONG.id)) if e is screens[0] else e
                  for e in entries]  # fmt: skip
        assert "was compared with" in rederive(forged).faults[0]


def test_a_gain_that_the_seed_does_not_bear_out_is_named(new_bench, ledger, ledger_folder):
    """Kept, although the race against the seed shows nothing of the gain over the best."""
    bench = new_bench(steady=True)
    entries = run_of(bench, ledger, ledger_folder, [Scripted([FAST, FASTER])], Team())
    assert rederive(entries).agrees
    first, last = (e.body for e in entries if isinstance(e.body, CandidateKept))
    as_before = {"ratio": first.ratio, "low": first.low, "high": first.high}
    forged = changed(changed(entries, TrialTimed, **as_before), CandidateKept, **as_before)
    (fault,) = rederive(forged).faults
    assert fault.endswith(f"{last.candidate} is recorded as kept, derived is faster-unconfirmed")


def test_a_faster_one_within_the_margin_is_named(new_bench, ledger, ledger_folder):
    """The race's own interval and the margin that it was held to must say so."""
    bench = new_bench(steady=True)
    entries = run_of(bench, ledger, ledger_folder, [Scripted([FAST])], Team())
    assert rederive(entries).agrees
    clock = next(e.body for e in entries if isinstance(e.body, ClockTested))
    assert clock.handover_seconds is not None
    last = [e.body for e in entries if isinstance(e.body, TrialTimed)][-1]
    assert last.verdict == "faster"
    assert last.margin is not None and last.low > last.margin >= 1.03
    (fault,) = rederive(changed(entries, TrialTimed, margin=last.low)).faults
    assert "is recorded as faster, and its interval begins at" in fault


def test_those_that_think_here_sit_in_the_judges_seat(new_bench, ledger, ledger_folder):
    """Their choices follow, too, from the team as it was recorded."""
    bench = new_bench(metric="check")
    proposers = [Elsewhere(correct(4), "there"), Scripted(correct(9), "here")]
    entries = run_of(bench, ledger, ledger_folder, proposers, Team(seats=2))
    begun = [entry.body for entry in entries if isinstance(entry.body, TurnBegun)]
    assert {turn.proposer for turn in begun if turn.seat == 0} == {"here"}
    assert {turn.proposer for turn in begun if turn.seat > 0} == {"there"}
    found = rederive(entries)
    assert found.agrees, list(found.lines())


def test_turns_given_again_and_a_changed_team_follow_too(new_bench, ledger, ledger_folder):
    """A resume says who plays from then on."""
    bench = new_bench(metric="check")
    first = Elsewhere(correct(3), "one")
    run_of(bench, ledger, ledger_folder, [first], Team(seats=2))
    run = Run.read(ledger, "last", ledger_folder)
    team = Team(seats=3, policy="tree")
    run.resume(team.plain() | {"proposers": ["one", "two"]})
    proposers = [Elsewhere(correct(6), "one"), Elsewhere(correct(9), "two")]
    Loop(run, bench, proposers, Budget(), team=team).drive()
    found = rederive(ledger.entries(run=run.id))
    assert found.agrees, list(found.lines())


def test_a_run_without_turns_has_nothing_to_derive(new_bench, ledger, ledger_folder):
    """It agrees, and says that there was nothing."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    found = rederive(ledger.entries(run=run.id))
    assert found.agrees
    assert (found.turns, found.verdicts) == (0, 0)
