"""What a team is worth and what it costs: four seats against one, the price of a seat's turn, and
whether busy seats disturb the clock.

    python bench/team.py                  # all three, some minutes
    python bench/team.py --quick
    python bench/team.py --only compare   # compare, overhead or clock

`compare`: scripted searchers (searchers.py) in four seats and in one, the same number of trials and
the same recorded seed; then both runs are derived again from the ledger.
`overhead`: eight seats at once with a proposer that answers at once; a turn's price is the time
from the moment a seat asks for it until its candidate is in the ledger.
`clock`: races of identical code, with eight seats that never stop computing and with none, in turn.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import searchers
import toy
from bars import Bar, report
from clock import LOOPS, source
from tachograph.errors import BoxError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import CandidateDropped, CandidateKept
from tachograph.loop.bench import open_bench
from tachograph.loop.board import findings_of
from tachograph.loop.budget import Budget
from tachograph.loop.clock import Comparison, Rules, Timing, race
from tachograph.loop.clock.race import Side
from tachograph.loop.desk import Given
from tachograph.loop.office import Office
from tachograph.loop.rederive import rederive
from tachograph.loop.run import Run
from tachograph.loop.tally import tallies
from tachograph.loop.team import Team
from tachograph.loop.turn import Loop
from tachograph.loop.workshop import leave_the_clock_alone
from tachograph.sandbox import Box, Finished, Level, Program
from tachograph.sandbox.box import usable_cores
from tachograph.task import Candidate

SEATS = 8
MOST_MS = 20.0
RANDOM_SEED = 20_260_301
PARTS = ("compare", "overhead", "clock")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found and the bars; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer trials and races")
    parser.add_argument("--only", choices=PARTS, help="one part")
    options = parser.parse_args(arguments)
    parts = {"compare": compare, "overhead": overhead, "clock": clock}
    bars: list[Bar] = []
    for name, part in parts.items():
        if options.only in (None, name):
            bars += part(options.quick)
    return report(bars)


# -- four against one ------------------------------------------------------------------------------


def compare(quick: bool) -> list[Bar]:
    """The same trials in four seats and in one."""
    trials, nap_seconds = (16, 0.1) if quick else (40, 0.5)
    print(f"{'':14} {'trials':>6} {'kept':>5} {'score':>6} {'turns':>6} {'duplicate':>9} "
          f"{'findings':>8} {'seconds':>8}  derived again")  # fmt: skip
    bars: list[Bar] = []
    seconds: list[float] = []
    for seats in (1, 4):
        bars += compared(seats, trials, nap_seconds, seconds)
    print(f"four seats took {seconds[1] / seconds[0]:.2f} of the time of one")
    return bars


def compared(seats: int, trials: int, nap_seconds: float, seconds: list[float]) -> list[Bar]:
    """One of the two runs."""
    pair = [searchers.Searcher("one", nap_seconds), searchers.Searcher("two", nap_seconds)]
    team = Team(seats=seats)
    with tempfile.TemporaryDirectory(prefix="tacho-team-") as temporary:
        folder = Path(temporary)
        task = searchers.write_task(folder / "task")
        with Ledger.open(folder / "ledger", create=True) as ledger, open_bench(task) as bench:
            budget = Budget(trials=trials)
            run = Run.open(ledger, folder / "ledger", task, budget, bench.rules,
                           box=bench.description, proposers=[each.name for each in pair],
                           team=team.plain(), random_seed=RANDOM_SEED)  # fmt: skip
            began = time.monotonic()
            Loop(run, bench, pair, budget, team=team).drive()
            seconds.append(time.monotonic() - began)
            dead = dead_ends_tried_again(run)
            derived = rederive(ledger.entries(run=run.id))
            verdicts = Counter(
                entry.body.candidate
                for entry in ledger.entries(run=run.id, kinds=(CandidateKept, CandidateDropped))
                if isinstance(entry.body, CandidateKept | CandidateDropped)
            )
    archive = run.archive
    best = archive.best.marks("fresh") if archive.best else None
    duplicates = [turn.ended for turn in archive.turns.values()
                  if turn.ended and turn.ended.outcome == "duplicate"]  # fmt: skip
    untold = sum("its verdict stands" not in ended.detail for ended in duplicates)
    kept = sum(tally.kept for tally in tallies(archive))
    print(f"{seats} seat{'s' * (seats > 1):8} {len(archive.trials):8} {kept:5} "
          f"{statistics.fmean(best.scores) if best else 0.4:6.2f} {len(archive.turns):6} "
          f"{len(duplicates):9} {len(archive.findings):8} {seconds[-1]:8.1f}  "
          f"{derived.turns} choices, {derived.verdicts} verdicts: "
          f"{'agree' if derived.agrees else derived.faults}")  # fmt: skip
    twice = sum(count > 1 for count in verdicts.values())
    named = f"{seats} seats" if seats > 1 else "1 seat"
    return [
        Bar(f"{named}: candidates tried twice", "0", str(twice), twice == 0),
        Bar(f"{named}: dead ends of the board tried again", "0", str(dead), dead == 0),
        Bar(f"{named}: duplicates not told their standing verdict", "0",
            f"{untold} of {len(duplicates)}", untold == 0),
        Bar(f"{named}: choices and verdicts that do not follow", "0",
            f"{len(derived.faults)} of {derived.turns + derived.verdicts}", derived.agrees),
    ]  # fmt: skip


def dead_ends_tried_again(run: Run) -> int:
    """Turns that tried what stood on the board as a dead end when they were given."""
    count = 0
    for turn in run.archive.turns.values():
        known = searchers.dead_ends(findings_of(run.archive_at(turn.begun.seen)))
        parent = set(searchers.ideas_of(run.candidate(turn.begun.parent)))
        tried = {idea for candidate in turn.candidates
                 for idea in searchers.ideas_of(run.candidate(candidate))}  # fmt: skip
        count += bool((tried - parent) & known)
    return count


# -- the price of a turn ---------------------------------------------------------------------------


def watch(office: Office, prices_ms: list[float]) -> None:
    """Note what each turn of this office costs: from its asking to its end in the ledger."""
    give, think = office.give, office.think
    asked_at: dict[Given, float] = {}

    def watched_give(seat: int) -> Given | None:
        began = time.perf_counter()
        given = give(seat)
        if given:
            asked_at[given] = began
        return given

    def watched_think(given: Given) -> str | None:
        candidate = think(given)
        prices_ms.append(1e3 * (time.perf_counter() - asked_at.pop(given)))
        return candidate

    office.give = watched_give  # type: ignore[method-assign]
    office.think = watched_think  # type: ignore[method-assign]


def overhead(quick: bool) -> list[Bar]:
    """Eight seats at once, each proposal at once."""
    trials = 80 if quick else 400
    print(f"\n{'':34} {'median':>8} {'90 %':>8} {'a trial':>8} {'CPU s':>7} {'peak MiB':>8}")
    bars = []
    levels: tuple[Level, ...] = ("A", "D")
    for level in levels:
        prices, trial_ms, cpu, peak = priced(level, trials)
        median, late = statistics.median(prices), statistics.quantiles(prices, n=10)[-1]
        print(f"{SEATS} seats, level {level}, {len(prices)} turns {median:14.1f}ms {late:6.1f}ms "
              f"{trial_ms:6.1f}ms {cpu:7.4f} {peak:8.0f}")  # fmt: skip
        bars.append(Bar(f"a proposal in one of {SEATS} seats at level {level}, median",
                        f"<= {MOST_MS:g} ms", f"{median:.1f} ms", median <= MOST_MS))  # fmt: skip
    return bars


def priced(level: Level, trials: int) -> tuple[list[float], float, float, float]:
    """Prices of turns in ms, ms and CPU seconds of a trial with its turn, peak MiB."""
    with tempfile.TemporaryDirectory(prefix="tacho-team-") as temporary:
        folder = Path(temporary)
        task, turns, team = toy.write_task(folder / "task"), toy.Turns(), Team(seats=SEATS)
        with (
            Ledger.open(folder / "ledger", create=True) as ledger,
            open_bench(task, level=level) as bench,
        ):
            budget = Budget(trials=trials)
            run = Run.open(ledger, folder / "ledger", task, budget, bench.rules,
                           box=bench.description, proposers=[turns.name],
                           team=team.plain())  # fmt: skip
            loop = Loop(run, bench, [turns], budget, team=team)
            prices_ms: list[float] = []
            watch(loop.office, prices_ms)
            before, began = cpu_seconds(), time.monotonic()
            loop.drive()
            elapsed = time.monotonic() - began
    cpu = cpu_seconds() - before
    peak = sum(resource.getrusage(who).ru_maxrss / 1024
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))  # fmt: skip
    return prices_ms, 1e3 * elapsed / trials, cpu / trials, peak


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


# -- the clock beside busy seats -------------------------------------------------------------------


@contextlib.contextmanager
def busy_seats(count: int, cores: set[int]) -> Iterator[None]:
    """Threads that compute in Python without a pause, where seats would sit."""
    done = threading.Event()
    thoughts: Counter[int] = Counter()

    def think() -> None:
        leave_the_clock_alone(cores)
        while not done.is_set():
            candidate = Candidate({"toy.py": toy.program(str(random.random()))})
            thoughts[threading.get_ident()] += bool(candidate.id)

    threads = [threading.Thread(target=think, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert len(thoughts) == count, "not every seat was busy"


def clock(quick: bool) -> list[Bar]:
    """Races of identical code, quiet and beside busy seats in turn."""
    races = 10 if quick else 60
    found: dict[str, list[Comparison]] = {"no seats": [], "8 busy seats": []}
    with Box.open(level="A") as box:
        cores = set(usable_cores()) - set(box.cores)
        for _ in range(races):
            box.time_apart(False)
            found["no seats"].append(identical(box))
            box.time_apart(True)
            with busy_seats(SEATS, cores):
                found["8 busy seats"].append(identical(box))
    print(f"\n{'identical code':14} {'races':>6} {'called different':>17} {'pair spread':>12} "
          f"{'pairs':>6} {'half width':>11}")  # fmt: skip
    for name, results in found.items():
        spread = statistics.median(result.spread for result in results)
        pairs = statistics.fmean(result.pairs for result in results)
        print(f"{name:14} {len(results):6} {different(results):17} {spread:12.1%} {pairs:6.1f} "
              f"{width(results):11.1%}")  # fmt: skip
    quiet, busy = found["no seats"], found["8 busy seats"]
    wider = width(busy) / width(quiet)
    called = different(busy)
    return [
        Bar(f"identical code called different beside {SEATS} busy seats", "<= 2 %",
            f"{called} of {races}", called <= 0.02 * races),
        Bar("intervals beside them against those without, by width", "<= 1.25",
            f"{wider:.2f}", wider <= 1.25),
    ]  # fmt: skip


def identical(box: Box) -> Comparison:
    """One race of a program against itself."""
    program = Program(files={"work.py": source(LOOPS)}, entry="work:spend")

    def run(side: Side, pair: int, repetition: int) -> Timing:
        outcome = box.run(program, {"seed": pair})
        if not isinstance(outcome, Finished):
            raise BoxError(f"the benchmark's own program failed: {outcome.detail}")
        return Timing(outcome.wall_seconds, outcome.cpu_seconds)

    return race(run, Rules(witness="wall"), random.SystemRandom())


def different(results: Sequence[Comparison]) -> int:
    """How many were called faster or slower."""
    return sum(result.verdict in ("faster", "slower") for result in results)


def width(results: Sequence[Comparison]) -> float:
    """Median half width of the intervals, as a share of the ratio."""
    return statistics.median((r.high - r.low) / 2 / r.ratio for r in results)


if __name__ == "__main__":
    sys.exit(main())
