"""The judge: check, clock, confirm; with real boxes.

Where a test is of what the judge does with times, they follow from the sources (`steady`), and no
load of the machine can change a verdict; with the real clock, effects are far beyond its noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from loop_toys import (
    EQUAL,
    FAILING,
    FAST,
    FASTER,
    SEED,
    SEED_LOOPS,
    SLOW,
    WRONG,
    fresh,
    program,
    raw,
)

from tachograph.errors import TaskError
from tachograph.ledger.kinds import (
    Body,
    BoxFailed,
    CandidateDropped,
    CandidateKept,
    ClockTested,
    TrialChecked,
    TrialTimed,
)
from tachograph.loop.allowance import Allowance
from tachograph.loop.bench import Bench
from tachograph.loop.clock import Rules
from tachograph.loop.draws import Secret
from tachograph.loop.judge import BOX_TRIES, Judge, Measurement, ReferenceRevoked
from tachograph.task import Candidate

NOT_FASTER = {"same", "not-resolved", "slower", "unpromising"}
"""What identical code may be called when others load the machine; never kept."""


class Notes:
    """A recorder that runs a hook after what it records."""

    def __init__(self, hook: Callable[[Body], None] = lambda body: None) -> None:
        self.bodies: list[Body] = []
        self.hook = hook

    def __call__(self, *bodies: Body) -> None:
        for body in bodies:
            self.bodies.append(body)
            self.hook(body)

    def of(self, kind: type) -> list:
        return [body for body in self.bodies if isinstance(body, kind)]

    @property
    def kinds(self) -> list[str]:
        return [type(body).__name__ for body in self.bodies]


def judge_of(bench: Bench) -> Judge:
    return Judge("r-1", bench.task, bench.examiner, bench.rules, Secret.fresh())


def tried(bench: Bench, candidate: Candidate, best: Candidate | None = None,
          hook: Callable[[Body], None] = lambda body: None) -> Notes:  # fmt: skip
    """All bodies of one trial."""
    notes = Notes(hook)
    judge_of(bench).try_candidate(candidate, best or bench.task.seed, notes)
    return notes


def change_the_world(bench: Bench) -> None:
    """From now on draws say that it is late."""
    (bench.task.folder / "late").touch()


def break_the_box(bench: Bench) -> None:
    process = bench.examiner.box.process
    assert process is not None
    process.kill()
    process.wait()


def test_too_large_a_candidate_is_refused_unrun(new_bench):
    """What the task does not allow never reaches a box."""
    notes = tried(new_bench(), raw("x = 1  # " + "long " * 2000 + "\nreturn 2 * x"))
    assert notes.kinds == ["TrialChecked", "CandidateDropped"]
    assert notes.bodies[0].draws == 0
    assert "KiB" in notes.bodies[0].detail
    assert notes.bodies[1].reason == "refused"


def test_a_candidate_with_other_files_is_refused(new_bench):
    """Only the editable files are a candidate's."""
    notes = tried(new_bench(), Candidate({**SEED.files, "check.py": "def draw(rng): ..."}))
    assert notes.bodies[-1].reason == "refused"


def test_a_wrong_candidate_ends_at_the_check(new_bench):
    """No clock runs for it."""
    notes = tried(new_bench(), WRONG)
    assert notes.kinds == ["TrialChecked", "CandidateDropped"]
    assert not notes.bodies[0].passed
    assert notes.bodies[1].reason == "wrong"


def test_a_failing_candidate_ends_at_the_check(new_bench):
    """The reason is the candidate's own."""
    notes = tried(new_bench(), FAILING)
    assert notes.bodies[-1] == CandidateDropped("r-1", FAILING.id, "failed")
    assert "ValueError: no" in notes.bodies[0].detail


def test_a_faster_candidate_is_confirmed_and_kept(new_bench):
    """Check, the clock's own test, screen, confirmation, and the speed-up against the seed."""
    notes = tried(new_bench(seed=program(900_000)), program(3000))
    kept = notes.bodies[-1]
    assert isinstance(kept, CandidateKept)
    assert 2 < kept.low <= kept.ratio <= kept.high
    stages = [body.stage for body in notes.of(TrialTimed)]
    assert stages[:2] == ["screen", "confirm"]
    assert set(stages[2:]) <= {"standing"}
    assert notes.kinds[:2] == ["TrialChecked", "ClockTested"]


def test_what_beats_a_winner_is_reported_against_the_seed(new_bench):
    """The ratio of a kept candidate is never that against its parent."""
    notes = tried(new_bench(steady=True), FASTER, best=FAST)
    kept = notes.bodies[-1]
    assert isinstance(kept, CandidateKept)
    screen = notes.of(TrialTimed)[0]
    standing = notes.of(TrialTimed)[-1]
    assert (screen.against, standing.against) == (FAST.id, SEED.id)
    assert standing.stage == "standing"
    assert kept.low > 1.5 * screen.high


def make_accomplices(bench: Bench, leader: Candidate, follower: Candidate) -> None:
    """From now on the second of the two on one draw knows that it is: the leader then takes five
    times as long, the follower a fifth. Which side channel tells them does not matter here.
    """
    examine, last = bench.examiner.examine, {}

    def knowing(candidate, draw, *, warm=False):
        answer = examine(candidate, draw, warm=warm)
        other = {leader.id: follower.id, follower.id: leader.id}.get(candidate.id, "")
        second, last[draw.lot] = last.get(draw.lot) == other, candidate.id
        times = 1.0 if not second else 5.0 if candidate.id == leader.id else 0.2
        return replace(answer, wall_seconds=answer.wall_seconds * times,
                       cpu_seconds=answer.cpu_seconds * times)  # fmt: skip

    bench.examiner.examine = knowing


def test_a_gain_that_the_seed_does_not_bear_out_is_none(new_bench):
    """Two of one mind race as they like, and the seed is nobody's accomplice."""
    bench = new_bench(steady=True)
    leader, follower = FAST, program(SEED_LOOPS // 6, tail="  # the same speed")
    make_accomplices(bench, leader, follower)
    judge = judge_of(bench)
    first, second = Notes(), Notes()
    judge.try_candidate(leader, bench.task.seed, first)
    judge.try_candidate(follower, leader, second)
    assert isinstance(first.bodies[-1], CandidateKept)
    assert second.bodies[-1] == CandidateDropped("r-1", follower.id, "faster-unconfirmed")
    screen, confirm, *standing = second.of(TrialTimed)
    assert min(screen.ratio, confirm.ratio) > 3
    # the best is measured anew before the candidate is refused
    assert [race.candidate for race in standing] == [follower.id, leader.id]
    assert {race.against for race in standing} == {SEED.id}


def test_an_honest_gain_costs_no_further_race(new_bench):
    """Where best and candidate were measured in one sitting, three races tell all."""
    bench = new_bench(steady=True)
    judge = judge_of(bench)
    notes = Notes()
    judge.try_candidate(FAST, bench.task.seed, Notes())
    judge.try_candidate(FASTER, FAST, notes)
    assert isinstance(notes.bodies[-1], CandidateKept)
    assert [race.stage for race in notes.of(TrialTimed)] == ["screen", "confirm", "standing"]


def test_equal_code_is_not_kept(new_bench):
    """A change of comment is no gain."""
    assert tried(new_bench(), EQUAL).bodies[-1].reason in NOT_FASTER


def test_a_far_slower_candidate_is_not_raced(new_bench):
    """One look at its checked call is enough."""
    notes = tried(new_bench(), SLOW)
    assert notes.bodies[-1].reason == "unpromising"
    assert not notes.of(TrialTimed)


def test_a_cold_check_condemns_no_short_call(new_bench):
    """What takes next to nothing takes twice that in a cold box, and is raced all the same."""
    bench = new_bench(seed=raw("return 2 * x"))
    assert tried(bench, raw("return x + x")).of(TrialTimed)


def test_a_somewhat_slower_candidate_is_raced_and_dropped(new_bench):
    """What is not far off gets its race."""
    notes = tried(new_bench(steady=True), program(160_000))
    assert [body.verdict for body in notes.of(TrialTimed)] == ["slower"]
    assert notes.bodies[-1].reason == "slower"


SLOW_SET_UP = Candidate({"toy.py": "import time\ntime.sleep(0.3)\n" + FAST.files["toy.py"]})


def test_a_candidate_with_a_slow_set_up_ends_as_too_costly(new_bench):
    """It is foreseen after one timed run, and is neither a broken box nor a failed candidate."""
    bench = new_bench(rules=Rules(trial_seconds=2.0))
    runs = watch_runs(bench)
    notes = tried(bench, SLOW_SET_UP)
    assert notes.bodies[-1] == CandidateDropped("r-1", SLOW_SET_UP.id, "too-costly")
    assert [body.passed for body in notes.of(TrialChecked)] == [True]
    assert not notes.of(BoxFailed) and not notes.of(TrialTimed)
    assert runs.count(SLOW_SET_UP.files["toy.py"]) == 2


def test_a_slow_set_up_that_fits_is_no_fault(new_bench):
    """The same candidate is kept where a trial may take long enough."""
    notes = tried(new_bench(rules=Rules(trial_seconds=200.0), steady=True), SLOW_SET_UP)
    assert isinstance(notes.bodies[-1], CandidateKept)


def test_a_reference_that_is_slow_to_set_up_condemns_nobody(new_bench):
    """Only the candidate's runs are on its account."""
    bench, allowance = new_bench(), Allowance(100.0)
    series = Secret.fresh().series()
    with Measurement(bench.examiner, SLOW_SET_UP, FAST, series, allowance, 10) as measure:
        assert measure("reference", 0, 0).setup_seconds > 0.3
        assert allowance.left_seconds == 100.0
        measure("candidate", 0, 0)
        assert allowance.left_seconds < 100.0


def test_a_wrong_candidate_is_wrong_however_costly(new_bench):
    """What it answered goes before what it cost."""
    bench = new_bench(rules=Rules(trial_seconds=2.0))
    liar = Candidate({"toy.py": "import time\ntime.sleep(0.3)\n" + raw("return 2 * x + late").files[
        "toy.py"]})  # fmt: skip
    notes = tried(bench, liar, hook=lambda body: isinstance(body, ClockTested)
                  and change_the_world(bench))  # fmt: skip
    assert notes.bodies[-1] == CandidateDropped("r-1", liar.id, "wrong")


def test_at_the_end_of_a_run_a_trial_may_take_what_is_left(new_bench):
    """But never less than a minute, and never more than ever."""
    judge = judge_of(new_bench(rules=Rules(trial_seconds=600.0)))
    allowed = []
    for left in (1e6, 300.0, 0.0):
        judge.allow(left)
        allowed.append(judge.rules.trial_seconds)
    assert allowed == [600.0, 300.0, 60.0]


def watch_runs(bench: Bench) -> list[str]:
    """From now on: the source of every program that is run in the bench's box."""
    box, sources = bench.examiner.box, []
    real = box.run

    def run(program, inputs, **more):
        sources.append("".join(program.files.values()))
        return real(program, inputs, **more)

    box.run = run
    return sources


def test_a_win_that_does_not_last_is_not_kept(new_bench):
    """Only the second race counts: a candidate that won the first by luck or guile is dropped."""
    bench = new_bench(steady=True)
    fickle = raw("for _ in range(130_000 if late else 4_000):\n    pass\nreturn 2 * x")

    def spoil(body: Body) -> None:
        if isinstance(body, TrialTimed) and body.stage == "screen":
            change_the_world(bench)

    notes = tried(bench, fickle, hook=spoil)
    assert notes.bodies[-1] == CandidateDropped("r-1", fickle.id, "faster-unconfirmed")
    assert [body.verdict == "faster" for body in notes.of(TrialTimed)] == [True, False]


def test_every_timed_output_is_checked(new_bench):
    """A candidate that goes wrong during its race is dropped as wrong."""
    bench = new_bench(steady=True)
    liar = raw("return 2 * x + late")
    notes = tried(bench, liar, hook=lambda body: isinstance(body, ClockTested)
                  and change_the_world(bench))  # fmt: skip
    assert [body.passed for body in notes.of(TrialChecked)] == [True, False]
    assert notes.bodies[-1] == CandidateDropped("r-1", liar.id, "wrong")


def test_a_broken_box_is_tried_again(new_bench):
    """The candidate is not blamed, and gets its verdict."""
    bench = new_bench(steady=True)
    broken = []

    def once(body: Body) -> None:
        if isinstance(body, TrialChecked) and not broken:
            broken.append(body)
            break_the_box(bench)

    notes = tried(bench, FAST, hook=once)
    assert [body.stage for body in notes.of(BoxFailed)] == ["clock"]
    assert isinstance(notes.bodies[-1], CandidateKept)


def test_a_box_that_breaks_each_time_ends_the_trial(new_bench):
    """After a few tries the trial ends as box-failed, not as failed."""
    bench = new_bench()
    notes = tried(bench, FAST, hook=lambda body: isinstance(body, TrialChecked)
                  and break_the_box(bench))  # fmt: skip
    assert len(notes.of(BoxFailed)) == BOX_TRIES
    assert notes.bodies[-1] == CandidateDropped("r-1", FAST.id, "box-failed")


def test_a_reference_that_fails_a_draw_is_revoked(new_bench):
    """What was kept and is found out later does not stay the best."""
    bench = new_bench()
    liar = raw("for _ in range(4_000):\n    pass\nreturn 2 * x + late")
    change_the_world(bench)
    notes = Notes()
    with pytest.raises(ReferenceRevoked):
        judge_of(bench).try_candidate(FASTER, liar, notes)
    assert notes.bodies[-1] == CandidateDropped("r-1", liar.id, "revoked")
    assert [(b.candidate, b.passed) for b in notes.of(TrialChecked)] == [
        (FASTER.id, True), (liar.id, False),
    ]  # fmt: skip


def test_a_seed_that_fails_is_the_task_s_fault(new_bench):
    """No candidate is judged by a task that refuses its own seed."""
    bench = new_bench(seed=WRONG)
    with pytest.raises(TaskError, match="the seed itself does not pass"):
        tried(bench, FAST)


def test_metric_check_keeps_what_passes(new_bench):
    """Without a clock, passing the check is all that counts."""
    bench = new_bench(metric="check")
    assert tried(bench, SLOW).kinds == ["TrialChecked", "CandidateKept"]
    assert tried(bench, WRONG).bodies[-1].reason == "wrong"


def test_an_answer_that_is_there_is_not_asked_for_again(new_bench):
    """A check made beside others is used as it is."""
    bench = new_bench(metric="check")
    with bench.examiner.draw(fresh()) as draw:
        answer = bench.examiner.examine(WRONG, draw)
    notes = Notes()
    judge_of(bench).try_candidate(FAST, SEED, notes, answer)
    assert notes.bodies[-1].reason == "wrong"


def test_the_last_body_always_ends_the_trial(new_bench):
    """Kept or dropped comes last, exactly once, whatever happened."""
    bench = new_bench(wall_seconds=1.0)
    for candidate in (WRONG, FAILING, EQUAL, FAST, raw("while True: pass")):
        kinds = tried(bench, candidate).kinds
        ends = [kind for kind in kinds if kind in ("CandidateKept", "CandidateDropped")]
        assert ends == kinds[-1:]
