"""Signed notes: text with signatures underneath (C2SP signed-note), signed by Ed25519 keys.

An instance:

    example.com/log
    1
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku...

Parsing is strict: a note parses only from the exact text that formatting it gives. Signatures by
unknown keys are kept and ignored; one bad signature by a known key spoils the note. A later format
would differ by its algorithm byte: a key of another algorithm is a subclass of VerifierKey (those
of witnesses: brake/heads/cosignature.py). Proven by tests/merkle/test_merkle_note.py.
"""

from __future__ import annotations

import hashlib
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, TypeVar

from tachograph.errors import FormatError, ProofError
from tachograph.merkle import ed25519

ED25519 = 0x01
"""Algorithm byte of plain Ed25519 signatures over the text (C2SP signed-note)."""
SIGNATURES = 64
"""Most signatures in a note; the specification asks for at least 16."""


@dataclass(frozen=True)
class Signature:
    """One signature line."""

    name: str
    """Name of the key."""
    key_id: bytes
    """First 4 bytes of the key's hash: with the name, which key it was."""
    data: bytes
    """What the algorithm gave."""


@dataclass(frozen=True)
class Note:
    """Text and signatures. Says nothing until `check_note` has passed it."""

    text: str
    """What is signed: lines, each ended by a newline."""
    signatures: tuple[Signature, ...]
    """One or more."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key with a name. Making one enrols it: raises FormatError or ProofError."""

    name: str
    """Not empty, without spaces and plus signs."""
    public: bytes
    """32 bytes of Ed25519 public key."""

    algorithm: ClassVar[int] = ED25519
    """What its signatures are of; a subclass says which, and checks them."""

    def __post_init__(self) -> None:
        _check_name(self.name)
        self.enrol()

    @cached_property
    def id(self) -> bytes:
        """The key id, 4 bytes."""
        return key_id(self.name, self.algorithm, self.public)

    def enrol(self) -> None:
        """Raise ProofError unless the public key may be used."""
        ed25519.check_key(self.public)

    def check(self, text: str, signature: bytes) -> None:
        """Raise ProofError unless `signature` is this key's under a note's text."""
        ed25519.check_signature(self.public, text.encode(), signature)

    def __str__(self) -> str:
        """The key as text: name+id+base64, as other tools read it."""
        material = bytes([self.algorithm]) + self.public
        return f"{self.name}+{self.id.hex()}+{encode_base64(material)}"


@dataclass(frozen=True)
class SigningKey:
    """A private key with a name."""

    name: str
    """Not empty, without spaces and plus signs."""
    seed: bytes = field(repr=False)
    """32 bytes, secret."""

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, ed25519.public_key(self.seed))

    def sign(self, text: str) -> Signature:
        """Return this key's signature of a note's text."""
        return Signature(self.name, self.verifier.id, ed25519.sign(self.seed, text.encode()))


Key = TypeVar("Key", bound=VerifierKey)


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """Return the 4-byte id of a key (C2SP signed-note, Signatures)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


def parse_verifier_key(text: str) -> VerifierKey:
    """Return the key that `text` spells. Raises FormatError, or ProofError for a weak key."""
    return parse_key(text, VerifierKey)


def parse_key(text: str, *kinds: type[Key]) -> Key:
    """Return the key, of one of these kinds, that `text` spells. Raises like parse_verifier_key."""
    name, _, rest = text.partition("+")
    material = decode_base64(rest.partition("+")[2])
    kind = {kind.algorithm: kind for kind in kinds}.get(material[0] if material else 0)
    if kind is None:
        raise FormatError("not a verifier key of a kind that belongs here", hint=_KEY_HINT)
    key = kind(name, material[1:])
    if str(key) != text:
        raise FormatError("the verifier key's id does not match it", hint=_KEY_HINT)
    return key


def format_note(note: Note) -> str:
    """Return the note as text. Raises FormatError where it would not parse back."""
    _check_text(note.text)
    if not 1 <= len(note.signatures) <= SIGNATURES:
        raise FormatError(f"a note has 1 to {SIGNATURES} signatures", hint=_NOTE_HINT)
    return note.text + "\n" + format_signatures(note.signatures)


def parse_note(text: str) -> Note:
    """Return the note that `text` spells, unchecked. Raises FormatError."""
    body, gap, tail = text.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise FormatError("a note is text, an empty line and signature lines", hint=_NOTE_HINT)
    note = Note(body + "\n", parse_signatures(tail))
    _check_text(note.text)
    for signature in note.signatures:
        _check_name(signature.name)
    # Base64 that decodes has one spelling, and the rest is text: formatting gives the same again.
    return note


def format_signatures(signatures: Sequence[Signature]) -> str:
    """Return signature lines, each ended by a newline. Raises FormatError."""
    return "".join(map(_format_signature, signatures))


def parse_signatures(text: str) -> tuple[Signature, ...]:
    """Return the signatures that lines spell, each ended by a newline. Raises FormatError."""
    if not text.endswith("\n"):
        raise FormatError("a signature line ends in a newline", hint=_NOTE_HINT)
    if text.count("\n") > SIGNATURES:
        raise FormatError(f"more than {SIGNATURES} signatures", hint=_NOTE_HINT)
    return tuple(map(_parse_signature, text[:-1].split("\n")))


def sign_note(text: str, *keys: SigningKey) -> Note:
    """Return the note that the keys sign."""
    return Note(text, tuple(key.sign(text) for key in keys))


def check_note(note: Note, keys: Sequence[Key]) -> tuple[Key, ...]:
    """Return those of the known keys that signed the note, in the order of the note.

    Raises ProofError where none did, or where a signature in a known key's name does not verify.
    """
    known = {(key.name, key.id): key for key in keys}
    signed: list[Key] = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            key.check(note.text, signature.data)
            signed.append(key)
    if not signed:
        raise ProofError("no known key signed the note", hint="ask the signer for its key")
    return tuple(signed)


def encode_base64(data: bytes) -> str:
    """Return standard base64 (RFC 4648, section 4)."""
    return b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Return the bytes whose base64 is exactly `text`. Raises FormatError."""
    try:
        data = a2b_base64(text)
    except ValueError as error:
        raise FormatError("not base64", hint=_NOTE_HINT) from error
    if encode_base64(data) != text:
        raise FormatError("base64 with stray bits", hint=_NOTE_HINT)
    return data


_NOT_IN_NAMES = re.compile(r"[+\s]")
_NOT_IN_NOTES = re.compile("[\x00-\x1f\ud800-\udfff]")
"""Surrogates are no UTF-8; controls are refused below U+0020 only, as the specification has it."""
_NOTE_HINT = "fetch it again as it was published"
_KEY_HINT = "copy the key again from where it was published"


def _format_signature(signature: Signature) -> str:
    _check_name(signature.name)
    return f"— {signature.name} {encode_base64(signature.key_id + signature.data)}\n"


def _parse_signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = decode_base64(encoded)
    if dash != "—" or len(data) < 5:
        raise FormatError("not a signature line", hint=_NOTE_HINT)
    return Signature(name, data[:4], data[4:])


def _check_name(name: str) -> None:
    if not name or _NOT_IN_NAMES.search(name):
        raise FormatError("a key's name has no space and no plus sign", hint=_KEY_HINT)
    _check_characters(name)


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise FormatError("a note's text ends in a newline", hint=_NOTE_HINT)
    _check_characters(text.replace("\n", ""))


def _check_characters(text: str) -> None:
    if _NOT_IN_NOTES.search(text):
        raise FormatError("a note has no control characters", hint=_NOTE_HINT)
