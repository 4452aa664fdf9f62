"""One turn of a coding agent, from an empty folder to what came of it.

1. A fresh folder with the parent's files, the fixed ones and GOAL.md; a seat, and its door.
2. The box: the folder to write to, the seat's client and the agent's program to read, what the
   preset opens, and nothing of the judge.
3. The agent runs until it ends, its time is up, a limit of the box is passed, or the run ends.
4. Everything in the box is killed; then its files are read as they lie, and recorded.
What an earlier try of the same turn left (after a crash) is not used: only its finished trials
stand. Proven by tests/loop/propose/command/test_proposer.py.
"""

from __future__ import annotations

import shlex
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from tachograph.errors import UsageError
from tachograph.ledger.kinds import CommandBegun, CommandEnded
from tachograph.loop.propose.command import words
from tachograph.loop.propose.command.agent import Agent
from tachograph.loop.propose.command.door import Door
from tachograph.loop.propose.command.install import install
from tachograph.loop.propose.command.preset import Preset
from tachograph.loop.propose.command.seat import Seat
from tachograph.loop.propose.command.usage import IN_A_FILE, READERS, Usage
from tachograph.loop.propose.command.withheld import Withheld, values_in
from tachograph.loop.propose.hand import read_regular
from tachograph.loop.propose.protocol import Brief, Desk, MalformedError, Proposal
from tachograph.sandbox.inside import landlock
from tachograph.sandbox.inside.keeper import SCOPED_LANDLOCK
from tachograph.sandbox.memory import printable
from tachograph.sandbox.staging import Staging
from tachograph.sandbox.workspace import Ended, Workspace
from tachograph.task import Candidate

PROMPT = "Read GOAL.md in this folder and do what it says."
PROMPT_FILE = "GOAL.md"
USAGE_FILE = ".tacho-usage.json"
USAGE_BYTES = 64 << 20
SOCKET = "judge"

Reason = Literal["exited", "time-limit", "box-limit", "stopped"]


class AgentError(Exception):
    """The agent ended badly and left nothing; ends the turn as `failed`."""


class Turn:
    """One run of an agent, from its folder to its outcome. Use it in a `with`."""

    def __init__(self, agent: Agent, brief: Brief, desk: Desk, held_usd: float | None) -> None:
        self.agent = agent
        self.preset: Preset = agent.preset
        self.brief = brief
        self.desk = desk
        self.held_usd = held_usd
        self.copied = self.preset.copied()
        values = dict(self.preset.passed())
        for path, data in self.copied.items():
            values |= values_in(Path(path).name, data.decode("utf-8", "replace"))
        self.withheld = Withheld(values)
        self.seat = Seat(brief, desk, words.goal(brief), agent.name, self.withheld)
        self.stack = ExitStack()

    # -- begin and end ---------------------------------------------------------------------------

    def __enter__(self) -> Turn:
        with ExitStack() as stack:
            ground = Staging(Path(tempfile.gettempdir()))
            stack.callback(ground.close)
            self.folder = ground.path / "workspace"
            self.fill()
            self.door = stack.enter_context(
                Door(self.seat.answer, self.brief.task.source_kib, by_port=self.by_port())
            )
            self.installed = install(self.door, self.brief.task)
            self.workspace = stack.enter_context(self.open_box())
            self.door.uid = self.workspace.uid
            for path, data in self.copied.items():
                self.workspace.write(f"{self.home}/{path}", data, mode=0o600)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def fill(self) -> None:
        """The workspace as the agent finds it."""
        self.folder.mkdir()
        files = {**self.brief.task.fixed, **self.brief.parent.files, PROMPT_FILE: self.seat.words}
        for path, text in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")

    def open_box(self) -> Workspace:
        """The box. Raises BoxError where none can be had at the level."""
        task = self.brief.task
        sockets = {} if self.door.port else {SOCKET: self.door.path}
        return self.agent.box(self.folder, shown=[self.installed.folder], hidden=[task.folder],
                                packages=task.hidden, sockets=sockets)  # fmt: skip

    def by_port(self) -> bool:
        """Whether the judge is asked at a port of the loopback: where there are no walls, and where
        those of a box with the network would let it at every Unix socket of the machine or at none.
        """
        level, scoped = self.agent.level, landlock.version() >= SCOPED_LANDLOCK
        return level == "D" or (self.preset.network and (level == "B" or not scoped))

    @property
    def home(self) -> str:
        """Its home folder, as it sees it."""
        return self.workspace.environment()["HOME"]

    # -- the agent -------------------------------------------------------------------------------

    def run(self) -> tuple[Ended, Reason]:
        """Run the agent to its end, and then kill what it has left running."""
        self.installed.point(self.workspace)
        command = self.words()
        if self.agent.version is None:
            self.agent.version = self.agent.version_in(self.workspace)
        self.desk.record(CommandBegun(
            self.desk.run, self.desk.turn, self.withheld.without(shlex.join(command)),
            self.withheld.without(self.agent.version), self.agent.opens(), self.workspace.level,
            self.held_usd,
        ))  # fmt: skip
        with self.ended_with_the_run() as stopped, self.desk.beside(self.workspace):
            ended = self.workspace.exec(command, environment=self.environment())
        self.workspace.clear()
        self.door.close()
        if self.door.fault:
            raise self.door.fault
        return ended, self.reason(ended, stopped=stopped.is_set())

    def words(self) -> list[str]:
        """The command line, every place filled in."""
        root = self.workspace.root
        places = {
            "prompt": PROMPT, "prompt_file": f"{root}/{PROMPT_FILE}",
            "usage_file": f"{root}/{USAGE_FILE}", "money_usd": f"{self.held_usd or 0:.2f}",
        }  # fmt: skip
        filled = [str(self.agent.program.resolve())]
        for word in self.preset.arguments_with_money(self.held_usd):
            if word == "{files}":
                filled += self.brief.task.seed.files
                continue
            for name, value in places.items():
                word = word.replace("{" + name + "}", value)
            filled.append(word)
        return filled

    def environment(self) -> dict[str, str]:
        """What it sees of the environment besides: `tacho` comes first on its path."""
        seat = self.installed.folder
        return {**self.agent.environment(self.workspace, [seat]), "TACHO_SEAT": str(seat)}

    @contextmanager
    def ended_with_the_run(self) -> Iterator[threading.Event]:
        """While the agent runs: end it where the run is ending or the door broke."""
        done, stopped = threading.Event(), threading.Event()

        def watch() -> None:
            while not done.wait(0.2):
                if self.desk.stopping.is_set() or self.desk.over or self.door.fault:
                    stopped.set()
                    self.workspace.clear()
                    return

        thread = threading.Thread(target=watch, name="agent-watch")
        thread.start()
        try:
            yield stopped
        finally:
            done.set()
            thread.join()

    def reason(self, ended: Ended, *, stopped: bool) -> Reason:
        """What ended it."""
        if stopped:
            return "stopped"
        if ended.complaint:
            return "time-limit" if ended.complaint.startswith("too slow") else "box-limit"
        return "exited"

    # -- what came of it -------------------------------------------------------------------------

    def record(self, ended: Ended, reason: Reason) -> None:
        """Keep what it printed and what it says it used."""
        used = self.usage(ended)
        transcript = self.withheld.without(self.transcript(ended))
        cost = used.cost_usd if used.cost_usd is not None else self.held_usd
        self.desk.record(CommandEnded(
            run=self.desk.run, turn=self.desk.turn, reason=reason, status=ended.status,
            detail=printable(ended.complaint), transcript=self.desk.put(transcript.encode()),
            cut=ended.cut, input_tokens=used.input_tokens, output_tokens=used.output_tokens,
            cost_usd=used.cost_usd,
            counted_tokens=(used.input_tokens or 0) + (used.output_tokens or 0),
            counted_usd=cost, wall_seconds=ended.wall_seconds, cpu_seconds=ended.cpu_seconds,
        ))  # fmt: skip

    def usage(self, ended: Ended) -> Usage:
        """What it says it used."""
        if self.preset.usage not in READERS:
            return Usage()
        data = ended.stdout
        if self.preset.usage in IN_A_FILE:
            try:
                data = read_regular(self.folder, USAGE_FILE, USAGE_BYTES)
            except (OSError, UsageError):
                return Usage()
        return READERS[self.preset.usage](data.decode("utf-8", "replace"))

    def transcript(self, ended: Ended) -> str:
        """What it printed: stdout, then stderr."""
        said = ended.stdout.decode("utf-8", "replace")
        complained = ended.stderr.decode("utf-8", "replace")
        return said if not complained else f"{said}\n--- stderr ---\n{complained}"

    def outcome(self, ended: Ended, reason: Reason) -> Proposal | None:
        """The proposal that the workspace is; None where its last trial says it all.

        Raises MalformedError and AgentError.
        """
        well = reason == "exited" and ended.status == 0
        how = "" if well else self.withheld.without(said(ended, reason))
        candidate, fault = self.left()
        asked = {proposal.candidate.id: proposal for proposal in self.seat.asked}
        if candidate and candidate.id in asked:
            return asked[candidate.id]
        if reason == "stopped" or (candidate is None or candidate == self.brief.parent):
            if asked:
                return None
            if how:
                raise AgentError(how + (f"; {fault}" if fault else ""))
            raise MalformedError(fault or "the agent changed nothing and asked for no trial")
        return Proposal(candidate, f"by {self.preset.name}", how or "as it left the workspace")

    def left(self) -> tuple[Candidate | None, str]:
        """The candidate that lies in the workspace, or why there is none. Nothing runs there."""
        files = {}
        for path in self.brief.task.seed.files:
            try:
                data = read_regular(self.folder, path, self.brief.task.source_kib << 10)
                files[path] = data.decode()
            except (OSError, UsageError, UnicodeDecodeError) as error:
                return None, f"{path} is no plain UTF-8 file of the task's size: {error}"
        candidate = Candidate(files)
        if name := self.withheld.named("\n".join(files.values())):
            return None, f"the files hold the value of {name}"
        return candidate, self.brief.task.refusal(candidate) or ""


def said(ended: Ended, reason: Reason) -> str:
    """How it ended, and its last word, on one line."""
    last = printable(ended.stderr.decode("utf-8", "replace")).strip().splitlines()
    word = f": {last[-1][:200]}" if last else ""
    if reason == "exited":
        return f"exit code {ended.status}{word}"
    return f"{reason}{f' ({ended.complaint})' if ended.complaint else ''}{word}"
