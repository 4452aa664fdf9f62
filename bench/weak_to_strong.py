"""Gap recovered by training methods on the task weak-to-strong, and by the recipes' best.

    python bench/weak_to_strong.py --quick
    python bench/weak_to_strong.py
    python bench/weak_to_strong.py --recipes 40

Each method runs in a box of its own for each draw and is scored by the task's scorer, on the same
draws of the split `fresh`, of a fixed secret. The table gives the mean score with Student's 95 %
interval over draws, and the gap recovered with Fieller's. Two rows more are no candidates: they say
what somebody gains who has the public data set with all labels and tries to turn the view back.
With `--recipes` a run of the closed loop follows, that many trials long, and what `tacho show` says
of it.
"""

from __future__ import annotations

import argparse
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bars import Bar, report
from tachograph.loop.bench import open_bench
from tachograph.loop.draws import Secret
from tachograph.loop.score.compare import gap_recovered
from tachograph.loop.score.draws import Draws, names
from tachograph.loop.score.examine import Fault, Marks, ScoreExaminer
from tachograph.loop.score.interval import Interval, mean_interval
from tachograph.task import Candidate, load
from tachograph.task.scorer import Scorer

SOLUTIONS = Path(__file__).parents[1] / "tests/task/solutions/weak_to_strong"
SECRET = b"weak-to-strong, November 2026"
"""Anyone can make these draws again."""
DRAWS, QUICK_DRAWS = 20, 6
PATH = "student.py"


def measure(draws: int) -> dict[str, Marks]:
    """Every method on the same draws. Raises BoxError."""
    methods = runpy.run_path(str(SOLUTIONS / "methods.py"))
    task = load("weak-to-strong")
    text = task.seed.files[PATH]
    found: dict[str, Marks] = {}
    with open_bench(task) as bench:
        scorer = bench.examiner.check
        assert isinstance(scorer, Scorer)
        examiner = ScoreExaminer(task, scorer, bench.examiners, Draws(Secret(SECRET)))
        for name, patches in methods["METHODS"].items():
            candidate = Candidate({PATH: methods["rewrite"](text, patches)})
            began = time.perf_counter()
            marks = examiner.examine(candidate, "fresh", names("fresh", draws))
            assert not isinstance(marks, Fault), (name, marks)
            found[name] = marks
            print(f"{name}: {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
    return found


def known(draws: int) -> dict[str, list[float]]:
    """Scores of whoever has the data set, on the same draws."""
    functions = runpy.run_path(str(SOLUTIONS / "known.py"))
    task = load("weak-to-strong")
    scorer, source = Scorer(task), Draws(Secret(SECRET))
    data = runpy.run_path(str(task.check))
    found: dict[str, list[float]] = {"by_spread": [], "by_class_means": []}
    for name in names("fresh", draws):
        inputs, answer = scorer.draw_with_answer(source.rng(name), "fresh")
        for way, scores in found.items():
            score = scorer.score(functions[way](data["IMAGES"], data["LABELS"], **inputs), answer)
            assert isinstance(score, float), score
            scores.append(score)
    return found


def row(name: str, scores: Sequence[float], marks: Marks) -> str:
    """One line of the table."""
    gap = gap_recovered(scores, marks.floors, marks.ceilings)
    assert gap is not None
    return f"| {name} | {text_of(mean_interval(scores))} | {text_of(gap, 2)} |"


def text_of(interval: Interval, digits: int = 3) -> str:
    """`0.551 [0.540, 0.562]`"""
    value, low, high = (f"{each:.{digits}f}" for each in interval)
    return f"{value} [{low}, {high}]"


def recipes(trials: int) -> None:
    """A run of the closed loop with the recipes proposer, and what it found."""
    with tempfile.TemporaryDirectory() as folder:
        for verb in (["run", "weak-to-strong", "--trials", str(trials)], ["show"]):
            tacho = "from tachograph.cli import main; main()"
            command = [sys.executable, "-c", tacho, *verb, "--ledger", folder]
            subprocess.run(command, check=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and whether floor, naive and ceiling lie apart."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer draws")
    parser.add_argument("--recipes", type=int, metavar="N", help="run the loop for N trials, too")
    options = parser.parse_args(arguments)
    found = measure(QUICK_DRAWS if options.quick else DRAWS)
    naive = found["naive fine-tuning"]
    print("| method | score | gap recovered |\n|---|---|---|")
    print(row("floor: the weak supervisor", naive.floors, naive))
    for name, marks in found.items():
        print(row(name, marks.scores, marks))
    print(row("ceiling: true labels", naive.ceilings, naive))
    for way, scores in known(len(naive.draws)).items():
        print(row(f"knows the data set, turns back {way.replace('_', ' ')}", scores, naive))
    if options.recipes:
        recipes(options.recipes)
    floor, middle, ceiling = (
        mean_interval(each) for each in (naive.floors, naive.scores, naive.ceilings)
    )
    apart = floor.high < middle.low and middle.high < ceiling.low
    shown = " < ".join(text_of(each) for each in (floor, middle, ceiling))
    return report([Bar("weak-to-strong: floor, naive, ceiling", "intervals apart", shown, apart)])


if __name__ == "__main__":
    sys.exit(main())
