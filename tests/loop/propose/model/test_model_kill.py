"""A real run is killed while its model thinks; whoever resumes it pays for nothing twice.

Many random moments: bench/paid.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from loop_toys import begin
from scripted_server import completion

from tachograph.ledger import Ledger
from tachograph.ledger.kinds import ModelAnswered
from tachograph.loop.bench import open_bench
from tachograph.loop.budget import Budget
from tachograph.loop.propose.model import ModelProposer
from tachograph.loop.propose.models import Endpoint, Teller
from tachograph.loop.propose.models.call import read_answer
from tachograph.loop.run import Run, run_ids
from tachograph.loop.team import Team
from tachograph.loop.turn import Loop
from tachograph.task import load

CHILD = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[4:]
from test_model_kill import sit
sit(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
"""
SEATS = 3


def answer(number):
    code = f"def answer(x, late):\n    return 2 * x  # {number}\n"
    return f"LABEL: {number}\nFILE: toy.py\n```\n{code}```\n"


def sit(folder, url, trials):
    """One sitting of the run in `folder`, of three seats that ask the server."""
    task = load(folder / "task")
    place = folder / "ledger"
    with open_bench(task) as bench, Ledger.open(place, create=True) as ledger:
        if ids := run_ids(ledger):
            run = Run.read(ledger, ids[0], place)
            run.resume()
        else:
            run = begin(ledger, place, bench)
        proposer = ModelProposer(Endpoint("openai-api/local/scripted", url), Teller(place))
        with proposer:
            Loop(run, bench, [proposer], Budget(trials=trials), team=Team(seats=SEATS)).drive()


@pytest.fixture
def child(tmp_path):
    """Starts a sitting in a process of its own."""
    path = [entry for entry in sys.path if entry.endswith(("tests/loop", "propose", "model"))]
    children = []

    def start(url, trials):
        command = [sys.executable, "-c", CHILD, str(tmp_path), url, str(trials), *path]
        children.append(subprocess.Popen(command))
        return children[-1]

    yield start
    for process in children:
        process.kill()
        process.wait()


def test_a_kill_loses_no_answer_and_pays_for_none_twice(tmp_path, serve, child, new_bench):
    """Killed while three calls are under way: the answers come, and are used after the resume."""
    bench = new_bench(metric="check")
    (tmp_path / "task").symlink_to(bench.task.folder)
    server = serve(lambda request: completion(answer(len(server.requests)), delay_seconds=1.0))
    first = child(server.url, 10**6)
    wait_for(lambda: server.under_way == SEATS)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    asked = len(server.requests)
    second = child(server.url, asked + 1)
    assert second.wait(120) == 0
    wait_for(lambda: server.under_way == 0)
    with Ledger.open(tmp_path / "ledger") as ledger:
        bodies = [entry.body for entry in ledger.entries(kinds=[ModelAnswered])]
        recorded = {
            int(read_answer(ledger.fetch, b.answer).message.text.split()[1]) for b in bodies
        }
        ledger.verify()
    assert set(range(1, asked + 1)) <= recorded <= set(server.numbers)
    assert len({(body.turn, body.call) for body in bodies}) == len(bodies) == len(recorded)
    kept = list((tmp_path / "ledger" / "asking").glob("*.told"))
    assert len(server.numbers) == len(recorded) + len(kept)


def wait_for(happens):
    deadline = time.monotonic() + 120
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)
