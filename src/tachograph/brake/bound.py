"""One agreement that a ledger obeys: what of it lies in the ledger, and what it says of work.

Loaded when a ledger has adopted one. Proven by tests/brake/test_brake_obeys.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from tachograph.brake.agreed.document import parse_document
from tachograph.brake.agreed.terms import Terms
from tachograph.brake.agreed.text import format_duration
from tachograph.brake.logs.commitment import published_keys
from tachograph.brake.machine import State, tick
from tachograph.brake.machine.permission import permission
from tachograph.brake.permission import Permission, Work
from tachograph.brake.register import Register
from tachograph.brake.times import format_time, parse_time
from tachograph.errors import DamagedError, UsageError
from tachograph.ledger import Entry, Ledger, kinds
from tachograph.merkle.note import parse_verifier_key

BEHIND = 600_000
"""Milliseconds by which a clock may be behind what was heard; one that was put back further would
keep a party from ever noticing that it is deaf."""
HEARD = (kinds.StatementPosted, kinds.StatementCopied, kinds.RegisterHeard)
"""Kinds of entries that come from a register."""


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


def bind(ledger: Ledger, body: kinds.AgreementAdopted, entry: Entry) -> Bound:
    """The agreement that an entry adopts, with all that was heard before. Raises what reading the
    ledger and the document raises.
    """
    document = parse_document(ledger.fetch(body.agreement).decode())
    own = published_keys(ledger.verifier)
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
    for earlier in ledger.entries(kinds=HEARD):
        if earlier.seq >= entry.seq:
            break
        hear(bound, earlier)
    return bound


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


def hear(bound: Bound, entry: Entry) -> None:
    """Take in one of `HEARD`."""
    body = entry.body
    if isinstance(body, kinds.StatementPosted) and not bound.own:
        return  # another agreement's register lies in this ledger
    if isinstance(body, kinds.StatementCopied | kinds.RegisterHeard):
        if body.register != bound.origin:
            return
        bound.heard = parse_time(entry.time) or 0  # the newest, and not the latest: clocks are set
    if bound.register.take(entry) is not None:
        bound.ahead = None


def answer(bound: Bound, now: int, work: Work) -> Permission:
    """What the agreement says at that moment, milliseconds since 1970."""
    state = bound.now(now)
    # The register's own ledger, which is no party's, is bound by a pause like any other.
    said = permission(state, bound.party, work)
    known = max(bound.heard, bound.register.state.time)
    if now < known - BEHIND and work == "training" and said.allowed:
        reason = f"this machine's clock says {format_time(now)[:19]}Z, and it was later already"
        return Permission(False, "UNKNOWN", reason, state.terms.pause.running, known, 0.0)
    deaf = bound.heard + state.terms.timers.deaf
    if bound.own or work != "training" or not said.allowed or bound.party in state.departed:
        return said
    if now >= deaf:
        since, limit = format_time(bound.heard)[:19], format_duration(state.terms.timers.deaf)
        reason = f"the register was last heard at {since}Z, and {limit} without it are allowed"
        return Permission(False, "SELF_HOLD", reason, state.terms.pause.running, share=0.0)
    return replace(said, until=min(deaf, said.until or deaf))


def _now() -> int:
    return time.time_ns() // 1_000_000
