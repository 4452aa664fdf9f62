"""The loop obeys the brake: by every way in which a trial can begin, and in any process."""

from __future__ import annotations

import ast
import itertools
import threading
import time
from pathlib import Path

import pytest
from loop_toys import FAST, FASTER, Scripted, begin, correct, drive, make_task

from tachograph.brake.agreement import Permission
from tachograph.errors import HeldError, TachographError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import (
    CandidateDropped,
    CandidateKept,
    CandidateProposed,
    ClockTested,
    RunOpened,
    RunResumed,
    TrialChecked,
    TrialTimed,
    TurnEnded,
    WorkHeld,
    WorkRefused,
    WorkReleased,
)
from tachograph.loop.budget import Budget
from tachograph.loop.hand_desk import HandDesk
from tachograph.loop.propose.command import Seat
from tachograph.loop.propose.protocol import Proposal, RefusedError
from tachograph.loop.replay import replay
from tachograph.loop.run import Run
from tachograph.loop.team import Team
from tachograph.loop.turn import Loop

SRC = Path(__file__).parents[2] / "src" / "tachograph"
HELD = "held by the brake, SELF_HOLD: a reason"


@pytest.fixture
def hold(ledger_folder):
    """Somebody else, who has the ledger open too, holds the work; `hold(release)` releases it."""

    def said(body=None):
        with Ledger.open(ledger_folder) as other:
            other.append([("owner", (), body or WorkHeld("a reason"))])

    return said


RELEASE = WorkReleased("")


def bodies(ledger, *kinds):
    return [entry.body for entry in ledger.entries(kinds=kinds)]


def after_the_hold(ledger):
    """Names of the kinds recorded since the work was last held."""
    kinds = [entry.kind for entry in ledger.entries()]
    return kinds[len(kinds) - kinds[::-1].index("WorkHeld") :]


class Then(Scripted):
    """Does something in its turn of that number."""

    def __init__(self, turn, do, candidates):
        super().__init__(candidates)
        self.turn, self.do = turn, do

    def propose(self, brief, desk):
        proposal = super().propose(brief, desk)
        if len(self.briefs) == self.turn:
            self.do()
        return proposal


class Acts:
    """Thinks elsewhere, or here: calls `act` in each turn."""

    def __init__(self, act, here=False):
        self.act = act
        self.thinks_here = here
        self.name = "acts"

    def propose(self, brief, desk):
        return self.act(brief, desk)


# -- the run ---------------------------------------------------------------------------------------


def test_a_hold_ends_the_run_before_the_next_trial(ledger, ledger_folder, new_bench, hold):
    """It names the brake and begins nothing more; released, the run goes on where it was."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    loop = Loop(run, bench, [Then(3, hold, correct(6))], Budget(trials=6))
    assert loop.drive() == loop.held == HELD
    assert len(bodies(ledger, TrialChecked)) == 2
    assert bodies(ledger, WorkRefused) == [WorkRefused(run.id, "training", "SELF_HOLD", "a reason")]
    run.close(loop.held)
    assert after_the_hold(ledger) == ["TurnBegun", "CandidateProposed", "TurnEnded", "WorkRefused",
                                      "RunClosed"]  # fmt: skip
    hold(RELEASE)
    again = Run.read(ledger, run.id, ledger_folder)
    assert len(again.archive.trials) == 2 and len(again.archive.unfinished) == 1
    again.resume()
    assert drive(again, bench, correct(6), Budget(trials=6)) == "budget spent: trials"
    checked = [body.candidate for body in bodies(ledger, TrialChecked)]
    assert len(checked) == len(set(checked)) == 6


def test_a_held_run_asks_nobody(ledger, ledger_folder, new_bench, hold):
    """From its start: no turn is given."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    hold()
    proposer = Scripted(correct(2))
    assert Loop(run, bench, [proposer], Budget(trials=2)).drive() == HELD
    assert not proposer.briefs
    assert after_the_hold(ledger) == ["WorkRefused"]


def test_a_hold_in_the_last_step_is_refused_on_record(ledger, ledger_folder, new_bench, hold):
    """The step says why the run would have ended; the brake's reason, and its entry, come first."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    loop = Loop(run, bench, [Scripted(())], Budget(trials=3))
    ends = loop.step

    def step():
        hold()
        return ends()

    loop.step = step
    assert loop.drive() == HELD
    assert bodies(ledger, WorkRefused) == [WorkRefused(run.id, "training", "SELF_HOLD", "a reason")]


def test_a_hold_that_was_released_meanwhile_still_ends_the_sitting(
    ledger, ledger_folder, new_bench, hold
):
    """Who thinks was told so; the reason is the brake's, and nothing is refused any more."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    loop = Loop(run, bench, [Scripted(correct(3))], Budget(trials=3))
    loop.is_sitting = True
    hold()
    loop.listen_to_brake()
    hold(RELEASE)
    assert loop.drive() == HELD


def test_no_run_is_opened_or_resumed_while_held(ledger, ledger_folder, new_bench, hold):
    """Each is refused, and each refusal is an entry."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    hold()
    with pytest.raises(HeldError, match="SELF_HOLD"):
        begin(ledger, ledger_folder, bench)
    with pytest.raises(HeldError, match="SELF_HOLD"):
        run.resume()
    assert after_the_hold(ledger) == ["WorkRefused", "WorkRefused"]
    assert [body.run for body in bodies(ledger, WorkRefused)] == ["", run.id]
    assert len(bodies(ledger, RunOpened)) == 1 and not bodies(ledger, RunResumed)


def test_work_that_trains_nothing_goes_on(ledger, ledger_folder, new_bench, hold):
    """The task says so, in its digest and in the run's first entry."""
    bench = new_bench(metric="check")
    object.__setattr__(bench.task, "work", "inference")
    hold()
    run = begin(ledger, ledger_folder, bench)
    assert bodies(ledger, RunOpened)[0].work == run.work == "inference"
    assert drive(run, bench, correct(2), Budget(trials=2)) == "budget spent: trials"
    assert not bodies(ledger, WorkRefused)


def test_candidates_checked_side_by_side_wait_too(ledger, ledger_folder, new_bench, hold):
    """A batch that was proposed is not begun."""
    try:
        bench = new_bench(metric="check", parallel=2)
    except TachographError as error:
        pytest.skip(error.message)
    run = begin(ledger, ledger_folder, bench)
    assert Loop(run, bench, [Then(2, hold, correct(4))], Budget(trials=4)).drive() == HELD
    assert len(run.archive.unfinished) == 2 and not bodies(ledger, TrialChecked)


# -- those who think elsewhere ---------------------------------------------------------------------


def seated_run(ledger, ledger_folder, bench, act, *, seats=2, **team):
    """A run with these seats; why it ended."""
    run = begin(ledger, ledger_folder, bench)
    loop = Loop(run, bench, [Acts(act)], Budget(), team=Team(seats=seats, **team))
    return run, loop.drive()


def test_what_seats_bring_after_the_hold_waits(ledger, ledger_folder, new_bench, hold):
    """Their proposals are kept for later, their turns are not lost, no new one is given."""
    together, once = threading.Barrier(2, timeout=30), threading.Lock()
    left = correct(4)

    def act(brief, desk):
        together.wait()
        if once.acquire(blocking=False):
            hold()
        together.wait()
        if brief.turn == 1:
            return Proposal(left.pop(), "late", "")
        desk.stopping.wait(30)
        return None

    bench = new_bench(metric="check")
    run, reason = seated_run(ledger, ledger_folder, bench, act)
    assert reason == HELD
    assert not bodies(ledger, TrialChecked)
    assert "TurnBegun" not in after_the_hold(ledger)
    assert after_the_hold(ledger).count("CandidateProposed") == 1
    hold(RELEASE)
    again = Run.read(ledger, run.id, ledger_folder)
    again.resume()
    unfinished = len(again.archive.unfinished)
    assert drive(again, bench, [], Budget()) == "nothing left to try"
    assert len(again.archive.trials) == unfinished


def test_an_agents_own_trial_is_refused_and_its_turn_stays_open(
    ledger, ledger_folder, new_bench, hold
):
    """It is told why; the trial is not recorded as proposed; the turn is given again later."""
    told = []

    def act(brief, desk):
        desk.trial(Proposal(correct(1)[0], "before", ""))
        hold()
        try:
            desk.trial(Proposal(correct(2)[1], "after", ""))
        except RefusedError as refused:
            told.append(str(refused))
            raise

    run, reason = seated_run(ledger, ledger_folder, new_bench(metric="check"), act, seats=1)
    assert reason == HELD and told == [HELD]
    assert [record.verdict for record in run.archive.trials] == ["kept"]
    assert "CandidateProposed" not in after_the_hold(ledger)
    assert not bodies(ledger, TurnEnded)


@pytest.mark.parametrize("here", [True, False])
def test_an_agents_own_programs_are_refused(ledger, ledger_folder, new_bench, hold, here):
    """In the box of the clock and in the workshop beside it."""
    told = []

    def act(brief, desk):
        files = brief.parent.files
        assert desk.execute(files, "toy:answer") is not None
        hold()
        with pytest.raises(RefusedError) as refused:
            desk.execute(files, "toy:answer")
        told.append(str(refused.value))

    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    assert Loop(run, bench, [Acts(act, here)], Budget()).drive() == HELD
    assert told == [HELD]


def test_agents_are_told_while_the_judge_is_busy(ledger, ledger_folder, new_bench, hold):
    """A trial that goes on keeps nobody from hearing that the run is ending."""
    bench = new_bench(metric="check")
    really, heard = bench.examiner.box.run, []
    stopping = []

    def run_box(*arguments, **more):
        hold()
        bench.examiner.check_call()  # as the next call of a race would
        heard.append(stopping[0].wait(30))
        return really(*arguments, **more)

    def act(brief, desk):
        stopping.append(desk.stopping)
        bench.examiner.box.run = run_box
        return Proposal(correct(1)[0], "one", "")

    _, reason = seated_run(ledger, ledger_folder, bench, act, seats=1)
    assert reason == HELD and heard == [True]
    assert len(bodies(ledger, TrialChecked)) == 1


# -- by hand, again, in the end --------------------------------------------------------------------


def test_a_candidate_by_hand_is_refused(ledger, ledger_folder, new_bench, hold):
    """`tacho propose`: it is not even recorded as proposed."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    hand = Scripted(correct(1))
    hold()
    with pytest.raises(HeldError):
        Loop(run, bench, [hand], Budget()).take(hand)
    assert after_the_hold(ledger) == ["WorkRefused"]
    hold(RELEASE)
    Loop(run, bench, [hand], Budget()).take(hand)
    assert len(run.archive.trials) == 1


def test_a_stranger_at_the_desk_is_refused_until_the_release(
    ledger, ledger_folder, new_bench, hold
):
    """`tacho mcp`: the same process goes on when work is released."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    desk = HandDesk(Loop(run, bench, [], Budget()).office, "mcp")
    first, second = correct(2)
    hold()
    for _ in range(2):
        with pytest.raises(RefusedError, match="SELF_HOLD"):
            desk.trial(Proposal(first, "one", ""))
    assert after_the_hold(ledger) == ["WorkRefused", "WorkRefused"]
    hold(RELEASE)
    assert desk.trial(Proposal(first, "one", "")).verdict == "kept"
    assert desk.trial(Proposal(second, "two", "")).verdict == "kept"


def test_an_agent_in_a_box_hears_of_the_brake(ledger, ledger_folder, new_bench, hold):
    """`tacho trial` and the protocol's tool: the answer's kind is the brake's own."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    desk = HandDesk(Loop(run, bench, [], Budget()).office, "agent")
    seat = Seat(desk.now(), desk, "words", "agent")
    (candidate,) = correct(1)
    question = {"verb": "trial", "files": dict(candidate.files)}
    hold()
    assert seat.answer(question)["error"] == {
        "kind": "held", "message": HELD, "hint": "try nothing more; hand in what you have",
    }  # fmt: skip
    assert seat.answer({"verb": "status"})["trials"] == 0
    hold(RELEASE)
    assert seat.answer(question)["verdict"] == "kept"


def test_what_was_proposed_before_is_not_tried_by_asking_again(
    ledger, ledger_folder, new_bench, hold
):
    """A candidate that waits in the ledger is no way around."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    (candidate,) = correct(1)
    run.record_candidate(candidate, [], "hand", "waits", "")
    hold()
    desk = HandDesk(Loop(run, bench, [], Budget()).office, "mcp")
    with pytest.raises(RefusedError, match="SELF_HOLD"):
        desk.trial(Proposal(candidate, "waits", ""))
    assert not bodies(ledger, TrialChecked)


def test_a_replay_is_refused(ledger, ledger_folder, new_bench, hold):
    """What is done again is work like any other."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    (candidate,) = correct(1)
    drive(run, bench, [candidate], Budget(trials=1))
    hold()
    calls = bench.cpu_seconds
    with pytest.raises(HeldError):
        list(replay(run, bench, candidate.id))
    assert bench.cpu_seconds == calls
    hold(RELEASE)
    assert [each.finding for each in replay(run, bench, candidate.id)] == ["same"]


# -- a trial that has begun ------------------------------------------------------------------------


def held_in_a_race(ledger, ledger_folder, new_bench, hold, running):
    """A run whose first race is held in its fourth call."""
    bench = new_bench(steady=True)
    run = begin(ledger, ledger_folder, bench)
    really, calls = bench.examiner.box.run, itertools.count(1)

    def run_box(*arguments, **more):
        if next(calls) == 4:
            hold(WorkHeld("a reason", running))
        return really(*arguments, **more)

    bench.examiner.box.run = run_box
    loop = Loop(run, bench, [Scripted([FAST, FASTER])], Budget(trials=2))
    assert loop.drive() == HELD
    run.close(loop.held)
    bench.examiner.box.run = really
    return bench, run


def test_a_race_is_finished(ledger, ledger_folder, new_bench, hold):
    """Unless it is to stop: its verdict is recorded, and no other trial begins."""
    bench, run = held_in_a_race(ledger, ledger_folder, new_bench, hold, "finish")
    assert [record.id for record in run.archive.trials] == [FAST.id]
    assert bodies(ledger, CandidateKept) and len(bodies(ledger, CandidateProposed)) == 2
    hold(RELEASE)
    run.resume()
    assert drive(run, bench, [FAST, FASTER], Budget(trials=2)) == "budget spent: trials"
    assert len(bodies(ledger, CandidateKept)) == 2


def test_a_race_is_stopped_and_run_again_later(ledger, ledger_folder, new_bench, hold):
    """Without a verdict, and without a blot on the candidate."""
    bench, run = held_in_a_race(ledger, ledger_folder, new_bench, hold, "stop")
    assert not run.archive.trials and [each.id for each in run.archive.unfinished] == [FAST.id]
    assert not bodies(ledger, TrialTimed, ClockTested, CandidateKept, CandidateDropped)
    assert len(bodies(ledger, WorkRefused)) == 1
    hold(RELEASE)
    run.resume()
    assert drive(run, bench, [FAST, FASTER], Budget(trials=2)) == "budget spent: trials"
    assert [body.candidate for body in bodies(ledger, CandidateKept)] == [FAST.id, FASTER.id]


def test_a_share_of_the_capacity_leaves_the_rest_unused(
    ledger, ledger_folder, new_bench, monkeypatch
):
    """Work resumes by degrees: with a quarter, three times as long as was worked."""
    run = begin(ledger, ledger_folder, new_bench(metric="check"))
    shares = []

    def ask(brake, work):
        shares.append(work)
        return Permission(True, "RESUME_STAGED", "work resumes", share=0.25)

    monkeypatch.setattr(type(run.brake), "ask", ask)
    began = time.monotonic()
    with run.clock_alone():
        time.sleep(0.1)
    assert time.monotonic() - began >= 0.4
    assert len(shares) >= 3
    monkeypatch.setattr(type(run.brake), "ask", lambda brake, work: Permission(True, "NORMAL", ""))
    run.rest(1000.0)


# -- what cannot be told ---------------------------------------------------------------------------


def test_a_brake_that_cannot_tell_lets_nothing_begin(ledger, ledger_folder, new_bench, monkeypatch):
    """Its refusal says what was in the way."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)

    def hear(brake):
        raise TachographError("the disk is gone")

    monkeypatch.setattr(type(run.brake), "_hear", hear)
    reason = Loop(run, bench, [Scripted(correct(1))], Budget()).drive()
    assert reason == "held by the brake, UNKNOWN: cannot tell: the disk is gone"
    assert not bodies(ledger, TrialChecked)


def test_a_fault_of_the_brake_is_no_leave(ledger, ledger_folder, new_bench, monkeypatch):
    """A bug ends the run with a traceback; it never lets a trial begin."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)

    def hear(brake):
        raise RuntimeError("a bug")

    monkeypatch.setattr(type(run.brake), "_hear", hear)
    with pytest.raises(RuntimeError, match="a bug"):
        Loop(run, bench, [Scripted(correct(1))], Budget()).drive()
    assert not bodies(ledger, TrialChecked)


# -- no back door ----------------------------------------------------------------------------------

DOORS = {
    "loop/bench.py": "boxes of a bench; the loop, the hold-out and replays ask before each call",
    "loop/opening.py": "opens the bench's first box, and calls nothing of a task in it",
    "loop/check.py": "the one place where a candidate is called; it asks first",
    "loop/workshop.py": "an agent's own programs; the office asks before each",
    "loop/propose/command/agent.py": "where an agent thinks; its turn ends when the brake holds",
    "inspect/provider.py": "where a model under Inspect thinks",
    "inspect/court.py": "a sample's run, opened by Run.open, which asks",
    "cli/run.py": "run, resume and propose: Run.open, Run.resume and Loop.take ask",
    "cli/seat.py": "mcp: the desk asks before each trial",
    "cli/replay.py": "replay asks",
    "cli/unseal.py": "the hold-out takes the clock, which asks",
    "cli/task.py": "task check asks the ledger that is there",
    "sandbox/box.py": "a box tries itself with a program of ours",
    "sandbox/probe.py": "attacks of ours, no task",
    "brake/training/steps.py": "a verifier takes declared steps again: what it audits, it need not",
    "brake/training/boxes.py": "the boxes for that",
}
"""Every file that can have code of a task run, and why that obeys."""


def test_no_file_runs_a_task_that_is_not_known_to_ask():
    """A new door must be put here, and with it the reason why it is none around the brake."""
    found = set()
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                opens = ("open_bench", "Box.open", "Box.open_best", "Workspace.open",
                         "Workspace.open_best", "open_box", "box.run",
                         "self.box.run")  # fmt: skip
                if called in opens or called.endswith(".box.run"):
                    found.add(path.relative_to(SRC).as_posix())
    assert not found - set(DOORS), "says nowhere how it obeys the brake"


def test_a_task_of_inference_has_another_digest(tmp_path):
    """What a task is said to do cannot be changed under a run."""
    task = make_task(tmp_path / "a", metric="check")
    toml = (tmp_path / "a" / "task.toml").read_text()
    (tmp_path / "a" / "task.toml").write_text('work = "inference"\n' + toml)
    from tachograph.task import load

    changed = load(tmp_path / "a")
    assert changed.work == "inference" and changed.digest != task.digest


def test_the_loop_imports_the_brake_plainly():
    """At the top of the file that every run goes through, so that it cannot be left out."""
    tree = ast.parse((SRC / "loop" / "run.py").read_text())
    named = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom)
             and node.module == "tachograph.brake.agreement" for alias in node.names}  # fmt: skip
    assert "Brake" in named
