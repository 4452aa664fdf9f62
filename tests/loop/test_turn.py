"""The loop: turns until a budget is spent, resumed wherever it stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest
from loop_toys import (
    EQUAL,
    FAILING,
    FAST,
    FASTER,
    SEED,
    WRONG,
    Scripted,
    begin,
    correct,
    drive,
    raw,
    verdicts,
)

from tachograph.ledger.kinds import CandidateDropped, CandidateProposed, TrialChecked
from tachograph.loop.archive import Archive
from tachograph.loop.brief import brief_of
from tachograph.loop.budget import Budget
from tachograph.loop.propose.protocol import ExecuteError
from tachograph.loop.run import Run
from tachograph.loop.turn import Loop
from tachograph.task import Candidate

ENDLESS = correct(1000)


def test_a_run_ends_when_nothing_is_left_to_try(new_bench, ledger, ledger_folder):
    """Every candidate of an exhausted proposer was tried once."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    assert drive(run, bench, [WRONG, *correct(3), FAILING]) == "nothing left to try"
    assert verdicts(run) == ["wrong", "kept", "kept", "kept", "failed"]


def test_the_trial_budget_is_exact(new_bench, ledger, ledger_folder):
    """Not one more, not one less."""
    bench = new_bench(metric="check")
    budget = Budget(trials=4)
    run = begin(ledger, ledger_folder, bench, budget)
    assert drive(run, bench, ENDLESS, budget) == "budget spent: trials"
    assert len(run.archive.trials) == 4


def test_the_wall_budget_ends_a_run(new_bench, ledger, ledger_folder):
    """What has begun is finished, and no more is begun."""
    bench = new_bench(metric="check")
    budget = Budget(wall_seconds=0.3)
    run = begin(ledger, ledger_folder, bench, budget)
    assert drive(run, bench, ENDLESS, budget) == "budget spent: wall_seconds"
    assert run.archive.unfinished == []
    assert 0 < len(run.archive.trials) < len(ENDLESS)


def test_the_cpu_budget_ends_a_run(new_bench, ledger, ledger_folder):
    """CPU time of candidates counts."""
    bench = new_bench(metric="check")
    budget = Budget(cpu_seconds=0.05)
    run = begin(ledger, ledger_folder, bench, budget)
    assert drive(run, bench, ENDLESS, budget) == "budget spent: cpu_seconds"
    assert 0 < len(run.archive.trials) < len(ENDLESS)


def test_candidates_that_fail_cost_budget_too(new_bench, ledger, ledger_folder):
    """A candidate that spins until it is killed has used its time."""
    bench = new_bench(metric="check", wall_seconds=0.3)
    run = begin(ledger, ledger_folder, bench)
    drive(run, bench, [raw("while True: pass")])
    assert verdicts(run) == ["failed"]
    assert bench.cpu_seconds > 0.02


def test_a_spent_run_goes_on_with_more_budget(new_bench, ledger, ledger_folder):
    """Trials of earlier sittings count against the new bound."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    drive(run, bench, ENDLESS, Budget(trials=2))
    run.close("budget spent: trials")
    again = Run.read(ledger, run.id, ledger_folder)
    again.resume()
    assert drive(again, bench, ENDLESS, Budget(trials=5)) == "budget spent: trials"
    assert len(again.archive.trials) == 5


def test_unfinished_candidates_are_tried_after_a_resume(new_bench, ledger, ledger_folder):
    """A proposal that was recorded before a kill is neither lost nor proposed again."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    run.record_candidate(WRONG, [SEED.id], "scripted", "wrong", "")
    half = correct(1)[0]
    run.record_candidate(half, [SEED.id], "scripted", "half", "")
    run.record_about(TrialChecked(run.id, half.id, True, "", "", 1, 0.1, 0.1, 0.1))
    again = Run.read(ledger, run.id, ledger_folder)
    drive(again, bench, [WRONG, half], Budget(trials=2))
    assert verdicts(again) == ["wrong", "kept"]
    proposals = [*ledger.entries(run=run.id, kinds=(CandidateProposed,))]
    assert len(proposals) == 3


def test_a_trial_that_another_process_finished_is_not_repeated(new_bench, ledger, ledger_folder):
    """Who waited for the clock looks again before the trial."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    run.record_candidate(WRONG, [SEED.id], "scripted", "wrong", "")
    late = Loop(Run.read(ledger, run.id, ledger_folder), bench, [Scripted([])], Budget())
    drive(run, bench, [])
    late.try_one(WRONG.id)
    assert len([*ledger.entries(run=run.id, kinds=(CandidateDropped,))]) == 1


def test_winners_are_built_upon(new_bench, ledger, ledger_folder):
    """The parent of a proposal is the best of its time."""
    bench = new_bench(steady=True)
    run = begin(ledger, ledger_folder, bench)
    drive(run, bench, [FAST, WRONG, FASTER])
    assert verdicts(run) == ["kept", "wrong", "kept"]
    parents = [record.proposed.parents for record in run.archive.trials]
    assert parents == [[SEED.id], [FAST.id], [FAST.id]]
    assert [record.id for record in run.archive.lineage(FASTER.id)] == [FAST.id, FASTER.id]


def test_a_revoked_best_is_replaced(new_bench, ledger, ledger_folder):
    """The trial that found it out goes on, against the best before it."""
    bench = new_bench(steady=True)
    liar = raw("for _ in range(20_000):\n    pass\nreturn 2 * x + late")
    run = begin(ledger, ledger_folder, bench)
    drive(run, bench, [liar])
    assert verdicts(run) == ["kept"]
    (bench.task.folder / "late").touch()
    run.resume()
    drive(run, bench, [FASTER])
    assert verdicts(run) == ["revoked", "kept"]
    assert run.archive.best is not None
    assert run.archive.best.id == FASTER.id
    assert {timed.against for timed in run.archive.best.timed} == {SEED.id}


def test_a_proposer_that_repeats_itself_is_passed_over(new_bench, ledger, ledger_folder):
    """Proposing what was tried ends its turn, not the run's."""

    class Stuck:
        name = "stuck"
        thinks_here = True

        def propose(self, brief, desk):
            return Scripted([WRONG]).propose(replace(brief, tried=frozenset()), desk)

    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    loop = Loop(run, bench, [Stuck(), Scripted(correct(2))], Budget())
    assert loop.drive().startswith("nothing left to try; stuck retired after 5 turns")
    assert sorted(verdicts(run)) == ["kept", "kept", "wrong"]


def test_proposers_are_told_the_history_and_no_secret(new_bench, ledger, ledger_folder):
    """A brief holds attempts, the public example by way of `execute`, and no withheld input."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    scripted = Scripted([WRONG, *correct(1)])
    Loop(run, bench, [scripted], Budget()).drive()
    first, second, *_, last = scripted.briefs
    assert first.history == []
    assert [attempt.verdict for attempt in second.history] == ["wrong"]
    assert last.tried == {SEED.id, WRONG.id, correct(1)[0].id}


def test_the_public_example_is_the_same_each_time(new_bench, ledger, ledger_folder):
    """`execute` runs a proposer's program in the box, on inputs that no trial gets."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    loop = Loop(run, bench, [], Budget())
    program = {"look.py": "def at(x, late):\n    return x\n"}
    assert loop.execute(program, "look:at") == loop.execute(program, "look:at")
    with pytest.raises(ExecuteError, match="raised"):
        loop.execute(FAILING.files, "toy:answer")


def test_random_choices_depend_on_seed_and_history(new_bench, ledger, ledger_folder):
    """A resumed run draws what the unbroken one would have drawn."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    one, two = Scripted(correct(3)), Scripted(correct(3))
    Loop(run, bench, [one], Budget(trials=2)).drive()
    draw = one.briefs[1].rng.random()
    again = Run.read(ledger, run.id, ledger_folder)
    begun = again.archive.turns[2].begun
    assert brief_of(again.archive, bench.task, bench.task.seed, begun).rng.random() == draw
    Loop(again, bench, [two], Budget(trials=3)).drive()
    assert two.briefs[0].rng.random() != draw


def some_of_each() -> list[Candidate]:
    good, more = correct(8)[:4], correct(8)[4:]
    return [*good, WRONG, FAILING, raw("import os\nos._exit(0)"), *more]


def test_two_at_once_give_the_same_verdicts(new_bench, ledger, ledger_folder):
    """Checking side by side changes the time, not the answer."""
    alone, beside = new_bench(metric="check"), new_bench(metric="check", parallel=2)
    found = []
    for bench in (alone, beside):
        run = begin(ledger, ledger_folder, bench)
        assert drive(run, bench, some_of_each()) == "nothing left to try"
        found.append({record.id: record.verdict for record in run.archive.trials})
    assert found[0] == found[1]
    assert len(found[0]) == len(some_of_each())


def test_two_at_once_keep_to_the_trial_budget(new_bench, ledger, ledger_folder):
    """An odd budget is not overrun by the second box."""
    bench = new_bench(metric="check", parallel=2)
    run = begin(ledger, ledger_folder, bench)
    drive(run, bench, ENDLESS, Budget(trials=3))
    assert len(run.archive.trials) == 3


def test_two_at_once_race_one_at_a_time(new_bench, ledger, ledger_folder):
    """A winner is found whatever its neighbour does."""
    bench = new_bench(parallel=2, steady=True)
    run = begin(ledger, ledger_folder, bench)
    drive(run, bench, [EQUAL, FAST])
    assert run.archive.records[FAST.id].verdict == "kept"
    assert run.archive.records[EQUAL.id].verdict != "kept"


def test_a_broken_neighbour_box_costs_no_verdict(new_bench, ledger, ledger_folder):
    """Where a second box breaks, the judge takes its candidate up."""
    bench = new_bench(metric="check", parallel=2)
    second = bench.examiners[1].box
    second.process.kill()
    second.process.wait()
    run = begin(ledger, ledger_folder, bench)
    drive(run, bench, correct(4))
    assert verdicts(run) == ["kept"] * 4


def test_the_ledger_tells_the_whole_story(new_bench, ledger, ledger_folder):
    """What the loop saw live is what anyone folds from the entries afterwards."""
    bench = new_bench(steady=True)
    entries = []
    run = begin(ledger, ledger_folder, bench, entries=entries)
    drive(run, bench, [WRONG, FAST])
    assert entries == [*ledger.entries(run=run.id)]
    assert Archive.of(entries).records == run.archive.records
    ledger.verify()
