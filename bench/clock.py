"""How often is the clock wrong on this machine, now? Live races whose right answer is known.

Two programs do the same work on the same fresh input, or one does exactly 1.09 times as much.
Prints how many races of identical code were declared different (should be next to none), how many
with a true 1.09 were found, and what that cost. Through the box at level A, as the loop does it, or
with `--plain` through a bare fork (to see what the box adds).

    python bench/clock.py --quick
    python bench/clock.py                # 200 and 60 races, a few minutes
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bars import Bar
from bars import report as report_bars
from tachograph.errors import BoxError
from tachograph.loop.clock import Comparison, Rules, Timing, race, self_test, stalled_seconds
from tachograph.loop.clock.race import Side
from tachograph.sandbox import Box, Finished, Program

SOURCE = """
def spend(seed):
    state = seed
    for _ in range({loops}):
        state = (state * 69069 + 1) & 0xFFFFFFFF
    return state
"""
LOOPS = 100_000

Run = Callable[[int, int], Timing]
"""Runs the work once: loops, seed."""


@dataclass(frozen=True)
class Experiment:
    """Races with one true ratio."""

    ratio: float
    races: int


FULL = (Experiment(1.0, 200), Experiment(1.09, 60))
QUICK = (Experiment(1.0, 20), Experiment(1.09, 10))


def source(loops: int) -> str:
    """The program's text: the two sides differ in one number."""
    return SOURCE.format(loops=loops)


@contextlib.contextmanager
def boxed() -> Iterator[Run]:
    """Runs in the box, level A."""
    programs: dict[int, Program] = {}
    with Box.open(level="A") as box:

        def run(loops: int, seed: int) -> Timing:
            program = programs.setdefault(
                loops, Program(files={"work.py": source(loops)}, entry="work:spend")
            )
            outcome = box.run(program, {"seed": seed}, warm=True)
            if not isinstance(outcome, Finished):
                raise BoxError(f"the benchmark's own program failed: {outcome.detail}")
            return Timing(outcome.wall_seconds, outcome.cpu_seconds)

        yield run


@contextlib.contextmanager
def plain() -> Iterator[Run]:
    """Runs in a bare fork."""

    def run(loops: int, seed: int) -> Timing:
        namespace: dict[str, Callable[[int], int]] = {}
        go_read, go_write = os.pipe()
        done_read, done_write = os.pipe()
        child = os.fork()
        if child == 0:
            exec(source(loops), namespace)
            os.read(go_read, 1)
            os.write(done_write, str(namespace["spend"](seed)).encode())
            os._exit(0)
        began = time.perf_counter()
        os.write(go_write, b"g")
        os.read(done_read, 64)
        wall_seconds = time.perf_counter() - began
        usage = os.wait4(child, 0)[2]
        for end in (go_read, go_write, done_read, done_write):
            os.close(end)
        return Timing(wall_seconds, usage.ru_utime + usage.ru_stime)

    yield run


def one_race(run: Run, ratio: float, rules: Rules, rng: random.Random) -> Comparison:
    """One race whose candidate is truly `ratio` times as fast."""
    loops: Mapping[Side, int] = {"reference": round(LOOPS * ratio), "candidate": LOOPS}
    seeds = [rng.randrange(2**32) for _ in range(rules.max_pairs)]
    return race(lambda side, pair, repetition: run(loops[side], seeds[pair]), rules, rng)


def report(experiment: Experiment, found: Sequence[Comparison], elapsed_seconds: float) -> str:
    """One line for people, and all that it claims is in it."""
    shares = {
        verdict: sum(result.verdict == verdict for result in found)
        for verdict in ("faster", "slower", "same", "not-resolved")
    }
    missed = sum(not result.low <= experiment.ratio <= result.high for result in found)
    ratios = statistics.quantiles([result.ratio for result in found], n=20)
    return (
        f"true {experiment.ratio:g}: {len(found)} races: "
        + ", ".join(f"{count} {verdict}" for verdict, count in shares.items())
        + f"; interval missed the truth {missed} times"
        + f"; ratio 5 % to 95 %: {ratios[0]:.3f} to {ratios[-1]:.3f}"
        + f"; pair spread {statistics.median(result.spread for result in found):.1%}"
        + f"; mean pairs {statistics.fmean(result.pairs for result in found):.1f}"
        + f"; {elapsed_seconds / len(found):.2f} s a race"
        + f"; contended {sum('contended' in result.flags for result in found)}"
    )


def promised(experiment: Experiment, found: Sequence[Comparison]) -> list[Bar]:
    """Intervals hold the truth, and identical code is not called different."""
    count = len(found)
    missed = sum(not result.low <= experiment.ratio <= result.high for result in found)
    allowed = max(1, round(Rules().alpha * count))
    bars = [Bar(f"intervals that miss a true ratio of {experiment.ratio:g}",
                f"<= {allowed} of {count}", str(missed), missed <= allowed)]  # fmt: skip
    if experiment.ratio == 1.0:
        called = sum(result.verdict in ("faster", "slower") for result in found)
        bars.append(Bar("identical code called faster or slower", "<= 2 %",
                        f"{called} of {count}", called <= 0.02 * count))  # fmt: skip
    if experiment.ratio == 1.09:
        faster = sum(result.verdict == "faster" for result in found)
        bars.append(Bar("a true 1.09 called faster", ">= 95 %",
                        f"{faster} of {count}", faster >= 0.95 * count))  # fmt: skip
    return bars


def machine() -> str:
    """What else ran meanwhile."""
    stalled = stalled_seconds()
    known = "unknown" if stalled is None else f"{stalled:.0f} s since boot"
    return f"load {Path('/proc/loadavg').read_text().split()[0]}, stalled {known}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the experiments and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="few races: a minute")
    parser.add_argument("--plain", action="store_true", help="a bare fork instead of the box")
    parser.add_argument("--witness", choices=("wall", "cpu"), default="wall")
    options = parser.parse_args(arguments)
    rules = Rules(witness=options.witness)
    rng = random.SystemRandom()
    print(f"{'bare fork' if options.plain else 'box level A'}, {options.witness}, {machine()}")
    with plain() if options.plain else boxed() as run:
        test = self_test(lambda side, pair, repetition: run(LOOPS, pair), rules, rng)
        print(
            f"self-test: spread of wall {test.wall_spread:.1%}, of CPU {test.cpu_spread or 0:.1%}; "
            f"use {test.witness}; one run {test.comparison.wall_seconds * 1e3:.1f} ms"
        )
        bars: list[Bar] = []
        for experiment in QUICK if options.quick else FULL:
            began = time.perf_counter()
            found = [one_race(run, experiment.ratio, rules, rng) for _ in range(experiment.races)]
            print(report(experiment, found, time.perf_counter() - began), flush=True)
            bars += promised(experiment, found)
    print(machine())
    return report_bars(bars)


if __name__ == "__main__":
    raise SystemExit(main())
