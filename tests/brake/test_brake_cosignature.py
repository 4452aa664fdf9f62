"""Cosignatures: what is signed, that every byte counts, and that both kinds of key check."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tachograph.brake.heads.cosignature import (
    LAST_TIME,
    CosignerKey,
    CosigningKey,
    MldsaCosignerKey,
    check_cosignatures,
    cosigned_at,
    parse_cosigner_key,
)
from tachograph.errors import EvidenceError, FormatError, ProofError
from tachograph.merkle import ed25519
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.note import (
    Note,
    Signature,
    SigningKey,
    VerifierKey,
    check_note,
    format_note,
    parse_note,
    parse_verifier_key,
    sign_note,
)

LOG = SigningKey("example.com/log", bytes(range(32)))
WITNESS = CosigningKey("example.net/witness", bytes(range(1, 33)))
OTHER = CosigningKey("example.org/witness", bytes(range(2, 34)))
TEXT = format_checkpoint(Checkpoint(LOG.name, 7, bytes(range(32))))
EXAMPLE_LINE = (
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2"
    "oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
"""C2SP tlog-cosignature, introduction."""


def cosigned(*keys: CosigningKey, text: str = TEXT, time: int = 1679315147) -> Note:
    """The log's note with cosignatures."""
    note = sign_note(text, LOG)
    return Note(text, note.signatures + tuple(key.cosign(text, time) for key in keys))


def test_the_signed_message_is_the_specifications() -> None:
    """Header line, time line, and the whole text of the checkpoint; the time before the bytes."""
    line = WITNESS.cosign(TEXT, 1679315147)
    message = b"cosignature/v1\ntime 1679315147\n" + TEXT.encode()
    assert line.data[:8] == (1679315147).to_bytes(8, "big")
    ed25519.check_signature(WITNESS.verifier.public, message, line.data[8:])


def test_the_specifications_example_states_its_time() -> None:
    """The published line parses as a cosignature of 20 March 2023, with a key id of its own."""
    line = parse_note(f"{TEXT}\n{EXAMPLE_LINE}").signatures[0]
    assert cosigned_at(line.data) == 1679315147
    assert (line.key_id.hex(), len(line.data)) == ("8d66cf3f", 72)


def test_log_and_witnesses_check_in_one_pass() -> None:
    """A cosigned head checks by any of its keys; a stranger's line is ignored."""
    note = parse_note(format_note(cosigned(WITNESS, OTHER)))
    keys: list[VerifierKey] = [WITNESS.verifier, LOG.verifier]
    assert check_note(note, keys) == (LOG.verifier, WITNESS.verifier)
    found = check_cosignatures(note, [WITNESS.verifier])
    assert [(one.key, one.time_seconds) for one in found] == [(WITNESS.verifier, 1679315147)]


def test_a_witness_counts_once() -> None:
    """Two lines of one witness are one cosignature, of the later time."""
    note = Note(TEXT, (WITNESS.cosign(TEXT, 5), WITNESS.cosign(TEXT, 9), WITNESS.cosign(TEXT, 7)))
    found = check_cosignatures(note, [WITNESS.verifier])
    assert [one.time_seconds for one in found] == [9]


@pytest.mark.parametrize("delta", [1, 128])
def test_every_changed_byte_is_refused(delta: int) -> None:
    """A change to text, time, key id or signature leaves no valid cosignature."""
    data = format_note(Note(TEXT, (WITNESS.cosign(TEXT, 1679315147),))).encode()
    for place in range(len(data)):
        bad = bytearray(data)
        bad[place] ^= delta
        with pytest.raises((EvidenceError, UnicodeDecodeError)):
            check_cosignatures(parse_note(bytes(bad).decode()), [WITNESS.verifier])


def test_a_plain_signature_is_no_cosignature() -> None:
    """The same secret under the log's algorithm is another key, and its signature another thing."""
    log = SigningKey(WITNESS.name, WITNESS.seed)
    assert log.verifier.id != WITNESS.verifier.id
    plain = log.sign(TEXT)
    forged = Signature(WITNESS.name, WITNESS.verifier.id, bytes(8) + plain.data)
    with pytest.raises(ProofError):
        check_cosignatures(Note(TEXT, (forged,)), [WITNESS.verifier])


def test_keys_are_text_of_their_kind() -> None:
    """A cosigner's key comes back from its text, and is no log's key, nor a log's key one."""
    key = WITNESS.verifier
    assert parse_cosigner_key(str(key)) == key
    with pytest.raises(FormatError, match="kind"):
        parse_verifier_key(str(key))
    with pytest.raises(FormatError, match="kind"):
        parse_cosigner_key(str(LOG.verifier))


@pytest.mark.parametrize("time", [0, -1, LAST_TIME + 1])
def test_a_time_that_the_format_has_not_is_refused(time: int) -> None:
    """Zero says no time, and beyond 63 bits there is none."""
    with pytest.raises(FormatError, match="time"):
        WITNESS.cosign(TEXT, time)


def test_only_checkpoints_are_cosigned() -> None:
    """A text that is no checkpoint is not signed."""
    with pytest.raises(FormatError):
        WITNESS.cosign("a letter\n", 5)


def mldsa(
    name: str, text: bytes, time: int, root: bytes, size: int
) -> tuple[MldsaCosignerKey, Note]:
    """A head cosigned by an ML-DSA-44 witness, its message spelled out by the specification."""
    secret = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    key = MldsaCosignerKey(name, secret.public_key().public_bytes_raw())
    origin = text.partition(b"\n")[0]
    message = (
        b"subtree/v1\n\0" + bytes([len(name)]) + name.encode() + time.to_bytes(8, "big")
        + bytes([len(origin)]) + origin + (0).to_bytes(8, "big") + size.to_bytes(8, "big") + root
    )  # fmt: skip
    data = time.to_bytes(8, "big") + secret.sign(message)
    return key, Note(text.decode(), (Signature(name, key.id, data),))


def test_mldsa_cosignatures_check() -> None:
    """An ML-DSA-44 cosignature checks, counts with its time, and fails for another head or name."""
    root = bytes(range(32))
    key, note = mldsa("example.net/pq", TEXT.encode(), 1679315147, root, 7)
    assert parse_cosigner_key(str(key)) == key
    parsed = parse_note(format_note(note))
    assert check_cosignatures(parsed, [key])[0].time_seconds == 1679315147
    other = TEXT.replace("\n7\n", "\n8\n")
    with pytest.raises(ProofError, match="verify"):
        check_cosignatures(Note(other, note.signatures), [key])
    renamed = MldsaCosignerKey("example.net/other", key.public)
    line = Signature(renamed.name, renamed.id, note.signatures[0].data)
    with pytest.raises(ProofError, match="verify"):
        check_cosignatures(Note(TEXT, (line,)), [renamed])


@given(st.binary(max_size=100))
def test_no_bytes_make_a_check_fall_over(data: bytes) -> None:
    """Whatever a known key's line carries, the answer is a refusal."""
    for key in (WITNESS.verifier, MldsaCosignerKey("pq", bytes(1312))):
        with pytest.raises(ProofError):
            key.check(TEXT, data)


@given(st.text(max_size=80) | st.binary(max_size=40).map(lambda data: f"name+00000000+{data!r}"))
def test_no_text_makes_parsing_a_key_fall_over(text: str) -> None:
    """Text that is no key is refused as evidence."""
    try:
        key = parse_cosigner_key(text)
    except EvidenceError:
        return
    assert isinstance(key, CosignerKey)
