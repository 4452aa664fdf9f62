"""Counters of CPU time that only grow: of a machine, a control group, or a session.

    machine           all that is not idle, from /proc/stat
    cgroup:/path      cpu.stat (version 2) or cpuacct.usage (version 1) of that folder
    session:1234      the processes of that session and their descendants, from /proc

The first two also count what began and ended between two looks, and nobody below can leave them.
A session is for machines without control groups: who leaves it (setsid, and a parent that ends) is
not seen. Proven by tests/brake/meter/test_meter_cpu.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tachograph.errors import StoreError, UsageError
from tachograph.sandbox.cpu_time import TICK_SECONDS

PROC = Path("/proc")


class CpuCounter(Protocol):
    """One of them."""

    def seconds(self) -> float:
        """CPU seconds so far; only differences mean something. Raises StoreError."""
        ...


def open_cpu(scope: str) -> CpuCounter:
    """The counter that a scope's name stands for. Raises UsageError, StoreError."""
    kind, _, name = scope.partition(":")
    if scope == "machine":
        return Machine()
    if kind == "cgroup" and name:
        return group(Path(name))
    if kind == "session" and name.isdigit():
        return Session(int(name))
    raise UsageError(f"no scope {scope!r}", hint=HINT)


@dataclass(frozen=True)
class Machine:
    """All processors: user, nice, system, interrupts. Guests are in user time already."""

    stat: Path = PROC / "stat"

    def seconds(self) -> float:
        """See CpuCounter."""
        fields = read(self.stat).splitlines()[0].split()
        user, nice, system, _, _, interrupt, soft = map(int, fields[1:8])
        return (user + nice + system + interrupt + soft) * TICK_SECONDS


@dataclass(frozen=True)
class GroupTwo:
    """A folder of control groups, version 2."""

    folder: Path

    def seconds(self) -> float:
        """See CpuCounter."""
        for line in read(self.folder / "cpu.stat").splitlines():
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / 1e6
        raise StoreError(f"{self.folder / 'cpu.stat'} has no usage_usec", hint=HINT)


@dataclass(frozen=True)
class GroupOne:
    """A folder of the controller cpuacct, version 1."""

    folder: Path

    def seconds(self) -> float:
        """See CpuCounter."""
        return int(read(self.folder / "cpuacct.usage")) / 1e9


def group(folder: Path) -> CpuCounter:
    """The counter of a control group, of whichever version it is. Raises UsageError."""
    if (folder / "cpu.stat").is_file() and "usage_usec" in read(folder / "cpu.stat"):
        return GroupTwo(folder)
    if (folder / "cpuacct.usage").is_file():
        return GroupOne(folder)
    raise UsageError(f"{folder} is no control group that counts CPU time", hint=HINT)


@dataclass(frozen=True)
class Seen:
    """A process at one look."""

    parent: int
    session: int
    started: int
    """With the number it tells a process from a later one of the same number."""
    ticks: int
    """Its own, and those of ended children that it waited for."""


class Session:
    """All processes of one session, and what descends from them."""

    def __init__(self, session: int, proc: Path = PROC) -> None:
        self.session = session
        self.proc = proc
        self.members: dict[int, Seen] = {}
        self.gone = 0
        """Ticks of processes that ended and that no member waited for."""
        self.most = 0

    def seconds(self) -> float:
        """See CpuCounter. Whoever began and ended between two looks is counted by its parent."""
        now = self.look()
        for pid in self.members.keys() - now.keys():
            if not self.inherited(pid, now):
                self.gone += self.members[pid].ticks
        self.members = now
        self.most = max(self.most, self.gone + sum(seen.ticks for seen in now.values()))
        return self.most * TICK_SECONDS

    def inherited(self, pid: int, now: dict[int, Seen]) -> bool:
        """Whether an ancestor lives that has the ended process's time in its own."""
        while pid in self.members:
            pid = self.members[pid].parent
            if pid in now:
                return True
        return False

    def look(self) -> dict[int, Seen]:
        """The members as they are now."""
        everybody = {}
        for path in self.proc.iterdir():
            if path.name.isdigit() and (seen := self.seen(path)):
                everybody[int(path.name)] = seen
        members = {pid for pid, seen in everybody.items() if seen.session == self.session}
        before = {pid for pid, seen in self.members.items()
                  if pid in everybody and everybody[pid].started == seen.started}  # fmt: skip
        growing = True
        while growing:
            more = {pid for pid, seen in everybody.items()
                    if pid in before or seen.parent in members} - members  # fmt: skip
            members |= more
            growing = bool(more)
        return {pid: everybody[pid] for pid in members}

    def seen(self, path: Path) -> Seen | None:
        """One process; None where it has gone."""
        try:
            fields = (path / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return None
        return Seen(int(fields[1]), int(fields[3]), int(fields[19]), sum(map(int, fields[11:15])))


def read(path: Path) -> str:
    """A counter's file. Raises StoreError."""
    try:
        return path.read_text()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint=HINT) from error


HINT = "the scopes: machine, cgroup:/sys/fs/cgroup/..., session:ID"
