"""How far apart are the reference solutions of a task? Interleaved pairs, through the box.

Seed and solution take turns, in random order, on the same fresh inputs; every output is checked.
The table gives the geometric mean of the ratios of wall time and their standard deviation (as a
factor), the same mean of CPU time (which a busy machine moves less), the median call, and the
set-up of the first call. `--honesty` gives instead how far honest and
dishonest char-lm trainers lie from the right answer.

    python bench/ladder.py --quick
    python bench/ladder.py char-lm
    python bench/ladder.py --honesty
"""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bars import Bar, report
from tachograph.errors import BoxError
from tachograph.sandbox import Box, Finished, MemoryFile
from tachograph.task import Candidate, Check, Task, load

SOLUTIONS = Path(__file__).parents[1] / "tests" / "task" / "solutions"
BEST_RATIO = 50.0
"""What the best reference solution of char-lm must reach."""


@dataclass(frozen=True)
class Rung:
    """One solution against the seed."""

    name: str
    ratios: np.ndarray
    """Wall time of the seed over that of the solution, one for each pair."""
    cpu_ratios: np.ndarray
    """The same of CPU time, the box's own included."""
    wall_seconds: float
    """Median, of the solution."""
    setup_seconds: float
    """Of the solution's first call, compiling included."""

    def row(self) -> str:
        """One row of the table."""
        logs = np.log(self.ratios)
        spread = float(np.exp(logs.std(ddof=1))) if len(logs) > 1 else float("nan")
        return (
            f"| {self.name} | {np.exp(logs.mean()):.1f} | {spread:.2f} | "
            f"{np.exp(np.log(self.cpu_ratios).mean()):.1f} | "
            f"{self.wall_seconds * 1e3:.2f} ms | {self.setup_seconds:.1f} s |"
        )


def solutions(task: Task) -> Iterator[tuple[str, Candidate]]:
    """Name and files of each reference solution, the seed first; slowest by name first."""
    yield "seed", task.seed
    folder = SOLUTIONS / task.name.replace("-", "_")
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "_")
    for name in sorted(names, key=lambda n: (len(n), n)):
        files = {path: (folder / name / path).read_text() for path in task.seed.files}
        yield name, Candidate(files)


def call(box: Box, task: Task, candidate: Candidate, sealed: MemoryFile) -> Finished:
    """One call in a fresh box."""
    outcome = box.run(task.program(candidate), sealed)
    if not isinstance(outcome, Finished):
        raise SystemExit(f"{outcome.reason}: {outcome.detail}\n{outcome.log}")
    return outcome


def climb(box: Box, task: Task, check: Check, name: str, candidate: Candidate,
          pairs: int) -> Rung:  # fmt: skip
    """Race one solution against the seed."""
    rng = np.random.default_rng()
    walls: dict[str, list[float]] = {"seed": [], "own": []}
    cpus: dict[str, list[float]] = {"seed": [], "own": []}
    setup_seconds = 0.0
    for pair in range(-1, pairs):
        inputs = check.draw(rng)
        expected = check.expected(inputs)
        turns = [("seed", task.seed), ("own", candidate)]
        with MemoryFile.sealed("inputs", inputs) as sealed:
            for who, files in turns if rng.random() < 0.5 else turns[::-1]:
                outcome = call(box, task, files, sealed)
                if reason := check.compare(inputs, outcome.output, expected):
                    raise SystemExit(f"{name}: {who}: {reason}")
                # The first pair warms the box, and shows what compiling costs.
                if pair >= 0:
                    walls[who].append(outcome.wall_seconds)
                    cpus[who].append(outcome.cpu_seconds)
                elif who == "own":
                    setup_seconds = outcome.setup_seconds
    wall, cpu = (np.array(t["seed"]) / np.array(t["own"]) for t in (walls, cpus))
    return Rung(name, wall, cpu, float(np.median(walls["own"])), setup_seconds)


def open_box(task: Task) -> Box:
    """The highest level there is."""
    try:
        return Box.open(level="A", libraries=task.libraries, limits=task.limits)
    except BoxError:
        return Box.open(level="B", libraries=task.libraries, limits=task.limits)


def measure(name: str, pairs: int) -> Rung:
    """Print the table of a task; return its best rung."""
    task = load(name)
    check = Check(task)
    rungs = []
    with open_box(task) as box:
        print(f"{task.name} {task.digest}, box level {box.level}, {pairs} pairs a row")
        print("\n| solution | times as fast | spread | by CPU time | a call | first set-up |")
        print("|---|---|---|---|---|---|", flush=True)
        for rung_name, candidate in solutions(task):
            rungs.append(climb(box, task, check, rung_name, candidate, pairs))
            print(rungs[-1].row(), flush=True)
    return max(rungs, key=lambda rung: float(np.exp(np.log(rung.ratios).mean())))


def distance(inputs: dict[str, Any], output: Any, right: Any) -> tuple[float, float]:
    """Largest relative error of a loss; largest error of a weight array over its update."""
    if not isinstance(output, dict) or np.shape(output["losses"]) != right["losses"].shape:
        return float("nan"), float("nan")
    losses = np.abs(output["losses"] / right["losses"] - 1.0).max()
    weights = max(
        np.linalg.norm(output["weights"][name] - final)
        / np.linalg.norm(final - inputs["weights"][name])
        for name, final in right["weights"].items()
    )
    return float(losses), float(weights)


def trainers(task: Task) -> dict[str, Candidate]:
    """Each reference solution of char-lm, then each dishonest variant of one of them."""
    cheats = runpy.run_path(str(SOLUTIONS / "char_lm" / "dishonest.py"))
    honest = dict(solutions(task))
    source = honest["x25"].files["train.py"]
    variants = {
        v: Candidate({"train.py": cheats["rewrite"](source, v)}) for v in cheats["VARIANTS"]
    }
    return honest | variants


def show_honesty(draws: int) -> None:
    """Print how far each way of training lies from the answer, and whether the check passes it."""
    task = load("char-lm")
    check = Check(task)
    rng = np.random.default_rng()
    inputs = [check.draw(rng) for _ in range(draws)]
    cases = [(one, check.expected(one)) for one in inputs]
    print(f"{draws} draws\n\n| trainer | loss, least to most | weights, least to most | passed |")
    print("|---|---|---|---|")
    with open_box(task) as box:
        for name, candidate in trainers(task).items():
            outputs = [box.run(task.program(candidate), one) for one in inputs]
            plain = [one.output if isinstance(one, Finished) else one for one in outputs]
            print(honesty_row(check, name, plain, cases), flush=True)


def honesty_row(check: Check, name: str, outputs: list[Any], cases: list[tuple[Any, Any]]) -> str:
    """One trainer, over all draws."""
    errors, passed = [], 0
    with np.errstate(all="ignore"):
        for output, (inputs, right) in zip(outputs, cases, strict=True):
            passed += check.compare(inputs, output, right) is None
            try:
                errors.append(distance(inputs, output, right))
            except (TypeError, KeyError, ValueError):
                errors.append((float("nan"), float("nan")))
    low, high = np.min(errors, axis=0), np.max(errors, axis=0)
    spans = [f"{low[i]:.0e} to {high[i]:.0e}".replace("nan to nan", "-") for i in range(2)]
    return f"| {name} | {spans[0]} | {spans[1]} | {passed} of {len(cases)} |"


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", nargs="?", default="char-lm")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="3 pairs a row")
    parser.add_argument("--honesty", action="store_true")
    parser.add_argument("--draws", type=int, default=10)
    options = parser.parse_args()
    if options.honesty:
        show_honesty(options.draws)
        return 0
    best = measure(options.task, 3 if options.quick else options.pairs)
    if options.task != "char-lm":
        return 0
    ratio = float(np.exp(np.log(best.ratios).mean()))
    bar = Bar("char-lm: best reference solution", f">= {BEST_RATIO:g}x", f"{ratio:.1f}x",
              ratio >= BEST_RATIO)  # fmt: skip
    return report([bar])


if __name__ == "__main__":
    sys.exit(main())
