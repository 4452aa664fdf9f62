"""What an audit reads: a folder, opened once, within limits, and never written.

    agreement.note                 the signed document (document.py)
    logs/NAME/checkpoint           newest signed and cosigned head of a log
    logs/NAME/tile/...             its leaves and hashes, as published (C2SP tlog-tiles)
    openings/NAME/SEQ.json         what a party opened of a withheld body
    objects/SHA256                 large content that entries and statements name
    held/*                         heads of these logs that somebody kept: held before, or gossiped
    proofs/X.tlog-proof, X.leaf    single records with a proof each (C2SP tlog-proof)

`Bundle` is all that a check gets to see: the terms, the register's statements with their signatures
checked, the logs, the heads. It asks no clock: `at` is the time that the audit is for. A later
layout would differ by further folders, which are not read. Proven by tests/brake/test_bundle.py
and test_bundle_hostile.py. Not covered: making one (gather.py).

    bundle = read_bundle(Path("bundle"), "2026-11-25T12:00:00.000000Z")
    for posted, said in bundle.said(WindowReported):
        ...  # posted.speaker, posted.time (in the register), posted.where; said.site, said.flop
    bundle.fetch(said.evidence)  # bytes, hashed; None where the bundle has them not
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from tachograph.brake.agreed.document import Document, parse_document
from tachograph.brake.agreed.terms import Terms
from tachograph.brake.bundle.evidence import Evidence, read_evidence
from tachograph.brake.bundle.folder import Folder, Limits
from tachograph.brake.bundle.leaves import Leaves
from tachograph.brake.bundle.log_copy import CHECKPOINT_BYTES, LogCopy, read_log
from tachograph.brake.bundle.posted import Posted
from tachograph.brake.bundle.replayed import Replayed, replay
from tachograph.brake.heads.policy import Policy, parse_policy
from tachograph.brake.heads.signed_heads import SignedHead, SignedHeads, read_head
from tachograph.brake.said.statement import Said
from tachograph.brake.times import seconds_of
from tachograph.brake.verdict import EVERYBODY
from tachograph.errors import EvidenceError, FormatError, NotFoundError
from tachograph.ledger import kinds
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.note import Note, VerifierKey, parse_note, parse_verifier_key
from tachograph.merkle.proof import Proof, parse_proof

AGREEMENT_BYTES = 1 << 20
PROOF_BYTES = 1 << 17
LOGS = 200
"""Most logs in a bundle; an agreement has at most 40 parties."""
HELD = 10_000
"""Most held heads, and most proofs, in a bundle."""
HEARD = ("RegisterHeard", "RegisterSeen", "RegisterContradicted", "HeadSigned", "HeadPublished")
"""Kinds of entries that hold signed heads."""
NOBODY = Policy((), (), (), "none")
"""The policy of an agreement that names no witnesses."""

Kind = TypeVar("Kind", bound=Said)


@dataclass(frozen=True)
class Proven:
    """A single record with its proof."""

    file: str
    """Its file in the bundle."""
    leaf: bytes
    """The record, as the log has it."""
    proof: Proof
    """The path, unchecked."""
    head: Note
    """The head that the path leads to, unchecked."""
    checkpoint: Checkpoint
    """What it says."""


@dataclass(frozen=True)
class Refused:
    """Something in the bundle that could not be read as what it should be."""

    where: str
    """File or folder."""
    reason: str
    """What is wrong."""


@dataclass(frozen=True)
class Bundle:
    """A bundle, read. What is in it is not vouched for: that is what the checks are for."""

    at: str
    """The time that the audit is for, as entries write it."""
    document: Document
    """The agreement, and who signed it."""
    logs: tuple[LogCopy, ...]
    """Every log that could be read, by folder name."""
    held: tuple[tuple[str, str], ...]
    """Files in `held/`, and the notes in them."""
    proofs: tuple[Proven, ...]
    """Single records."""
    refused: tuple[Refused, ...]
    """What could not be read."""
    folder: Folder = field(repr=False, compare=False)
    """The files; checks use `fetch`."""

    @property
    def terms(self) -> Terms:
        """What was agreed."""
        return self.document.terms

    # Logs and heads.

    @cached_property
    def register_key(self) -> VerifierKey:
        """The register's key; its name is the register's origin."""
        return parse_verifier_key(self.terms.register)

    @cached_property
    def expected_logs(self) -> tuple[tuple[str, VerifierKey], ...]:
        """Subject and key of every log that the agreement names, the register first."""
        logs = [
            (party.name, parse_verifier_key(party.log)) for party in self.terms.parties if party.log
        ]
        if any(key == self.register_key for _, key in logs):
            return tuple(logs)
        return ((EVERYBODY, self.register_key), *logs)

    def log(self, origin: str) -> LogCopy | None:
        """Return the log of that origin; None where the bundle has it not.

        What is not under a head that the log's own key signed is no copy of it, whatever it says:
        whoever made the bundle could have made that up (`foreign`).
        """
        return self._genuine.get(origin)

    @cached_property
    def _genuine(self) -> dict[str, LogCopy]:
        keys = {key.name: key for _, key in self.expected_logs}
        found: dict[str, LogCopy] = {}
        for log in self.logs:
            if log.origin in keys and not log.is_not_of(keys[log.origin]):
                found.setdefault(log.origin, log)
        return found

    def foreign(self) -> Iterator[tuple[LogCopy, str]]:
        """Yield what is under `logs/` and is no copy of a log of the agreement, and why."""
        keys = {key.name: key for _, key in self.expected_logs}
        for log in self.logs:
            if log.origin not in keys:
                yield log, f"the agreement knows no log {log.origin!r}"
            elif reason := log.is_not_of(keys[log.origin]):
                yield log, reason

    def log_of(self, party: str) -> LogCopy | None:
        """Return a party's own log; None where the bundle, or the agreement, has it not."""
        return next((self.log(key.name) for name, key in self.expected_logs if name == party), None)

    @property
    def register(self) -> LogCopy | None:
        """The register's log."""
        return self.log(self.register_key.name)

    @cached_property
    def policy(self) -> Policy:
        """Which witnesses are enough. Raises FormatError where the agreement has no policy."""
        return parse_policy(self.terms.witnesses) if self.terms.witnesses else NOBODY

    @cached_property
    def heads(self) -> SignedHeads:
        """All heads that the logs' own keys signed, wherever the bundle has them."""
        return SignedHeads(self._heads())

    def _heads(self) -> Iterator[SignedHead]:
        keys = {key.name: key for _, key in self.expected_logs}
        known: dict[str, SignedHead | None] = {}
        for where, note in self._notes():
            if note not in known:
                key = keys.get(note.partition("\n")[0])
                known[note] = read_head(where, note, key, self.policy) if key else None
            head = known[note]
            if head is not None:
                yield replace(head, where=where)

    def _notes(self) -> Iterator[tuple[str, str]]:
        yield from self.held
        yield from ((proven.file, proven.proof.head) for proven in self.proofs)
        for log in self.logs:
            yield f"logs/{log.name}/checkpoint", log.head_text
            for entry in log.of_kind(*HEARD):
                body = entry.body
                if isinstance(body, kinds.RegisterContradicted):
                    yield log.where(entry.seq), body.held
                    yield log.where(entry.seq), body.offered
                elif note := getattr(body, "note", ""):
                    yield log.where(entry.seq), note

    # Statements.

    @cached_property
    def replayed(self) -> Replayed:
        """The register's statements, run through the machine again: the state at any moment."""
        return replay(self.document, self.register)

    @property
    def posted(self) -> tuple[Posted, ...]:
        """Every statement in the register, in order, also those with a fault."""
        return self.replayed.posted

    @cached_property
    def valid(self) -> tuple[Posted, ...]:
        """The statements whose signature, key and role are right, in order."""
        return tuple(posted for posted in self.posted if not posted.fault)

    def by(self, speaker: str) -> Sequence[Posted]:
        """Return a speaker's valid statements, in the register's order."""
        return self._by_speaker.get(speaker, ())

    def said(self, kind: type[Kind]) -> Iterator[tuple[Posted, Kind]]:
        """Yield what valid statements say, of one kind, in the register's order."""
        for posted in self._by_kind.get(kind, ()):
            said = posted.said
            if isinstance(said, kind):
                yield posted, said

    @cached_property
    def _by_speaker(self) -> dict[str, list[Posted]]:
        found: dict[str, list[Posted]] = {}
        for posted in self.valid:
            found.setdefault(posted.speaker, []).append(posted)
        return found

    @cached_property
    def _by_kind(self) -> dict[type, list[Posted]]:
        found: dict[type, list[Posted]] = {}
        for posted in self.valid:
            found.setdefault(type(posted.said), []).append(posted)
        return found

    def speakers_of(self, party: str) -> tuple[str, ...]:
        """Return a party's name and the names of its meters."""
        meters = (meter.name for meter in self.terms.meters if meter.party == party)
        return (party, *meters)

    def subject_of(self, speaker: str) -> str:
        """Return the party that answers for a speaker; EVERYBODY for verifiers and the panel."""
        for meter in self.terms.meters:
            if meter.name == speaker:
                return meter.party
        return speaker if speaker in self.terms.blocs else EVERYBODY

    @cached_property
    def evidence(self) -> Evidence:
        """What valid statements say about work, and the limits that held for it."""
        return read_evidence(
            self.terms, self.replayed, self.valid, at=self.until_seconds, read=self.fetch
        )

    # Content.

    def fetch(self, digest: str) -> bytes | None:
        """Return an object; None where the bundle has nothing that hashes to its name.

        Raises FormatError where the file is too large or no file.
        """
        try:
            data = self.folder.read(f"objects/{digest}")
        except NotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    # Times, in seconds.

    @cached_property
    def until_seconds(self) -> float:
        """Up to when the bundle can know: the witnessed time of the register's head, or `at`."""
        at = seconds_of(self.at)
        if self.register is None:
            return at
        seen = self.heads.covered_at(self.register.origin, self.register.size - 1)
        return at if seen is None else min(at, seen)

    @cached_property
    def began_seconds(self) -> float:
        """When the register took its first statement; `until_seconds` where there is none."""
        return seconds_of(self.posted[0].time) if self.posted else self.until_seconds


def read_bundle(path: Path, at: str, limits: Limits | None = None) -> Bundle:
    """Read the bundle in the folder `path` for an audit at the time `at`.

    A log, a held head or a proof that cannot be read is set down in `refused`, and the rest is
    read. Raises NotFoundError where folder or agreement are missing, FormatError and ProofError
    where the agreement is none, or there is too much of something.
    """
    seconds_of(at)
    folder = Folder(path, limits)
    document = parse_document(folder.text("agreement.note", AGREEMENT_BYTES))
    refused: list[Refused] = []
    logs, held, proofs, leaves = [], [], [], Leaves()
    for name in _names(folder, "logs", LOGS):
        with _Refusing(f"logs/{name}", refused):
            logs.append(read_log(folder, name, leaves))
    for name in _names(folder, "held", HELD):
        with _Refusing(f"held/{name}", refused):
            held.append((f"held/{name}", folder.text(f"held/{name}", CHECKPOINT_BYTES)))
    for name in _names(folder, "proofs", 2 * HELD):
        if name.endswith(".tlog-proof"):
            with _Refusing(f"proofs/{name}", refused):
                proofs.append(_proven(folder, f"proofs/{name}"))
    return Bundle(at, document, tuple(logs), tuple(held), tuple(proofs), tuple(refused), folder)


class _Refusing:
    """Sets down what cannot be read, and goes on."""

    def __init__(self, where: str, refused: list[Refused]) -> None:
        self._where = where
        self._refused = refused

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, EvidenceError | NotFoundError):
            self._refused.append(Refused(self._where, error.message))
            return True
        return False


def _proven(folder: Folder, name: str) -> Proven:
    proof = parse_proof(folder.text(name, PROOF_BYTES))
    leaf = folder.read(name.removesuffix(".tlog-proof") + ".leaf", PROOF_BYTES)
    head = parse_note(proof.head)
    return Proven(name, leaf, proof, head, parse_checkpoint(head.text))


def _names(folder: Folder, name: str, most: int) -> list[str]:
    names = folder.names(name)
    if len(names) > most:
        raise FormatError(
            f"{name} holds {len(names)} names, {most} are read", hint="ask for a smaller bundle"
        )
    return names
