"""Statements come back from their envelopes; contradictions convict; nobody is framed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parties import key

from tachograph import canon
from tachograph.brake.said import governance as say
from tachograph.brake.said.statement import (
    SAID,
    Statement,
    contradiction,
    encode_statement,
    equivocation,
    open_envelope,
    peek,
    sign_statement,
)
from tachograph.errors import FormatError, ProofError, TachographError

ONE, TWO = "1" * 64, "2" * 64
FIRST = Statement("a1", "aurora", 0, "2026-11-25T12:00:00.000000Z", "", say.LiftVoted(0, ONE))
AURORA, CRUX = key("aurora"), key("crux")


def signed(statement: Statement = FIRST, **changes: Any) -> str:
    """An envelope of aurora's."""
    return sign_statement(replace(statement, **changes), AURORA)


def test_every_kind_comes_back() -> None:
    """With plain values in every field."""
    for name, kind in SAID.items():
        assert kind.__doc__ and kind.__name__ == name
    plain: dict[Any, Any] = {int: 3, str: "x", bool: True}
    for kind in (say.ClarificationAnswered, say.TriggerWithdrawn, say.ExitNoticed, say.KeyRevoked):
        said = kind(**{name: plain[hint] for name, hint in get_type_hints(kind).items()})
        statement = replace(FIRST, said=said)
        assert open_envelope(signed(statement), AURORA.verifier) == statement


def test_an_envelope_is_its_keys() -> None:
    """Another key, another label, another byte: refused."""
    envelope = signed()
    assert peek(envelope) == FIRST
    with pytest.raises(ProofError):
        open_envelope(envelope, CRUX.verifier)
    plain = json.loads(envelope)
    plain["signatures"][0]["keyid"] = f"{CRUX.name}+{CRUX.verifier.id.hex()}"
    with pytest.raises(ProofError):
        open_envelope(canon.encode(plain).decode(), CRUX.verifier)


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_no_changed_envelope_is_taken(data: st.DataObject) -> None:
    """Any change of a character: refused, and in no other way than by our own errors."""
    envelope = signed()
    at = data.draw(st.integers(0, len(envelope) - 1))
    letter = data.draw(st.characters().filter(lambda c: c != envelope[at]))
    with pytest.raises((FormatError, ProofError)):
        open_envelope(envelope[:at] + letter + envelope[at + 1 :], AURORA.verifier)


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_parser(text: str) -> None:
    """A statement, or a refusal."""
    with pytest.raises(TachographError):
        peek(text)


@pytest.mark.parametrize(
    "change",
    [
        {"number": -1}, {"number": 1.5}, {"number": True}, {"by": ""}, {"time": "today"},
        {"says": "Peace"}, {"said": {}}, {"said": {"lift": 0, "evidence": "x"}}, {"more": 1},
        {"said": {"lift": 0, "evidence": ONE, "more": 1}}, {"agreement": 7}, {"beacon": None},
    ],
    ids=repr,
)  # fmt: skip
def test_unfit_payloads_are_refused(change: dict[str, Any]) -> None:
    """One field for the worse."""
    from tachograph.brake.said.statement import decode_statement

    plain = canon.decode(encode_statement(FIRST)) | change
    with pytest.raises(FormatError):
        decode_statement(canon.encode(plain))


def test_two_statements_of_one_number_convict() -> None:
    """A1: two envelopes and the key suffice."""
    other = signed(said=say.HoldDeclared("no"))
    assert equivocation(signed(), other, AURORA.verifier) == (
        "aurora made two different statements number 0"
    )
    assert equivocation(signed(), signed(), AURORA.verifier) is None


def test_two_ballots_of_one_round_convict() -> None:
    """S3: also where the numbers are in order."""
    other = replace(FIRST, number=1, said=say.LiftVoted(0, TWO))
    found = equivocation(signed(), signed(other), AURORA.verifier)
    assert found == "aurora cast two different ballots: lift 0"
    assert contradiction(FIRST, replace(other, said=say.LiftVoted(1, TWO))) is None
    assert contradiction(FIRST, replace(FIRST, number=1)) is None
    ruled = replace(FIRST, said=say.PanelDecided(3, "upheld"))
    assert contradiction(ruled, replace(ruled, number=1, said=say.PanelDecided(3, "dismissed")))


def test_other_agreements_and_other_speakers_do_not_convict() -> None:
    """What is said elsewhere, or by another, contradicts nothing."""
    assert contradiction(FIRST, replace(FIRST, agreement="a2", said=say.LiftVoted(0, TWO))) is None
    assert contradiction(FIRST, replace(FIRST, by="crux", said=say.LiftVoted(0, TWO))) is None


@given(st.integers(0, 3), st.sampled_from([ONE, TWO]), st.binary(min_size=64, max_size=64))
@settings(max_examples=60, deadline=None)
def test_nobody_is_framed_without_the_key(number: int, evidence: str, forged: bytes) -> None:
    """A3: whatever a stranger signs, or makes up as a signature, convicts nobody."""
    from base64 import b64encode

    lie = replace(FIRST, number=number, said=say.LiftVoted(0, evidence))
    for envelope in (
        sign_statement(lie, CRUX),
        sign_statement(lie, replace(CRUX, name=AURORA.name)),
    ):
        with pytest.raises(ProofError):
            equivocation(signed(), envelope, AURORA.verifier)
        plain = json.loads(envelope)
        plain["signatures"][0] = {
            "keyid": f"{AURORA.name}+{AURORA.verifier.id.hex()}", "sig": b64encode(forged).decode()
        }  # fmt: skip
        with pytest.raises(ProofError):
            equivocation(signed(), canon.encode(plain).decode(), AURORA.verifier)
