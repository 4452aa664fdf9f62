"""The sealed hold-out: opened once, at the end of a run, for its best alone.

**What is chosen is chosen before it is opened.** Opening ends the run for good: no candidate is
judged in it afterwards, by whatever way it comes, and `tacho resume` is refused. To go on with a
second hold-out would not do: it would be of the same items, and whoever proposes has heard of them.
A crash before the entry is recorded loses nothing but the work; nobody has been told anything then.
Proven by tests/loop/score/test_score_holdout.py. Not covered: a person who begins run after run and
keeps the one whose hold-out looks best; `opened_before` counts them, in this ledger.
"""

from __future__ import annotations

from tachograph.errors import BoxError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import Body, HoldoutOpened, RunOpened
from tachograph.loop.bench import Bench
from tachograph.loop.judge import BOX_TRIES
from tachograph.loop.run import Run
from tachograph.loop.score.compare import compare
from tachograph.loop.score.draws import names
from tachograph.loop.score.examine import Fault
from tachograph.loop.score.judge import ScoreJudge, scored
from tachograph.task import Candidate


def open_holdout(run: Run, bench: Bench) -> HoldoutOpened | None:
    """Open it, record what it says, and return that; None where nothing beat the seed.

    Raises UsageError where it is open already, TaskError where the seed fails on it, and BoxError,
    after which it is still sealed; HeldError where the brake holds.
    """
    bench.ask_first(run.check_call)
    with run.clock_alone():
        run.still_sealed()
        best = run.archive.best
        if best is None:
            return None
        bodies = judged(ScoreJudge(run, bench), run.candidate(best.id), run)
        run.record_about(*bodies)
    return run.archive.holdout


def judged(judge: ScoreJudge, best: Candidate, run: Run) -> list[Body]:
    """The best and the seed on the sealed draws: all entries, to be recorded together."""
    sealed = names("sealed", judge.scoring.sealed_draws)
    for tries_left in reversed(range(BOX_TRIES)):
        try:
            marks = judge.examiner.examine(best, "sealed", sealed)
            against = judge.examiner.examine(judge.task.seed, "sealed", sealed)
            break
        except BoxError:
            if not tries_left:
                raise
    if isinstance(against, Fault):
        raise judge.revoked(judge.task.seed, against, run.record_about)
    before, seed, tested = opened_before(run.ledger, run), judge.task.seed, run.archive.scorer
    assert tested is not None, "a candidate was kept, so the scorer was tested"
    if isinstance(marks, Fault):
        return [HoldoutOpened(run.id, best.id, seed.id, "failed", None, None, None, 0,
                              marks.answer.detail, tested.precision, before)]  # fmt: skip
    gain = compare(marks.scores, against.scores, sign=judge.scoring.sign,
                   margin=judge.scoring.margin)  # fmt: skip
    return [
        scored(run.id, seed, "sealed", against),
        scored(run.id, best, "sealed", marks),
        HoldoutOpened(run.id, best.id, seed.id, gain.verdict, *gain.interval, len(sealed), "",
                      tested.precision, before),
    ]  # fmt: skip


def opened_before(ledger: Ledger, run: Run) -> int:
    """Hold-outs that earlier runs of this ledger have opened on the same task."""
    opened = run.archive.opened
    assert opened is not None
    same: set[str] = set()
    count = 0
    for entry in ledger.entries(kinds=(RunOpened, HoldoutOpened)):
        body = entry.body
        if isinstance(body, RunOpened) and body.task_digest == opened.task_digest:
            same.add(body.run)
        elif isinstance(body, HoldoutOpened) and body.run in same:
            count += 1
    return count
