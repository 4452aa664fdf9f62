"""Signed notes: the specification's example, one spelling, and every byte counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.errors import EvidenceError, FormatError, ProofError
from tachograph.merkle.note import (
    Note,
    Signature,
    SigningKey,
    VerifierKey,
    check_note,
    decode_base64,
    format_note,
    parse_note,
    parse_verifier_key,
    sign_note,
)

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ON"
    "ncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
"""C2SP signed-note, section Example."""

KEY = SigningKey("example.com/log", bytes(range(32)))
OTHER = SigningKey("example.com/other", bytes(range(1, 33)))


def test_the_specifications_example_checks() -> None:
    """The published key verifies the published note."""
    key = parse_verifier_key(EXAMPLE_KEY)
    note = parse_note(EXAMPLE)
    assert check_note(note, [key]) == (key,)
    assert (str(key), format_note(note)) == (EXAMPLE_KEY, EXAMPLE)


@pytest.mark.parametrize("delta", [1, 32, 128])
def test_every_changed_byte_is_refused(delta: int) -> None:
    """A note with any one byte changed does not parse, or does not check."""
    data = format_note(sign_note("line one\n\nline — two\n", KEY)).encode()
    for place in range(len(data)):
        bad = bytearray(data)
        bad[place] ^= delta
        with pytest.raises((EvidenceError, UnicodeDecodeError)):
            check_note(parse_note(bytes(bad).decode()), [KEY.verifier])


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), min_size=1),
    st.integers(1, 16),
)
def test_parse_inverts_format(lines: list[str], count: int) -> None:
    """Any text comes back from its note, with up to sixteen signatures, also after empty lines."""
    keys = [SigningKey(f"key-{number}", bytes([number]) * 32) for number in range(count)]
    note = sign_note("\n".join(lines) + "\n", *keys)
    assert parse_note(format_note(note)) == note
    assert len(check_note(note, [key.verifier for key in keys])) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text\n",
        "text\n\n",
        EXAMPLE[:-1],
        EXAMPLE + "\n",
        EXAMPLE.replace("\n\n", "\n"),
        EXAMPLE.replace("— ", "- "),
        EXAMPLE.replace("— ", "—  "),
        EXAMPLE.replace("foo Uw", "f+o Uw"),
        EXAMPLE.replace("foo Uw", "f\u2003o Uw"),
        EXAMPLE.replace("This", "Th\tis"),
        EXAMPLE.replace("This", "Th\ris"),
        EXAMPLE.replace("yaQM=", "yaQN="),
        EXAMPLE.replace("yaQM=", "yaQM"),
        EXAMPLE.replace("yaQM=", "yaQM= "),
        EXAMPLE.replace(EXAMPLE.split()[-1], "AAAA"),
        EXAMPLE + EXAMPLE.split("\n\n")[1] * 64,
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    """What formatting would not have written is a format error."""
    with pytest.raises(FormatError):
        parse_note(text)


@pytest.mark.parametrize("text", ["AB==", "AA", "AA==\n", " AA==", "A_==", "é", "AA==AA=="])
def test_base64_has_one_spelling(text: str) -> None:
    """Stray bits, missing padding, spaces and other alphabets are format errors."""
    assert decode_base64("AA==") == b"\x00"
    with pytest.raises(FormatError):
        decode_base64(text)


PIECES = ("\n", "\n\n", " ", "+", "—", "— a AAAA\n", "=", "A", "\x00", "\x7f", "\ud800")


@given(
    st.integers(1, 3),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 3), st.sampled_from(PIECES)),
        min_size=1,
        max_size=3,
    ),
)
@settings(deadline=None, max_examples=400)
def test_what_parses_is_what_formatting_gives(count: int, changes: list[Any]) -> None:
    """Whatever is put in or cut out: refused, or the one spelling of what was understood."""
    keys = [SigningKey(f"k{at}.example", bytes([at + 1]) * 32) for at in range(count)]
    text = format_note(sign_note("example.com/log\n1\nAA==\n", *keys))
    for place, cut, piece in changes:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + cut :]
    try:
        note = parse_note(text)
    except FormatError:
        return
    assert format_note(note) == text


def test_unknown_keys_are_ignored() -> None:
    """A strange signature neither helps nor harms, even under a known name."""
    strange = Signature(KEY.name, b"\x00\x00\x00\x00", b"anything")
    note = Note("text\n", (strange, *sign_note("text\n", OTHER, KEY).signatures))
    assert check_note(note, [KEY.verifier]) == (KEY.verifier,)


def test_a_note_without_known_signer_is_refused() -> None:
    """Signed by others only is not signed."""
    with pytest.raises(ProofError, match="no known key"):
        check_note(sign_note("text\n", OTHER), [KEY.verifier])


def test_one_bad_signature_of_a_known_key_spoils_the_note() -> None:
    """A good signature does not outweigh a bad one by another known key."""
    good = KEY.sign("text\n")
    bad = Signature(OTHER.name, OTHER.verifier.id, good.data)
    with pytest.raises(ProofError):
        check_note(Note("text\n", (good, bad)), [KEY.verifier, OTHER.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        EXAMPLE_KEY.replace("530d903a", "530d903b"),
        EXAMPLE_KEY.replace("530d903a", "530D903A"),
        EXAMPLE_KEY.replace("foo", "bar"),
        EXAMPLE_KEY + "=",
        EXAMPLE_KEY.replace("AekyeRrm", "BOkyeRrm"),
        EXAMPLE_KEY + "\n",
    ],
)
def test_other_keys_are_refused(text: str) -> None:
    """A key whose name, id or algorithm does not fit together is a format error."""
    with pytest.raises(FormatError):
        parse_verifier_key(text)


def test_weak_keys_are_not_enrolled() -> None:
    """A key of small order cannot become a verifier key."""
    with pytest.raises(ProofError):
        VerifierKey("example.com/weak", bytes(32))


def test_the_seed_stays_out_of_logs() -> None:
    """Printing a signing key does not show its seed."""
    assert "seed" not in repr(KEY)
