"""May work go on? The loop asks here, by plain import, before each turn and each trial.

    permission = Brake(ledger).ask("training")
    if not permission.allowed:
        print(permission.state, permission.reason)

The answer follows from the ledger and the time, and from nothing else: the agreements it adopted,
the register's statements (posted here, or copied by a follower), when the register was last heard,
voluntary holds. It obeys all of them, the strictest first, so whoever writes a hold into the
ledger, in any process, is obeyed at the next question. **What cannot be told is refused**: a ledger
that cannot be read gives no leave, and a party that has not heard the register for longer than an
agreement allows holds. A question costs one look at the ledger's size while nothing new was
recorded. Proven by tests/brake/test_brake_agreement.py and test_brake_obeys.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tachograph.brake.commitment import published_keys
from tachograph.brake.document import parse_document
from tachograph.brake.machine import State, tick
from tachograph.brake.machine.permission import Permission, Work, permission
from tachograph.brake.machine.times import format_time, parse_time
from tachograph.brake.register import Register
from tachograph.brake.terms import Terms
from tachograph.brake.terms_text import format_duration
from tachograph.errors import DamagedError, TachographError, UsageError
from tachograph.ledger import Entry, Ledger, kinds
from tachograph.merkle.note import parse_verifier_key

__all__ = ["UNKNOWN", "Bound", "Brake", "Permission", "Work", "adopt"]

HEARD = (kinds.StatementPosted, kinds.StatementCopied, kinds.RegisterHeard)
"""Kinds of entries that come from a register."""

KINDS = (kinds.AgreementAdopted, kinds.WorkHeld, kinds.WorkReleased, *HEARD)
"""Kinds of entries that the brake reads."""

UNKNOWN = "UNKNOWN"
"""In place of a state, where none can be told."""


@dataclass
class Bound:
    """One agreement that this ledger obeys."""

    digest: str
    """Names the signed document among the ledger's objects."""
    terms: Terms
    """As signed."""
    party: str
    """Who this ledger's owner is in it; empty: it is the register, and no party's."""
    origin: str
    """Name of its register."""
    register: Register
    """Its state, from what this ledger holds of the register."""
    own: bool
    """Whether this ledger is the register."""
    heard: int
    """When the register was last heard, by this ledger's clock."""
    ahead: State | None = None
    """The state by this machine's clock, which may run before the register's."""

    def now(self, time: int | None = None) -> State:
        """The state at a time, milliseconds since 1970, or by this machine's clock."""
        moment = _now() if time is None else time
        self.ahead = tick(self.ahead or self.register.state, moment)
        return self.ahead


class Brake:
    """The brake of one ledger, as this process sees it. Threads may share it."""

    def __init__(self, ledger: Ledger, clock: Callable[[], int] | None = None) -> None:
        """Read nothing yet. `clock` gives milliseconds since 1970; default: the machine's."""
        self._ledger = ledger
        self._clock = clock or _now
        self._next = 0
        self._bound: dict[str, Bound] = {}
        self._held: kinds.WorkHeld | None = None
        self._told: dict[Work, tuple[int, Permission]] = {}
        """By work: when it was last worked out, and what came of it."""
        self._asking = threading.Lock()

    def ask(self, work: Work = "training") -> Permission:
        """Whether new work of this kind may begin now. Raises nothing that a ledger can cause."""
        try:
            with self._asking:
                self._hear()
                return self._remembered(work)
        except TachographError as error:
            return Permission(False, UNKNOWN, f"cannot tell: {error.message}", "stop", share=0.0)

    def pass_over(self, recorded: Sequence[Entry]) -> None:
        """This process has just appended these to the ledger: those that follow what was read, and
        are none of the brake's, need not be read again.
        """
        with self._asking:
            for entry in recorded:
                if entry.seq != self._next or isinstance(entry.body, KINDS):
                    break
                self._next += 1

    def agreements(self) -> list[Bound]:
        """What this ledger obeys, in the order of adoption. Raises what reading a ledger raises."""
        with self._asking:
            self._hear()
            return list(self._bound.values())

    def _remembered(self, work: Work) -> Permission:
        """The answer given before, where nothing was heard since and no timer can have run out."""
        now = self._clock()
        asked, before = self._told.get(work, (now + 1, None))
        if before is None or now < asked or (before.until is not None and now >= before.until):
            before = self._answer(work, now)
            self._told[work] = now, before
        return before

    def _answer(self, work: Work, now: int) -> Permission:
        answers = [_answer(bound, now, work) for bound in self._bound.values()]
        if self._held is not None:
            answers.append(_held(self._held, work))
        return _strictest(answers) if answers else Permission(True, "NORMAL", "")

    def _hear(self) -> None:
        """Take in what was recorded since. Raises DamagedError, FormatError, StoreError."""
        size = self._ledger.size
        if size < self._next:
            raise DamagedError(f"the ledger has {size} entries and had {self._next}")
        if size > self._next:
            for entry in self._ledger.entries(kinds=KINDS, start=self._next):
                self._take(entry)
                self._next = entry.seq + 1  # never twice, also where a later one is damaged
            self._next = max(self._next, size)

    def _take(self, entry: Entry) -> None:
        self._told.clear()
        body = entry.body
        if isinstance(body, kinds.WorkHeld):
            self._held = body
        elif isinstance(body, kinds.WorkReleased):
            self._held = None
        elif isinstance(body, kinds.AgreementAdopted):
            self._adopt(body, entry)
        else:
            for bound in self._bound.values():
                _hear(bound, entry)

    def _adopt(self, body: kinds.AgreementAdopted, entry: Entry) -> None:
        if body.agreement in self._bound:
            return
        document = parse_document(self._ledger.fetch(body.agreement).decode())
        own = published_keys(self._ledger.verifier)
        party = next((one.name for one in document.terms.parties if one.log in own), "")
        if not party and document.terms.register not in own:
            raise DamagedError(
                f"entry {entry.seq} adopts an agreement that does not name this ledger",
                hint="nothing may begin here: adopt in the ledger that the agreement names",
            )
        terms = document.terms
        bound = Bound(
            digest=body.agreement,
            terms=terms,
            party=party,
            origin=parse_verifier_key(terms.register).name,
            register=Register(terms, document.id),
            own=terms.register in own,
            heard=parse_time(entry.time) or 0,
        )
        # What came before the adoption counts too: the register may be older than it. Bound only
        # once all of that was heard: where it cannot be read, the next question begins anew.
        for earlier in self._ledger.entries(kinds=HEARD):
            if earlier.seq >= entry.seq:
                break
            _hear(bound, earlier)
        self._bound[body.agreement] = bound


def adopt(ledger: Ledger, text: str) -> kinds.AgreementAdopted:
    """Record that this ledger obeys a signed document from now on; durable on return.

    Raises UsageError where a signature is missing or the document does not name this ledger.
    """
    document = parse_document(text)
    if document.missing:
        raise UsageError(
            f"not signed yet by {', '.join(document.missing)}", hint="tacho brake sign FILE --key K"
        )
    own = published_keys(ledger.verifier)
    terms = document.terms
    if not {terms.register, *(party.log for party in terms.parties)}.intersection(own):
        raise UsageError(
            f"neither a party's ledger nor the register: {own[0]}",
            hint="adopt in a ledger that the agreement names as a party's log or as its register",
        )
    body = kinds.AgreementAdopted(
        agreement=ledger.put(text.encode()),
        name=document.terms.name,
        register=parse_verifier_key(document.terms.register).name,
    )
    ledger.append([("brake", [], body)])
    return body


def _hear(bound: Bound, entry: Entry) -> None:
    body = entry.body
    if isinstance(body, kinds.StatementPosted) and not bound.own:
        return  # another agreement's register lies in this ledger
    if isinstance(body, kinds.StatementCopied | kinds.RegisterHeard):
        if body.register != bound.origin:
            return
        bound.heard = max(bound.heard, parse_time(entry.time) or 0)
    if bound.register.take(entry) is not None:
        bound.ahead = None


def _answer(bound: Bound, now: int, work: Work) -> Permission:
    state = bound.now(now)
    if not bound.party:
        return Permission(True, state.name, "")
    answer = permission(state, bound.party, work)
    deaf = bound.heard + state.terms.timers.deaf
    if bound.own or work != "training" or not answer.allowed or bound.party in state.departed:
        return answer
    if now >= deaf:
        since, limit = format_time(bound.heard)[:19], format_duration(state.terms.timers.deaf)
        reason = f"the register was last heard at {since}Z, and {limit} without it are allowed"
        return Permission(False, "SELF_HOLD", reason, state.terms.pause.running, share=0.0)
    return replace(answer, until=min(deaf, answer.until or deaf))


def _held(held: kinds.WorkHeld, work: Work) -> Permission:
    if work == "inference":
        return Permission(True, "SELF_HOLD", "")
    return Permission(False, "SELF_HOLD", held.reason, held.running, share=0.0)


def _strictest(answers: list[Permission]) -> Permission:
    chosen = min(answers, key=lambda one: (one.allowed, one.share, one.running == "finish"))
    untils = [answer.until for answer in answers if answer.until is not None]
    return replace(chosen, until=min(untils, default=None))


def _now() -> int:
    return time.time_ns() // 1_000_000
