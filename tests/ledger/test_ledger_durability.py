"""Killed at any moment, out of room, one of many: what was acknowledged is there and verifies."""

from __future__ import annotations

import hashlib
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tachograph.errors import NotFoundError
from tachograph.ledger import Ledger, kinds, store
from tachograph.ledger.commit import Ticket
from tachograph.ledger.store import SqliteStore

WRITER = """
import sys
from tachograph.ledger import Ledger, kinds, store
from tachograph.ledger.commit import Ticket
from tachograph.ledger.store import SqliteStore
ledger = Ledger.open(sys.argv[1], create=True)
for number in range(int(sys.argv[3])):
    content = b"%d of " % number + sys.argv[2].encode()
    digest = ledger.put(content + bytes(100_000) * (number % 3 == 2))
    reading = ("test", (), kinds.ReadingTaken(sys.argv[2], digest))
    first, last = ledger.append([reading, ("test", (), kinds.RunResumed(digest))])
    print(first.seq, last.seq, digest, flush=True)
    if number % 7 == 3:
        ledger.sign_head()
"""
"""Appends pairs of entries and prints each pair once it was acknowledged. Objects of both homes."""

STALLED = """
import os, signal, sys
from tachograph.ledger import Ledger, disk, kinds, store
folder, moment = sys.argv[1:]

def die(*ignored, **named):
    os.kill(os.getpid(), signal.SIGKILL)

ledger = Ledger.open(folder, create=True)
draft = ("test", (), kinds.RunResumed("r"))
ledger.append([draft] * 3)
print("ready", flush=True)
if moment == "rows written, head not moved":
    advance = store._SqliteTransaction.advance
    store._SqliteTransaction.advance = lambda *given: (advance(*given), die())
elif moment == "lock taken":
    store._SqliteTransaction.advance = die
elif moment == "rows and object written, not committed":
    keep = store._SqliteTransaction.keep
    store._SqliteTransaction.keep = lambda *given: (keep(*given), die())
    ledger.append([draft, ("test", (), kinds.ReadingTaken("r", ledger.put(b"content")))])
elif moment == "object put, not named":
    ledger.put(b"content")
    die()
elif moment == "large object written, not named":
    disk._place = die
    ledger.put(bytes(100_000))
elif moment == "head recorded, not kept":
    from tachograph.ledger import ledger as face
    face.save_head = die
    ledger.sign_head()
ledger.append([draft] * 100)
"""
"""Kills itself at a named moment."""

CREATOR = """
import sys
from tachograph.ledger import Ledger
print(Ledger.open(sys.argv[1], create=True).verifier)
"""


@contextmanager
def started(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the script; gone when the block is left."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def acknowledged(output: str) -> list[tuple[int, int, str]]:
    """Pairs that a writer printed; a line cut by the kill does not count."""
    lines = [line.split() for line in output.split("\n")[:-1]]
    return [(int(first), int(last), digest) for first, last, digest in lines]


def check_acknowledged(ledger: Ledger, output: str) -> int:
    """Every acknowledged pair is there, whole, with its object. Returns how many."""
    pairs = acknowledged(output)
    for first, last, digest in pairs:
        reading, resumed = ledger.get(first).body, ledger.get(last).body
        assert isinstance(reading, kinds.ReadingTaken) and isinstance(resumed, kinds.RunResumed)
        assert (reading.data, resumed.run, last) == (digest, digest, first + 1)
        ledger.fetch(digest)
    return len(pairs)


def test_killed_at_random_moments(folder: Path) -> None:
    """Twelve writers, each killed -9 in full flight, lose nothing that they acknowledged."""
    rng = random.Random(7)
    output, survived = "", 0
    for round_ in range(12):
        with started(WRITER, folder, f"round-{round_}", 10_000) as process:
            assert process.stdout is not None
            output += process.stdout.readline()
            time.sleep(rng.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            output += process.communicate()[0]
            output = output[: output.rfind("\n") + 1]
        with Ledger.open(folder) as ledger:
            report = ledger.verify()
            assert check_acknowledged(ledger, output) <= report.size // 2
            assert report.size >= survived
            survived = report.size
    assert survived > 24


@pytest.mark.parametrize(
    ("moment", "size"),
    [
        ("lock taken", 3),
        ("rows written, head not moved", 3),
        ("rows and object written, not committed", 3),
        ("object put, not named", 3),
        ("large object written, not named", 3),
        ("head recorded, not kept", 4),
    ],
)
def test_killed_at_the_worst_moment(folder: Path, moment: str, size: int) -> None:
    """A write that was cut off at its most delicate point is wholly there or not at all."""
    with started(STALLED, folder, moment) as process:
        assert process.communicate()[0] == "ready\n"
        assert process.returncode == -signal.SIGKILL
    with Ledger.open(folder) as ledger:
        assert (ledger.verify().size, ledger.verify().objects) == (size, 0)
        with pytest.raises(NotFoundError):
            ledger.fetch(hashlib.sha256(b"content").hexdigest())
        ledger.append([("test", (), kinds.RunResumed("after"))])
        ledger.sign_head()
        assert ledger.verify().size == size + 2


def test_writers_in_many_processes(folder: Path) -> None:
    """Four processes that create and fill one ledger at once share it without gap or loss."""
    commands = [[sys.executable, "-c", WRITER, str(folder), f"w-{n}", "40"] for n in range(4)]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    outputs = [writer.communicate()[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    with Ledger.open(folder) as ledger:
        assert sum(check_acknowledged(ledger, output) for output in outputs) == 160
        report = ledger.verify()
        signed = sum(1 for _ in ledger.entries(kinds=["HeadSigned"]))
        assert (report.size, report.objects) == (320 + signed, 160)


def test_creators_in_many_processes(folder: Path) -> None:
    """Eight processes that make the same ledger at once agree on its key."""
    commands = [[sys.executable, "-c", CREATOR, str(folder)] for _ in range(8)]
    creators = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands
    ]
    keys = {creator.communicate()[0] for creator in creators}
    assert [creator.returncode for creator in creators] == [0] * 8
    assert len(keys) == 1
    with Ledger.open(folder) as ledger:
        assert keys == {f"{ledger.verifier}\n"}
        assert ledger.verify().size == 0


def test_out_of_room(folder: Path) -> None:
    """A writer that may write no more gets a store error; the ledger stays good and grows later."""
    limit = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
from tachograph.errors import StoreError
try:
    while True:
        ledger.append([("test", (), kinds.RunResumed("x" * 1000))] * 10)
except StoreError as error:
    print(error, error.hint, file=sys.stderr)
try:
    ledger.put(bytes(400_000))
except StoreError as error:
    print(error, error.hint, file=sys.stderr)
"""
    command = [sys.executable, "-c", WRITER + limit, str(folder), "writer", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    full, too_big = done.stderr.splitlines()
    assert "cannot be used" in full and "has room" in full
    assert "cannot be used" in too_big and "has room" in too_big
    with Ledger.open(folder) as ledger:
        assert check_acknowledged(ledger, done.stdout) == 5
        size = ledger.verify().size
        assert size > 10
        ledger.append([("test", (), kinds.RunResumed("after"))])
        assert ledger.verify().size == size + 1
    assert {len(path.name) for path in (folder / "objects").iterdir()} == {64}


def test_readers_beside_a_writer(folder: Path) -> None:
    """While another process writes, every look at the ledger verifies, and it only grows."""
    with started(WRITER, folder, "writer", 60) as process:
        assert process.stdout is not None
        process.stdout.readline()
        sizes = []
        with Ledger.open(folder) as ledger:
            while process.poll() is None:
                sizes.append(ledger.verify().size)
                assert len(list(ledger.entries())) >= sizes[-1]
    assert sizes == sorted(sizes)


def test_what_nobody_waited_for_outlives_its_writer(folder: Path) -> None:
    """Killed right after the append: no commit waited for the disk, and all is there."""
    unawaited = WRITER.replace("(digest))])", "(digest))], durable=False)")
    assert unawaited != WRITER
    with started(unawaited, folder, "writer", 10_000) as process:
        assert process.stdout is not None
        output = "".join(process.stdout.readline() for _ in range(20))
        process.send_signal(signal.SIGKILL)
        output += process.communicate()[0]
    with Ledger.open(folder) as ledger:
        assert check_acknowledged(ledger, output[: output.rfind("\n") + 1]) >= 20
        ledger.verify()


def test_the_disk_is_waited_for_where_somebody_waits(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commit under the level of synchronisation that its drafts ask for, and a group's under
    the strictest.
    """
    draft = ("test", (), kinds.RunResumed("r"))
    with Ledger.open(folder, create=True) as ledger:
        ledger.append([draft])
        assert isinstance(ledger._store, SqliteStore) and ledger._store._writer is not None
        writer, levels, commit = ledger._store._writer, [], store._commit

        def noted(connection: sqlite3.Connection) -> None:
            levels.append(writer.execute("PRAGMA synchronous").fetchone()[0])
            commit(connection)

        monkeypatch.setattr(store, "_commit", noted)
        for durable in (True, False, False, True):
            ledger.append([draft], durable=durable)
        ledger.sign_head()
        ledger._commit([Ticket((draft,), durable=False), Ticket((draft,))])
        full, normal = 2, 1
        assert levels == [full, normal, normal, full, full, full]
