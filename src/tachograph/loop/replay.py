"""Replay: a recorded trial once more, on the very same inputs. Is the outcome the same?

The entries of a trial name its draws (draws.py); with the run's secret their inputs are made again,
and compared with the digests that were recorded, before the candidate is called on them. What is
replayed is the check, or the score, of each recorded call; how long a call takes is not. Nothing is
recorded, and no score is told.
Proven by tests/loop/test_replay.py. Not covered: a candidate that is not always right or wrong on
the same input may differ by chance; inputs that are not a function of the generator alone; faults
of candidates that got no score, whose entries name no draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tachograph.errors import UsageError
from tachograph.ledger.kinds import CandidateScored, TrialChecked, TrialTimed
from tachograph.loop.bench import Bench
from tachograph.loop.check import Answer, Examiner
from tachograph.loop.draws import Lot, Secret
from tachograph.loop.run import Run
from tachograph.loop.score.draws import Draws
from tachograph.loop.score.examine import Fault, ScoreExaminer
from tachograph.task import Candidate
from tachograph.task.scorer import Scorer
from tachograph.words import counted

Finding = Literal["same", "another outcome", "other inputs", "no draws"]


@dataclass(frozen=True)
class Replayed:
    """One recorded entry, done again."""

    seq: int
    """Of the entry."""
    stage: str
    """check, screen, confirm or standing; visible, fresh or sealed."""
    draws: int
    """Calls of the candidate."""
    recorded: str
    """passed, scored, or why it was refused."""
    finding: Finding
    """other inputs: the task's check draws others here, from the same seed, so it cannot be told.
    no draws: the entry does not name any."""
    detail: str
    """What differed; untrusted text."""

    @property
    def line(self) -> str:
        """In words."""
        calls = counted(self.draws, "draw")
        what = f"{self.stage:9} entry {self.seq}, {calls}: {self.recorded}, as recorded"
        if self.finding == "same":
            return what
        return f"{self.stage:9} entry {self.seq}, {calls}: {self.finding}: {self.detail}"


def replay(run: Run, bench: Bench, candidate: str) -> Iterator[Replayed]:
    """Do each recorded check of a candidate again, in the order of the ledger.

    Raises NotFoundError, UsageError, DamagedError; BoxError and TaskError from the box and the
    task's check; HeldError where the brake holds: what is done again is work like any other.
    """
    run.check_leave()
    bench.ask_first(run.check_call)
    program, secret = run.candidate(candidate), run.secret
    for entry in run.ledger.entries(run=run.id, kinds=(TrialChecked, TrialTimed, CandidateScored)):
        body = entry.body
        if getattr(body, "candidate", "") != candidate:
            continue
        if isinstance(body, TrialChecked):
            yield check_again(bench, program, secret, body, entry.seq)
        elif isinstance(body, TrialTimed):
            yield race_again(bench.examiner, program, secret, body, entry.seq)
        elif isinstance(body, CandidateScored):
            yield score_again(bench, program, secret, body, entry.seq)


def check_again(bench: Bench, candidate: Candidate, secret: Secret, body: TrialChecked,
                seq: int) -> Replayed:  # fmt: skip
    """One checked call, or a refusal without one."""
    recorded = "passed" if body.passed else body.reason
    if body.reason == "refused":
        found = "refused" if bench.task.refusal(candidate) else "not refused"
        return Replayed(seq, "check", 0, recorded, "same" if found == recorded
                        else "another outcome", found)  # fmt: skip
    if not body.nonce:
        return Replayed(seq, "check", body.draws, recorded, "no draws", NO_DRAWS)
    answer = answered(bench.examiner, candidate, secret.lot(body.nonce, body.index))
    if answer.inputs_sha256 != body.inputs_sha256:
        return Replayed(seq, "check", 1, recorded, "other inputs", OTHER)
    found = "passed" if answer.passed else answer.reason
    same = found == recorded
    return Replayed(seq, "check", 1, recorded, "same" if same else "another outcome",
                    "" if same else f"{found}: {answer.detail}")  # fmt: skip


def race_again(examiner: Examiner, candidate: Candidate, secret: Secret, body: TrialTimed,
               seq: int) -> Replayed:  # fmt: skip
    """All draws of a race, whose calls passed, or it would have ended otherwise."""
    if not body.nonce:
        return Replayed(seq, body.stage, 0, "passed", "no draws", NO_DRAWS)
    inputs = hashlib.sha256()
    refused = ""
    for index in range(body.draws):
        answer = answered(examiner, candidate, secret.lot(body.nonce, index), warm=True)
        inputs.update(bytes.fromhex(answer.inputs_sha256))
        if not answer.passed and not refused:
            refused = f"draw {index}: {answer.reason}: {answer.detail}"
    finding: Finding = "another outcome" if refused else "same"
    if inputs.hexdigest() != body.inputs_sha256:
        finding, refused = "other inputs", OTHER
    return Replayed(seq, body.stage, body.draws, "passed", finding, refused)


def score_again(bench: Bench, candidate: Candidate, secret: Secret, body: CandidateScored,
                seq: int) -> Replayed:  # fmt: skip
    """All scores of one split. They are compared and not told: proposers hear rounded ones only."""
    scorer = bench.examiner.check
    assert isinstance(scorer, Scorer), "scores stand in runs on scored tasks only"
    examiner = ScoreExaminer(bench.task, scorer, bench.examiners, Draws(secret))
    marks = examiner.examine(candidate, body.split, body.draws)
    detail = ""
    if isinstance(marks, Fault):
        detail = f"no score: {marks.answer.reason}"
    elif list(marks.scores) != body.scores:
        pairs = zip(marks.scores, body.scores, strict=True)
        detail = f"{sum(new != old for new, old in pairs)} of {len(body.scores)} scores differ"
    finding: Finding = "another outcome" if detail else "same"
    return Replayed(seq, body.split, len(body.draws), "scored", finding, detail)


def answered(examiner: Examiner, candidate: Candidate, lot: Lot, *, warm: bool = False) -> Answer:
    """One call on one draw."""
    with examiner.draw_lot(lot) as draw:
        return examiner.examine(candidate, draw, warm=warm)


def find_candidate(run: Run, beginning: str) -> str:
    """The id that `beginning` stands for. Raises UsageError where it is none, or several."""
    matches = [name for name in run.archive.records if name.startswith(beginning)]
    if len(matches) == 1:
        return matches[0]
    what = "stands for several candidates" if matches else "is no candidate"
    raise UsageError(f"'{beginning}' {what} of run {run.id}", hint=f"tacho show {run.id}")


NO_DRAWS = "the entry names no draw"
OTHER = "check.py or its libraries draw other inputs from the same seed"
