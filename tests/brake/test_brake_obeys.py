"""A ledger that adopted an agreement obeys it: by what it heard, and by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from parties import BLOCS, OTHERS, PARTIES, key
from parties import say as envelope

from tachograph.brake.agreed.document import (
    Document,
    format_document,
    parse_document,
    sign_document,
)
from tachograph.brake.agreed.terms import DAY
from tachograph.brake.agreement import Brake, adopt
from tachograph.brake.said import governance as say
from tachograph.errors import UsageError
from tachograph.ledger import Ledger, entry, kinds
from tachograph.merkle.note import SigningKey, VerifierKey

REGISTER = key("register")
ONE = "1" * 64


def agreement(log: VerifierKey, register: VerifierKey, pause: str = "") -> Document:
    """Four parties, of which aurora has this ledger; all sign."""
    rows = [f'version = 1\nname = "t"\nregister = "{register}"\n'
        "[faults]\nbyzantine = 0\nsilent = 0\n"
            "[quorums]\ntrigger = 2\nlift = 3\nveto = 3\nverifiers = 1\n"
            f'[timers]\neffect = "1h"\ndeaf = "2d"\n[pause]\n{pause}\n']  # fmt: skip
    for name, bloc in zip(PARTIES, BLOCS, strict=True):
        own = f'log = "{log}"\n' if name == "aurora" else ""
        rows.append(f'[[party]]\nname = "{name}"\nbloc = "{bloc}"\n'
                    f'key = "{key(name).verifier}"\n{own}'
                    '[[party.site]]\nname = "hall"\ncapacity = 1e15\n')  # fmt: skip
    rows.append(f'[[verifier]]\nname = "veritas"\nkey = "{key("veritas").verifier}"\n')
    rows.append(f'[[panel]]\nname = "judge"\nkey = "{key("judge").verifier}"\n')
    found = parse_document("".join(rows))
    for name in (*PARTIES, *OTHERS):
        found = sign_document(found, key(name))
    return found


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger's clock says noon of a certain day."""
    monkeypatch.setattr(entry, "now", lambda: "2026-11-25T12:00:00.000000Z")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Aurora's."""
    with Ledger.open(tmp_path / "aurora", create=True) as opened:
        yield opened


def copied(document: Document, *calls: tuple[str, int, say.TriggerCalled | say.HoldDeclared]
           ) -> list[tuple[str, list[int], kinds.StatementCopied]]:  # fmt: skip
    """Statements, as a follower records them."""
    return [
        ("follow", [], kinds.StatementCopied(REGISTER.name, index, "2026-11-25T12:00:00.000000Z",
                                             envelope(document, by, number, said)))
        for index, (by, number, said) in enumerate(calls)
    ]  # fmt: skip


NOON = 1_795_608_000_000
"""2026-11-25 12:00 UTC in milliseconds."""
CALL = say.TriggerCalled("horizon", ONE)


def test_a_copied_trigger_pauses_by_the_own_clock(ledger: Ledger) -> None:
    """Pending until the timer runs out, then paused; inference goes on."""
    document = agreement(ledger.verifier, REGISTER.verifier)
    adopt(ledger, format_document(document))
    ledger.append(copied(document, ("aurora", 0, CALL), ("borealis", 0, CALL)))
    for late, allowed, state in (
        (0, True, "TRIGGER_PENDING"), (3_599_999, True, "TRIGGER_PENDING"),
        (3_600_000, False, "PAUSED"),
    ):  # fmt: skip
        answer = Brake(ledger, clock=lambda late=late: NOON + late).ask("training")
        assert (answer.allowed, answer.state) == (allowed, state)
    brake = Brake(ledger, clock=lambda: NOON + 3_600_000)
    assert brake.ask("training").running == "stop" and brake.ask("training").share == 0
    assert brake.ask("inference").allowed


def test_a_statement_heard_later_is_judged_by_its_own_time(ledger: Ledger) -> None:
    """Asking before must not move the register's clock on: vetoes in time count when heard late."""
    document = agreement(ledger.verifier, REGISTER.verifier)
    adopt(ledger, format_document(document))
    ledger.append(copied(document, ("aurora", 0, CALL), ("borealis", 0, CALL)))
    brake = Brake(ledger, clock=lambda: NOON + DAY)
    assert brake.ask().state == "PAUSED"
    rows = [
        kinds.StatementCopied(REGISTER.name, 9 + i, "2026-11-25T12:30:00.000000Z",
                              envelope(document, by, n, say.TriggerVetoed(0)))
        for i, (by, n) in enumerate((("aurora", 1), ("borealis", 1), ("crux", 0), ("dorado", 0)))
    ]  # fmt: skip
    ledger.append([("follow", [], row) for row in rows])
    assert brake.ask().state == "NORMAL" and brake.ask().allowed


def test_inference_stops_where_it_was_agreed(ledger: Ledger) -> None:
    """And what runs may finish where that was agreed."""
    document = agreement(
        ledger.verifier, REGISTER.verifier, 'inference = "stops"\nrunning = "finish"'
    )
    adopt(ledger, format_document(document))
    ledger.append(copied(document, ("aurora", 0, CALL), ("borealis", 0, CALL)))
    answer = Brake(ledger, clock=lambda: NOON + DAY).ask("inference")
    assert (answer.allowed, answer.state, answer.running) == (False, "PAUSED", "finish")


def test_a_register_not_heard_is_a_hold(ledger: Ledger) -> None:
    """Fails safe after the agreed time, and works again once it is heard."""
    document = agreement(ledger.verifier, REGISTER.verifier)
    adopt(ledger, format_document(document))
    from tachograph.brake.times import parse_time

    heard = parse_time(ledger.get(0).time)
    assert heard is not None
    assert Brake(ledger, clock=lambda: heard + 2 * DAY - 1).ask().allowed
    deaf = Brake(ledger, clock=lambda: heard + 2 * DAY + 5_000)
    answer = deaf.ask()
    assert (answer.allowed, answer.state) == (False, "SELF_HOLD") and "last heard" in answer.reason
    assert deaf.ask("inference").allowed
    ledger.append([("follow", [], kinds.RegisterHeard("somebody else's", "note"))])
    assert not deaf.ask().allowed


def test_a_clock_that_was_put_back_gives_no_leave(ledger: Ledger) -> None:
    """It would never notice that the register has not been heard. A little is forgiven."""
    adopt(ledger, format_document(agreement(ledger.verifier, REGISTER.verifier)))
    assert Brake(ledger, clock=lambda: NOON - 60_000).ask().allowed
    put_back = Brake(ledger, clock=lambda: NOON - DAY)
    answer = put_back.ask()
    assert (answer.allowed, answer.state) == (False, "UNKNOWN") and "later already" in answer.reason
    assert put_back.ask("inference").allowed


def test_a_clock_that_was_ahead_for_once_makes_no_party_deaf_for_ever(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was heard last says when, and no time of long after."""
    adopt(ledger, format_document(agreement(ledger.verifier, REGISTER.verifier)))
    heard = kinds.RegisterHeard(REGISTER.name, "note")
    monkeypatch.setattr(entry, "now", lambda: "2027-11-25T12:00:00.000000Z")
    ledger.append([("follow", [], heard)])
    assert not Brake(ledger, clock=lambda: NOON + 1).ask().allowed
    monkeypatch.setattr(entry, "now", lambda: "2026-11-25T12:00:01.000000Z")
    ledger.append([("follow", [], heard)])
    assert Brake(ledger, clock=lambda: NOON + 1_000).ask().allowed
    assert not Brake(ledger, clock=lambda: NOON + 3 * DAY).ask().allowed


def test_the_own_register_is_always_heard(ledger: Ledger) -> None:
    """In the smallest case the register is a party's own ledger."""
    document = agreement(ledger.verifier, ledger.verifier)
    adopt(ledger, format_document(document))
    drafts = [kinds.StatementPosted(envelope(document, by, 0, CALL)) for by in ("crux", "dorado")]
    ledger.append([("register", [], draft) for draft in drafts])
    brake = Brake(ledger, clock=lambda: NOON)
    assert brake.ask().state == "TRIGGER_PENDING"
    (bound,) = brake.agreements()
    assert bound.own and bound.party == "aurora"


def test_a_registers_own_ledger_is_bound_too(tmp_path: Path) -> None:
    """Though it is no party's: a pause leaves no ledger of the agreement to train in."""
    with Ledger.open(tmp_path / "register", create=True) as register:
        document = agreement(REGISTER.verifier, register.verifier)
        adopt(register, format_document(document))
        assert Brake(register, clock=lambda: NOON).ask().allowed
        calls = [envelope(document, by, 0, CALL) for by in ("crux", "dorado")]
        register.append([("register", [], kinds.StatementPosted(one)) for one in calls])
        paused = Brake(register, clock=lambda: NOON + DAY).ask()
        assert (paused.allowed, paused.state) == (False, "PAUSED")


def test_a_hold_in_the_register_and_one_at_home(ledger: Ledger) -> None:
    """SELF_HOLD by either; the strictest answer is given."""
    document = agreement(ledger.verifier, REGISTER.verifier)
    adopt(ledger, format_document(document))
    ledger.append(copied(document, ("aurora", 0, say.HoldDeclared("a doubt"))))
    brake = Brake(ledger, clock=lambda: NOON + 1)
    assert brake.ask().state == "SELF_HOLD"
    ledger.append([("owner", [], kinds.WorkHeld("late", "stop"))])
    assert brake.ask().running == "stop"


def test_only_what_all_signed_is_adopted_and_only_at_home(ledger: Ledger, tmp_path: Path) -> None:
    """A missing signature, or another's ledger: refused, and nothing is recorded."""
    document = agreement(ledger.verifier, REGISTER.verifier)
    with pytest.raises(UsageError, match="not signed yet by aurora"):
        adopt(ledger, document.text)
    with Ledger.open(tmp_path / "other", create=True) as other:
        with pytest.raises(UsageError):
            adopt(other, format_document(document))
        assert other.size == 0
    assert ledger.size == 0
    stranger = SigningKey("stranger", bytes(32))
    with pytest.raises(UsageError, match="does not name the key"):
        sign_document(document, stranger)
