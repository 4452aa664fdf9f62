"""`inspect eval` finds our sandbox by its entry point, with nothing of ours imported before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

EVAL = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import solver
from inspect_ai.util import sandbox


@solver
def look():
    async def solve(state, generate):
        ended = await sandbox().exec(["sh", "-c", "pwd; cat given.txt; echo $HOME; id -un"])
        state.output.completion = ended.stdout
        return state

    return solve


@task
def mine():
    sample = Sample(input="look", target="given", files={"given.txt": "given"})
    return Task(dataset=[sample], solver=look(), scorer=includes())
"""
INSPECT = Path(sys.executable).parent / "inspect"


def inspect(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command `inspect`."""
    return subprocess.run([str(INSPECT), *words], cwd=folder, capture_output=True, text=True,
                          env=os.environ | {"NO_COLOR": "1"}, check=False)  # fmt: skip


@pytest.mark.long
def test_an_eval_of_anybodys_runs_in_our_box(tmp_path: Path) -> None:
    """By name, at the level that is asked for."""
    (tmp_path / "mine.py").write_text(EVAL)
    ended = inspect("eval", "mine.py", "--sandbox", "tachograph:A", "--model", "none",
                    "--display", "none", "--log-dir", "logs", folder=tmp_path)  # fmt: skip
    if "level A is not available" in ended.stderr + ended.stdout:
        return
    logs = list((tmp_path / "logs").glob("*.eval"))
    assert len(logs) == 1, ended.stderr
    log = read_eval_log(str(logs[0]))
    assert log.status == "success", log.error
    assert log.samples is not None
    assert log.samples[0].output.completion == "/workspace\ngiven/home/box\nbox\n"
    assert log.eval.sandbox is not None
    assert log.eval.sandbox.type == "tachograph"
