"""The real command under an agreement: a pause by others stops it, and keeps it from going on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from adopted import adopted, trigger

from tachograph.errors import BoxError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import RunClosed, RunOpened, WorkRefused
from tachograph.sandbox import Box

TACHO = [sys.executable, "-c", "from tachograph.cli import main; main()"]


@pytest.fixture(autouse=True)
def _boxes() -> None:
    try:
        Box.open(level="A").close()
    except BoxError as error:
        pytest.skip(f"no box at level A: {error.message}")


def test_a_pause_stops_a_run_in_another_process(tmp_path: Path) -> None:
    """The run closes with a reason that names the pause; nothing new begins until it is lifted."""
    folder = tmp_path / "ledger"
    with Ledger.open(folder, create=True) as ledger:
        agreement = adopted(ledger)
        command = [*TACHO, "run", "pairwise", "--seconds", "300", "--ledger", folder]
        with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as run:  # fmt: skip
            assert run.stdout is not None
            assert run.stdout.readline().startswith("run r-")
            trigger(ledger, agreement)
            said, talk = run.communicate(timeout=200)
        assert "held by the brake, PAUSED: a pause is in force" in said, said + talk
        (closed,) = [entry.body for entry in ledger.entries(kinds=[RunClosed])]
        assert isinstance(closed, RunClosed) and closed.reason.startswith("held by the brake")
        for verb in (["run", "pairwise"], ["resume", "last"]):
            ended = subprocess.run([*TACHO, *verb, "--ledger", folder], text=True, check=False,
                                   capture_output=True)  # fmt: skip
            assert ended.returncode == 1
            assert "error: held by the brake, PAUSED: a pause is in force" in ended.stderr
        assert len(list(ledger.entries(kinds=[RunOpened]))) == 1
        refused = [entry.body for entry in ledger.entries(kinds=[WorkRefused])]
        assert len(refused) >= 3
        assert {body.state for body in refused if isinstance(body, WorkRefused)} == {"PAUSED"}
        ledger.verify()
