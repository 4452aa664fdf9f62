"""A small agreement with its keys, for tests that need speakers and a register."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tachograph.brake.agreed.document import Document, parse_document
from tachograph.brake.said.governance import HoldDeclared
from tachograph.brake.said.statement import Said, Statement, sign_statement
from tachograph.merkle.note import SigningKey, VerifierKey

PARTIES = ("aurora", "borealis", "crux", "dorado")
BLOCS = ("east", "west", "east", "west")
OTHERS = ("veritas", "judge")


def key(name: str) -> SigningKey:
    """A speaker's key: the same in every run."""
    return SigningKey(f"example.org/{name}", hashlib.sha256(name.encode()).digest())


def document(
    register: VerifierKey, *, witnesses: str = "", more: Sequence[str] = (), log: str = ""
) -> Document:
    """An agreement of four parties in two blocs under this register; `log` is the first's."""
    rows = [
        f'[[party]]\nname = "{name}"\nbloc = "{bloc}"\nkey = "{key(name).verifier}"\n'
        + (f'log = "{log}"\n' if log and name == PARTIES[0] else "")
        + '[[party.site]]\nname = "hall"\ncapacity = 1e15\n'
        for name, bloc in zip(PARTIES, BLOCS, strict=True)
    ]
    rows.append(f'[[verifier]]\nname = "veritas"\nkey = "{key("veritas").verifier}"\n')
    rows.append(f'[[panel]]\nname = "judge"\nkey = "{key("judge").verifier}"\n')
    quoted = witnesses.replace("\n", "\\n")
    head = (
        f'version = 1\nname = "test"\nregister = "{register}"\nwitnesses = "{quoted}"\n'
        "[faults]\nbyzantine = 0\nsilent = 0\n"
        "[quorums]\ntrigger = 2\nlift = 3\nveto = 3\nverifiers = 1\n"
    )
    return parse_document(head + "\n".join(more) + "\n".join(rows))


def say(
    agreement: Document, by: str, number: int, said: Said | None = None, *, reason: str = "a visit"
) -> str:
    """A signed statement, as an envelope."""
    statement = Statement(
        agreement.id, by, number, "2026-11-25T12:00:00.000000Z", "", said or HoldDeclared(reason)
    )
    return sign_statement(statement, key(by))
