"""An agreement whose register and first party's log are one ledger, adopted there."""

from __future__ import annotations

from collections.abc import Sequence

from parties import document, key

from tachograph.brake.agreed.document import (
    Document,
    format_document,
    parse_document,
    sign_document,
)
from tachograph.brake.agreement import adopt
from tachograph.brake.said.governance import TriggerCalled
from tachograph.brake.said.statement import Said, Statement, sign_statement
from tachograph.ledger import Ledger
from tachograph.ledger.entry import now
from tachograph.ledger.kinds import StatementPosted


def agreed(ledger: Ledger, *more: str, timers: Sequence[str] = ('effect = "1ms"',)) -> Document:
    """The agreement, not adopted yet; `more` are tables of its text."""
    plain = document(ledger.verifier, more=[*more, "[timers]", *timers, ""])
    own = f'key = "{key("aurora").verifier}"'
    found = parse_document(plain.text.replace(own, f'{own}\nlog = "{ledger.verifier}"'))
    for name in found.terms.roles:
        found = sign_document(found, key(name))
    return found


def adopted(ledger: Ledger, *more: str, timers: Sequence[str] = ('effect = "1ms"',)) -> Document:
    """The same, and the ledger obeys it."""
    found = agreed(ledger, *more, timers=timers)
    adopt(ledger, format_document(found))
    return found


def post(ledger: Ledger, agreement: Document, by: str, number: int, said: Said) -> None:
    """A statement in the register."""
    statement = Statement(agreement.id, by, number, now(), "", said)
    ledger.append([("register", (), StatementPosted(sign_statement(statement, key(by))))])


def trigger(ledger: Ledger, agreement: Document) -> None:
    """Two parties of two blocs call for a pause."""
    for party in ("aurora", "borealis"):
        post(ledger, agreement, party, 0, TriggerCalled("horizon", "0" * 64))
