"""The guide "write a research task" shows what its example holds, and every command of it runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tachograph.errors import BoxError
from tachograph.sandbox import Box

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guides/write-a-research-task.md").read_text()
EXAMPLE = ROOT / "examples/research-task"
NUMBERS = re.compile(r"[rc]-[0-9a-f]{8,32}\b|@[0-9a-f]{6}\b|[-+]?\d+(\.\d+)?")


def blocks(language: str) -> list[str]:
    """The guide's blocks in that language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize(
    ("language", "file"), [("python", "check.py"), ("python", "fit.py"), ("toml", "task.toml")]
)
def test_it_shows_the_example(language: str, file: str) -> None:
    """Word for word."""
    assert (EXAMPLE / file).read_text() in blocks(language)


def shape(text: str) -> list[str]:
    """Lines with every number, id and run of blanks made equal."""
    lines = [NUMBERS.sub("#", line) for line in text.splitlines()]
    return [re.sub(r"\s+", " ", line).strip() for line in lines]


def test_every_command_of_it_runs(tmp_path: Path) -> None:
    """In order, on a copy of the example; what they print differs in numbers alone."""
    try:
        Box.open(level="A").close()
    except BoxError as error:
        pytest.skip(f"no box at level A: {error.message}")
    shutil.copytree(EXAMPLE, tmp_path / "research-task")
    environment = {**os.environ, "COLUMNS": "100"}
    environment.pop("TACHO_LEDGER", None)
    ran = 0
    for block in blocks("console"):
        command, _, wanted = block.partition("\n")
        words = command.removeprefix("$ tacho ").split()
        tacho = [sys.executable, "-c", "from tachograph.cli import main; main()", *words]
        ended = subprocess.run(tacho, cwd=tmp_path, env=environment, capture_output=True,
                               text=True, stdin=subprocess.DEVNULL, check=False)  # fmt: skip
        assert shape(ended.stdout + ended.stderr) == shape(wanted), command
        ran += 1
    assert ran == 5


def test_links_lead_somewhere() -> None:
    """Relative links point at files that exist."""
    page = ROOT / "docs/guides/write-a-research-task.md"
    for target in re.findall(r"\]\(([^)#:]+)\)", GUIDE):
        assert (page.parent / target).exists(), target
