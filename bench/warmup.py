"""Does a candidate gain by warming itself up while it is loaded? Programs that do the seed's very
work, and something useless at import.

    python bench/warmup.py --quick
    python bench/warmup.py                                # some twenty minutes
    python bench/warmup.py --only burns-the-judges-core --trials 400 --rounds 0

First the gain: in each round every form and the seed get the same inputs, one after the other in
random order, once in a cold box and once in a box that is exercised before GO, as the clock does
it. The gain is the seed's seconds over the form's, both at the 5th percentile of all rounds, which
bears a busy machine; the interval is a bootstrap over rounds. Page faults of the work itself, which
no load changes, stand beside it: they are what a warm-up saves. Then whole trials by the real judge
(box level A, check, screen, confirm, ledger), as `bench/exploits.py` tries attacks: how many were
kept, how many screens said faster. The form `nothing` is the control, the seed with a comment.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bars import Bar, report
from exploits import red_team
from tachograph.loop.clock import Rules
from tachograph.loop.draws import Secret
from tachograph.sandbox import Finished, Program
from tachograph.task import Candidate

TASK = "smooth"
CONTROL = "nothing"
FORMS = (
    CONTROL,
    "burns-the-judges-core",
    "burns-the-judges-core-in-python",
    "calls-itself-at-import",
    "takes-memory-at-import",
)
QUANTILE = 0.05
RESAMPLES = 2000
FAULTS_CALLS = 9
COUNTED = """
import resource

counted = work


def work(values, width):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    counted(values, width)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
"""
FAULTS_SAVED = 3
GAIN = 1.01
"""A warm-up that gains less than this is far from the clock's margin of 1.03."""


@dataclass(frozen=True)
class Gain:
    """The seed's seconds over a form's, with the interval."""

    ratio: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.ratio:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class Arm:
    """One form in one kind of box."""

    form: str
    warm: bool


def source(form: str) -> str:
    """The seed, and what the form does at import."""
    if form == CONTROL:
        return str(red_team("catalogue").piece("seed", TASK, {})) + "\n# the same\n"
    attacks = red_team("catalogue").read().attacks
    return str(next(attack.source for attack in attacks if attack.name == form))


@contextmanager
def court() -> Iterator[Any]:
    """The real judge, with a ledger, on the task of these attacks."""
    with (
        tempfile.TemporaryDirectory() as folder,
        red_team("court").convened(TASK, Path(folder), Rules()) as convened,
    ):
        yield convened


# -- the gain --------------------------------------------------------------------------------------


def timed(convened: Any, forms: Sequence[str], rounds: int) -> dict[Arm, np.ndarray]:
    """Wall and CPU seconds of each arm, (rounds, 2). The seed's form is the empty name."""
    examiner, seed = convened.bench.examiner, convened.task.seed
    (path,) = seed.files
    programs = {"": seed} | {form: Candidate({path: source(form)}) for form in forms}
    arms = [Arm(form, warm) for form in programs for warm in (False, True)]
    found: dict[Arm, list[tuple[float, float]]] = {arm: [] for arm in arms}
    series = Secret.fresh().series()
    for _ in range(rounds):
        with examiner.draw(series) as draw:
            for arm in random.sample(arms, len(arms)):
                answer = examiner.examine(programs[arm.form], draw, warm=arm.warm)
                assert answer.passed, answer
                found[arm].append((answer.wall_seconds, answer.cpu_seconds))
    return {arm: np.array(seconds) for arm, seconds in found.items()}


def gain(seed: np.ndarray, form: np.ndarray) -> Gain:
    """Of one form over the seed, from the seconds (rounds,) of both."""
    rounds = len(seed)
    chosen = np.random.default_rng(0).integers(rounds, size=(RESAMPLES, rounds))
    ratios = np.quantile(seed[chosen], QUANTILE, axis=1) / np.quantile(
        form[chosen], QUANTILE, axis=1
    )
    low, high = np.quantile(ratios, [0.025, 0.975])
    ratio = np.quantile(seed, QUANTILE) / np.quantile(form, QUANTILE)
    return Gain(float(ratio), float(low), float(high))


def page_faults(convened: Any, form: str, *, warm: bool) -> float:
    """Median page faults of the work, from its call to its return."""
    examiner = convened.bench.examiner
    program = Program(files={"work.py": source(form) + COUNTED}, entry="work:work")
    found = []
    with examiner.draw(Secret.fresh().series()) as draw:
        for _ in range(FAULTS_CALLS):
            outcome = examiner.box.run(program, draw.sealed, warm=warm)
            assert isinstance(outcome, Finished), outcome
            found.append(outcome.output)
    return float(statistics.median(found))


def gains(forms: Sequence[str], rounds: int) -> list[Bar]:
    """Measure and print the gains; what is promised of them."""
    kinds = (False, True)
    with court() as convened:
        faults = {Arm(f, w): page_faults(convened, f, warm=w)
                  for f in {CONTROL, *forms} for w in kinds}  # fmt: skip
        seconds = timed(convened, forms, rounds)
    bars = []
    print(f"{rounds} rounds, load {os.getloadavg()[0]:.1f}: the seed's seconds over the form's")
    for form in forms:
        for warm in kinds:
            wall, cpu = (
                gain(seconds[Arm("", warm)][:, which], seconds[Arm(form, warm)][:, which])
                for which in (0, 1)
            )
            box = "exercised" if warm else "cold"
            print(f"  {form:34}{box:11}wall {wall}   CPU {cpu}   "
                  f"page faults {faults[Arm(form, warm)]:g}", flush=True)  # fmt: skip
        bars.append(Bar(f"{form}, exercised: a gain beyond {GAIN:g} is shown", "no", f"CPU {cpu}",
                        cpu.low <= GAIN))  # fmt: skip
        saved = faults[Arm(CONTROL, True)] - faults[Arm(form, True)]
        bars.append(Bar(f"{form}, exercised: page faults that it saves", f"<= {FAULTS_SAVED}",
                        f"{saved:g}", saved <= FAULTS_SAVED))  # fmt: skip
    return bars


# -- whole trials ----------------------------------------------------------------------------------


def tried(convened: Any, form: str, trials: int) -> tuple[Counter[str], list[Any]]:
    """Verdicts and screens of whole trials of one form."""
    verdicts: Counter[str] = Counter()
    screens = []
    (path,) = convened.task.seed.files
    for number in range(trials):
        folder = convened.folder / f"{form}-{number}"
        folder.mkdir()
        (folder / path).write_text(source(form))
        hand = red_team("court").Hand(folder, form, "")
        record = convened.record_of(hand, timed=True, witness="wall")
        verdicts[record.verdict] += 1
        screens.append(record.screen)
    return verdicts, screens


def line(form: str, verdicts: Mapping[str, int], screens: Sequence[Any]) -> str:
    """One line for people, and all that it claims is in it."""
    twentieths = statistics.quantiles([screen.ratio for screen in screens], n=20)
    faster = sum(screen.verdict == "faster" for screen in screens)
    call = 1e3 * statistics.median(screen.wall_seconds for screen in screens)
    waited = statistics.median(screen.contention or 0.0 for screen in screens)
    return (
        f"  {form}: {len(screens)} trials, {verdicts['kept']} kept, {faster} screened faster; "
        f"ratio of a screen: median {twentieths[9]:.3f}, 5 % to 95 % {twentieths[0]:.3f} to "
        f"{twentieths[-1]:.3f}; a call {call:.1f} ms; waited {waited:.0%}; {dict(verdicts)}"
    )


def whole_trials(forms: Sequence[str], trials: int) -> list[Bar]:
    """Try the forms and print a line each; what is promised of them."""
    bars = []
    for form in forms:
        began = time.perf_counter()
        with court() as convened:
            verdicts, screens = tried(convened, form, trials)
        each = (time.perf_counter() - began) / trials
        print(f"{line(form, verdicts, screens)}; {each:.2f} s each, load {os.getloadavg()[0]:.1f}",
              flush=True)  # fmt: skip
        kept = verdicts["kept"]
        bars.append(Bar(f"{form} kept", "0", f"{kept} of {trials}", kept == 0))
    return bars


def main(arguments: Sequence[str] | None = None) -> int:
    """Print gains and trials; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="40 rounds, 5 trials")
    parser.add_argument("--rounds", type=int, default=300, help="of the gains; 0: none")
    parser.add_argument("--trials", type=int, default=100, help="of each form; 0: none")
    parser.add_argument("--only", nargs="+", choices=FORMS, default=FORMS, metavar="FORM")
    options = parser.parse_args(arguments)
    rounds, trials = (40, 5) if options.quick else (options.rounds, options.trials)
    bars = gains(options.only, rounds) if rounds else []
    return report(bars + (whole_trials(options.only, trials) if trials else []))


if __name__ == "__main__":
    sys.exit(main())
