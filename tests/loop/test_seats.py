"""Seats: proposers that think side by side, and what none of them can do to the others."""

from __future__ import annotations

import itertools
import os
import threading
import time

import pytest
from loop_toys import FAILING, WRONG, begin, correct

from tachograph.ledger.kinds import (
    CandidateKept,
    CandidateProposed,
    ModelAnswered,
    TurnBegun,
    TurnEnded,
)
from tachograph.loop.budget import Budget
from tachograph.loop.propose.protocol import ExecuteError, Proposal
from tachograph.loop.run import Run
from tachograph.loop.team import Team
from tachograph.loop.turn import Loop


class Elsewhere:
    """Thinks in threads of its own: calls `act` in each turn."""

    thinks_here = False

    def __init__(self, act, name="elsewhere"):
        self.act = act
        self.name = name

    def propose(self, brief, desk):
        return self.act(brief, desk)


class Here(Elsewhere):
    """The same on the judge's thread."""

    thinks_here = True


def series(candidates):
    """Hands these out, each once, whoever asks."""
    left, lock = list(candidates), threading.Lock()

    def act(brief, desk):
        with lock:
            return Proposal(left.pop(0), "one", "") if left else None

    return act


@pytest.fixture
def play(new_bench, ledger, ledger_folder):
    """Drives a run of metric `check`; the run read back, with why it ended as `reason`."""

    def drive(*proposers, budget=None, run=None, **team):
        bench = new_bench(metric="check")
        run = run or begin(ledger, ledger_folder, bench)
        drive.bench = bench
        drive.reason = Loop(run, bench, proposers, budget or Budget(), team=Team(**team)).drive()
        return Run.read(ledger, run.id, ledger_folder)

    return drive


def outcomes(run):
    return [turn.ended and turn.ended.outcome for turn in run.archive.turns.values()]


def seats_left():
    return [thread for thread in threading.enumerate() if thread.name.startswith("seat")]


def test_seats_think_at_once_and_nothing_is_tried_twice(play):
    """Four turns are in work at the same moment; each candidate has one verdict."""
    together = threading.Barrier(4, timeout=30)
    give = series([WRONG, *correct(7)])

    def act(brief, desk):
        if brief.turn <= 4:
            together.wait()
        return give(brief, desk)

    run = play(Elsewhere(act), seats=4)
    assert play.reason == "nothing left to try"
    assert len(run.archive.trials) == 8
    assert {turn.begun.seat for turn in run.archive.turns.values()} == {1, 2, 3, 4}
    assert not seats_left()


def test_the_same_candidate_at_the_same_moment_is_tried_once(play, ledger):
    """One is the proposal, the others are duplicates of it, and all hear the verdict."""
    together = threading.Barrier(3, timeout=30)
    heard = []

    def act(brief, desk):
        if brief.turn > 3:
            return None
        together.wait()
        heard.append(desk.trial(Proposal(WRONG, "wrong", "")).verdict)
        together.wait()
        return Proposal(correct(1)[0], "right", "")

    run = play(Elsewhere(act), seats=3)
    assert heard == ["wrong"] * 3
    proposed = [e.body for e in ledger.entries(run=run.id, kinds=(CandidateProposed,))]
    assert len(proposed) == 3  # the seed, and each candidate once
    assert sorted(outcomes(run)[:3]) == ["duplicate", "duplicate", "proposed"]


def test_a_duplicate_is_told_with_its_standing_verdict(play):
    """In the entry, and in the next brief of the same proposer."""
    told = []

    def act(brief, desk):
        told.extend(brief.repeated)
        return Proposal(WRONG, "", "") if brief.turn < 4 else None

    run = play(Elsewhere(act))
    second = run.archive.turns[2].ended
    assert (second.outcome, second.candidate) == ("duplicate", WRONG.id)
    assert second.detail.endswith("its verdict stands: wrong")
    assert {(attempt.candidate, attempt.verdict) for attempt in told} == {(WRONG.id, "wrong")}


def test_a_proposer_that_raises_starves_nobody(play):
    """It is retired; the other's candidates are all tried."""

    def broken(brief, desk):
        raise SystemExit("gone")

    run = play(Elsewhere(broken, "broken"), Elsewhere(series(correct(6)), "good"), seats=2)
    assert len(run.archive.trials) == 6
    assert "nothing left to try; broken retired after 5 turns" in play.reason


def test_a_seat_waits_longer_after_each_failure(play):
    """Turns that fail in a row come further and further apart; the end of the run ends the wait."""
    begun = []

    def broken(brief, desk):
        begun.append(time.monotonic())
        raise ValueError("out of order")

    run = play(Elsewhere(broken), pause_seconds=0.02, budget=Budget(wall_seconds=1.0))
    assert set(outcomes(run)) == {"failed"}
    waits = [later - earlier for earlier, later in itertools.pairwise(begun)]
    assert [wait >= 0.02 * 4**n for n, wait in enumerate(waits)] == [True] * len(waits)
    assert play.reason == "budget spent: wall_seconds"


def test_a_run_ends_with_the_reason_when_all_are_retired(play):
    """What the last turn said is in it."""

    def broken(brief, desk):
        raise ValueError("no such model")

    run = play(Elsewhere(broken, "model:x"), seats=2)
    assert "model:x retired after" in play.reason
    assert "ValueError: no such model" in play.reason
    assert set(outcomes(run)) == {"failed"}


def test_a_proposer_that_hangs_loses_its_turn_only(play):
    """Its turn ends as failed, its desk refuses, and another thread takes the seat."""
    release, refused = threading.Event(), []

    def act(brief, desk):
        if brief.turn == 1:
            release.wait(60)
            try:
                desk.trial(Proposal(FAILING, "", ""))
            except Exception as error:  # noqa: BLE001 - the test says which
                refused.append(str(error))
            return Proposal(FAILING, "", "")
        return give(brief, desk)

    give = series(correct(2))
    run = play(Elsewhere(act), turn_seconds=0.3)
    assert outcomes(run)[0] == "failed"
    assert "no answer within" in run.archive.turns[1].ended.detail
    assert len(run.archive.trials) == 2
    release.set()
    for thread in seats_left():
        thread.join(30)
    assert refused == ["the turn is over"]
    assert FAILING.id not in run.archive.records


def test_what_a_turn_spent_counts_also_when_it_was_given_up(play):
    """An answer that comes too late was paid; it is recorded and the budget knows it."""
    release, done = threading.Event(), threading.Event()

    def act(brief, desk):
        if brief.turn == 1:
            release.wait(60)
            digest = desk.put(b"late")
            desk.record(ModelAnswered(desk.run, desk.turn, 1, "m", digest, digest, 7, 0, None,
                                      "unknown", 0.1, 7, None))  # fmt: skip
            done.set()
        elif brief.turn == 2:
            release.set()
            assert done.wait(30)
        return give(brief, desk)

    give = series(correct(3))
    run = play(Elsewhere(act), turn_seconds=0.3, budget=Budget(trials=1))
    assert outcomes(run)[0] == "failed"
    assert run.archive.tokens == 7
    assert [body.input_tokens for body in run.archive.turns[1].answers] == [7]


def test_a_trial_budget_is_exact_with_many_seats(play):
    """No turn is begun whose candidate could not be tried."""
    run = play(Elsewhere(series(correct(50))), seats=4, budget=Budget(trials=6))
    assert play.reason == "budget spent: trials"
    assert len(run.archive.trials) == 6
    assert run.archive.unfinished == []


def test_waiting_seats_are_told_to_stop(play):
    """At the end `stopping` is set; a turn that came back empty stays open, to be given again."""
    ended = []

    def slow(brief, desk):
        ended.append(desk.stopping.wait(60))

    def act(brief, desk):
        return slow(brief, desk) if brief.turn == 1 else give(brief, desk)

    give = series(correct(3))
    run = play(Elsewhere(act), seats=2, budget=Budget(wall_seconds=1.0))
    assert ended == [True]
    assert outcomes(run)[0] is None
    again = play(Elsewhere(give), run=run)
    assert outcomes(again)[0] == "nothing"


def test_a_turn_that_was_begun_is_given_again_with_its_brief(play, new_bench, ledger,
                                                             ledger_folder):  # fmt: skip
    """Same number, parent, direction, random numbers and history as before the crash."""
    seen = []

    def act(brief, desk):
        seen.append((brief.turn, brief.parent.id, brief.direction, brief.rng.random(),
                     [a.candidate for a in brief.history], brief.tried))  # fmt: skip
        if len(seen) == 2:
            desk.stopping.set()  # as if it was cut off here
            return None
        return Proposal(correct(2)[len(seen) > 2], "", "")

    run = play(Elsewhere(act), directions=("look",), budget=Budget(wall_seconds=2.0))
    assert outcomes(run) == ["proposed", None]
    run.record_candidate(WRONG, [], "hand", "", "")
    run = play(Elsewhere(act), run=run, directions=("look",), budget=Budget(trials=3))
    assert seen[1] == seen[2]
    assert outcomes(run) == ["proposed", "proposed"]
    begun = [*ledger.entries(run=run.id, kinds=(TurnBegun,))]
    assert [entry.body.turn for entry in begun] == [1, 2]


def test_those_that_think_here_have_turns_on_the_judges_thread(play):
    """Beside others that do not; both bring their candidates."""
    threads = set()
    mine, theirs = series(correct(8)[:4]), series(correct(8)[4:])

    def here(brief, desk):
        threads.add(threading.current_thread())
        return mine(brief, desk)

    run = play(Here(here, "here"), Elsewhere(theirs, "there"), seats=3)
    assert threads == {threading.main_thread()}
    assert len(run.archive.trials) == 8
    assert {record.proposed.proposer for record in run.archive.trials} == {"here", "there"}


def test_an_open_turn_goes_back_to_where_its_proposer_may_sit(play, new_bench, ledger,
                                                              ledger_folder):  # fmt: skip
    """One of a proposer that thinks here is not given to a thread."""
    threads = []

    def here(brief, desk):
        threads.append((brief.turn, threading.current_thread()))

    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    run.record(TurnBegun(run.id, 1, 0, "here", bench.task.seed.id, "", run.next_seq - 1))
    run = play(Here(here, "here"), Elsewhere(series(correct(2)), "there"), run=run)
    assert threads[0] == (1, threading.main_thread())
    assert {thread for _, thread in threads} == {threading.main_thread()}
    assert outcomes(run)[0] == "nothing"


def test_programs_run_in_a_workshop_beside_the_clock(play):
    """On the public example, off the clock's cores; errors are told."""
    found = []

    def act(brief, desk):
        if brief.turn == 1:
            look = {"look.py": "import os\ndef at(x, late):\n"
                               "    return [x, sorted(os.sched_getaffinity(0))]\n"}  # fmt: skip
            found.append(desk.execute(look, "look:at"))
            with pytest.raises(ExecuteError):
                desk.execute(FAILING.files, "toy:answer")

    play(Elsewhere(act))
    (_, cores) = found[0]
    clock = set(play.bench.examiner.box.cores)
    assert not clock & set(cores) or len(os.sched_getaffinity(0)) == 1


def test_a_seat_keeps_off_the_clocks_cores(play):
    """So do the processes that it starts."""
    found = []

    def act(brief, desk):
        found.append(os.sched_getaffinity(0))

    before = os.sched_getaffinity(0)
    play(Elsewhere(act))
    clock = set(play.bench.examiner.box.cores)
    assert not clock & found[0] or len(before) == 1
    assert os.sched_getaffinity(0) == before


def test_a_fault_of_the_ledger_ends_the_run(play, ledger, monkeypatch):
    """In whichever thread it comes up, it is raised where the loop was called."""
    real = ledger.put

    def put(data):
        if threading.current_thread() is not threading.main_thread():
            raise AssertionError("the disk is gone")
        return real(data)

    monkeypatch.setattr(ledger, "put", put)
    with pytest.raises(AssertionError, match="the disk is gone"):
        play(Elsewhere(series(correct(1))))
    assert not seats_left()


def test_two_loops_on_one_run_are_refused(play, new_bench, ledger, ledger_folder):
    """Turns are given by one process; a candidate by hand is no turn."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    other = Run.read(ledger, run.id, ledger_folder)
    with run.sitting(), pytest.raises(Exception, match="another process"), other.sitting():
        time.sleep(0)


@pytest.mark.parametrize(("kind", "waited_for"), [(Here, False), (Elsewhere, True)])
def test_what_was_paid_for_is_on_the_disk_at_once(play, ledger, monkeypatch, kind, waited_for):
    """A verdict always; a proposal of the judge's own thread goes to the disk with its verdict."""
    found, append = {}, ledger.append

    def noted(drafts, *, durable=True, **options):
        found.update((type(body), durable) for _, _, body in drafts)
        return append(drafts, durable=durable, **options)

    monkeypatch.setattr(ledger, "append", noted)
    play(kind(series(correct(2))))
    assert found[CandidateProposed] is waited_for
    assert found[CandidateKept] is True and found[TurnEnded] is True
