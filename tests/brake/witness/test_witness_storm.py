"""Many processes, two histories, kills at random: one history is signed, and none forgotten."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from logs import Log

from tachograph.brake.heads.cosignature import cosigned_at
from tachograph.brake.witness import Witness
from tachograph.brake.witness.memory import Memory
from tachograph.merkle.note import parse_signatures

CHILD = """
import random, sys
sys.path[:0] = [{here!r}]
from pathlib import Path
from logs import Log
from tachograph.brake.witness import Witness
chance = random.Random({seed})
logs = [Log(400), Log(400, forked=2)]
witness = Witness.open(Path({folder!r}))
held = 0
while True:
    log = chance.choice(logs)
    old = min(held, 399)
    new = chance.randrange(old, min(old + 4, 400) + 1)
    answer = witness.add_checkpoint(log.request(old, new))
    if answer.status == 200:
        print(logs.index(log), new, answer.body.replace("\\n", ""), flush=True)
        held = new
    elif answer.status == 409:
        held = int(answer.body)
"""
PROCESSES = 4
KILLS = 16


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_storm(folder: Path, tmp_path: Path, seed: int) -> None:
    """Processes that submit from both histories are killed and replaced; what they got agrees."""
    chance = random.Random(seed)
    out = [tmp_path / f"said-{number}" for number in range(PROCESSES + KILLS)]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number, path in enumerate(out):
            if len(running) >= PROCESSES:
                wait_for(out, lines(out) + chance.randrange(1, 6))
                running[0].kill()
                running.pop(0).wait()
            code = CHILD.format(
                here=str(Path(__file__).parent), folder=str(folder), seed=seed * 1000 + number
            )
            with path.open("wb") as file:
                running.append(subprocess.Popen([sys.executable, "-c", code], stdout=file))
        wait_for(out, lines(out) + 5)
    finally:
        for process in running:
            process.kill()
            process.wait()
    check(folder, [line for path in out for line in path.read_text().split("\n")[:-1]])


def lines(out: list[Path]) -> int:
    """How much was said so far."""
    return sum(path.read_bytes().count(b"\n") for path in out if path.exists())


def wait_for(out: list[Path], wanted: int) -> None:
    """Wait until so many lines were said."""
    for _ in range(3000):
        if lines(out) >= wanted:
            return
        time.sleep(0.02)
    pytest.fail("no process says anything")


def check(folder: Path, said: list[str]) -> None:
    """Every cosignature that left is good, of one history, and within what is remembered."""
    logs = [Log(400), Log(400, forked=2)]
    witness = Witness.open(folder)
    held = Memory(folder / "heads").peek(next(iter((folder / "heads").glob("?" * 64))).name)
    assert held is not None
    histories, by_time = set(), []
    for line in said:
        which, size, text = line.split(" ", 2)
        (signature,) = parse_signatures(text + "\n")
        witness.verifier.check(logs[int(which)].text(int(size)), signature.data)
        assert int(size) <= held.checkpoint.size
        assert cosigned_at(signature.data) <= held.time_seconds
        by_time.append((cosigned_at(signature.data), int(size)))
        if int(size) > 2:
            histories.add(which)
    assert len(said) > PROCESSES
    assert len(histories) == 1
    sizes = [max(size for time, size in by_time if time == moment)
             for moment in sorted({time for time, _ in by_time})]  # fmt: skip
    assert sizes == sorted(sizes)
