"""Two envelopes of one speaker, in a file: whom they convict, and that they frame nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parties import document, key
from parties import say as envelope

from tachograph.brake.said.conviction import convict, format_pair, parse_pair
from tachograph.errors import EvidenceError, FormatError, ProofError

AGREEMENT = document(key("register").verifier)
AURORA, CRUX = key("aurora").verifier, key("crux").verifier
FIRST = envelope(AGREEMENT, "aurora", 3, reason="a visit")
SECOND = envelope(AGREEMENT, "aurora", 3, reason="a holiday")


def test_the_file_convicts() -> None:
    """Its speaker, by the key among those given that signed both, in either order."""
    for pair in ((FIRST, SECOND), (SECOND, FIRST)):
        found = convict(parse_pair(format_pair(*pair)), [CRUX, AURORA])
        assert found.key == AURORA
        assert found.reason == "aurora made two different statements number 3"
        assert {s.number for s in found.statements} == {3}


@pytest.mark.parametrize(
    "other",
    [
        FIRST,
        envelope(AGREEMENT, "aurora", 4, reason="a holiday"),
        envelope(AGREEMENT, "crux", 3, reason="a holiday"),
    ],
    ids=["the same", "another number", "another speaker"],
)
def test_what_does_not_contradict_convicts_nobody(other: str) -> None:
    """Honest statements, whatever is put side by side."""
    with pytest.raises(ProofError, match="do not contradict"):
        convict((FIRST, other), [AURORA, CRUX])


def test_without_its_key_nobody_is_convicted() -> None:
    """Of one that signed neither, and of one that signed only one of the two."""
    forged = envelope(AGREEMENT, "crux", 3).replace("crux", "aurora")
    for pair in ((FIRST, SECOND), (FIRST, forged)):
        with pytest.raises(EvidenceError):
            convict(pair, [CRUX])


@given(at=st.integers(0, len(SECOND) - 1), byte=st.characters(codec="ascii"))
def test_every_changed_character_acquits(at: int, byte: str) -> None:
    """No envelope but the one that was signed is of any use."""
    changed = SECOND[:at] + byte + SECOND[at + 1 :]
    if changed == SECOND:
        return
    with pytest.raises(EvidenceError):
        convict((FIRST, changed), [AURORA])


@pytest.mark.parametrize("text", ["", "{}", FIRST, f"{FIRST}\n{SECOND}\n{SECOND}", "{" * 10**6])
def test_other_files_are_refused(text: str) -> None:
    """One envelope, three, none, too much."""
    with pytest.raises(FormatError):
        convict(parse_pair(text), [AURORA])
