"""Following a register: copying its statements into one's own ledger, each checked.

One step takes, in this order:

1. the register's newest head: signed by its key, cosigned by a quorum of the agreement's witnesses,
   each of whom saw it lately, so that nobody can keep a follower in the past with an old head;
2. the head that this ledger heard last: the new one must continue it. An older one is only late; a
   tree that does not begin with the old one is a second history, and both heads are kept;
3. the entries between the two: hashed on from the old tree's edge, they must lead to the new root,
   which shows at once that each is in it and that none is missing;
4. the statements among them, recorded as StatementCopied, and RegisterHeard after the last of them.

Whatever fails, cuts off or lies before 4 leaves the ledger as it was, and the next step begins
again from what it holds. Memory: one bundle and STEP_BYTES of statements. Proven by
tests/brake/test_follow.py and test_follow_hostile.py. Not covered: what the statements mean.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tachograph import canon
from tachograph.brake.policy import NONE, Policy, PolicyLog, check_policy, parse_policy
from tachograph.brake.source import Source, hashes
from tachograph.brake.terms import Terms
from tachograph.errors import (
    EvidenceError,
    FormatError,
    NotFoundError,
    ProofError,
    StoreError,
    WorldError,
)
from tachograph.ledger import Ledger, entry
from tachograph.ledger.commit import Draft
from tachograph.ledger.disk import locked
from tachograph.ledger.kinds import (
    RegisterContradicted,
    RegisterHeard,
    RegisterSeen,
    StatementCopied,
    StatementPosted,
)
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.edge import Edge
from tachograph.merkle.levels import hash_leaves
from tachograph.merkle.note import parse_note, parse_verifier_key
from tachograph.merkle.tile import WIDTH, Tile, parse_bundle
from tachograph.merkle.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    check_consistency,
    prove_consistency,
    root,
)

LOCK = "following"
"""File in the ledger's folder that one follower at a time holds."""
STEP_BYTES = 4 * 2**20
"""Statements are recorded whenever this much of them has come."""
STEP_BUNDLES = 64
QUIET_SECONDS = 600.0
"""How often a head that brought nothing new is recorded."""
SKEW_SECONDS = 600
"""How far a witness's clock may be ahead of this one."""


class StaleError(WorldError):
    """The register shows what was heard already, or what no quorum of witnesses has seen lately."""

    kind = "stale"


class ForkError(EvidenceError):
    """The register has two histories. Both heads are in this ledger."""

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
                _check_follows(self._ledger, held, note, head, source)
                if head.size == held.complete:
                    recorded = self._refresh(note, head, now)
                    return Heard(head.size, held.complete, 0, recorded)
                copied = _copy(self._ledger, held, note, head, source)
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
            raise FormatError("the checkpoint is not text", hint=_AGAIN) from error
        witnessed = check_policy(self._policy, parse_note(text))
        oldest, latest = now - self._terms.timers.deaf / 1000, now + SKEW_SECONDS
        lately = {one.key for one in witnessed.cosigned if oldest <= one.time_seconds <= latest}
        if (missing := self._policy.missing(lately)) is not None:
            raise StaleError(
                f"the register's head was not seen lately by a quorum of {missing}",
                hint="wait for its witnesses; without them it may be an old head played again",
            )
        return text, witnessed.checkpoint

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


def _said(note: str) -> Checkpoint:
    return parse_checkpoint(parse_note(note).text)


def _check_follows(
    ledger: Ledger, held: _Held, note: str, head: Checkpoint, source: Source
) -> None:
    """Refuse a head that does not continue the one held; keep both where that is proven."""
    old, new = sorted((held.head, head), key=lambda one: one.size)
    if old.size == new.size and old.root != new.root:
        raise _fork(ledger, held, note, f"two roots for {new.size} entries")
    if 0 < old.size < new.size:
        try:
            begins = _begins(old, new, source)
        except NotFoundError:
            if new is head:
                raise
            begins = True  # what is behind has not the tiles that could convict it
        if not begins:
            reason = f"the tree of {new.size} entries begins with another {old.size}"
            raise _fork(ledger, held, note, reason)
    if head.size < held.head.size:
        raise StaleError(
            f"the register shows {head.size} entries, and had {held.head.size} before",
            hint="ask again later: what answers may be behind",
        )


def _begins(old: Checkpoint, new: Checkpoint, source: Source) -> bool:
    """Whether the new tree, as the source shows it, begins with the old one.

    Raises ProofError where what it shows does not lead to the new root: then nothing is proven.
    """
    read = hashes(source, new.size)
    shown = root(old.size, read)
    proof = prove_consistency(old.size, new.size, read)
    check_consistency(old=old.size, new=new.size, old_root=shown, new_root=new.root, proof=proof)
    return shown == old.root


def _fork(ledger: Ledger, held: _Held, note: str, reason: str) -> ForkError:
    body = RegisterContradicted(held.head.origin, held.note, note, reason)
    known = (
        one.body
        for one in ledger.entries(kinds=[RegisterContradicted])
        if isinstance(one.body, RegisterContradicted)
    )
    said = (parse_note(note).text, parse_note(held.note).text)
    if all((parse_note(k.offered).text, parse_note(k.held).text) != said for k in known):
        ledger.append([("follower", (), body)])
    return ForkError(
        f"the register has two histories: {reason}",
        hint="both signed heads are in the ledger (RegisterContradicted): show them to the others",
    )


# The entries.


def _copy(ledger: Ledger, held: _Held, note: str, head: Checkpoint, source: Source) -> int:
    """Record the statements under the head that are not here yet, and the head; return how many."""
    edge = Edge.read(held.complete, source.tile)
    if held.complete and edge.root() != _said(held.complete_note).root:
        raise ProofError("the register's tiles are not those of the head held", hint=_AGAIN)
    copied = 0
    while edge.size < head.size:
        drafts: list[Draft] = []
        for index, body in _step(edge, head, source):
            before = held.copies.get(index)
            if before is None:
                drafts.append(("follower", (), body))
            elif before != body.envelope:
                raise _fork(ledger, held, note, f"another statement at {index} than before")
        _check_step(edge, head, source)
        copied += len(drafts)
        if edge.size == head.size:
            drafts.append(("follower", (), RegisterHeard(head.origin, note)))
        elif held.head != head:
            drafts.insert(0, ("follower", (), RegisterSeen(head.origin, note)))
            held = dataclasses.replace(held, note=note, head=head)
        if drafts:
            ledger.append(drafts)
    return copied


def _step(edge: Edge, head: Checkpoint, source: Source) -> Iterator[tuple[int, StatementCopied]]:
    """Fetch bundles and extend the edge by them; yield their statements, unchecked yet."""
    taken = 0
    for _ in range(STEP_BUNDLES):
        if edge.size == head.size or taken >= STEP_BYTES:
            return
        index, skipped = divmod(edge.size, WIDTH)
        width = min(WIDTH, head.size - index * WIDTH)
        leaves = parse_bundle(source.tile(Tile("entries", index, width)), width)
        hashed = hash_leaves(leaves)
        if not edge.holds(hashed[: skipped * HASH_BYTES]):
            raise ProofError(f"bundle {index} is not what its tile says", hint=_AGAIN)
        start = edge.size
        edge.extend(hashed[skipped * HASH_BYTES :])
        for seq, leaf in enumerate(leaves[skipped:], start):
            body = _statement(seq, leaf, head.origin)
            if body is not None:
                taken += len(leaf)
                yield seq, body


def _check_step(edge: Edge, head: Checkpoint, source: Source) -> None:
    """Refuse the leaves hashed so far unless the head's tree begins with them."""
    if edge.size == head.size:
        if edge.root() != head.root:
            raise ProofError("the register's entries do not lead to its head", hint=_AGAIN)
        return
    proof = prove_consistency(edge.size, head.size, hashes(source, head.size))
    check_consistency(
        old=edge.size, new=head.size, old_root=edge.root(), new_root=head.root, proof=proof
    )


def _statement(seq: int, leaf: bytes, origin: str) -> StatementCopied | None:
    """The copy of a leaf's statement; None where it is another entry, or one that is withheld.

    Raises FormatError for a statement that does not parse: to pass over it might pass over a pause.
    """
    if b'"kind":"StatementPosted"' not in leaf:
        return None
    plain = canon.decode(leaf)
    if not isinstance(plain, dict) or plain.get("kind") != "StatementPosted":
        return None
    if "commitment" in plain:
        raise FormatError(f"the register withholds statement {seq}", hint="ask it to publish it")
    posted = entry.decode(leaf)
    if posted.seq != seq or not isinstance(posted.body, StatementPosted):
        raise FormatError(f"entry {seq} of the register says it is {posted.seq}", hint=_AGAIN)
    return StatementCopied(origin, seq, posted.time, posted.body.envelope)


_AGAIN = "ask again; where it stays so, ask the register's operator and tell the others"
