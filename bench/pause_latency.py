"""How soon new trials stop once somebody else holds the work of a busy loop.

Four proposers think in seats of their own, quickly, on a task whose check takes a moment; another
process holds the work at a random time, as `tacho pause` does. Measured from the moment at which
WorkHeld is durable, by the clock of whoever recorded it: the time until the last trial began, and
how many turns and trials began after it. Then the work is released, the run resumed, and every
finished trial must still be there.

    python bench/pause_latency.py
    python bench/pause_latency.py --quick
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bars import Bar, report
from tachograph.ledger import Entry, Ledger
from tachograph.ledger.kinds import (
    CandidateDropped,
    CandidateKept,
    CandidateProposed,
    RunClosed,
    TurnBegun,
    WorkHeld,
    WorkReleased,
)
from tachograph.loop.archive import seconds_between
from tachograph.loop.bench import Bench, open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.propose.protocol import Brief, Desk, Proposal
from tachograph.loop.run import Run
from tachograph.loop.team import Team
from tachograph.loop.turn import Loop
from tachograph.task import Candidate
from toy import program, write_task

SEATS = 4
LATEST_SECONDS = 0.6
"""A pause comes at a random time up to so long after the first trial of a sitting."""
THINKING_SECONDS = 0.01
HOLD = """
import sys, time
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import WorkHeld
with Ledger.open(sys.argv[1]) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    ledger.append([("owner", (), WorkHeld("measured"))])
    print(repr(time.time()), flush=True)
"""
"""Another process: holds the work when it is told to, and says when that was durable."""


class Busy:
    """Thinks elsewhere for a moment, and never runs out."""

    thinks_here = False
    lock = threading.Lock()
    made = 0

    def __init__(self, number: int) -> None:
        self.name = f"busy-{number}"

    def propose(self, brief: Brief, desk: Desk) -> Proposal:
        """The next one, right like all of them."""
        desk.stopping.wait(THINKING_SECONDS)
        with Busy.lock:
            Busy.made += 1
            number = Busy.made
        return Proposal(Candidate({"toy.py": program(str(number))}), str(number), "")


@dataclass(frozen=True)
class Pause:
    """One of them."""

    trials: int
    """Begun after the hold was durable, in the sitting that it ended."""
    turns: int
    """Recorded after the hold by any one seat: one is on its way in when the hold comes."""
    last_ms: float
    """From the hold to the beginning of the last trial; 0 where none began after it."""
    closed_ms: float
    """From the hold to the run's end."""
    lost: int
    """Trials that had a verdict before, and have none after the run was resumed."""
    reason: str


class Watch:
    """When trials began: a bench's boxes say so."""

    def __init__(self, bench: Bench) -> None:
        self.began: list[float] = []
        self.really = bench.examiner.box.run
        bench.examiner.box.run = self.run  # type: ignore[method-assign]

    def run(self, *arguments, **more):  # type: ignore[no-untyped-def]
        """One call of a candidate: on this task a trial is one call."""
        self.began.append(time.time())
        return self.really(*arguments, **more)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was seen; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="10 pauses")
    parser.add_argument("--pauses", type=int, help="how many [default: 100]")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    rng = random.Random(options.seed)
    count = options.pauses or (10 if options.quick else 100)
    with tempfile.TemporaryDirectory(prefix="tacho-bench-") as temporary:
        pauses = measured(Path(temporary), count, rng)
    latest = [pause.last_ms for pause in pauses]
    closed = [pause.closed_ms for pause in pauses]
    print(f"{len(pauses)} pauses of a loop with {SEATS} proposers")
    print(f"last trial begun after the hold: median {statistics.median(latest):.2f} ms, "
          f"most {max(latest):.2f} ms")  # fmt: skip
    late = statistics.quantiles(closed, n=10)[-1]
    print(f"run closed after the hold: median {statistics.median(closed):.1f} ms, "
          f"90 % {late:.1f} ms, most {max(closed):.1f} ms")  # fmt: skip
    named = all(pause.reason.startswith("held by the brake, SELF_HOLD") for pause in pauses)
    trials, turns = max(p.trials for p in pauses), max(p.turns for p in pauses)
    lost = sum(pause.lost for pause in pauses)
    begun = sum(pause.trials > 0 for pause in pauses)
    return report([
        Bar("trials begun after the hold, most", "<= 1", f"{trials} ({begun} pauses)", trials <= 1),
        Bar("turns of a seat recorded after the hold, most", "<= 1", str(turns), turns <= 1),
        Bar("finished trials lost by pause and resume", "0", str(lost), lost == 0),
        Bar("runs closed with a reason that names the brake", "all", "all" if named else "not all",
            named),
    ])  # fmt: skip


def measured(folder: Path, count: int, rng: random.Random) -> list[Pause]:
    """That many pauses of one run, resumed after each."""
    task = write_task(folder / "task")
    pauses = []
    with Ledger.open(folder / "ledger", create=True) as ledger, open_bench(task) as bench:
        watch = Watch(bench)
        proposers = [Busy(number) for number in range(SEATS)]
        run = Run.open(
            ledger,
            folder / "ledger",
            task,
            Budget(),
            bench.rules,
            box=bench.description,
            proposers=[busy.name for busy in proposers],
        )
        for _ in range(count):
            pauses.append(paused(run, bench, watch, proposers, rng.random() * LATEST_SECONDS))
            ledger.append([("owner", (), WorkReleased("the next one"))])
            before = set(run.archive.finished)
            run = Run.read(ledger, run.id, folder / "ledger")
            run.resume()
            pauses[-1] = with_lost(pauses[-1], before, run)
        ledger.verify()
    return pauses


def with_lost(pause: Pause, before: set[str], run: Run) -> Pause:
    """With how many finished trials are not there any more."""
    fields = pause.__dict__ | {"lost": len(before - set(run.archive.finished))}
    return Pause(**fields)


def paused(run: Run, bench: Bench, watch: Watch, proposers: Sequence[Busy],
           after_seconds: float) -> Pause:  # fmt: skip
    """One sitting, ended by another process."""
    first = len(watch.began)

    durable: list[float] = []

    def pause() -> None:
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(run.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as other:  # fmt: skip
            assert other.stdout is not None and other.stdout.readline() == "ready\n"
            while len(watch.began) == first:
                time.sleep(0.001)
            time.sleep(after_seconds)
            said, _ = other.communicate("now\n")
            durable.append(float(said))

    pausing = threading.Thread(target=pause)
    pausing.start()
    loop = Loop(run, bench, proposers, Budget(), team=Team(seats=SEATS))
    reason = loop.drive()
    run.close(reason)
    pausing.join()
    return told(list(run.ledger.entries()), watch.began[first:], durable[0], reason)


def told(entries: Sequence[Entry], began: Sequence[float], held_at: float, reason: str) -> Pause:
    """What the ledger and the boxes say of the latest hold."""
    place = max(n for n, entry in enumerate(entries) if isinstance(entry.body, WorkHeld))
    after = entries[place + 1 :]
    late = [moment - held_at for moment in began if moment > held_at]
    closed = next(entry for entry in after if isinstance(entry.body, RunClosed))
    seats = Counter(entry.body.seat for entry in after if isinstance(entry.body, TurnBegun))
    # what the ledger says of trials begun: verdicts after the hold, of candidates proposed after it
    proposed = {e.body.candidate for e in after if isinstance(e.body, CandidateProposed)}
    judged = {
        e.body.candidate for e in after if isinstance(e.body, CandidateKept | CandidateDropped)
    }
    assert not proposed & judged, "what was proposed after the hold was judged before the release"
    return Pause(
        trials=len(late), turns=max(seats.values(), default=0),
        last_ms=1e3 * max(late, default=0.0),
        closed_ms=1e3 * (timestamp(closed.time) - held_at), lost=0, reason=reason,
    )  # fmt: skip


def timestamp(time_text: str) -> float:
    """Seconds since 1970 of an entry's time."""
    return seconds_between("1970-01-01T00:00:00.000000Z", time_text)


if __name__ == "__main__":
    sys.exit(main())
