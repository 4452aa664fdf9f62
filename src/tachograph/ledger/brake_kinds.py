"""Kinds of entries that the brake writes; `kinds.py` names them in its union.

Proven by tests/ledger/test_ledger_kinds.py. Not covered: what the statements say, which is the
brake's (brake/said/statement.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tachograph.ledger.digest import Digest


@dataclass(frozen=True)
class AgreementAdopted:
    """From here on this ledger obeys an agreement."""

    agreement: Digest
    """The object that holds the signed document."""
    name: str
    """Name of the agreement, as the document has it."""
    register: str
    """Origin of the register that holds the parties' statements."""


@dataclass(frozen=True)
class StatementPosted:
    """This ledger is the register of an agreement, and took a statement in."""

    envelope: str
    """The signed statement: a DSSE envelope as canonical JSON."""


@dataclass(frozen=True)
class StatementCopied:
    """A statement was copied from the register, in its order and after its checks."""

    register: str
    """Origin of the register."""
    index: int
    """Number of the entry in the register."""
    posted: str
    """Time of the entry in the register: RFC 3339, UTC, microseconds."""
    envelope: str
    """The signed statement, as it was posted."""


@dataclass(frozen=True)
class RegisterHeard:
    """A head of the register was checked: signed, cosigned, consistent with the one before."""

    register: str
    """Origin of the register."""
    note: str
    """The checkpoint with its signatures, as a C2SP signed note."""


@dataclass(frozen=True)
class RegisterSeen:
    """A head of the register was checked, and its statements are being copied, in several steps."""

    register: str
    """Origin of the register."""
    note: str
    """The checkpoint with its signatures. What it covers is not all here yet."""


@dataclass(frozen=True)
class RegisterContradicted:
    """The register showed a signed head that does not continue what it had shown: two histories."""

    register: str
    """Origin of the register."""
    held: str
    """The checkpoint that was held, with its signatures."""
    offered: str
    """The checkpoint that does not follow from it, with its signatures."""
    reason: str
    """What does not fit."""
    proof: Digest
    """The object that proves it to a stranger (brake/heads/fork.py)."""


@dataclass(frozen=True)
class RedactionChosen:
    """From here on, and back to the beginning where it is the first, this is what is published."""

    whole: list[str]
    """Kinds of entries that are published as they are."""
    named: list[str]
    """Kinds of which only the name is shown, with the time and a commitment to the entry."""
    secret_sha256: str
    """Of the secret that the salts of the commitments are derived from."""


@dataclass(frozen=True)
class HeadPublished:
    """A head of the log that is published of this ledger, with bodies withheld, was signed."""

    origin: str
    """Of the published log; it is not that of the ledger."""
    size: int
    """Number of leaves."""
    root: str
    """Root over the published leaves, in hex."""
    note: str
    """The checkpoint as a C2SP signed note."""
    redactions: list[int]
    """Numbers of the RedactionChosen entries before `size`."""


@dataclass(frozen=True)
class WorkHeld:
    """A voluntary hold began: no new training, whatever an agreement allows."""

    reason: str
    """Why, in a few words."""
    running: Literal["finish", "stop"] = "finish"
    """What becomes of a trial that has begun: it ends by itself, or is left to be tried again."""


@dataclass(frozen=True)
class WorkReleased:
    """The voluntary hold ended; agreements bind as before."""

    reason: str
    """Why, in a few words."""


@dataclass(frozen=True)
class WorkRefused:
    """A run asked whether it may work, and was told no."""

    run: str
    """Id of the run."""
    work: Literal["training", "inference"]
    """What it wanted to do."""
    state: str
    """Name of the state that forbids it."""
    reason: str
    """Why, and until when where that is known."""


BrakeBody = (
    AgreementAdopted
    | StatementPosted
    | StatementCopied
    | RegisterHeard
    | RegisterSeen
    | RegisterContradicted
    | RedactionChosen
    | HeadPublished
    | WorkHeld
    | WorkReleased
    | WorkRefused
)
"""Every kind that the brake writes."""
