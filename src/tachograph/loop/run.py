"""A run as it lies in the ledger: open it, record what happens, read it back.

Everything that the loop decides from is here and in nothing else, so a run that was killed goes on
from its last entry. Several processes may write to one run (`tacho propose` beside `tacho run`):
each reads the others' entries before it decides. Proven by tests/loop/test_run.py.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tachograph.brake.agreement import Brake, Permission, Work
from tachograph.errors import HeldError, NotFoundError, UsageError
from tachograph.ledger import Entry, Ledger
from tachograph.ledger.kinds import (
    Body,
    CandidateProposed,
    RunClosed,
    RunOpened,
    RunResumed,
    SecretRevealed,
    WorkRefused,
)
from tachograph.loop.archive import SEED_LABEL, Archive
from tachograph.loop.budget import Budget
from tachograph.loop.clock import Rules
from tachograph.loop.draws import Secret, drop_secret, keep_secret, read_secret
from tachograph.loop.propose.protocol import Proposal
from tachograph.loop.spent import untold_cpu_seconds
from tachograph.task import Candidate, Task

ACTOR = "loop"
NEW_RUN = "begin a new run: tacho run TASK"
MOMENT_SECONDS = 0.001
REST_SECONDS = 0.2
"""In a rest the brake is asked so often."""
HINTS = {
    "SELF_HOLD": "tacho resume-work ends a hold of one's own",
    "UNKNOWN": "what cannot be told gives no leave: tacho ledger verify",
}
"""The next step, by the state of the brake."""
Listener = Callable[[Entry], None]
Draft = tuple[str, Sequence[int], Body]
"""Actor, parents and body of an entry to append."""


class Run:
    """One run on one ledger, as this process sees it. `refresh` brings in what others recorded."""

    def __init__(self, ledger: Ledger, run: str, folder: Path, listen: Listener | None) -> None:
        self.ledger = ledger
        self.id = run
        self.folder = folder
        self.archive = Archive()
        self.listen = listen
        self.next_seq = 0
        self.cache: dict[str, Candidate] = {}
        self.folding = threading.RLock()
        """Held while the archive changes; whoever reads several of its parts holds it, too."""
        self.unheard: list[Entry] = []
        """Folded in, and not told to the listener yet, who lives on the main thread."""
        self.stored: set[str] = set()
        """Files that an entry of this run names: they need not be put away again."""
        self.brake = Brake(ledger)
        self.said: tuple[Permission | None, float] = (None, 0.0)
        """What the brake said last when it was asked in passing, and when."""
        self.trying = False
        """Whether this process holds the clock, for a trial that the brake let begin."""

    # -- begin and end ---------------------------------------------------------------------------

    @classmethod
    def open(cls, ledger: Ledger, folder: Path, task: Task, budget: Budget, rules: Rules, *,
             box: dict[str, Any], proposers: list[str], team: dict[str, Any] | None = None,
             random_seed: int | None = None, listen: Listener | None = None) -> Run:  # fmt: skip
        """Begin a new run; it is in the ledger when this returns. Raises HeldError."""
        run = cls(ledger, "r-" + secrets.token_hex(4), folder, listen)
        check_leave(run.brake, ledger, task.work)
        run.next_seq = ledger.size
        seed = random_seed if random_seed is not None else secrets.randbits(32)
        secret = Secret.fresh()
        keep_secret(folder, run.id, secret)
        run.record(RunOpened(
            run=run.id, task=task.name, task_digest=task.digest, seed_candidate=task.seed.id,
            goal=task.goal, budget=budget.plain(), random_seed=seed, box=box,
            clock=asdict(rules), proposers=proposers, team=team or {},
            secret_sha256=secret.commitment, work=task.work,
        ))  # fmt: skip
        run.record_candidate(task.seed, [], SEED_LABEL, SEED_LABEL, "the task as given")
        return run

    @classmethod
    def read(cls, ledger: Ledger, run: str, folder: Path, listen: Listener | None = None) -> Run:
        """An earlier run. `run` may be an unambiguous beginning of its id, or `last`."""
        found = cls(ledger, find(ledger, run), folder, None)
        found.refresh()
        found.listen = listen
        return found

    def resume(self, team: dict[str, Any] | None = None) -> None:
        """Go on with a run that was killed, interrupted or ran out of budget.

        Raises UsageError once its hold-out is open or its secret revealed: it ended for good.
        Raises HeldError while the brake holds.
        """
        self.refresh()
        self.still_sealed()
        self.check_unrevealed()
        self.check_leave()
        self.record(RunResumed(self.id, team or {}))

    def still_sealed(self) -> None:
        """Raises UsageError where the run has opened its hold-out: it may choose no more."""
        if self.archive.holdout:
            raise UsageError(
                f"run {self.id} has opened its sealed hold-out: what it chose now would be chosen"
                " by it",
                hint="begin a new run on the task; what this one found is in tacho show",
            )

    def close(self, reason: str) -> None:
        """Record the end."""
        best = self.archive.best
        spent = untold_cpu_seconds()
        self.record(RunClosed(self.id, reason, best.id if best else None, spent))

    def reveal(self) -> Secret:
        """Put the secret into the ledger: the run is over for good. Raises UsageError before that.

        Afterwards, too, it returns the secret. Raises as `secret` does.
        """
        with self.alone():
            self.refresh()
            secret = self.secret
            if self.archive.revealed is None:
                if self.archive.closed is None:
                    end = f"tacho resume {self.id} --seconds 1 ends it"
                    raise UsageError(f"run {self.id} is not over", hint=end)
                self.record(SecretRevealed(self.id, secret.value.hex()))
            drop_secret(self.folder, self.id)
        return secret

    @property
    def secret(self) -> Secret:
        """What seeds the inputs, verified. Raises UsageError, NotFoundError, DamagedError."""
        opened, revealed = self.archive.opened, self.archive.revealed
        assert opened is not None
        if not opened.secret_sha256:
            raise UsageError(f"the inputs of run {self.id} cannot be derived", hint=NEW_RUN)
        if revealed:
            return Secret.opened(revealed.secret, opened.secret_sha256)
        return read_secret(self.folder, self.id, opened.secret_sha256)

    # -- the brake -------------------------------------------------------------------------------

    @property
    def work(self) -> Work:
        """What its trials do."""
        return self.archive.opened.work if self.archive.opened else "training"

    def permission(self) -> Permission:
        """What the brake says of this run's work at this moment, or said a moment ago. Where a
        trial is to begin, `check_leave` asks anew.
        """
        now = time.monotonic()
        said, at = self.said
        if said is None or not 0 <= now - at < MOMENT_SECONDS:
            said = self.brake.ask(self.work)
            self.said = said, now
        return said

    def check_leave(self) -> Permission:
        """New work may begin. Raises HeldError, after the refusal was recorded."""
        return check_leave(self.brake, self.ledger, self.work, self.id)

    def check_call(self) -> None:
        """A candidate may be called in a box: new work may begin, or this is a trial that has
        begun, and such are to be finished. Raises HeldError, after the refusal was recorded.
        """
        permission = self.permission()
        if not permission.allowed and not (self.trying and permission.running == "finish"):
            self.check_leave()

    def rest(self, worked_seconds: float) -> None:
        """Leave unused what an agreement does not let be used: with a share of a tenth, nine times
        as long as was worked. Ends at once when the brake says otherwise.
        """
        ended = time.monotonic()
        while (permission := self.permission()).allowed and 0 < permission.share < 1:
            rested = time.monotonic() - ended
            left = worked_seconds * (1 / permission.share - 1) - rested
            if left <= 0:
                return
            time.sleep(min(left, REST_SECONDS))

    # -- record and read -------------------------------------------------------------------------

    def append(self, drafts: Sequence[Draft], *, durable: bool = True) -> None:
        """Append entries together and fold them in; durable when this returns, unless that is not
        waited for: then they are on the disk with the next entries that are.
        """
        recorded = self.ledger.append(drafts, durable=durable)
        self.brake.pass_over(recorded)
        self.fold(recorded)

    def record(self, body: Body, parents: tuple[int, ...] = (), actor: str = ACTOR) -> None:
        """Append one entry."""
        self.append([(actor, parents, body)])

    def record_about(self, *bodies: Body) -> None:
        """Append entries that rest on their candidates' proposals, together."""
        self.append([(ACTOR, self.seqs_of([getattr(body, "candidate", "")]), body)
                     for body in bodies])  # fmt: skip

    def record_candidate(self, candidate: Candidate, parents: list[str], proposer: str, label: str,
                         note: str) -> None:  # fmt: skip
        """Put the files away, then record the proposal."""
        proposal = Proposal(candidate, label, note)
        self.append([self.draft_proposal(proposal, parents, proposer, turn=None)])

    def draft_proposal(self, proposal: Proposal, parents: list[str], proposer: str,
                       turn: int | None) -> Draft:  # fmt: skip
        """The entry of a proposal, whose files are put away now."""
        candidate = proposal.candidate
        files = dict(candidate.manifest)
        for path, digest in files.items():
            if digest not in self.stored:
                self.ledger.put(candidate.files[path].encode())
        self.cache[candidate.id] = candidate
        body = CandidateProposed(self.id, candidate.id, parents, proposer, proposal.label,
                                 proposal.note, files, turn)  # fmt: skip
        return proposer, self.seqs_of(parents), body

    def seqs_of(self, candidates: Sequence[str]) -> tuple[int, ...]:
        """Numbers of their proposals' entries."""
        found = (self.archive.records.get(candidate) for candidate in candidates)
        return tuple(record.seq for record in found if record)

    def refresh(self) -> None:
        """Fold in what was recorded since, by this process or another; on the main thread, tell."""
        self.fold(())

    def fold(self, recorded: Sequence[Entry]) -> None:
        """Fold in what was recorded since; `recorded` was, by this process and just now.

        It is not read again where nobody else has recorded anything before it.
        """
        with self.folding:
            next_ones = self.archive.opened and recorded and recorded[0].seq == self.next_seq
            fresh = recorded if next_ones else self.ledger.entries(self.id, start=self.next_seq)
            for entry in fresh:
                self.archive.add(entry)
                self.next_seq = entry.seq + 1
                self.stored.update(entry.digests())
                if self.listen:
                    self.unheard.append(entry)
        if self.listen and threading.current_thread() is threading.main_thread():
            while self.unheard:
                self.listen(self.unheard.pop(0))

    def archive_at(self, seq: int) -> Archive:
        """The archive as it was after entry `seq`."""
        return Archive.of(itertools.takewhile(lambda entry: entry.seq <= seq,
                                              self.ledger.entries(run=self.id)))  # fmt: skip

    def candidate(self, candidate: str) -> Candidate:
        """The candidate's files, verified as they are read. Raises NotFoundError, DamagedError."""
        if candidate not in self.cache:
            record = self.archive.records.get(candidate)
            if record is None:
                raise NotFoundError(f"run {self.id} has no candidate {candidate}",
                                    hint=f"tacho show {self.id}")  # fmt: skip
            files = {path: self.ledger.fetch(digest).decode()
                     for path, digest in record.proposed.files.items()}  # fmt: skip
            self.cache[candidate] = Candidate(files)
        return self.cache[candidate]

    def check_task(self, task: Task) -> None:
        """The run's task has not changed since. Raises UsageError."""
        opened = self.archive.opened
        assert opened is not None
        if opened.task_digest != task.digest:
            raise UsageError(
                f"task {task.name} is not the one that run {self.id} was opened on",
                hint="undo the change of the task's folder, or begin a new run",
            )

    def check_unrevealed(self) -> None:
        """Inputs may still be drawn. Raises UsageError."""
        if self.archive.revealed:
            raise UsageError(f"run {self.id} is over for good: its secret was revealed",
                             hint=NEW_RUN)  # fmt: skip

    @contextmanager
    def sitting(self) -> Iterator[None]:
        """Be the only process that gives turns of this run. Raises UsageError where another does.

        A candidate by hand is not a turn: `tacho propose` may go on beside it.
        """
        with (self.folder / f"{self.id}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UsageError(
                    f"another process goes on with run {self.id}",
                    hint="wait for it, or open a run of its own",
                ) from None
            yield

    @contextmanager
    def clock_alone(self) -> Iterator[None]:
        """Hold the clock to try candidates: one trial at a time on this ledger, in any process.

        What others recorded meanwhile is folded in. Raises UsageError where the secret was
        revealed: its inputs are nobody's secret any more. Raises HeldError where the brake holds
        now that the clock is free. Where it allows a share of the capacity only, the clock stands
        still afterwards, for every process of this ledger.
        """
        with self.alone():
            self.refresh()
            self.check_unrevealed()
            permission = self.check_leave()
            self.trying = True
            began = time.monotonic()
            try:
                yield
            finally:
                self.trying = False
            if permission.share < 1:
                self.rest(time.monotonic() - began)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the clock's lock."""
        lock = os.open(self.folder / "clock.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def check_leave(brake: Brake, ledger: Ledger, work: Work, run: str = "") -> Permission:
    """New work may begin; by what leave. Raises HeldError, after the refusal was recorded."""
    permission = brake.ask(work)
    if permission.allowed:
        return permission
    ledger.append([(ACTOR, (), WorkRefused(run, work, permission.state, permission.reason))])
    raise held(permission)


def held(permission: Permission) -> HeldError:
    """The refusal as an error; its message is what a run is closed with."""
    reason = f": {permission.reason}" if permission.reason else ""
    hint = HINTS.get(permission.state, "tacho brake state says what lifts it")
    return HeldError(f"held by the brake, {permission.state}{reason}", hint=hint)


def run_ids(ledger: Ledger) -> list[str]:
    """Ids of all runs, the oldest first."""
    return [e.body.run for e in ledger.entries(kinds=(RunOpened,)) if isinstance(e.body, RunOpened)]


def archives(ledger: Ledger) -> dict[str, Archive]:
    """All runs by id, the oldest first, in one reading of the ledger.

    What was asked of a judge of sessions (label/books.py) is no run: none was opened.
    """
    found: dict[str, Archive] = {}
    for entry in ledger.entries():
        run = getattr(entry.body, "run", "")
        if isinstance(entry.body, RunOpened):
            found.setdefault(run, Archive())
        if run in found:
            found[run].add(entry)
    return found


def find(ledger: Ledger, run: str) -> str:
    """The full id that `run` stands for. Raises NotFoundError, UsageError."""
    ids = run_ids(ledger)
    if not ids:
        raise NotFoundError("this ledger has no runs yet", hint="tacho run pairwise")
    matches = ids[-1:] if run == "last" else [i for i in ids if i.startswith(run)]
    if len(matches) == 1:
        return matches[0]
    if run in matches:
        return run
    if matches:
        raise UsageError(f"'{run}' stands for several runs: {', '.join(matches[:5])}",
                         hint="give more of its id")  # fmt: skip
    raise NotFoundError(f"no run '{run}'", hint=f"there are: {', '.join(ids[-5:])}, or say 'last'")
