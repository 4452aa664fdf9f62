"""Every write of the publisher and of the register's door is broken, in every way, once.

Whatever breaks: no acknowledged entry is lost, no two heads contradict each other, what lies on the
host is a whole log at any moment, and the next try repairs the rest.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from faults import How, broken
from parties import document, say
from power import CUT, power_cut

from tachograph.brake.logs.publish import Log, Published, WholeLog, publish
from tachograph.brake.logs.redact import DEFAULT, RedactedLog, choose
from tachograph.brake.logs.source import FolderSource, hashes, leaves
from tachograph.brake.wire.intake import Intake, Receipt
from tachograph.errors import StoreError
from tachograph.ledger import Ledger, entry, kinds
from tachograph.ledger.heads import parse_head
from tachograph.merkle.tree import root

BEFORE = 250
"""Entries published before: six more fill a tile, so that partial ones go."""
MOST = 400
"""No run has as many steps."""


class World(NamedTuple):
    """A register's folder and its host's."""

    home: Path
    host: Path

    def copy(self, folder: Path) -> World:
        """The same, elsewhere."""
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(self.home.parent, folder)
        return World(folder / "register", folder / "host")


def whole(ledger: Ledger, home: Path) -> Log:
    return WholeLog(ledger)


def redacted(ledger: Ledger, home: Path) -> Log:
    return RedactedLog(ledger, home)


@pytest.fixture(params=[whole, redacted])
def open_log(request: pytest.FixtureRequest) -> Callable[[Ledger, Path], Log]:
    """Both kinds of log."""
    kind: Callable[[Ledger, Path], Log] = request.param
    return kind


@pytest.fixture
def world(tmp_path: Path, open_log: Callable[[Ledger, Path], Log]) -> World:
    """A register with a publication."""
    made = World(tmp_path / "start/register", tmp_path / "start/host")
    made.home.parent.mkdir()
    with Ledger.open(made.home, create=True, origin="example.org/register") as ledger:
        ledger.append([("test", (), kinds.RunResumed(f"r-{seq}")) for seq in range(BEFORE)])
        choose(ledger, made.home, DEFAULT)
        publish(open_log(ledger, made.home), made.home, made.host)
    return made


def work(
    world: World, open_log: Callable[[Ledger, Path], Log], tell: Callable[[str], object]
) -> None:
    """Take statements in and publish, twice; tell what was acknowledged."""
    with Ledger.open(world.home) as ledger:
        agreement = document(ledger.verifier)
        door = Intake(ledger, world.home, agreement)
        for number in range(2):
            for name in ("aurora", "crux"):
                tell(f"said {door.accept(say(agreement, name, number)).index}")
            tell(f"published {publish(open_log(ledger, world.home), world.home, world.host).size}")


def check(world: World, open_log: Callable[[Ledger, Path], Log], told: list[str]) -> None:
    """Everything that was told is true, and then the rest can be done."""
    with Ledger.open(world.home) as ledger:
        ledger.verify()
        for line in told:
            if line.startswith("said "):
                assert ledger.get(int(line.split()[1])).kind == "StatementPosted"
        seen = host_size(world, ledger, open_log)
        assert seen >= max([int(n) for w, n in map(str.split, told) if w == "published"], default=0)
    work(world, open_log, told.append)
    with Ledger.open(world.home) as ledger:
        ledger.verify()
        said = [one.body for one in ledger.entries(kinds=[kinds.StatementPosted])]
        envelopes = [b.envelope for b in said if isinstance(b, kinds.StatementPosted)]
        assert len(envelopes) == len(set(envelopes)) == 4
        assert host_size(world, ledger, open_log) >= seen
        check_heads(ledger)


def host_size(world: World, ledger: Ledger, open_log: Callable[[Ledger, Path], Log]) -> int:
    """What lies on the host is a whole log of this ledger; its size."""
    log = open_log(ledger, world.home)
    source = FolderSource(world.host)
    head = parse_head(source.checkpoint().decode(), log.verifier)
    assert root(head.size, hashes(source, head.size)) == head.root
    assert list(leaves(source, 0, head.size, head.size)) == list(log.leaves(0, head.size))
    return head.size


def check_heads(ledger: Ledger) -> None:
    """No two signed heads of one log have one size and two roots."""
    signed: dict[tuple[str, int], str] = {}
    for one in ledger.entries(kinds=[kinds.HeadSigned, kinds.HeadPublished]):
        body = one.body
        assert isinstance(body, kinds.HeadSigned | kinds.HeadPublished)
        assert signed.setdefault((one.kind, body.size), body.root) == body.root
        if isinstance(body, kinds.HeadSigned):
            assert ledger.root(body.size).hex() == body.root


def each_break(world: World, how: How, tmp_path: Path) -> Iterator[tuple[int, World]]:
    """A fresh copy for each step there is."""
    for at in range(1, MOST):
        yield at, world.copy(tmp_path / "run")
    pytest.fail("there is no end of steps")


@pytest.mark.parametrize(("how", "at"), [("lost", 13), ("kept", 22), ("lost", 31), ("kept", 40)])
def test_a_write_fails(
    world: World, open_log: Callable[[Ledger, Path], Log], how: How, at: int
) -> None:
    """Some of the many below, for every day."""
    told: list[str] = []
    with broken(at, how), pytest.raises(StoreError):
        work(world, open_log, told.append)
    check(world, open_log, told)


@pytest.mark.long
@pytest.mark.parametrize("how", ["lost", "kept"])
def test_each_write_fails(
    world: World, open_log: Callable[[Ledger, Path], Log], how: How, tmp_path: Path
) -> None:
    """The write is not done, or is done and denied; the error is a store's, with a next step."""
    for at, copy in each_break(world, how, tmp_path):
        told: list[str] = []
        try:
            with broken(at, how) as steps:
                work(copy, open_log, told.append)
        except StoreError as error:
            assert error.hint
        check(copy, open_log, told)
        if steps.count < at:
            assert at > 60
            return


@pytest.mark.long
@pytest.mark.parametrize("how", ["killed", "killed after"])
def test_killed_at_each_write(
    world: World, open_log: Callable[[Ledger, Path], Log], how: How, tmp_path: Path
) -> None:
    """kill -9 instead of each write, and right after it."""
    for at, copy in each_break(world, how, tmp_path):
        ended, told = in_a_child(lambda tell, a=at, c=copy: kill_at(a, how, c, open_log, tell))
        check(copy, open_log, told)
        if ended == 0:
            assert at > 60
            return
        assert ended == -signal.SIGKILL


@pytest.mark.parametrize("at", [13, 31, 47])
def test_the_power_is_cut(world: World, open_log: Callable[[Ledger, Path], Log], at: int) -> None:
    """Some of the many below, for every day."""
    ended, told = in_a_child(lambda tell: cut_at(at, world, open_log, tell))
    assert ended == CUT
    check(world, open_log, told)


@pytest.mark.long
def test_the_power_is_cut_at_each_write(
    world: World, open_log: Callable[[Ledger, Path], Log], tmp_path: Path
) -> None:
    """Before each write: whatever was not synchronised is gone, on the strictest disk there is."""
    for at, copy in each_break(world, "lost", tmp_path):
        ended, told = in_a_child(lambda tell, a=at, c=copy: cut_at(a, c, open_log, tell))
        check(copy, open_log, told)
        if ended == 0:
            assert at > 50
            return
        assert ended == CUT


def cut_at(
    at: int,
    world: World,
    open_log: Callable[[Ledger, Path], Log],
    tell: Callable[[str], object],
) -> None:
    with power_cut(at):
        work(world, open_log, tell)


def test_the_power_cut_cuts(tmp_path: Path) -> None:
    """The model can fail: a checkpoint that is written before its tiles is found out by it."""

    def careless(tell: Callable[[str], object]) -> None:
        with power_cut(3):
            handle = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            with os.fdopen(handle, "wb") as file:
                file.write(b"data")
            os.fsync(os.open(tmp_path, os.O_RDONLY))

    assert in_a_child(careless)[0] == CUT
    assert not (tmp_path / "file").exists()


def kill_at(
    at: int,
    how: How,
    world: World,
    open_log: Callable[[Ledger, Path], Log],
    tell: Callable[[str], object],
) -> None:
    with broken(at, how):
        work(world, open_log, tell)


def in_a_child(act: Callable[[Callable[[str], object]], object]) -> tuple[int, list[str]]:
    """Do it in a process of its own; how that ended, and what it told before."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        act(lambda line: os.write(writing, line.encode() + b"\n"))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        lines = told.read().splitlines()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), lines


def test_a_clock_that_goes_back_makes_no_second_history(
    world: World, open_log: Callable[[Ledger, Path], Log], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publishing goes on with whatever time the clock says; nothing that was said changes."""
    told: list[str] = []
    work(world, open_log, told.append)
    monkeypatch.setattr(entry, "now", lambda: "2001-01-01T00:00:00.000000Z")
    with Ledger.open(world.home) as ledger:
        ledger.append([("test", (), kinds.RunResumed("in the past"))])
        publish(open_log(ledger, world.home), world.home, world.host)
        check_heads(ledger)
        assert host_size(world, ledger, open_log) > BEFORE + 6
    monkeypatch.undo()
    check(world, open_log, told)


def test_two_publishers_at_once_leave_the_newer_head(
    world: World, open_log: Callable[[Ledger, Path], Log], tmp_path: Path
) -> None:
    """Four processes append and publish into one folder: whole at the end, and never going back."""

    def act(tell: Callable[[str], object]) -> None:
        with Ledger.open(world.home) as ledger:
            for number in range(5):
                ledger.append([("test", (), kinds.RunResumed(f"r-{number}"))])
                done: Published = publish(open_log(ledger, world.home), world.home, world.host)
                tell(str(done.size))

    readers = []
    for _ in range(4):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            act(lambda line, w=writing: os.write(w, line.encode() + b"\n"))
            os._exit(0)
        os.close(writing)
        readers.append((child, reading))
    for child, reading in readers:
        with os.fdopen(reading) as lines:
            sizes = list(map(int, lines.read().split()))
        assert os.waitpid(child, 0)[1] == 0
        assert len(sizes) == 5 and sizes == sorted(sizes)
    with Ledger.open(world.home) as ledger:
        check_heads(ledger)
        assert host_size(world, ledger, open_log) >= BEFORE + 20


def test_a_receipt_is_for_good(world: World, tmp_path: Path) -> None:
    """A commit that was done and denied is known when the statement is posted again."""
    with Ledger.open(world.home) as ledger:
        agreement = document(ledger.verifier)
        envelope = say(agreement, "aurora", 0)
        door = Intake(ledger, world.home, agreement)
        size = ledger.size
        with broken(1, "kept"), pytest.raises(StoreError):
            door.accept(envelope)
        again: Receipt = door.accept(envelope)
        assert (again.index, again.result, ledger.size) == (size, "known", size + 1)
