"""Sessions at the command line, as text: tests/sessions/*.txt.

    # A remark.
    $ tacho show                         a command for bash, in a folder that the session shares
    run <run> on pairwise: <any>         what it prints, `<...>` standing for what differs
    ...                                  any number of lines
    ! error: no ledger in .tacho         what it says on stderr
    [2]                                  its exit code, where that is not 0

A `$` line may be followed by lines that begin with `> `, which go on with the command.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tachograph.errors import BoxError
from tachograph.sandbox import Box

SESSIONS = sorted((Path(__file__).parents[1] / "sessions").glob("*.txt"))
NEEDS_BOX = "# needs a box\n"
NUMBER = r"-?\d+(\.\d+)?"
STANDS_FOR = {
    "run": r"r-[0-9a-f]{8}",
    "candidate": r"c-[0-9a-f]{32}",
    "hash": r"[0-9a-f]{64}",
    "number": NUMBER,
    "ratio": rf"{NUMBER}x \[{NUMBER}, {NUMBER}\]",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "any": r".*",
}


@dataclass
class Step:
    """One command and what it must do."""

    line: int
    command: str
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = 0


def steps_of(text: str) -> list[Step]:
    """The session's commands, in order."""
    steps: list[Step] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("$ "):
            steps.append(Step(number, line[2:]))
        elif line.startswith("> "):
            steps[-1].command += "\n" + line[2:]
        elif line.startswith("#") or not steps:
            continue
        elif line.startswith("! "):
            steps[-1].err.append(line[2:])
        elif re.fullmatch(r"\[\d+\]", line):
            steps[-1].code = int(line[1:-1])
        else:
            steps[-1].out.append(line)
    return steps


def pattern(lines: list[str]) -> str:
    """A regular expression for these lines and no others; blank lines at the end do not count."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return "".join(r"(.*\n)*?" if line == "..." else line_pattern(line) + r"\n" for line in lines)


def line_pattern(line: str) -> str:
    """A regular expression for one line."""
    parts = re.split(r"<([a-z]+)>", line)
    return "".join(
        STANDS_FOR[part] if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with `tacho` in its bin."""
    folder = tmp_path / "bin"
    folder.mkdir()
    tacho = folder / "tacho"
    tacho.write_text(f"#!{sys.executable}\nfrom tachograph.cli import main\nmain()\n")
    tacho.chmod(0o755)
    (tmp_path / "work").mkdir()
    return tmp_path


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_session(session: Path, home: Path):
    """Every command prints, says and answers what the text says."""
    text = session.read_text()
    if NEEDS_BOX in text:
        try:
            Box.open(level="A").close()
        except BoxError as error:
            pytest.skip(f"no box at level A: {error.message}")
    steps = steps_of(text)
    assert steps, "an empty session proves nothing"
    path = f"{home / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "100", "TERM": "xterm"}
    environment.pop("TACHO_LEDGER", None)
    for step in steps:
        ended = subprocess.run(
            ["bash", "-c", step.command], cwd=home / "work", env=environment,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        where = f"{session.name}:{step.line}: $ {step.command}\n{ended.stdout}{ended.stderr}"
        if ended.returncode != step.code:
            pytest.fail(f"exit code {ended.returncode}, not {step.code}\n{where}", pytrace=False)
        if not re.fullmatch(pattern(step.out) + r"\n*", ended.stdout):
            pytest.fail(f"stdout differs\n{where}", pytrace=False)
        if not re.fullmatch(pattern(step.err), ended.stderr):
            pytest.fail(f"stderr differs\n{where}", pytrace=False)


def test_a_pattern_takes_what_it_says_and_nothing_else():
    """The runner itself can fail."""
    lines = ["run <run>: <ratio>", "...", "end"]
    assert re.fullmatch(pattern(lines), "run r-0a789090: 1.5x [1, 2]\nx\ny\nend\n")
    assert not re.fullmatch(pattern(lines), "run r-0a789090: 1.5x [1, 2]\nx\n")
    assert not re.fullmatch(pattern(lines), "run r-0a78: 1.5x [1, 2]\nend\n")
    assert not re.fullmatch(pattern([]), "noise\n")
