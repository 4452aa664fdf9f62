"""What reading a large history costs, against git's own walk over it.

    python bench/attribution.py
    python bench/attribution.py --repository PATH    # a clone of your own

CPU seconds of this process and of git together, both sides interleaved, best of three. The whole
history is read cold (`git log --numstat` is what it must run anyway) and then from the cache; the
newest commit is all that has to be asked for then. Memory is the peak of this process beyond what
the interpreter and its imports take.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bars import Bar, report
from tachograph.gauges.git import read_history
from tachograph.gauges.synthetic_history import write_repository

COMMITS = (6_000, 1_500)
FILES, UNCHANGED_LINES = 3, 360
"""That a commit changes, and of each file besides. A real history is slower for git: it reads 1,400
commits of numpy in a second, and some 7,000 of these."""
LONG = (60_000, 20_000)
"""Commits for the cache, with one short file each: there only their number matters."""
MOST_MIB = 256


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 0 where every bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository", type=Path)
    parser.add_argument("--quick", action="store_true", help="a shorter history")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        broad = long = options.repository
        if broad is None:
            broad = made(Path(folder) / "broad", COMMITS[options.quick], FILES, UNCHANGED_LINES)
            long = made(Path(folder) / "long", LONG[options.quick], 1, 0)
        return report([*read_cold(broad), read_again(long)])


def made(place: Path, commits: int, files: int, unchanged: int) -> Path:
    """A made-up repository, packed as a clone is."""
    write_repository(place, commits, files=files, unchanged=unchanged)
    subprocess.run(["git", "-C", str(place), "gc", "--quiet"], check=True)
    return place


def read_cold(place: Path) -> Iterator[Bar]:
    """The whole history, against git's own walk."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    walk = ["git", "-C", str(place), "log", "--no-merges", "--numstat", "-M"]
    ours, gits = pairs(lambda: read_history(place, keep=False), walk)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"cold: {ours:.2f} s against git log's {gits:.2f} s of CPU")
    yield Bar("attribution, cold, to git log --numstat -M", "<= 1.2x", f"{ours / gits:.2f}x",
              ours <= 1.2 * gits)  # fmt: skip
    yield Bar("attribution, memory beside git", f"<= {MOST_MIB} MiB", f"{grown:.0f} MiB",
              grown <= MOST_MIB)  # fmt: skip


def read_again(place: Path) -> Bar:
    """The same history once more, against git's list of its commits."""
    count = len(read_history(place))
    listing = ["git", "-C", str(place), "rev-list", "--no-merges", "HEAD"]
    ours, gits = pairs(lambda: read_history(place), listing)
    print(f"again, {count:,} commits: {ours:.3f} s against git rev-list's {gits:.3f} s of CPU")
    return Bar("attribution, from the cache, to git rev-list", "<= 1.2x", f"{ours / gits:.2f}x",
               ours <= 1.2 * gits)  # fmt: skip


def pairs(ours: Callable[[], object], theirs: Sequence[str]) -> tuple[float, float]:
    """CPU seconds of both, interleaved, best of three."""
    found: list[tuple[float, float]] = []
    for _ in range(3):
        found.append((cpu(ours), cpu(lambda: subprocess.run(
            theirs, check=True, stdout=subprocess.DEVNULL))))  # fmt: skip
    return min(a for a, _ in found), min(b for _, b in found)


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of this process and its children during a call."""
    began = spent()
    call()
    return spent() - began


def spent() -> float:
    """CPU seconds so far."""
    sides = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in sides)


if __name__ == "__main__":
    sys.exit(main())
