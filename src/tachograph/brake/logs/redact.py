"""Publishing a ledger while bodies stay home: a log of its own, one leaf for each entry.

A leaf is the entry's canonical bytes or a commitment to them (commitment.py). Which of the two is
said by RedactionChosen entries, so that the published log is a pure function of the ledger and of
one secret: it has one history, and whoever derives it again gets the same bytes. Its origin is the
ledger's with `/redacted`, and the ledger's key signs it. Each entry's salt is the secret's HMAC of
its number, so that an opening shows that entry and nothing of the others.

Never published is the ledger's own signed root: with it, whoever knows the other entries could try
out what a withheld one is. So HeadSigned entries stay home, and cannot be opened. Proven by
tests/brake/test_redact.py. Not covered: what times and numbers of entries tell; objects, which are
not published.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from tachograph.brake.logs.commitment import (
    SALT_BYTES,
    Opening,
    commit,
    format_commitment,
    redacted_key,
)
from tachograph.brake.logs.publish import contradicted
from tachograph.errors import DamagedError, FormatError, NotFoundError, StoreError, UsageError
from tachograph.ledger import Ledger, entry, kinds
from tachograph.ledger.brake_kinds import BrakeBody
from tachograph.ledger.disk import write_file
from tachograph.ledger.entry import Entry
from tachograph.ledger.heads import KEEP, format_head
from tachograph.ledger.key import load_key
from tachograph.ledger.store import Head
from tachograph.merkle.note import SigningKey
from tachograph.merkle.tile import WIDTH

SECRET = "redaction-secret"
"""File in the ledger's folder: 32 bytes in hex, for its owner only. Lost, nothing can be opened."""

_LABEL = b"tachograph/salt/v1\n"
_ALWAYS = frozenset({"RedactionChosen", "HeadPublished"})
"""Who reads the log must see what is withheld and what was signed."""
_NEVER = frozenset({"HeadSigned"})
_BOOKKEEPING = ("HeadSigned", "HeadPublished")


@dataclass(frozen=True)
class Redaction:
    """What leaves the house. Kinds that are in neither stay home with their name."""

    whole: frozenset[str]
    """Kinds published as they are."""
    named: frozenset[str] = frozenset()
    """Kinds of which the name is shown."""


DEFAULT = Redaction(whole=frozenset(kind.__name__ for kind in get_args(BrakeBody)))
"""All that an agreement asks for, and nothing of the work itself."""


def parse_redaction(text: str) -> Redaction:
    """Return the policy that a TOML text spells. Raises FormatError naming key and next step.

    An instance:

        whole = ["AgreementAdopted", "StatementPosted", "WorkRefused"]
        named = ["RunOpened", "RunClosed"]
    """
    try:
        plain = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FormatError(f"the redaction is not TOML: {error}", hint=_FORM) from error
    if unknown := plain.keys() - {"whole", "named"}:
        raise FormatError(f"the redaction has a key {min(unknown)!r}", hint=_FORM)
    redaction = Redaction(_names(plain, "whole"), _names(plain, "named"))
    if forbidden := redaction.whole & _NEVER:
        raise FormatError(
            f"{min(forbidden)} cannot be published whole",
            hint="it has the root over the withheld entries, with which they could be guessed",
        )
    return redaction


def choose(ledger: Ledger, home: Path, redaction: Redaction) -> None:
    """Record what of the ledger in the folder `home` is published from now on.

    The first choice covers all that was recorded before it. Where the newest choice is the same,
    records nothing. Raises StoreError, DamagedError.
    """
    secret = _create_secret(home)
    body = kinds.RedactionChosen(
        sorted(redaction.whole), sorted(redaction.named), hashlib.sha256(secret).hexdigest()
    )
    made = [one.body for one in ledger.entries(kinds=[kinds.RedactionChosen])]
    if not made or made[-1] != body:
        ledger.append([("publisher", (), body)])


class RedactedLog:
    """The ledger with bodies withheld, as `publish` wants it."""

    def __init__(self, ledger: Ledger, home: Path) -> None:
        """Raises NotFoundError where no redaction was chosen; DamagedError, StoreError."""
        self._ledger = ledger
        self._home = home
        self.verifier = redacted_key(ledger.verifier)
        self.begin()
        self._secret = _load_secret(home, self._choices[-1][1])

    def begin(self) -> None:
        """See Log."""
        self._held = _held(self._ledger)
        self._choices = list(_choices(self._ledger, self._held))
        if not self._choices:
            raise NotFoundError("no redaction was chosen", hint="tacho brake publish --redact")
        self.size = self._ledger.size
        if self._held is not None and _only_bookkeeping(self._ledger, self._held.size):
            self.size = self._held.size

    @property
    def known(self) -> int:
        """See Log."""
        return self._held.size if self._held is not None else 0

    @property
    def stops(self) -> tuple[int, ...]:
        """See Log."""
        return (self.known,)

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """See Log."""
        for data in self._ledger.leaves(start, stop):
            one = entry.decode(data)
            redaction = self._redaction(one.seq)
            if one.kind in (_ALWAYS | redaction.whole) - _NEVER:
                yield data
            else:
                salt = _salt(self._secret, one.seq)
                yield format_commitment(commit(one, data, salt, named=one.kind in redaction.named))

    def check(self, head: Head) -> None:
        """See Log."""
        held = self._held
        if held is not None and head.size == held.size and head.root.hex() != held.root:
            raise contradicted(head)

    def sign(self, head: Head) -> str:
        """See Log. Records HeadPublished where the head is new."""
        self.check(head)
        if self._held is not None and self._held.size >= head.size:
            return self._held.note
        key = SigningKey(self.verifier.name, load_key(self._home).seed)
        before = [seq for seq, _ in self._choices if seq < head.size]
        body = kinds.HeadPublished(
            key.name, head.size, head.root.hex(), format_head(head, key), before
        )
        self._ledger.append([("publisher", (), body)])
        return body.note

    def open(self, seq: int) -> Opening:
        """Return what shows entry `seq` to whoever has the published log.

        Raises NotFoundError, and UsageError for an entry that would show more than itself.
        """
        one = self._ledger.get(seq)
        if one.kind in _NEVER:
            raise UsageError(
                f"entry {seq} is a {one.kind} and cannot be opened",
                hint="it has the root over the withheld entries, with which they could be guessed",
            )
        return Opening(seq, _salt(self._secret, seq), entry.encode(one))

    def _redaction(self, seq: int) -> Redaction:
        """The newest choice up to there; before the first, the first."""
        found = self._choices[0][1]
        for chosen, body in self._choices:
            if chosen <= seq:
                found = body
        return Redaction(frozenset(found.whole), frozenset(found.named))


Choice = tuple[int, kinds.RedactionChosen]


def _held(ledger: Ledger) -> kinds.HeadPublished | None:
    """The newest head that was published, searched for from the end."""
    stop = ledger.size
    while stop:
        start = (stop - 1) // WIDTH * WIDTH
        for data in reversed(list(ledger.leaves(start, stop))):
            if b'"kind":"HeadPublished"' in data:
                body = entry.decode(data).body
                if isinstance(body, kinds.HeadPublished):
                    return body
        stop = start
    return None


def _choices(ledger: Ledger, held: kinds.HeadPublished | None) -> Iterator[Choice]:
    """Every choice of a redaction, in order."""
    known = [ledger.get(seq) for seq in held.redactions] if held is not None else []
    start = held.size if held is not None else 0
    found: Iterator[Entry] = ledger.entries(kinds=[kinds.RedactionChosen], start=start)
    for one in (*known, *found):
        if not isinstance(one.body, kinds.RedactionChosen):
            raise DamagedError(f"entry {one.seq} is no RedactionChosen", hint=KEEP)
        yield one.seq, one.body


def _only_bookkeeping(ledger: Ledger, start: int) -> bool:
    return all(one.kind in _BOOKKEEPING for one in ledger.entries(start=start))


def _salt(secret: bytes, seq: int) -> bytes:
    return hmac.digest(secret, _LABEL + seq.to_bytes(8, "big"), "sha256")


def _create_secret(home: Path) -> bytes:
    path = home / SECRET
    try:
        fresh = secrets.token_bytes(SALT_BYTES).hex() + "\n"
        write_file(path, fresh.encode(), mode=0o600, replace=False)
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror}", hint=_ROOM) from error
    return _read_secret(path)


def _load_secret(home: Path, chosen: kinds.RedactionChosen) -> bytes:
    secret = _read_secret(home / SECRET)
    if hashlib.sha256(secret).hexdigest() != chosen.secret_sha256:
        raise DamagedError(f"{home / SECRET} is not the secret that was used before", hint=_COPY)
    return secret


def _read_secret(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(path.read_bytes().decode("ascii").strip())
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} is missing", hint=_COPY) from error
    except ValueError as error:
        raise DamagedError(f"{path} is not a secret in hex", hint=_COPY) from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint=_ROOM) from error
    if len(secret) != SALT_BYTES:
        raise DamagedError(f"{path} is not a secret of {SALT_BYTES} bytes", hint=_COPY)
    return secret


def _names(plain: dict[str, object], key: str) -> frozenset[str]:
    listed = plain.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise FormatError(f"the redaction's {key!r} is not a list of kinds", hint=_FORM)
    if unknown := set(listed) - kinds.KINDS.keys():
        raise FormatError(f"{key!r} names {min(unknown)!r}, which is no kind of entry", hint=_KINDS)
    return frozenset(listed)


_FORM = 'write whole = ["KIND", ...] and named = ["KIND", ...]'
_KINDS = "tacho ledger show prints the kinds of a ledger's entries"
_COPY = "restore it from a copy of the ledger's folder"
_ROOM = "see that the disk has room and that you may write there"
