"""Which log of a ledger is published, with whose cosignatures, and under which agreement.

A ledger with a redaction on record is never published whole; one that has none only where its owner
says so, or where an agreement makes it the register. Proven by tests/brake/test_host.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from tachograph.brake.agreed.document import Document, parse_document
from tachograph.brake.heads.policy import NONE, Policy
from tachograph.brake.logs.commitment import redacted_key
from tachograph.brake.logs.publish import Cosign, Log, WholeLog
from tachograph.brake.logs.redact import RedactedLog
from tachograph.brake.logs.source import FolderSource, hashes
from tachograph.brake.witness.client import Outcome, collect, merge
from tachograph.errors import EvidenceError, NotFoundError, UsageError, WorldError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import AgreementAdopted, RedactionChosen
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.note import VerifierKey, parse_note, parse_verifier_key
from tachograph.merkle.tree import prove_consistency

PUBLIC = "public"
"""Folder in a ledger's folder where it is published when no other is named."""


@dataclass
class _Known:
    """What a ledger says of these matters, as far as it was read. It only grows."""

    read: int = 0
    redacted: bool = False
    agreements: dict[str, Document] = field(default_factory=dict)


_KNOWN: WeakKeyDictionary[Ledger, _Known] = WeakKeyDictionary()
"""By open ledger: to publish again need not read a million entries again."""


def _known(ledger: Ledger) -> _Known:
    known = _KNOWN.setdefault(ledger, _Known())
    size = ledger.size
    for one in ledger.entries(kinds=[AgreementAdopted, RedactionChosen], start=known.read):
        if isinstance(one.body, AgreementAdopted):
            digest = one.body.agreement
            if digest not in known.agreements:
                text = ledger.fetch(digest).decode("utf-8", errors="replace")
                known.agreements[digest] = parse_document(text)
        else:
            known.redacted = True
    known.read = max(known.read, size)
    return known


def published_key(ledger: Ledger) -> VerifierKey:
    """Return the key of the log that is published of this ledger: of the whole, or of the rest."""
    return redacted_key(ledger.verifier) if _known(ledger).redacted else ledger.verifier


def open_log(ledger: Ledger, home: Path, folder: Path, *, whole: bool = False) -> Log:
    """Return the log that is published of the ledger into `folder`.

    Raises UsageError where it would be the whole ledger, and nobody has said that it should: with
    `whole`, or by publishing it there before. Raises it also for `whole` where bodies stay home.
    """
    if published_key(ledger) != ledger.verifier:
        if whole:
            raise UsageError(
                "this ledger has a redaction on record, and is not published whole",
                hint="leave --whole out",
            )
        return RedactedLog(ledger, home)
    if not whole and not _was_published(ledger, folder):
        raise UsageError(
            "say what leaves the house",
            hint="--redact default withholds the work itself; --whole publishes every entry",
        )
    return WholeLog(ledger)


def adopted(ledger: Ledger) -> list[Document]:
    """Return the agreements that the ledger obeys, in the order of their adoption.

    Raises FormatError, ProofError, DamagedError where one does not parse.
    """
    return list(_known(ledger).agreements.values())


def followed(ledger: Ledger, note: str) -> Document:
    """Return the agreement whose register says this head. Raises UsageError where none does."""
    origin = parse_checkpoint(parse_note(note).text).origin
    for document in reversed(adopted(ledger)):
        if parse_verifier_key(document.terms.register).name == origin:
            return document
    raise UsageError(
        f"this ledger obeys no agreement whose register is {origin}",
        hint="adopt the agreement first: see tacho brake --help",
    )


def register_document(ledger: Ledger, text: str | None = None) -> Document | None:
    """Return the agreement whose register is what is published of this ledger; None: of none.

    It is one that the ledger has adopted, or the one of this `text`. Raises UsageError where that
    names another register.
    """
    own = published_key(ledger)
    if text is not None:
        document = parse_document(text)
        if parse_verifier_key(document.terms.register) != own:
            raise UsageError(
                f"the agreement's register is {document.terms.register}, not {own}",
                hint="name the key of what is published of this ledger in the agreement",
            )
        return document
    for document in reversed(adopted(ledger)):
        if parse_verifier_key(document.terms.register) == own:
            return document
    return None


def cosigner(policy: Policy, report: Callable[[Outcome], None]) -> Cosign:
    """Return what has a head cosigned by the policy's witnesses that have a URL.

    Cosignatures of the very same head that were published before are kept. It raises WorldError
    where no quorum comes together; what each witness did is reported.
    """
    witnesses = [witness for witness in policy.witnesses if witness.url is not None]
    sizes: dict[str, int] = {}

    def cosign(note: str, folder: Path) -> str:
        size = parse_checkpoint(parse_note(note).text).size
        read = hashes(FolderSource(folder), size)
        collected = collect(
            _kept(note, folder), lambda old: prove_consistency(old, size, read), witnesses,
            sizes=sizes,
        )  # fmt: skip
        for outcome in collected.outcomes:
            sizes.update({} if outcome.size is None else {outcome.witness: outcome.size})
            report(outcome)
        _check_quorum(policy, collected.note)
        return collected.note

    return cosign


def _check_quorum(policy: Policy, note: str) -> None:
    signed = {(line.name, line.key_id) for line in parse_note(note).signatures}
    keys = [one.key for one in policy.witnesses if (one.key.name, one.key.id) in signed]
    missing = policy.missing(keys)
    if policy.quorum != NONE and missing is not None:
        raise WorldError(
            f"too few witnesses cosigned, so the old checkpoint stands: no quorum of {missing}",
            hint="publish again when they answer",
        )


def _kept(note: str, folder: Path) -> str:
    """The note, with the signatures under the published one where that says the same."""
    try:
        before = parse_note(FolderSource(folder).checkpoint().decode("utf-8", errors="replace"))
    except (NotFoundError, EvidenceError):
        return note
    fresh = parse_note(note)
    return merge(before, fresh.signatures) if before.text == fresh.text else note


def _was_published(ledger: Ledger, folder: Path) -> bool:
    try:
        note = FolderSource(folder).checkpoint().decode("utf-8", errors="replace")
        return parse_checkpoint(parse_note(note).text).origin == ledger.verifier.name
    except (NotFoundError, EvidenceError):
        return False
