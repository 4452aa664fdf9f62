"""Kill -9 a run in the middle of model calls, then resume it: which paid answers are lost, which
are paid for twice?

A child drives a real run: four seats, each with one call to a real server that takes its time. At a
random moment the child is killed, and another one resumes the run. Each answer holds the number
that the server gave it. In the end, what the server answered in full is held against the answers of
the ledger and of its spool. In a second series the process that asks is killed too; what that loses
is shown: answers that arrived in that very moment.

    python bench/paid.py              # 60 moments, and 15 with both killed
    python bench/paid.py --quick
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bars import Bar, report
from models import serving
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import ModelAnswered
from tachograph.loop.bench import open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.propose.model import ModelProposer
from tachograph.loop.propose.models import Endpoint, Teller
from tachograph.loop.propose.models.call import read_answer
from tachograph.loop.propose.models.teller import FOLDER
from tachograph.loop.run import Run, run_ids
from tachograph.loop.team import Team
from tachograph.loop.turn import Loop
from tachograph.task import load
from toy import write_task

SEATS = 4
DELAY_SECONDS = 0.15
LATEST_SECONDS = 0.8
"""After the child's first request; in one of four cases, after its start."""
NUMBER = re.compile(r"LABEL: number (\d+)")


@dataclass
class Tally:
    """Of one series."""

    kills: int = 0
    calls_under_way: list[int] = field(default_factory=list)
    """When the kill came."""
    answered: set[int] = field(default_factory=set)
    """By the server, in full."""
    recorded: list[int] = field(default_factory=list)
    """In the ledger."""
    kept: list[int] = field(default_factory=list)
    """In the spool, for a turn that goes on when the run does."""
    calls: int = 0
    """Different calls of different turns that the ledger or the spool holds."""

    @property
    def lost(self) -> set[int]:
        """Answers that were paid and are nowhere."""
        return self.answered - {*self.recorded, *self.kept}

    @property
    def twice(self) -> int:
        """Answers beyond one for each call."""
        return len(self.answered) - self.calls


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the bars; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="8 moments, and 3 with both killed")
    parser.add_argument("--moments", type=int, help="how many")
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        drive(Path(options.child[0]), options.child[1])
        return 0
    moments = options.moments or (8 if options.quick else 60)
    one = series(moments, both=False)
    show("the run is killed", one)
    both = series(max(2, moments // 4), both=True)
    show("both processes are killed", both)
    return report([
        Bar(f"paid answers lost in {one.kills} kills", "0", str(len(one.lost)), not one.lost),
        Bar(f"calls paid for twice in {one.kills} kills", "0", str(one.twice), not one.twice),
    ])  # fmt: skip


def show(title: str, tally: Tally) -> None:
    """One line."""
    print(
        f"{title}: {tally.kills} kills, {sum(tally.calls_under_way)} calls under way at them, "
        f"{len(tally.answered)} answers paid, {len(tally.recorded)} in the ledger, "
        f"{len(tally.kept)} in the spool, {len(tally.lost)} lost, {tally.twice} twice",
        flush=True,
    )


def series(moments: int, *, both: bool) -> Tally:
    """Kill at that many moments, then let the run go on for a few turns undisturbed."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as name, serving(Path(name), DELAY_SECONDS) as url:
        folder = Path(name)
        write_task(folder / "task")
        for _ in range(moments):
            kill_once(folder, url, tally, both=both)
        trials = finished(folder) + 2 * SEATS
        subprocess.run(child(folder, url, trials), check=True)
        while counts(url)["under_way"]:
            time.sleep(0.1)
        tally.answered = set(counts(url)["numbers"])
        take_stock(folder, tally)
    return tally


def kill_once(folder: Path, url: str, tally: Tally, *, both: bool) -> None:
    """One child, and its end at a random moment."""
    asked = counts(url)["requests"]
    with subprocess.Popen(child(folder, url, 10**6), stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        teller = int(run.stdout.readline() or 0)
        if both or random.random() < 0.75:
            while counts(url)["requests"] == asked and run.poll() is None:
                time.sleep(0.01)
        time.sleep(random.uniform(0, LATEST_SECONDS))
        run.kill()
        if both and teller:
            os.kill(teller, signal.SIGKILL)
        tally.kills += 1
        tally.calls_under_way.append(counts(url)["under_way"])


def child(folder: Path, url: str, trials: int) -> list[str]:
    """The command of a child; it says the id of the process that asks."""
    os.environ["PAID_TRIALS"] = str(trials)
    return [sys.executable, __file__, "--child", str(folder), url]


def drive(folder: Path, url: str) -> None:
    """What a child does: open the run or resume it."""
    task = load(folder / "task")
    place = folder / "ledger"
    with open_bench(task) as bench, Ledger.open(place, create=True) as ledger:
        ids = run_ids(ledger)
        budget = Budget(trials=int(os.environ["PAID_TRIALS"]))
        if ids:
            run = Run.read(ledger, ids[0], place)
            run.resume()
        else:
            run = Run.open(ledger, place, task, budget, bench.rules, box=bench.description,
                           proposers=["model"])  # fmt: skip
        teller = Teller(place)
        endpoint = Endpoint("openai-api/local/scripted", url)
        teller.open(endpoint)
        assert teller.process is not None
        print(teller.process.pid, flush=True)
        proposer = ModelProposer(endpoint, teller)
        Loop(run, bench, [proposer], budget, team=Team(seats=SEATS)).drive()
        teller.close()


def finished(folder: Path) -> int:
    """Trials that the run has finished."""
    with Ledger.open(folder / "ledger", create=True) as ledger:
        ids = run_ids(ledger)
        return len(Run.read(ledger, ids[0], folder / "ledger").archive.trials) if ids else 0


def take_stock(folder: Path, tally: Tally) -> None:
    """What the ledger and the spool hold; the ledger must verify."""
    keys = set()
    with Ledger.open(folder / "ledger") as ledger:
        ledger.verify()
        for entry in ledger.entries(kinds=[ModelAnswered]):
            body = entry.body
            assert isinstance(body, ModelAnswered)
            text = read_answer(ledger.fetch, body.answer).message.text
            tally.recorded.append(number_of(text))
            keys.add(f"{body.run}-{body.turn}-{body.call}")
    for path in (folder / "ledger" / FOLDER).glob("*.told"):
        outcome = json.loads(path.read_text())["outcome"]
        if "message" in outcome:
            tally.kept.append(number_of(outcome["message"]["text"]))
            keys.add(path.stem)
    tally.calls = len(keys)


def number_of(text: str) -> int:
    """The number that the server gave an answer."""
    found = NUMBER.search(text)
    assert found, text
    return int(found[1])


def counts(url: str) -> dict[str, Any]:
    """What the server has done."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/counts") as reply:
        found: dict[str, Any] = json.load(reply)
        return found


if __name__ == "__main__":
    sys.exit(main())
