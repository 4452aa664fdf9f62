"""Following a register: copying its statements into one's own ledger, each checked.

One step takes, in this order:

1. the register's newest head: signed by its key, cosigned by a quorum of the agreement's witnesses,
   each of whom saw it lately, so that nobody can keep a follower in the past with an old head;
2. the head that this ledger heard last: the new one must continue it. An older one is only late; a
   tree that does not begin with the old one is a second history, and both heads are kept;
3. the entries between the two: hashed on from the old tree's edge, they must lead to the new root,
   which shows at once that each is in it and that none is missing (fetch.py); none may be dated
   later than now, as a time to come would run out timers, of an exit, a sunset, a silent meter;
4. the statements among them, recorded as StatementCopied, and RegisterHeard after the last of them.

Whatever fails, cuts off or lies before 4 leaves the ledger as it was, and the next step begins
again from what it holds. Proven by tests/brake/test_follow.py. Not covered: what the statements
mean.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tachograph.brake.agreed.terms import Terms
from tachograph.brake.heads.fork import Fork, find_fork, format_fork
from tachograph.brake.heads.policy import NONE, Policy, PolicyLog, check_policy, parse_policy
from tachograph.brake.logs.fetch import AGAIN, fetch_batch
from tachograph.brake.logs.mirror import Mirror
from tachograph.brake.logs.source import Source, hashes
from tachograph.brake.times import stamp_of
from tachograph.errors import (
    DamagedError,
    EvidenceError,
    FormatError,
    ProofError,
    StoreError,
    WorldError,
)
from tachograph.ledger import Ledger
from tachograph.ledger.commit import Draft
from tachograph.ledger.disk import locked, make_folder, write_file
from tachograph.ledger.kinds import (
    RegisterContradicted,
    RegisterHeard,
    RegisterSeen,
    StatementCopied,
)
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.edge import Edge
from tachograph.merkle.note import Note, format_note, parse_note, parse_verifier_key
from tachograph.merkle.tree import EMPTY_ROOT

LOCK = "following"
"""File in the ledger's folder that one follower at a time holds."""
FORKS = "forks"
"""Folder in the ledger's folder that holds proofs of forks, to be handed on."""
QUIET_SECONDS = 600.0
"""How often a head that brought nothing new is recorded."""
SKEW_SECONDS = 600
"""How far a witness's or the register's clock may be ahead of this one."""


class StaleError(WorldError):
    """The register shows what was heard already, or what no quorum of witnesses has seen lately."""

    kind = "stale"


class ForkError(EvidenceError):
    """The register has two histories. Both heads and the proof are in this ledger."""

    kind = "fork"


@dataclass(frozen=True)
class Heard:
    """What one step brought."""

    size: int
    """Entries under the register's head."""
    before: int
    """Entries under the head that was held before; 0 where none was."""
    copied: int
    """Statements that were recorded."""
    recorded: bool
    """Whether anything was; where nothing is new, not every head is."""


@dataclass(frozen=True)
class _Held:
    """What this ledger has of the register."""

    note: str
    """The newest head that was checked; empty: none."""
    head: Checkpoint
    """What it says."""
    complete: int
    """Entries under the newest head whose statements are all here."""
    complete_note: str
    """That head; empty: none."""
    heard_at: str
    """Time of the newest RegisterHeard; empty: none."""
    copies: dict[int, str]
    """Envelopes by number in the register, from `complete` on: an interrupted step left them."""


class Follower:
    """Follows the register of one agreement into one ledger."""

    def __init__(
        self, ledger: Ledger, home: Path, terms: Terms, *, quiet_seconds: float | None = None
    ) -> None:
        """`ledger` lies in the folder `home`.

        A head that brings nothing new is recorded every `quiet_seconds`; the default is
        QUIET_SECONDS, or a quarter of the time after which the agreement calls a party deaf.
        """
        self._ledger = ledger
        self._home = home
        self._terms = terms
        self._policy = _policy(terms)
        deaf_seconds = terms.timers.deaf / 1000
        self._quiet_seconds = (
            min(QUIET_SECONDS, deaf_seconds / 4) if quiet_seconds is None else quiet_seconds
        )
        origin = parse_verifier_key(terms.register).name
        self._held = _Held("", Checkpoint(origin, 0, EMPTY_ROOT), 0, "", "", {})
        self._read = 0
        self._mirror = Mirror(home, origin)

    def step(self, source: Source, *, now: float | None = None) -> Heard:
        """Take one step; `now` is the POSIX time, where it is not the clock's.

        Raises UnreachableError, NotFoundError and StaleError where there is nothing to take now,
        FormatError and ProofError where what came is refused, ForkError for a second history, and
        StoreError. Nothing that was recorded before is lost by any of them.
        """
        now = time.time() if now is None else now
        try:
            with locked(self._home / LOCK):
                note, head = self._newest(source, now)
                self._catch_up()
                held = self._held
                fork = _check_follows(held, note, head, source, self._mirror)
                if fork is not None:
                    raise _fork_error(self._ledger, self._home, held, note, fork)
                if head.size == held.complete:
                    recorded = self._refresh(note, head, now)
                    return Heard(head.size, held.complete, 0, recorded)
                copied = _copy(self._ledger, held, note, head, source, self._mirror, now)
                return Heard(head.size, held.complete, copied, recorded=True)
        except OSError as error:
            raise StoreError(
                f"{self._home} cannot be used: {error.strerror}",
                hint="see that you may write there",
            ) from error

    def _newest(self, source: Source, now: float) -> tuple[str, Checkpoint]:
        """The register's head, as signed and as lately cosigned as the agreement demands."""
        try:
            text = source.checkpoint().decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError("the checkpoint is not text", hint=AGAIN) from error
        note = parse_note(text)
        witnessed = check_policy(self._policy, note)
        oldest, latest = now - self._terms.timers.deaf / 1000, now + SKEW_SECONDS
        lately = {one.key for one in witnessed.cosigned if oldest <= one.time_seconds <= latest}
        if (missing := self._policy.missing(lately)) is not None:
            raise StaleError(
                f"the register's head was not seen lately by a quorum of {missing}",
                hint="wait for its witnesses; without them it may be an old head played again",
            )
        return _known_lines(note, self._policy), witnessed.checkpoint

    def _catch_up(self) -> None:
        """Take in what this ledger has recorded of the register since."""
        held = self._held
        wanted = [RegisterHeard, RegisterSeen, StatementCopied]
        for one in self._ledger.entries(kinds=wanted, start=self._read):
            self._read = one.seq + 1
            body = one.body
            if getattr(body, "register", None) != held.head.origin:
                continue
            if isinstance(body, StatementCopied):
                held.copies[body.index] = body.envelope
            elif isinstance(body, RegisterSeen):
                held = dataclasses.replace(held, note=body.note, head=_said(body.note))
            elif isinstance(body, RegisterHeard):
                head = _said(body.note)
                held = _Held(body.note, head, head.size, body.note, one.time, {})
            self._held = held

    def _refresh(self, note: str, head: Checkpoint, now: float) -> bool:
        """Record a head that brought nothing new, where that was last done long enough ago."""
        if self._held.heard_at:
            age = now - datetime.fromisoformat(self._held.heard_at).timestamp()
            if 0 <= age < self._quiet_seconds:
                return False
        self._ledger.append([("follower", (), RegisterHeard(head.origin, note))])
        return True


def _policy(terms: Terms) -> Policy:
    register = PolicyLog(parse_verifier_key(terms.register))
    if not terms.witnesses:
        return Policy((register,), (), (), NONE)
    return dataclasses.replace(parse_policy(terms.witnesses), logs=(register,))


def _known_lines(note: Note, policy: Policy) -> str:
    """The head with the signatures that the agreement knows: strangers' lines are not recorded."""
    keys = [*(log.key for log in policy.logs), *(witness.key for witness in policy.witnesses)]
    known = {(key.name, key.id) for key in keys}
    lines = tuple(line for line in note.signatures if (line.name, line.key_id) in known)
    return format_note(Note(note.text, lines))


def _said(note: str) -> Checkpoint:
    return parse_checkpoint(parse_note(note).text)


def _check_follows(
    held: _Held, note: str, head: Checkpoint, source: Source, mirror: Mirror
) -> Fork | None:
    """Return the fork where the head contradicts the one held; None where it continues it.

    Raises StaleError for an older head of the same history, as far as that can be told, and
    ProofError where the hashes are not those of the larger tree: then nothing is proven.
    """
    if not held.note:
        return None
    older = head.size < held.head.size
    if not older:
        return find_fork(held.note, note, hashes(source, head.size))
    if mirror.holds(held.head):
        found = find_fork(held.note, note, mirror.hashes(held.head.size))
        if found is not None:
            return found
    raise StaleError(
        f"the register shows {head.size} entries, and had {held.head.size} before",
        hint="ask again later: what answers may be behind",
    )


def _fork_error(ledger: Ledger, home: Path, held: _Held, note: str, fork: Fork) -> ForkError:
    """Record the contradiction, once, and its proof; return what to raise. Raises StoreError."""
    sizes = sorted((held.head.size, _said(note).size))
    reason = f"signed heads of {sizes[0]} and {sizes[1]} entries are not of one tree"
    text = format_fork(fork).encode()
    proof = ledger.put(text)
    said = (parse_note(held.note).text, parse_note(note).text)
    if said not in _contradictions(ledger):
        body = RegisterContradicted(held.head.origin, held.note, note, reason, proof)
        ledger.append([("follower", (), body)])
    path = home / FORKS / proof
    make_folder(path.parent)
    write_file(path, text, replace=True)
    return ForkError(
        f"the register has two histories: {reason}",
        hint=f"show the others {path}: tacho brake fork FILE --key KEY checks it",
    )


def _contradictions(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """What the two heads of each recorded contradiction say."""
    for one in ledger.entries(kinds=[RegisterContradicted]):
        if isinstance(one.body, RegisterContradicted):
            yield parse_note(one.body.held).text, parse_note(one.body.offered).text


def _copy(
    ledger: Ledger, held: _Held, note: str, head: Checkpoint, source: Source, mirror: Mirror,
    now: float,
) -> int:  # fmt: skip
    """Record the statements under the head that are not here yet, and the head; return how many."""
    edge = _edge(held, source, mirror)
    copied = 0
    while edge.size < head.size:
        batch = fetch_batch(edge, head, source)
        _check_dates(batch.statements, now)
        drafts: list[Draft] = []
        for body in batch.statements:
            before = held.copies.get(body.index)
            if before is None:
                drafts.append(("follower", (), body))
            elif before != body.envelope:
                raise DamagedError(
                    f"the copy of statement {body.index} is not what the register's head proves",
                    hint="tacho ledger verify",
                )
        copied += len(drafts)
        mirror.keep(batch.tiles)
        if edge.size == head.size:
            mirror.keep(edge.partials())
            drafts.append(("follower", (), RegisterHeard(head.origin, note)))
        elif held.head != head:
            drafts.insert(0, ("follower", (), RegisterSeen(head.origin, note)))
            held = dataclasses.replace(held, note=note, head=head)
        if drafts:
            ledger.append(drafts)
    return copied


def _check_dates(statements: Iterable[StatementCopied], now: float) -> None:
    """Refuse what is dated forward: its time would run timers out that nobody can run out."""
    latest = stamp_of(now + SKEW_SECONDS)
    for body in statements:
        if body.posted > latest:
            raise ProofError(
                f"the register dates entry {body.index} to {body.posted[:19]}Z, which is to come",
                hint="see that this machine's clock is right; then ask the register's operator",
            )


def _edge(held: _Held, source: Source, mirror: Mirror) -> Edge:
    """The edge of what is copied: one's own where it is there, else the register's, checked."""
    if not held.complete:
        return Edge()
    head = _said(held.complete_note)
    if mirror.holds(head):
        return Edge.read(head.size, mirror.tile)
    edge = Edge.read(head.size, source.tile)
    if edge.root() != head.root:
        raise ProofError("the register's tiles are not those of the head held", hint=AGAIN)
    return edge
