"""How long until something happens: from the command to the first trial, and `tacho --help`.

`tacho run pairwise --trials 1` in a fresh folder, several times, the first one not counted (it
warms the disk's cache). Seconds from the start of the process to each of: the run is open, the
first candidate is proposed, its check is recorded, the clock has tested itself, its trial is done.

    python bench/start.py --quick
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bars import Bar, report
from tachograph.ledger import Ledger

FIRST_TRIAL_SECONDS = 1.5
HELP_CPU_SECONDS = 0.150
PEERS = (("OpenEvolve 0.4.0", 1.54), ("ShinkaEvolve 0.0.7", 10.1), ("GEPA 0.1.4", 0.10),
         ("CORAL 0af5127", 2.5))  # fmt: skip
"""Best seconds from the command to the first candidate evaluated, none of them timed by a race;
taken in November 2026 on another machine of 2 cores, for scale."""
TACHO = [sys.executable, "-c", "from tachograph.cli import main; main()"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the steps and the bars; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="2 starts instead of 7")
    quick = parser.parse_args(arguments).quick
    starts = [start() for _ in range(3 if quick else 8)][1:]
    for step in starts[0]:
        seconds = [found[step] for found in starts if step in found]
        print(f"{step:28} {statistics.median(seconds):6.2f} s   (best {min(seconds):.2f})")
    for name, best in PEERS:
        print(f"{name + ', first evaluated':28} {best:6.2f} s")
    checked = statistics.median(found["first TrialChecked"] for found in starts)
    helped = statistics.median(help_cpu_seconds() for _ in range(5 if quick else 20))
    return report([
        Bar("from `tacho run pairwise` to the first trial checked", f"<= {FIRST_TRIAL_SECONDS} s",
            f"{checked:.2f} s", checked <= FIRST_TRIAL_SECONDS),
        Bar("CPU of `tacho --help`", f"<= {1e3 * HELP_CPU_SECONDS:.0f} ms",
            f"{1e3 * helped:.0f} ms", helped <= HELP_CPU_SECONDS),
    ])  # fmt: skip


def start() -> dict[str, float]:
    """One `tacho run pairwise --trials 1`: step to seconds since the process began."""
    with tempfile.TemporaryDirectory(prefix="tacho-start-") as folder:
        began = time.time()
        ended = subprocess.run([*TACHO, "run", "pairwise", "--trials", "1", "--ledger", folder],
                               stdout=subprocess.DEVNULL, check=False)  # fmt: skip
        whole = time.time() - began
        assert ended.returncode in (0, 1), ended.returncode
        found: dict[str, float] = {}
        with Ledger.open(Path(folder)) as ledger:
            for entry in ledger.entries():
                if entry.kind == "CandidateProposed" and "first RunOpened" in found:
                    seed = "first CandidateProposed: seed"
                    name = "first CandidateProposed" if seed in found else seed
                else:
                    name = f"first {entry.kind}"
                when = datetime.fromisoformat(entry.time).timestamp() - began
                found.setdefault(name, when)
        found.pop("first CandidateProposed: seed", None)
        return found | {"the command has ended": whole}


def help_cpu_seconds() -> float:
    """CPU time of `tacho --help`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*TACHO, "--help"], stdout=subprocess.DEVNULL, check=True, env=os.environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
