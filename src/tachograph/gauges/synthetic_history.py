"""A SYNTHETIC git repository: made-up people and agents, for demonstrations, tests and benchmarks.

    python -m tachograph.gauges.synthetic_history DIR [COMMITS]

One `git fast-import`, so that many thousand commits take seconds. Every name begins with `made-up`;
the marks are those that tools really leave. The same arguments give the same commits. The truth is
in the constants (tests/gauges/test_attribution.py).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

FIRST = datetime(2024, 1, 8, 12, tzinfo=UTC)
DAYS = 720
PEOPLE = 12
SHARES = (0.05, 0.75)
"""True share of commits by agents, at the beginning and at the end; in between, linear."""
MARKED = 0.8
"""True share of the agents' commits that bear their mark."""
BOTS = 0.05
"""Share of commits by automation."""
TRAILER = "Co-Authored-By: Claude <noreply@anthropic.com>"
LINES = 40


def write_repository(folder: Path, commits: int = 600, *, seed: int = 2026, files: int = 1,
                     unchanged: int = 0) -> Path:  # fmt: skip
    """Make the repository in `folder`, which must not be there yet, with its files checked out.

    `files`: that a commit changes, each in LINES lines. `unchanged`: lines of each file that no
    commit changes, around those that it does.
    """
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
    run = ["git", "-C", str(folder)]
    with subprocess.Popen([*run, "fast-import", "--quiet", "--force"],
                          stdin=subprocess.PIPE) as process:  # fmt: skip
        assert process.stdin is not None
        for part in history(commits, seed, files, unchanged):
            process.stdin.write(part.encode())
    assert process.returncode == 0, "git fast-import refused the stream"
    subprocess.run([*run, "checkout", "--quiet", "-f", "main"], check=True)
    return folder


def history(commits: int, seed: int, files: int, unchanged: int) -> Iterator[str]:
    """The stream: each commit replaces LINES lines of some of fifty files a folder."""
    rng = np.random.default_rng(seed)
    half = unchanged // 2
    above, below = ("".join(f"made_up_{side}_{n} = {n}\n" for n in range(half)) for side in "ab")
    times = np.sort(rng.integers(0, DAYS * 86_400, commits))
    for number, offset in enumerate(times.tolist()):
        progress = offset / (DAYS * 86_400)
        by_agent = rng.random() < SHARES[0] + (SHARES[1] - SHARES[0]) * progress
        by_bot = rng.random() < BOTS
        marked = by_agent and rng.random() < MARKED and not by_bot
        who = f"made-up person {rng.integers(PEOPLE) + 1}"
        address = who.replace(" ", "-") + "@example.org"
        if by_bot:
            who, address = "made-up bot", "49699333+dependabot[bot]@users.noreply.github.com"
        text = "".join(f"made_up_{number}_{line} = {line}\n" for line in range(LINES))
        text = above + text + below
        message = f"made-up change {number}" + (f"\n\n{TRAILER}\n" if marked else "\n")
        moment = int(FIRST.timestamp()) + offset
        yield (
            f"commit refs/heads/main\nmark :{number + 1}\n"
            f"author {who} <{address}> {moment} +0000\n"
            f"committer {who} <{address}> {moment} +0000\n"
            f"data {len(message.encode())}\n{message}\n" + (f"from :{number}\n" if number else "")
        )
        for each in range(files):
            place = f"src/part{each}/made_up_{rng.integers(50)}.py"
            yield f"M 100644 inline {place}\ndata {len(text.encode())}\n{text}\n"


if __name__ == "__main__":
    made = write_repository(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 600)
    print(made)
