"""Kill -9 the loop at random moments, then resume it: what is lost, and what is left behind?

A child process drives the real loop on a toy task, or is the real `tacho run pairwise`, and says
every finished trial on stdout. At a random moment it is killed. Then: every trial it said must be
finished in the ledger, the ledger must verify, no draw may have been used twice, and no process of
it may be left. The next child resumes. At the end one child runs on undisturbed, and no folder of a
dead box may be left.

    python bench/kill.py                    # 200 moments, and 10 of `tacho run`
    python bench/kill.py --moments 6 --commands 0
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bars import Bar, report
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import CandidateDropped, CandidateKept, TrialChecked
from tachograph.loop.bench import open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.rederive import rederive
from tachograph.loop.run import Run, run_ids
from tachograph.loop.team import Team
from tachograph.loop.turn import Loop
from tachograph.task import load
from toy import Numbered, Turns, write_task

MOMENTS_PER_LEDGER = 25
LATEST_SECONDS = 0.6
LATEST_COMMAND_SECONDS = 8.0
"""After the child's first line, or in one of four cases after its start."""
GONE_SECONDS = 5.0
SAID = re.compile(r"^(c-[0-9a-f]{32})$", re.MULTILINE)
LINE = re.compile(r"^ *(\d+)  \w", re.MULTILINE)
"""A finished trial, as `tacho run` says it."""


@dataclass
class Tally:
    """Over all moments."""

    moments: int = 0
    said: int = 0
    lost: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    derived: int = 0
    underived: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the bars; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="25 moments, and 2 of `tacho run`")
    parser.add_argument("--moments", type=int, help="kills of the toy loop")
    parser.add_argument("--commands", type=int, help="kills of `tacho run pairwise`")
    parser.add_argument("--seed", type=int, default=None, help="of the moments")
    parser.add_argument("--child", nargs=2, metavar=("LEDGER", "TASK"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        return sit(*map(Path, options.child))
    moments = options.moments if options.moments is not None else 25 if options.quick else 200
    commands = options.commands if options.commands is not None else 2 if options.quick else 10
    seed = options.seed if options.seed is not None else random.randrange(2**32)
    rng = random.Random(seed)
    print(f"seed {seed}")
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="tacho-kill-") as temporary:
        root = Path(temporary)
        (root / "tmp").mkdir()
        kill_toys(root, moments, rng, tally)
        kill_commands(root, commands, rng, tally)
    for what in (*tally.lost, *tally.unsound, *tally.processes, *tally.folders, *tally.repeated):
        print("  " + what)
    said = f"of {tally.said} said, at {tally.moments} moments"
    return report([
        Bar("finished trials lost to kill -9", "0", f"{len(tally.lost)} {said}", not tally.lost),
        Bar("ledgers that do not verify after it", "0", str(len(tally.unsound)), not tally.unsound),
        Bar("processes left after it", "0", str(len(tally.processes)), not tally.processes),
        Bar("folders left after the next run", "0", str(len(tally.folders)), not tally.folders),
        Bar("turns that do not follow from the ledger", "0",
            f"{len(tally.underived)} of {tally.derived}", not tally.underived),
        Bar("draws used twice", "0", str(len(tally.repeated)), not tally.repeated),
    ])  # fmt: skip


# -- the child -------------------------------------------------------------------------------------


def sit(folder: Path, task_folder: Path) -> int:
    """One sitting of the loop on the toy task; says the id of each finished trial."""
    task = load(task_folder)
    trials = int(os.environ.get("TRIALS", "1000000"))
    parallel = min(int(os.environ.get("PARALLEL", "1")), len(os.sched_getaffinity(0)))
    with (
        Ledger.open(folder, create=True) as ledger,
        open_bench(task, parallel=parallel) as bench,
    ):
        budget, seats = Budget(trials=trials), int(os.environ.get("SEATS", "1"))
        proposers = [Turns()] if seats > 1 else [Numbered()]
        team = Team(seats=seats, policy="islands")
        names = [proposer.name for proposer in proposers]
        if run_ids(ledger):
            run = Run.read(ledger, "last", folder)
            run.resume(team.plain() | {"proposers": names})
        else:
            run = Run.open(ledger, folder, task, budget, bench.rules, box=bench.description,
                           proposers=names, team=team.plain())  # fmt: skip
        run.listen = lambda entry: (
            print(entry.body.candidate, flush=True)
            if isinstance(entry.body, CandidateKept | CandidateDropped)
            else None
        )
        print("ready", flush=True)
        Loop(run, bench, proposers, budget, team=team).drive()
        run.close("done")
    return 0


# -- the killer ------------------------------------------------------------------------------------


def kill_toys(root: Path, moments: int, rng: random.Random, tally: Tally) -> None:
    """Kill and resume the toy loop; several ledgers, so that verifying stays quick."""
    write_task(root / "task")
    for first in range(0, moments, MOMENTS_PER_LEDGER):
        folder = root / f"ledger-{first}"
        command = [sys.executable, __file__, "--child", str(folder), str(root / "task")]
        for number in range(min(MOMENTS_PER_LEDGER, moments - first)):
            os.environ |= {"PARALLEL": str(1 + number % 2), "SEATS": str(1 + number % 3)}
            said = SAID.findall(killed(command, root, rng, LATEST_SECONDS, tally))
            look(folder, said, tally)
        trials = len(finished(folder)) + 2
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=root,
                       env=environment(root) | {"TRIALS": str(trials)})  # fmt: skip
        look(folder, [], tally)
        follows(folder, tally)
        if len(finished(folder)) != trials:
            tally.lost.append(f"{folder.name}: the last sitting did not reach {trials} trials")
        # Python's own tempfile tries a folder with a file of its own, which a kill may leave there
        tally.folders += [f"left: {path}" for path in (root / "tmp").iterdir()
                          if path.is_dir() or path.name.startswith("tacho")]  # fmt: skip


def kill_commands(root: Path, moments: int, rng: random.Random, tally: Tally) -> None:
    """Kill `tacho run pairwise`, then resume it for one trial."""
    tacho = [sys.executable, "-c", "from tachograph.cli import main; main()"]
    for number in range(moments):
        folder = root / f"command-{number}"
        run = [*tacho, "run", "pairwise", "--trials", "50", "--ledger", str(folder)]
        text = killed(run, root, rng, LATEST_COMMAND_SECONDS, tally)
        lines = [int(found) for found in LINE.findall(text)]
        if not (folder / "ledger.db").exists() or not finished_or_open(folder):
            continue
        look(folder, [], tally)
        done = len(finished(folder))
        if lines and max(lines) > done:
            tally.lost.append(f"{folder.name}: said {max(lines)} trials, {done} are there")
        tally.said += len(lines)
        resume = [*tacho, "resume", "last", "--trials", str(done + 1), "--ledger", str(folder)]
        ended = subprocess.run(resume, capture_output=True, text=True, cwd=root,
                               env=environment(root), check=False)  # fmt: skip
        if ended.returncode not in (0, 1):
            tally.unsound.append(f"{folder.name}: resume ended {ended.returncode}: {ended.stderr}")
        look(folder, [], tally)


def killed(command: Sequence[str], root: Path, rng: random.Random, latest_seconds: float,
           tally: Tally) -> str:  # fmt: skip
    """Start it, kill it at a random moment, wait until all that it began is gone; what it said."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                             env=environment(root), start_new_session=True, cwd=root)  # fmt: skip
    assert child.stdout is not None
    begun = child.stdout.readline() if rng.random() < 0.75 else ""
    time.sleep(rng.uniform(0, latest_seconds))
    family = {child.pid, *descendants(child.pid)}
    child.send_signal(signal.SIGKILL)
    child.wait()
    tally.moments += 1
    deadline = time.monotonic() + GONE_SECONDS
    left = living(family, root)
    while left and time.monotonic() < deadline:
        time.sleep(0.01)
        left = living(family, root)
    tally.processes += [f"left: {pid}" for pid in left]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    # only now: what is left might hold the other end open
    return begun + child.communicate()[0]


def environment(root: Path) -> dict[str, str]:
    """With a folder for temporary files of its own."""
    return os.environ | {"TMPDIR": str(root / "tmp"), "TACHO_LEDGER": str(root / "none")}


def look(folder: Path, said: Sequence[str], tally: Tally) -> None:
    """Whether the ledger is sound and holds what was said."""
    tally.said += len(said)
    if not (folder / "ledger.db").exists():
        tally.lost += said
        return
    with Ledger.open(folder) as ledger:
        try:
            ledger.verify()
        except Exception as error:  # noqa: BLE001 - whatever is raised is the finding
            tally.unsound.append(f"{folder.name}: {error}")
        draws = Counter(
            (entry.body.nonce, entry.body.index)
            for entry in ledger.entries(kinds=(TrialChecked,))
            if isinstance(entry.body, TrialChecked) and entry.body.draws
        )
        tally.repeated += [f"{folder.name}: {draw}" for draw, uses in draws.items() if uses > 1]
    there = finished(folder)
    tally.lost += [f"{folder.name}: {candidate}" for candidate in said if candidate not in there]


def follows(folder: Path, tally: Tally) -> None:
    """Whether every choice and verdict follows from the entries before it."""
    with Ledger.open(folder) as ledger:
        found = rederive(ledger.entries(run=run_ids(ledger)[-1]))
    tally.derived += found.turns
    tally.underived += [f"{folder.name}: {fault}" for fault in found.faults]


def finished(folder: Path) -> set[str]:
    """Ids of candidates with a verdict."""
    with Ledger.open(folder) as ledger:
        return {
            entry.body.candidate
            for entry in ledger.entries(kinds=(CandidateKept, CandidateDropped))
            if isinstance(entry.body, CandidateKept | CandidateDropped)
        }


def finished_or_open(folder: Path) -> bool:
    """Whether a run was opened at all."""
    with Ledger.open(folder) as ledger:
        return bool(run_ids(ledger))


# -- processes -------------------------------------------------------------------------------------


def descendants(pid: int) -> list[int]:
    """All that came of `pid` and is still below it."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(status.parent.name))
    found, waiting = [], [pid]
    while waiting:
        waiting += (below := children.get(waiting.pop(), []))
        found += below
    return found


def living(family: set[int], root: Path) -> list[int]:
    """Of the family, and of all processes whose command names `root`: those that are alive."""
    mark = f"{root}/".encode()
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            named = mark in (folder / "cmdline").read_bytes()
            ended = (folder / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            continue
        if (named or pid in family) and not ended and pid != os.getpid():
            left.append(pid)
    return left


if __name__ == "__main__":
    sys.exit(main())
