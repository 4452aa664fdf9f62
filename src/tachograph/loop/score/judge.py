"""The judge of scored tasks: look, confirm on fresh draws. It records nothing itself.

1. The budget of queries must hold a whole trial, or none begins.
2. look: scores on the visible draws, paired with the best's on the same ones.
3. confirm: a winner and the best are scored on fresh draws, of items that no score was ever told
   of; only these count, because the first look selected the winner.
What a candidate says when it fails on fresh draws is withheld, so that nothing of them gets out.
Proven by tests/loop/score/test_score_judge.py and tests/exploits. Not covered: the hold-out, which
no candidate is chosen by (holdout.py).
"""

from __future__ import annotations

from typing import Literal

from tachograph.errors import BoxError, TaskError
from tachograph.ledger.kinds import (
    Body,
    BoxFailed,
    CandidateDropped,
    CandidateKept,
    CandidateScored,
    QueriesRefused,
    ScorerTested,
    TrialChecked,
    TrialScored,
)
from tachograph.loop.bench import Bench
from tachograph.loop.check import Answer
from tachograph.loop.judge import BOX_TRIES, Recorder, ReferenceRevoked
from tachograph.loop.run import Run
from tachograph.loop.score.compare import Gain, compare, precision_of, rounded
from tachograph.loop.score.draws import Draws, names
from tachograph.loop.score.examine import Fault, Marks, ScoreExaminer
from tachograph.task import Candidate
from tachograph.task.scorer import Scorer
from tachograph.task.scoring import Split

WITHHELD = "on fresh draws; what it said is withheld, so that nothing of them is told"


class ScoreJudge:
    """Judges candidates of one run of a scored task. What was scored before stands in the run."""

    def __init__(self, run: Run, bench: Bench) -> None:
        scorer = bench.examiner.check
        assert isinstance(scorer, Scorer) and bench.task.scoring is not None
        self.run = run
        self.task = bench.task
        self.scoring = bench.task.scoring
        self.examiner = ScoreExaminer(bench.task, scorer, bench.examiners, Draws(run.secret))
        self.stage: Literal["check", "confirm"] = "check"

    # -- one trial -------------------------------------------------------------------------------

    def try_candidate(self, candidate: Candidate, best: Candidate, say: Recorder,
                      answer: Answer | None = None) -> None:  # fmt: skip
        """A whole trial; the last body is CandidateKept or CandidateDropped, always.

        Raises TaskError where the task itself is at fault, ReferenceRevoked where `best` fails now,
        and UsageError once the hold-out is open: whatever is chosen after that is chosen by it.
        """
        self.run.still_sealed()
        for _ in range(BOX_TRIES):
            try:
                self.stage = "check"
                say(*self.verdict(candidate, best, say))
            except BoxError as error:
                say(BoxFailed(self.run.id, candidate.id, self.stage, str(error)))
            else:
                return
        say(self.dropped(candidate, "box-failed"))

    def verdict(self, candidate: Candidate, best: Candidate, say: Recorder) -> tuple[Body, ...]:
        """The trial's last bodies. Raises BoxError."""
        if refusal := self.task.refusal(candidate):
            refused = Fault(Answer(False, "refused", refusal), 0)
            return self.checked(candidate, refused), self.dropped(candidate, "refused")
        if self.run.archive.scorer is None:
            self.test_scorer(say)
        spent, asked = self.run.archive.queries, self.scoring.trial_queries
        if spent + asked > self.scoring.query_budget:
            refusing = QueriesRefused(self.run.id, candidate.id, asked, spent,
                                      self.scoring.query_budget)  # fmt: skip
            return refusing, self.dropped(candidate, "no-queries")
        against = self.scored_on(best) or self.looked_at_best(best, say)
        marks = self.examiner.examine(candidate, "visible", against.draws)
        if isinstance(marks, Fault):
            return self.checked(candidate, marks), self.dropped(candidate, marks.answer.reason)
        gain = self.compared(marks, against.scores)
        say(self.scored(candidate, "visible", marks),
            self.trial(candidate, best, "screen", gain, marks))  # fmt: skip
        if gain.verdict != "better":
            return (self.dropped(candidate, gain.verdict),)
        return self.confirmed(candidate, best, say)

    def confirmed(self, candidate: Candidate, best: Candidate, say: Recorder) -> tuple[Body, ...]:
        """Both on fresh draws, which no candidate has seen before: not even one that failed on its
        own, for whether it did is told.
        """
        self.stage = "confirm"
        before = self.scoring.draws * (self.run.archive.looks_won - 1)
        fresh = names("fresh", self.scoring.draws, first=before + 1)
        marks = self.examiner.examine(candidate, "fresh", fresh)
        if isinstance(marks, Fault):
            told = Answer(False, marks.answer.reason, f"{marks.answer.reason} {WITHHELD}")
            fault = Fault(told, marks.looked_at)
            return self.checked(candidate, fault), self.dropped(candidate, told.reason)
        against = self.examiner.examine(best, "fresh", fresh)
        if isinstance(against, Fault):
            raise self.revoked(best, against, say)
        gain = self.compared(marks, against.scores)
        kept = CandidateKept(self.run.id, candidate.id, None, None, None)
        return (
            self.scored(best, "fresh", against), self.scored(candidate, "fresh", marks),
            self.trial(candidate, best, "confirm", gain, marks),
            kept if gain.verdict == "better" else self.dropped(candidate, "better-unconfirmed"),
        )  # fmt: skip

    # -- what was scored before ------------------------------------------------------------------

    def test_scorer(self, say: Recorder) -> None:
        """Score the seed, and from the spread of its scores fix what is told of them."""
        scoring = self.scoring
        body = self.look_at(self.task.seed, say)
        say(body, ScorerTested(
            run=self.run.id, direction=scoring.direction, draws=scoring.draws,
            margin=scoring.margin, human=scoring.human, query_budget=scoring.query_budget,
            precision=scoring.precision or precision_of(body.scores, scoring.margin),
        ))  # fmt: skip

    def looked_at_best(self, best: Candidate, say: Recorder) -> CandidateScored:
        """Score whom candidates are compared with on the visible draws, for once."""
        body = self.look_at(best, say)
        say(body)
        return body

    def look_at(self, best: Candidate, say: Recorder) -> CandidateScored:
        """The body for whom candidates are compared with. Raises as `revoked` says."""
        marks = self.examiner.examine(best, "visible", names("visible", self.scoring.draws))
        if isinstance(marks, Fault):
            raise self.revoked(best, marks, say)
        return self.scored(best, "visible", marks)

    def scored_on(self, candidate: Candidate) -> CandidateScored | None:
        """Its scores on the visible draws, where it has any; bounds of these draws are learnt."""
        record = self.run.archive.records.get(candidate.id)
        found = record.marks("visible") if record else None
        if found:
            bounds = zip(found.draws, found.floors, found.ceilings, strict=False)
            self.examiner.bounds |= {name: (low, high) for name, low, high in bounds}
        return found

    def revoked(self, best: Candidate, fault: Fault, say: Recorder) -> Exception:
        """What to raise where whom candidates are compared with fails itself."""
        if best.id == self.task.seed.id:
            return TaskError(
                f"{self.task.name}: the seed itself does not pass: {fault.answer.detail}",
                hint=f"tacho task check {self.task.folder}",
            )
        say(self.checked(best, fault), self.dropped(best, "revoked"))
        return ReferenceRevoked(best.id)

    def compared(self, marks: Marks, against: list[float] | tuple[float, ...]) -> Gain:
        """The gain over `against`, by the task's rules."""
        return compare(marks.scores, against, sign=self.scoring.sign, margin=self.scoring.margin)

    # -- what the loop asks ----------------------------------------------------------------------

    def allow(self, wall_seconds: float) -> None:
        """A scored trial cannot be cut short: half of it says nothing."""

    def exhausted(self) -> str:
        """`queries` where no further trial fits into the budget of queries; else empty."""
        asked = self.run.archive.queries + self.scoring.trial_queries
        return "queries" if asked > self.scoring.query_budget else ""

    # -- bodies ----------------------------------------------------------------------------------

    def scored(self, candidate: Candidate, split: Split, marks: Marks) -> CandidateScored:
        """The body for scores."""
        return scored(self.run.id, candidate, split, marks)

    def trial(self, candidate: Candidate, best: Candidate, stage: Literal["screen", "confirm"],
              gain: Gain, marks: Marks) -> TrialScored:  # fmt: skip
        """The body for a comparison."""
        tested = self.run.archive.scorer
        assert tested is not None
        mean = sum(marks.scores) / len(marks.scores)
        return TrialScored(
            run=self.run.id, candidate=candidate.id, against=best.id, stage=stage,
            verdict=gain.verdict, gain=gain.interval.value, low=gain.interval.low,
            high=gain.interval.high, draws=len(marks.draws),
            told=rounded(mean, tested.precision), precision=tested.precision,
        )  # fmt: skip

    def checked(self, candidate: Candidate, fault: Fault) -> TrialChecked:
        """The body for a candidate without a score."""
        answer = fault.answer
        return TrialChecked(self.run.id, candidate.id, False, answer.reason, answer.detail,
                            fault.looked_at, None, None, None)  # fmt: skip

    def dropped(self, candidate: Candidate, reason: str) -> CandidateDropped:
        """The body for a trial that ended without a gain."""
        return CandidateDropped(self.run.id, candidate.id, reason)


def scored(run: str, candidate: Candidate, split: Split, marks: Marks) -> CandidateScored:
    """The body for scores."""
    return CandidateScored(run, candidate.id, split, list(marks.draws), list(marks.scores),
                           list(marks.floors), list(marks.ceilings),
                           marks.wall_seconds)  # fmt: skip
