"""`tacho mcp` with the official client at the other end of its pipes; `tacho trial` outside."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tachograph.cli.places import remember_task
from tachograph.errors import BoxError
from tachograph.ledger import Ledger
from tachograph.loop.bench import open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.run import Run
from tachograph.task import load

mcp = pytest.importorskip("mcp", reason="the official client is not installed")

TACHO = ["-c", "from tachograph.cli import main; main()"]
TASK = """
name = "double"
goal = "Double x."
editable = ["double.py"]
entry = "double:double"
[metric]
kind = "check"
"""
CHECK = """
def draw(rng):
    return {"x": int(rng.integers(1, 1000))}

def expected(inputs):
    return 2 * inputs["x"]
"""
RIGHT = "def double(x):\n    return x + x\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The folder of a ledger with one run in it."""
    task = tmp_path / "task"
    task.mkdir()
    (task / "task.toml").write_text(TASK)
    (task / "check.py").write_text(CHECK)
    (task / "double.py").write_text("def double(x):\n    return 2 * x\n")
    loaded = load(task)
    folder = tmp_path / "ledger"
    with Ledger.open(folder, create=True) as book:
        try:
            with open_bench(loaded, level="A") as bench:
                remember_task(folder, loaded)
                Run.open(book, folder, loaded, Budget(), bench.rules, box=bench.description,
                         proposers=["hand"]).close("as a test")  # fmt: skip
        except BoxError as error:
            pytest.skip(f"no box at level A: {error.message}")
    return folder


def session(ledger: Path, calls, mode: str, *more: str):
    """The texts that these calls of tools come to, in one session of the official client."""
    server = mcp.StdioServerParameters(
        command=sys.executable, args=[*TACHO, "mcp", "--ledger", str(ledger), *more]
    )

    async def talk():
        async with mcp.Client(server, mode=mode) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            told = []
            for name, arguments in calls:
                result = await client.call_tool(name, arguments)
                told.append((result.is_error, result.content[0].text))
            return tools, told

    return asyncio.run(talk())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_any_client_can_propose(ledger: Path, mode: str) -> None:
    """It reads the brief, has versions tried, shares what it found, and the ledger holds it all."""
    wrong = {"double.py": "def double(x):\n    return x\n"}
    tools, told = session(ledger, [
        ("brief", {}),
        ("trial", {"files": {"double.py": RIGHT}, "label": "add", "note": "one sum"}),
        ("trial", {"files": wrong}),
        ("trial", {"files": {"check.py": "x"}}),
        ("trial", {"files": {"double.py": RIGHT + "# more\n"}}),
        ("findings", {}),
        ("status", {}),
    ], mode, "--trials", "2")  # fmt: skip
    assert tools == ["brief", "trial", "findings", "share", "status", "show"]
    assert "Double x." in told[0][1]
    kept, refused = json.loads(told[1][1]), json.loads(told[2][1])
    assert (kept["verdict"], kept["label"], refused["verdict"]) == ("kept", "add", "wrong")
    assert [error for error, _ in told] == [False, False, False, True, True, False, False]
    assert json.loads(told[4][1])["error"]["kind"] == "budget"
    assert json.loads(told[6][1])["left"]["trials"] == 0
    with Ledger.open(ledger) as book:
        archive = Run.read(book, "last", ledger).archive
        assert [record.verdict for record in archive.trials] == ["kept", "wrong"]
        assert {record.proposed.proposer for record in archive.trials} == {"mcp"}


def test_outside_of_a_workspace_trial_says_what_to_do_instead(tmp_path: Path) -> None:
    """Nobody sits at a run there."""
    ended = subprocess.run([sys.executable, *TACHO, "trial", "--label", "x"], cwd=tmp_path,
                           capture_output=True, text=True, check=False)  # fmt: skip
    assert ended.returncode == 2
    assert "tacho propose" in ended.stderr
