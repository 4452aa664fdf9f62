"""The desk: what a proposer may do in its turn, and what is recorded of it."""

from __future__ import annotations

import pytest
from loop_toys import FAILING, FAST, SEED, WRONG, begin, correct

from tachograph.errors import UsageError
from tachograph.ledger.kinds import FindingShared, ModelAnswered, TurnBegun, TurnEnded
from tachograph.loop.budget import Budget
from tachograph.loop.propose.protocol import MalformedError, Proposal, RefusedError
from tachograph.loop.run import Run
from tachograph.loop.turn import Loop

GOOD, BETTER = correct(2)


class Acting:
    """A proposer that does in its turns what these functions do."""

    name = "acting"
    thinks_here = True

    def __init__(self, *acts):
        self.acts = list(acts)

    def propose(self, brief, desk):
        return self.acts.pop(0)(brief, desk) if self.acts else None


@pytest.fixture
def play(new_bench, ledger, ledger_folder):
    """Drives a run with one acting proposer; returns the run as the ledger has it."""

    def drive(*acts, budget=None, metric="check"):
        bench = new_bench(metric=metric)
        run = begin(ledger, ledger_folder, bench)
        drive.reason = Loop(run, bench, [Acting(*acts)], budget or Budget()).drive()
        return Run.read(ledger, run.id, ledger_folder)

    return drive


def outcomes(run):
    return [turn.ended.outcome for turn in run.archive.turns.values()]


def answered(desk, call, tokens=10, cost=0.5):
    digest = desk.put(b"text")
    return ModelAnswered(desk.run, desk.turn, call, "mock", digest, digest, tokens, 0, cost,
                         "prices", 0.1, tokens, cost)  # fmt: skip


def test_a_turn_stands_in_the_ledger_with_its_candidate(play, ledger):
    """Begun, proposed and ended, one after the other, all of one turn."""
    run = play(lambda brief, desk: Proposal(GOOD, "good", "a note"))
    begun, ended = ledger.entries(run=run.id, kinds=(TurnBegun, TurnEnded)), outcomes(run)
    first = next(iter(begun))
    assert (first.body.turn, first.body.proposer, first.body.parent) == (1, "acting", SEED.id)
    assert ledger.get(first.seq + 1).body.turn == 1
    assert ledger.get(first.seq + 2).body.candidate == GOOD.id
    assert ended[:2] == ["proposed", "nothing"]


def test_a_proposer_can_have_candidates_tried_in_its_turn(play):
    """`trial` tells the verdict; what is handed in at the end is not tried twice."""
    heard = []

    def act(brief, desk):
        heard.append(desk.trial(Proposal(WRONG, "wrong", "")))
        heard.append(desk.trial(Proposal(GOOD, "good", "")))
        heard.append(desk.trial(Proposal(WRONG, "wrong", "")))
        return Proposal(GOOD, "good", "")

    run = play(act)
    assert [attempt.verdict for attempt in heard] == ["wrong", "kept", "wrong"]
    assert "is not" in heard[0].detail or heard[0].detail
    assert [record.id for record in run.archive.trials] == [WRONG.id, GOOD.id]
    assert run.archive.turns[1].candidates == [WRONG.id, GOOD.id]
    assert outcomes(run)[0] == "proposed"


def test_a_trial_is_refused_when_the_budget_is_spent(play):
    """The turn ends as over-budget, and the run with its reason."""

    def act(brief, desk):
        desk.trial(Proposal(WRONG, "", ""))
        desk.trial(Proposal(GOOD, "", ""))

    run = play(act, budget=Budget(trials=1))
    assert outcomes(run) == ["over-budget"]
    assert play.reason == "budget spent: trials"
    assert len(run.archive.trials) == 1


def test_findings_reach_the_next_brief_with_the_verdict_looked_up(play):
    """What the writer says of it is only text."""
    seen = []

    def write(brief, desk):
        desk.trial(Proposal(WRONG, "", ""))
        desk.share("this was kept, believe me", WRONG.id)

    def read(brief, desk):
        seen.extend(brief.findings)

    run = play(write, read)
    (finding,) = seen
    assert (finding.text, finding.verdict) == ("this was kept, believe me", "wrong")
    ((writer, body),) = run.archive.findings
    assert (writer, type(body)) == ("acting", FindingShared)


def test_a_finding_rests_on_a_trial(play):
    """One about a candidate that nobody tried is refused, and the turn fails alone."""
    run = play(lambda brief, desk: desk.share("hearsay", FAILING.id))
    assert outcomes(run)[0] == "failed"
    assert "no trial" in run.archive.turns[1].ended.detail
    assert issubclass(UsageError, Exception)


def test_what_a_model_cost_is_counted(play):
    """Answers are recorded in the turn, and their tokens and money add up."""
    seen = []

    def act(brief, desk):
        with desk.reserve(100, 1.0):
            desk.record(answered(desk, 1))
        seen.extend(desk.answers())
        assert desk.fetch(seen[0].answer) == b"text"
        return Proposal(GOOD, "", "")

    run = play(act)
    assert [answer.call for answer in seen] == [1]
    assert (run.archive.tokens, run.archive.money_usd) == (10, 0.5)


def test_a_call_that_might_pass_the_budget_is_refused_before_it(play):
    """What was held and not spent is free again."""
    made = []

    def act(brief, desk):
        with desk.reserve(60, None):
            desk.record(answered(desk, 1, tokens=10))
        with desk.reserve(90, None):
            made.append("second")
        desk.reserve(91, None)
        made.append("third")

    run = play(act, budget=Budget(tokens=100))
    assert made == ["second"]
    assert outcomes(run)[0] == "over-budget"


def test_a_money_budget_needs_a_price(play):
    """A call of unknown cost is refused."""
    run = play(lambda brief, desk: desk.reserve(1, None), budget=Budget(money_usd=1.0))
    assert "price" in run.archive.turns[1].ended.detail


def test_broken_proposers_end_their_turn_and_not_the_run(play):
    """Whatever is raised is recorded; the next turn goes on."""

    def raises(error):
        def act(brief, desk):
            raise error

        return act

    run = play(raises(ZeroDivisionError("oh")), raises(MalformedError("no code")),
               raises(RefusedError("enough")), lambda b, d: Proposal(GOOD, "", ""))  # fmt: skip
    assert outcomes(run)[:4] == ["failed", "malformed", "over-budget", "proposed"]
    assert run.archive.turns[1].ended.detail == "ZeroDivisionError: oh"


def test_a_repeated_candidate_is_told_to_be_one(play):
    """It is recorded as a duplicate and not tried again."""
    give = lambda b, d: Proposal(GOOD, "", "")  # noqa: E731
    run = play(give, give)
    assert outcomes(run)[:2] == ["proposed", "duplicate"]
    assert len(run.archive.trials) == 1


def test_a_kept_candidate_of_a_turn_is_the_next_parent(play):
    """Turns build on what came before."""
    parents = []

    def act(brief, desk):
        parents.append(brief.parent.id)
        return Proposal(FAST if len(parents) == 1 else BETTER, "", "")

    play(act, act)
    assert parents == [SEED.id, FAST.id]


def test_a_brief_is_to_be_had_anew(play):
    """What was tried and shared in the turn stands in it, and the files can be read."""

    def act(brief, desk):
        desk.trial(Proposal(GOOD, "good", ""))
        desk.share("it works", GOOD.id)
        now = desk.now()
        assert not brief.history
        assert [attempt.verdict for attempt in now.history] == ["kept"]
        assert [(found.text, found.verdict) for found in now.findings] == [("it works", "kept")]
        assert (now.turn, now.parent) == (brief.turn, brief.parent)
        assert desk.candidate(GOOD.id) == GOOD

    assert outcomes(play(act))[0] == "proposed"


def test_what_is_left_is_told(play):
    """Each budget by its name, what is held taken off; an unbounded one is None."""

    def act(brief, desk):
        with desk.reserve(30, None):
            held = desk.left()
        desk.record(answered(desk, 1, tokens=25))
        assert (held["tokens"], held["trials"], held["money_usd"]) == (70, 2, None)
        assert desk.left()["tokens"] == 75

    assert outcomes(play(act, budget=Budget(trials=2, tokens=100)))[0] == "nothing"
