"""The register: a fold over a ledger's statements into the state of one agreement.

Reads `StatementPosted` where the ledger is the register itself, and `StatementCopied` where it
follows it. Every signature is checked, with the key that was the speaker's at that moment. What
cannot be read, or is not signed by its speaker, changes nothing. An entry that is dated before one
that came before it counts as of that one's time: a register that dates back can neither mute its
speakers nor bring them to say two things under one number. Proven by
tests/brake/test_brake_register.py. Not covered: whether there is but one register (witness/).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tachograph.brake.agreed.terms import Terms
from tachograph.brake.machine import Refusal, State, begin, convict, step, tick
from tachograph.brake.machine import standing as standing
from tachograph.brake.machine.state import value
from tachograph.brake.said.statement import Said, Sealed, Statement, read_envelope
from tachograph.brake.times import parse_time
from tachograph.errors import FormatError, ProofError
from tachograph.ledger import Entry, kinds
from tachograph.ledger.entry import now
from tachograph.merkle.note import VerifierKey, parse_verifier_key

if TYPE_CHECKING:  # the audit reads registers, and may load no database
    from tachograph.ledger import Ledger

KINDS = (kinds.StatementPosted, kinds.StatementCopied)
"""Kinds of entries that hold statements."""


@dataclass(frozen=True)
class Taken:
    """A statement that was taken in."""

    index: int
    """Number of the entry in the register."""
    time: str
    """Time of the entry in the register."""
    statement: Statement | None
    """What was said; None: it could not be read."""
    refusal: Refusal | None
    """Why it had no effect; None: it had one."""


class Register:
    """The state of an agreement after the entries so far."""

    def __init__(self, terms: Terms, agreement: str) -> None:
        """Begin before any statement."""
        self.state: State = begin(terms, agreement)
        self._said: dict[str, list[bytes]] = {}
        self._keys: dict[str, VerifierKey] = {}
        self._origin = parse_verifier_key(terms.register).name

    def take(self, entry: Entry) -> Taken | None:
        """Take one entry in, in the ledger's order; None: it holds no statement of this register.

        Raises nothing: what is refused is said in the answer.
        """
        body = entry.body
        if isinstance(body, kinds.StatementPosted):
            return self.take_envelope(entry.seq, entry.time, body.envelope)
        if isinstance(body, kinds.StatementCopied) and body.register == self._origin:
            return self.take_envelope(body.index, body.posted, body.envelope)
        return None

    def take_all(self, entries: Iterable[Entry]) -> list[Taken]:
        """Take entries in, in order; the answers."""
        return [taken for entry in entries if (taken := self.take(entry)) is not None]

    def take_envelope(self, index: int, time: str, envelope: str) -> Taken:
        """Take a statement in that was posted under this number, at this time."""
        moment = parse_time(time)
        if moment is None:
            return Taken(index, time, None, Refusal("time", "the entry has none"))
        sealed, refusal = self._opened(envelope)
        if sealed is None or refusal is not None:
            return Taken(index, time, sealed.statement if sealed else None, refusal)
        statement = sealed.statement
        moment = max(moment, self.state.time)
        if statement.agreement == self.state.agreement and self._remember(sealed):
            self.state, refusal = convict(self.state, moment, statement)
        else:
            self.state, refusal = step(self.state, moment, statement)
        return Taken(index, time, statement, refusal)

    def read(self, envelope: str) -> tuple[Statement | None, Refusal | None]:
        """The statement, and why it would not be taken in: unreadable, unknown, not signed."""
        sealed, refusal = self._opened(envelope)
        return sealed.statement if sealed else None, refusal

    def _opened(self, envelope: str) -> tuple[Sealed | None, Refusal | None]:
        try:
            sealed = read_envelope(envelope)
        except FormatError as error:
            return None, Refusal("envelope", error.message)
        by = sealed.statement.by
        key = standing.key_of(self.state, by)
        if not key:
            return sealed, Refusal("key", f"{by} has no key that is good now")
        try:
            sealed.check(self._key(key))
        except (FormatError, ProofError) as error:
            return sealed, Refusal("signature", error.message)
        return sealed, None

    def _key(self, text: str) -> VerifierKey:
        """The key that this spells, enrolled once."""
        if text not in self._keys:
            self._keys[text] = parse_verifier_key(text)
        return self._keys[text]

    def _remember(self, sealed: Sealed) -> bool:
        """Keep what was said under each number; True: it contradicts what was said before.

        16 bytes of hash a statement, as there may be millions.
        """
        statement = sealed.statement
        said = self._said.setdefault(statement.by, [])
        digest = hashlib.sha256(sealed.payload).digest()[:16]
        if statement.number == len(said):
            said.append(digest)
        return statement.number < len(said) and said[statement.number] != digest

    def at(self, time: int) -> State:
        """The state at a time, where nothing more was said until then."""
        return tick(self.state, time)

    def draft(self, by: str, said: Said, *, time: str | None = None, beacon: str = "") -> Statement:
        """The next statement of a speaker, unsigned. It must be posted before another one is."""
        last = value(self.state.last, by)
        number = 0 if last is None else last.number + 1
        return Statement(self.state.agreement, by, number, time or now(), beacon, said)


def read_register(ledger: Ledger, terms: Terms, agreement: str) -> Register:
    """The register of an agreement as this ledger has it. Raises what reading a ledger raises."""
    register = Register(terms, agreement)
    register.take_all(ledger.entries(kinds=KINDS))
    return register
