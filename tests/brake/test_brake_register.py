"""A register's entries make its state: the same for all who read them, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parties import document, key
from parties import say as envelope

from tachograph.brake.agreed.document import Document
from tachograph.brake.register import Register, read_register
from tachograph.brake.said import governance as say
from tachograph.ledger import Ledger, kinds
from tachograph.merkle.note import VerifierKey

ONE, TWO = "1" * 64, "2" * 64
PLAIN = document(key("register").verifier)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[tuple[Ledger, Document]]:
    """A register's ledger and its agreement."""
    with Ledger.open(tmp_path / "register", create=True) as ledger:
        yield ledger, document(ledger.verifier)


def post(ledger: Ledger, *envelopes: str) -> None:
    """Straight into the ledger, past the register's door."""
    ledger.append([("register", [], kinds.StatementPosted(one)) for one in envelopes])


def call(agreement: Document, by: str, number: int) -> str:
    """A call for a pause."""
    return envelope(agreement, by, number, say.TriggerCalled("horizon", ONE))


def test_statements_in_order_make_the_state(register: tuple[Ledger, Document]) -> None:
    """Two parties of two blocs call: a pause is pending, and so it is by a copy of the entries."""
    ledger, agreement = register
    post(ledger, call(agreement, "aurora", 0), call(agreement, "borealis", 0))
    found = read_register(ledger, agreement.terms, agreement.id)
    assert found.state.name == "TRIGGER_PENDING"

    copy = Register(agreement.terms, agreement.id)
    for entry in ledger.entries(kinds=[kinds.StatementPosted]):
        assert isinstance(entry.body, kinds.StatementPosted)
        copy.take_envelope(entry.seq, entry.time, entry.body.envelope)
    assert copy.state == found.state


def test_what_its_speaker_did_not_sign_changes_nothing(
    register: tuple[Ledger, Document],
) -> None:
    """Unreadable, of another key, of nobody, about another agreement."""
    ledger, agreement = register
    from dataclasses import replace

    from tachograph.brake.said.statement import peek, sign_statement

    forged = sign_statement(peek(call(agreement, "borealis", 0)), key("crux"))
    foreign = sign_statement(replace(peek(call(agreement, "borealis", 0)), agreement="a2"),
                             key("borealis"))  # fmt: skip
    nobody = sign_statement(replace(peek(forged), by="nobody"), key("crux"))
    post(ledger, "{}", forged, foreign, nobody, call(agreement, "aurora", 0))
    found = Register(agreement.terms, agreement.id)
    taken = found.take_all(ledger.entries())
    assert [one.refusal.rule if one.refusal else "" for one in taken] == [
        "envelope", "signature", "agreement", "key", "",
    ]  # fmt: skip
    assert found.state.name == "NORMAL" and found.state.struck == frozenset()


def test_numbers_have_no_gaps_and_no_second_meaning(register: tuple[Ledger, Document]) -> None:
    """A gap waits, a repetition is nothing, a contradiction takes the speaker's weight: S3."""
    ledger, agreement = register
    hold = envelope(agreement, "aurora", 0)
    post(ledger, call(agreement, "aurora", 1), hold, hold, call(agreement, "aurora", 1))
    found = Register(agreement.terms, agreement.id)
    rules = [one.refusal.rule if one.refusal else "" for one in found.take_all(ledger.entries())]
    assert rules == ["number", "", "number", ""]
    post(ledger, envelope(agreement, "aurora", 0, reason="another"), call(agreement, "borealis", 0))
    rules = [one.refusal.rule if one.refusal else "" for one in
             found.take_all(ledger.entries(start=4))]  # fmt: skip
    assert rules == ["equivocation", ""]
    assert found.state.struck == {"aurora"} and found.state.name == "NORMAL"


def test_a_revoked_key_says_nothing_more(register: tuple[Ledger, Document]) -> None:
    """S8: nothing of it counts in a round that begins after; no more is taken in."""
    ledger, agreement = register
    post(
        ledger, call(agreement, "aurora", 0),
        envelope(agreement, "aurora", 1, say.KeyRevoked("aurora")),
        envelope(agreement, "aurora", 2), call(agreement, "borealis", 0),
    )  # fmt: skip
    found = Register(agreement.terms, agreement.id)
    rules = [one.refusal.rule if one.refusal else "" for one in found.take_all(ledger.entries())]
    assert rules == ["", "", "key", ""]
    assert found.state.name == "NORMAL"
    post(ledger, call(agreement, "crux", 0))  # of aurora's bloc: now two blocs call
    found.take_all(ledger.entries(start=4))
    assert found.state.name == "TRIGGER_PENDING"


def test_the_panel_gives_a_new_key(register: tuple[Ledger, Document]) -> None:
    """And from then on that one speaks for the party, and the old one for nobody."""
    from tachograph.brake.said.statement import Statement, sign_statement

    ledger, agreement = register
    new = key("aurora-two")
    post(ledger, envelope(agreement, "judge", 0, say.KeyRevoked("aurora", str(new.verifier))))
    said = Statement(
        agreement.id, "aurora", 0, "2026-11-25T12:00:00.000000Z", "", say.HoldDeclared("new")
    )
    post(ledger, envelope(agreement, "aurora", 0), sign_statement(said, new))
    found = Register(agreement.terms, agreement.id)
    rules = [one.refusal.rule if one.refusal else "" for one in found.take_all(ledger.entries())]
    assert rules == ["", "signature", ""]
    assert found.state.holding == {"aurora"}


def test_shown_contradictions_convict(register: tuple[Ledger, Document]) -> None:
    """A1: anybody can show two envelopes that were never posted; made-up ones convict nobody."""
    ledger, agreement = register
    pair = envelope(agreement, "crux", 0), envelope(agreement, "crux", 0, reason="another")
    post(
        ledger,
        envelope(agreement, "aurora", 0, say.EquivocationShown(pair[0], pair[0])),
        envelope(agreement, "aurora", 1, say.EquivocationShown(pair[0], "{}")),
        envelope(agreement, "aurora", 2, say.EquivocationShown(*pair)),
    )
    found = Register(agreement.terms, agreement.id)
    rules = [one.refusal.rule if one.refusal else "" for one in found.take_all(ledger.entries())]
    assert rules == ["proof", "proof", ""]
    assert found.state.struck == {"crux"}


@given(st.text(max_size=400))
@settings(max_examples=100, deadline=None)
def test_no_posted_text_breaks_the_fold(text: str) -> None:
    """Whatever lies in a register, it is taken in or refused."""
    found = Register(PLAIN.terms, PLAIN.id)
    refusal = found.take_envelope(0, "2026-11-25T12:00:00.000000Z", text).refusal
    assert refusal is not None and refusal.missing


def test_a_clock_that_goes_back_is_held_to_what_it_said(register: tuple[Ledger, Document]) -> None:
    """The statement counts as of the newest time. Were it passed over, its speaker would sign
    another of the same number next, and a register could so convict whom it likes.
    """
    _, agreement = register
    found = Register(agreement.terms, agreement.id)
    found.take_envelope(0, "2026-11-25T12:00:00.000000Z", call(agreement, "aurora", 0))
    late = call(agreement, "borealis", 0)
    back = found.take_envelope(1, "2026-11-25T11:59:59.000000Z", late)
    assert back.refusal is None and found.state.name == "TRIGGER_PENDING"
    assert found.draft("borealis", say.HoldDeclared("a doubt")).number == 1
    whole = Register(agreement.terms, agreement.id)
    whole.take_envelope(0, "2026-11-25T12:00:00.000000Z", call(agreement, "aurora", 0))
    whole.take_envelope(1, "2026-11-25T12:00:00.000000Z", late)
    assert whole.state == found.state


def test_the_panel_gives_nobody_anothers_key(register: tuple[Ledger, Document]) -> None:
    """Nor under another name: one key in two roles would speak for both."""
    ledger, agreement = register
    veritas = VerifierKey("example.org/fresh", key("veritas").verifier.public)
    home = VerifierKey("example.org/fresh", ledger.verifier.public)
    for number, other in enumerate((veritas, home)):
        found = Register(agreement.terms, agreement.id)
        given = envelope(agreement, "judge", 0, say.KeyRevoked("aurora", str(other)))
        taken = found.take_envelope(number, "2026-11-25T12:00:00.000000Z", given)
        assert taken.refusal is not None and taken.refusal.rule == "key"
        assert found.state.keys == ()
