"""One candidate in five misbehaves: every healthy neighbour's verdict is unchanged."""

from __future__ import annotations

import pytest
from loop_toys import EQUAL, FAST, FASTER, WRONG, begin, correct, drive, raw

from tachograph.task import Candidate

BAD = {
    "exits": "import os\nos._exit(0)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "loops": "while True:\n    pass",
    "allocates": "held = []\nwhile True:\n    held.append(bytearray(1 << 24))",
    "forks": """import os
while True:
    try:
        os.fork()
    except OSError:
        pass""",
    "floods its log": "while True:\n    print('x' * 65536, flush=True)",
    "floods its output": "return 'x' * (200 << 20)",
    "fills the disk": """with open('big', 'wb') as out:
    while True:
        out.write(bytes(1 << 20))""",
    "kills its parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos._exit(0)",
    "sleeps on": "import time\ntime.sleep(1000)",
    "recurses": "import sys\nsys.setrecursionlimit(10**9)\nf = lambda: f()\nf()",
}  # fmt: skip
QUICK = ["exits", "loops", "allocates", "forks", "fills the disk"]


def healthy(count: int) -> list[Candidate]:
    """Right ones, and one that is wrong."""
    return [WRONG if number == 2 else right for number, right in enumerate(correct(count))]


def mixed(good: list[Candidate], names: list[str]) -> list[Candidate]:
    """One bad one after every four good ones."""
    found = []
    for number, name in enumerate(names):
        found += [*good[4 * number : 4 * number + 4], raw(BAD[name])]
    return found + good[4 * len(names) :]


def verdicts_of(new_bench, ledger, folder, candidates, **options) -> dict[str, str]:
    """Candidate id to verdict, of one run of its own."""
    bench = new_bench(wall_seconds=1.0, memory_mib=256, **options)
    run = begin(ledger, folder, bench)
    assert drive(run, bench, candidates) == "nothing left to try"
    assert not any(record.box_failures for record in run.archive.trials)
    return {record.id: record.verdict for record in run.archive.trials}


def compare(new_bench, ledger, folder, names: list[str], **options) -> None:
    """Healthy verdicts with and without the bad ones; none of the bad ones passes."""
    good = healthy(4 * len(names))
    alone = verdicts_of(new_bench, ledger, folder, good, metric="check")
    beside = verdicts_of(new_bench, ledger, folder, mixed(good, names), metric="check", **options)
    bad = {name: beside.pop(raw(BAD[name]).id) for name in names}
    assert beside == alone
    assert set(alone.values()) == {"kept", "wrong"}
    assert bad == dict.fromkeys(names, "failed")


def test_one_in_five_misbehaves(new_bench, ledger, ledger_folder):
    """One process each: crashes, loops, bombs of memory, processes and disk."""
    compare(new_bench, ledger, ledger_folder, QUICK)


def test_one_in_five_misbehaves_beside_another(new_bench, ledger, ledger_folder):
    """Two candidates are checked at once."""
    compare(new_bench, ledger, ledger_folder, QUICK[:4], parallel=2)


def test_a_fork_bomb_with_room_for_sixteen(new_bench, ledger, ledger_folder):
    """Where a candidate may fork, it may not fork without bound."""
    compare(new_bench, ledger, ledger_folder, ["forks", "allocates"], processes=16)


@pytest.mark.long
@pytest.mark.parametrize("parallel", [1, 2])
@pytest.mark.parametrize("processes", [1, 16])
def test_every_kind_of_misbehaviour(new_bench, ledger, ledger_folder, processes, parallel):
    """All kinds, with one process and with sixteen, alone and side by side."""
    compare(new_bench, ledger, ledger_folder, [*BAD], processes=processes, parallel=parallel)


@pytest.mark.long
@pytest.mark.parametrize("parallel", [1, 2])
def test_races_are_decided_beside_misbehaviour(new_bench, ledger, ledger_folder, parallel):
    """What is faster is kept and what is not is dropped, whatever ran before and between."""
    good = [EQUAL, FAST, WRONG, FASTER]
    bad = [raw(body) for body in BAD.values()]
    found = verdicts_of(new_bench, ledger, ledger_folder, [*bad, *good], parallel=parallel)
    assert [found[candidate.id] for candidate in (FAST, WRONG, FASTER)] == ["kept", "wrong", "kept"]
    assert found[EQUAL.id] != "kept"
    assert {found[candidate.id] for candidate in bad} == {"failed"}
