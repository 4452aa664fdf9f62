"""The judge: check, clock, confirm. It says what a candidate is worth, and records nothing itself.

1. check: one call on a fresh input. Most candidates end here.
2. look: a candidate whose checked call took much longer than the reference's is not raced.
3. screen: a race against the best so far, pair by pair, fresh inputs in each pair.
4. confirm: a winner races again on new inputs; only the second race counts, because the first one
   selected it. (One noisy win in twenty would otherwise become a parent for good.)
5. standing: a confirmed winner races against the seed; this is the speed-up that is reported. Where
   it bears the gain over the best out (transitive.py), the winner is kept.
A candidate whose own runs would take longer than a trial may is not raced on (allowance.py). Every
timed call's output is checked. Proven by tests/loop/test_judge.py and tests/exploits.
"""

from __future__ import annotations

import random
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from typing import Literal, NamedTuple, Protocol

from tachograph.errors import BoxError, TaskError
from tachograph.ledger.kinds import (
    Body,
    BoxFailed,
    CandidateDropped,
    CandidateKept,
    ClockTested,
    TrialChecked,
    TrialTimed,
)
from tachograph.loop.allowance import Allowance, TooCostly
from tachograph.loop.check import Answer, Draw, Examiner
from tachograph.loop.clock import Comparison, Rules, SelfTest, Timing, race, self_test
from tachograph.loop.clock.pairs import FLAG_HANDOVER
from tachograph.loop.clock.race import Side
from tachograph.loop.draws import Secret, Series
from tachograph.loop.handover import handover_seconds, margin
from tachograph.loop.transitive import agree
from tachograph.task import Candidate, Task

Stage = Literal["screen", "confirm", "standing"]


class Recorder(Protocol):
    """Records bodies next to each other; they are durable when it returns."""

    def __call__(self, *bodies: Body) -> None: ...


UNPROMISING = 1.5
"""A candidate whose checked call took this many times the reference's is not raced."""
COLD_SECONDS = 0.002
"""A checked call may take so much longer besides: its box is cold, and a timed call's is not."""
LEAST_TRIAL_SECONDS = 60.0
"""At the end of a run's time, too, a trial that has begun may take so much."""
BOX_TRIES = 3
REPORTED_PRECISION = 1.1
REPORTED_PAIRS = 12
SELF_TEST_PAIRS = (5, 12)
SELF_TEST_SECONDS = 4.0


class WrongAnswer(Exception):  # noqa: N818 - an answer, not a fault of the program
    """A timed call came back wrong or not at all."""

    def __init__(self, candidate: Candidate, answer: Answer) -> None:
        super().__init__(answer.reason)
        self.candidate = candidate
        self.answer = answer


class ReferenceRevoked(Exception):  # noqa: N818 - an answer, not a fault of the program
    """The reference was kept earlier and has now failed a draw; it is dropped. Try again."""


class Tested(NamedTuple):
    """What is known of the clock, once it was tested."""

    clock: SelfTest
    handover: float | None
    """Seconds of a call that a candidate could make shorter without its function; None: no call
    that only hands over fits the task."""


class Judge:
    """Judges candidates of one run. One thread; it owns the box and the clock while it works."""

    def __init__(self, run: str, task: Task, examiner: Examiner, rules: Rules,
                 secret: Secret) -> None:  # fmt: skip
        self.run = run
        self.secret = secret
        self.task = task
        self.examiner = examiner
        self.rules = rules
        self.longest_seconds = rules.budget_seconds
        self.longest_trial_seconds = rules.trial_seconds
        self.allowance = Allowance(rules.trial_seconds)
        """Of the trial that is going on."""
        self.rng = random.SystemRandom()
        self.stage: Literal["check", "clock", "confirm"] = "check"
        self.tested: Tested | None = None
        self.usual_seconds: dict[str, float] = {}
        """Candidate id to the median wall seconds of a call, where it was timed."""
        self.figures: dict[str, TrialTimed] = {}
        """Id of a kept candidate to its latest race against the seed."""

    # -- one trial -------------------------------------------------------------------------------

    def try_candidate(self, candidate: Candidate, best: Candidate, say: Recorder,
                      answer: Answer | None = None) -> None:  # fmt: skip
        """A whole trial of `candidate` against `best`; every body to record goes through `say`.

        The last one is CandidateKept or CandidateDropped, always. `answer`: of a check that has
        been made already. Raises TaskError where the task itself is at fault, ReferenceRevoked
        where `best` turned out wrong.
        """
        self.allowance = Allowance(self.rules.trial_seconds)
        for _ in range(BOX_TRIES):
            try:
                self.stage = "check"
                say(*self.verdict(candidate, best, say, answer))
            except BoxError as error:
                say(BoxFailed(self.run, candidate.id, self.stage, str(error)))
            else:
                return
        say(self.dropped(candidate, "box-failed"))

    def verdict(self, candidate: Candidate, best: Candidate, say: Recorder,
                answer: Answer | None) -> tuple[Body, ...]:  # fmt: skip
        """Check, then clock; the trial's last bodies. Raises BoxError.

        Where the check ends the trial, its body comes with the last one: one wait for the disk.
        """
        refusal = self.task.refusal(candidate)
        if refusal:
            answer = Answer(False, "refused", refusal)
            return self.checked(candidate, answer), self.dropped(candidate, "refused")
        if answer is None:
            with (
                self.examiner.loading(candidate),
                self.examiner.draw(self.secret.series()) as draw,
            ):
                answer = self.examiner.examine(candidate, draw)
        checked = self.checked(candidate, answer)
        if not answer.passed:
            return checked, self.dropped(candidate, answer.reason)
        if self.task.metric == "check":
            return checked, CandidateKept(self.run, candidate.id, None, None, None)
        say(checked)
        self.stage = "clock"
        try:
            if self.tested is None:
                say(self.test_clock())
            usual = self.usual_seconds.get(best.id)
            if usual and least_seconds(answer) > UNPROMISING * usual + COLD_SECONDS:
                return (self.dropped(candidate, "unpromising"),)
            return (self.clocked(candidate, best, say),)
        except WrongAnswer as wrong:
            return self.went_wrong(candidate, wrong, say)
        except TooCostly:
            return (self.dropped(candidate, "too-costly"),)

    def clocked(self, candidate: Candidate, best: Candidate, say: Recorder) -> Body:
        """Screen, confirm, standing. Raises WrongAnswer, TooCostly and BoxError."""
        screen = self.raced(candidate, best, "screen", say)
        if screen.verdict != "faster":
            return self.dropped(candidate, screen.verdict)
        self.stage = "confirm"
        confirmed = self.raced(candidate, best, "confirm", say)
        if confirmed.verdict != "faster":
            return self.dropped(candidate, "faster-unconfirmed")
        against_seed = confirmed
        if best.id != self.task.seed.id:
            against_seed = self.raced(candidate, self.task.seed, "standing", say)
            if against_seed.verdict == "slower":
                # the best has become slow since it was kept: to beat it is no gain
                return self.dropped(candidate, "slower")
            if not self.borne_out(confirmed, against_seed, best, say):
                return self.dropped(candidate, "faster-unconfirmed")
        self.figures[candidate.id] = against_seed
        return CandidateKept(
            self.run, candidate.id, against_seed.ratio, against_seed.low, against_seed.high
        )

    def borne_out(self, gain: TrialTimed, now: TrialTimed, best: Candidate, say: Recorder) -> bool:
        """Whether a gain over the best shows against the seed. Raises WrongAnswer and BoxError.

        Where it does not, or the best's figure is not remembered, the best races the seed anew: the
        machine may have changed since.
        """
        before = self.figures.get(best.id)
        if before and agree(gain, now, before):
            return True
        anew = self.raced(best, self.task.seed, "standing", say, paid=False)
        self.figures[best.id] = anew
        return agree(gain, now, anew)

    def went_wrong(self, candidate: Candidate, wrong: WrongAnswer,
                   say: Recorder) -> tuple[Body, ...]:  # fmt: skip
        """A timed call failed the check. Raises ReferenceRevoked where it was the reference's."""
        if wrong.candidate.id == candidate.id:
            checked = self.checked(candidate, wrong.answer)
            return checked, self.dropped(candidate, wrong.answer.reason)
        if wrong.candidate.id == self.task.seed.id:
            raise TaskError(
                f"{self.task.name}: the seed itself does not pass: {wrong.answer.detail}",
                hint=f"tacho task check {self.task.folder}",
            )
        say(self.checked(wrong.candidate, wrong.answer),
            self.dropped(wrong.candidate, "revoked"))  # fmt: skip
        raise ReferenceRevoked(wrong.candidate.id)

    # -- the clock -------------------------------------------------------------------------------

    def raced(self, candidate: Candidate, against: Candidate, stage: Stage,
              say: Recorder, *, paid: bool = True) -> TrialTimed:  # fmt: skip
        """One race on fresh inputs. Raises WrongAnswer, TooCostly and BoxError.

        `paid`: its runs count towards what the trial may cost.
        """
        rules = self.rules
        if stage != "screen" and against.id == self.task.seed.id:
            # this is the figure that is reported, so it goes on until it is worth reporting
            rules = replace(rules, precision=REPORTED_PRECISION, max_pairs=REPORTED_PAIRS)
        usual = self.usual_seconds.get(against.id)
        handover = self.tested.handover if self.tested else None
        rules = replace(rules, margin=margin(usual, handover, rules.margin))
        series = self.secret.series()
        least_runs = rules.min_pairs * races_from(stage, against.id == self.task.seed.id)
        allowance = self.allowance if paid else None
        with Measurement(self.examiner, against, candidate, series, allowance,
                         least_runs) as measure:  # fmt: skip
            result = race(measure, rules, self.rng)
        if rules.margin > self.rules.margin:
            result = replace(result, flags=(*result.flags, FLAG_HANDOVER))
        self.usual_seconds[candidate.id] = result.wall_seconds
        self.usual_seconds[against.id] = result.reference_seconds
        body = timed(self.run, candidate.id, against.id, stage, result, series, rules.margin)
        say(body)
        return body

    def test_clock(self) -> ClockTested:
        """The seed against itself; from now on the rules go by the witness it found better.

        Raises WrongAnswer where the seed fails its own check, and BoxError.
        """
        seed = self.task.seed
        series = self.secret.series()
        with Measurement(self.examiner, seed, seed, series) as measure:
            once = measure("reference", -1, 0)
            low, high = SELF_TEST_PAIRS
            run_seconds = max(once.wall_seconds + once.setup_seconds, 1e-6)
            pairs = min(high, max(low, round(SELF_TEST_SECONDS / 2 / run_seconds)))
            clock = self_test(measure, self.rules, self.rng, pairs=pairs)
        self.tested = Tested(clock, handover_seconds(self.examiner, series))
        self.rules = replace(self.rules, witness=clock.witness)
        compared = clock.comparison
        self.usual_seconds[seed.id] = compared.reference_seconds
        return ClockTested(self.run, compared.pairs, compared.ratio, compared.low, compared.high,
                           compared.spread, clock.witness, compared.contention,
                           series.nonce, series.count, self.tested.handover)  # fmt: skip

    # -- what the loop asks ----------------------------------------------------------------------

    def allow(self, wall_seconds: float) -> None:
        """A race begins no further pair after this much time, and a trial ends soon after it."""
        allowed = min(self.longest_seconds, max(wall_seconds, 1.0))
        trial = min(self.longest_trial_seconds, max(wall_seconds, LEAST_TRIAL_SECONDS))
        self.rules = replace(self.rules, budget_seconds=allowed, trial_seconds=trial)

    def exhausted(self) -> str:
        """Nothing but the run's own budgets ends timed trials."""
        return ""

    # -- bodies ----------------------------------------------------------------------------------

    def checked(self, candidate: Candidate, answer: Answer) -> TrialChecked:
        """The body for one examined call, or for a refusal without one."""
        lot = answer.lot
        return TrialChecked(
            self.run, candidate.id, answer.passed, answer.reason, answer.detail,
            int(lot is not None), answer.wall_seconds, answer.cpu_seconds, answer.setup_seconds,
            lot.nonce if lot else "", lot.index if lot else 0, answer.inputs_sha256,
        )  # fmt: skip

    def dropped(self, candidate: Candidate, reason: str) -> CandidateDropped:
        """The body for a trial that ended without a gain."""
        return CandidateDropped(self.run, candidate.id, reason)


class Measurement:
    """One race's runs: a fresh draw for each pair, both sides on the same one, all outputs checked.

    A side that runs several times in a pair gets a draw of its own for each further run: what no
    box can have seen, none can remember.

    The candidate's runs are paid from `allowance`; of this race and those that must follow it they
    are at least `least_runs`. Use it in a `with`: leaving gives the last draw's memory back.
    """

    def __init__(self, examiner: Examiner, reference: Candidate, candidate: Candidate,
                 series: Series, allowance: Allowance | None = None,
                 least_runs: int = 0) -> None:  # fmt: skip
        self.examiner = examiner
        self.series = series
        self.allowance = allowance
        self.runs_to_come = least_runs
        self.sides = {"reference": reference, "candidate": candidate}
        self.pair = -1
        self.draws = ExitStack()
        self.draw: Draw | None = None

    def __call__(self, side: Side, pair: int, repetition: int) -> Timing:
        """One run. Raises WrongAnswer, TooCostly and BoxError, which end the race."""
        if pair != self.pair or self.draw is None:
            self.draws.close()
            self.draw = self.draws.enter_context(self.examiner.draw(self.series))
            self.pair = pair
        fresh = self.examiner.draw(self.series) if repetition else nullcontext(self.draw)
        with fresh as draw, self.paid(side):
            answer = self.examiner.examine(self.sides[side], draw, warm=True)
            self.examiner.box.settle()  # who is slow to end pays for it
            if not answer.passed:
                raise WrongAnswer(self.sides[side], answer)
        assert answer.wall_seconds is not None
        return Timing(answer.wall_seconds, answer.cpu_seconds, answer.setup_seconds or 0.0)

    def paid(self, side: Side) -> AbstractContextManager[None]:
        """One run of this side; the candidate's is paid for."""
        if side == "reference" or self.allowance is None:
            return nullcontext()
        self.runs_to_come = max(self.runs_to_come - 1, 0)
        return self.allowance.spending(self.runs_to_come)

    def __enter__(self) -> Measurement:
        return self

    def __exit__(self, *_: object) -> None:
        self.draws.close()


def races_from(stage: Stage, against_seed: bool) -> int:
    """This race and those that a winner must still run."""
    return {"screen": 2 if against_seed else 3, "confirm": 1 if against_seed else 2}.get(stage, 1)


def least_seconds(answer: Answer) -> float:
    """The lesser of the two times of a checked call, so that one wait for a busy core condemns no
    fast candidate.
    """
    return min(answer.wall_seconds or 0.0, answer.cpu_seconds or 0.0)


def timed(run: str, candidate: str, against: str, stage: Stage, result: Comparison,
          series: Series, margin: float) -> TrialTimed:  # fmt: skip
    """The body for one race."""
    return TrialTimed(
        run=run, candidate=candidate, against=against, stage=stage, verdict=result.verdict,
        ratio=result.ratio, low=result.low, high=result.high, pairs=result.pairs,
        cpu_ratio=result.cpu_ratio, contention=result.contention,
        wall_seconds=result.wall_seconds, flags=list(result.flags),
        nonce=series.nonce, draws=series.count, inputs_sha256=series.inputs_sha256,
        margin=margin,
    )  # fmt: skip
