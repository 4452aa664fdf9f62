"""The register's door: the next, the known, the contradictory, and nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parties import document, key, say

from tachograph.brake.agreed.document import Document
from tachograph.brake.said.governance import HoldDeclared, KeyRevoked
from tachograph.brake.said.statement import Statement, sign_statement
from tachograph.brake.wire.intake import GapError, Intake
from tachograph.brake.wire.pace import Pace, TooOftenError
from tachograph.errors import ClockError, EvidenceError, ProofError
from tachograph.ledger import Ledger, entry, kinds


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "register"


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(home, create=True, origin="example.org/register") as opened:
        yield opened


@pytest.fixture
def agreement(ledger: Ledger) -> Document:
    return document(ledger.verifier)


@pytest.fixture
def door(ledger: Ledger, home: Path, agreement: Document) -> Intake:
    return Intake(ledger, home, agreement)


def test_numbers_run_without_gaps(door: Intake, agreement: Document) -> None:
    """Each speaker has its own count; a number too many says which is waited for."""
    for name in ("aurora", "veritas", "judge"):
        for number in range(3):
            assert door.accept(say(agreement, name, number)).result == "recorded"
    with pytest.raises(GapError) as refused:
        door.accept(say(agreement, "aurora", 4))
    assert refused.value.expected == 3


def test_a_contradiction_is_recorded_once(
    door: Intake, agreement: Document, ledger: Ledger
) -> None:
    """The second version of a number convicts its speaker; a third adds nothing to that."""
    first, second, third = (say(agreement, "aurora", 0, reason=reason) for reason in "abc")
    assert door.accept(first).result == "recorded"
    conviction = door.accept(second)
    assert conviction.result == "equivocation"
    assert door.accept(second).result == "known"
    assert door.accept(second).index == conviction.index
    assert door.accept(first).result == "known"
    with pytest.raises(ProofError, match="two ways"):
        door.accept(third)
    assert ledger.size == 2
    assert door.accept(say(agreement, "aurora", 1)).result == "recorded"


def test_a_door_opened_anew_knows_what_was_taken_in(
    door: Intake, ledger: Ledger, home: Path, agreement: Document
) -> None:
    """After a restart, and beside another process's door."""
    said = [say(agreement, "aurora", number) for number in range(3)]
    receipts = [door.accept(one) for one in said]
    door.accept(say(agreement, "aurora", 1, reason="another"))
    fresh = Intake(ledger, home, agreement)
    assert [fresh.accept(one).index for one in said] == [receipt.index for receipt in receipts]
    assert fresh.accept(say(agreement, "aurora", 1, reason="another")).result == "known"
    assert fresh.accept(say(agreement, "aurora", 3)).result == "recorded"
    assert door.accept(say(agreement, "aurora", 3)).result == "known"
    assert door.accept(say(agreement, "aurora", 4)).result == "recorded"


def test_what_was_written_past_the_door_counts_for_nothing(
    door: Intake, ledger: Ledger, agreement: Document
) -> None:
    """Its owner can write anything into its ledger; a speaker's count does not move by that."""
    forged = Statement(agreement.id, "aurora", 0, "2026-11-25T12:00:00.000000Z", "",
                       HoldDeclared("forged"))  # fmt: skip
    for envelope in (sign_statement(forged, key("crux")), "noise", "{}"):
        ledger.append([("register", (), kinds.StatementPosted(envelope))])
    assert door.accept(say(agreement, "aurora", 0)).result == "recorded"


def test_a_revoked_key_says_nothing_more(
    door: Intake, ledger: Ledger, home: Path, agreement: Document
) -> None:
    """Whose key is good is what the register's own statements say, also after a restart."""
    door.accept(say(agreement, "aurora", 0))
    door.accept(say(agreement, "aurora", 1, KeyRevoked("aurora")))
    for one in (door, Intake(ledger, home, agreement)):
        with pytest.raises(ProofError, match="no key that is good"):
            one.accept(say(agreement, "aurora", 2))
    assert ledger.size == 2


def test_time_does_not_go_backwards(
    door: Intake, ledger: Ledger, agreement: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock behind the last statement stops the door, also one that is set back in between."""
    times = iter(["2026-11-25T12:00:00.000000Z", "2026-11-25T11:59:59.999999Z",
                  "2026-11-25T12:00:00.000000Z"])  # fmt: skip
    monkeypatch.setattr(entry, "now", lambda: next(times))
    door.accept(say(agreement, "aurora", 0))
    with pytest.raises(ClockError):
        door.accept(say(agreement, "aurora", 1))
    assert door.accept(say(agreement, "aurora", 1)).result == "recorded"
    assert ledger.size == 2


def test_of_many_who_post_the_same_one_records_it(
    ledger: Ledger, home: Path, agreement: Document
) -> None:
    """Eight threads, each with a door of its own as processes have."""
    envelope = say(agreement, "aurora", 0)
    results: list[str] = []

    def post() -> None:
        results.append(Intake(ledger, home, agreement).accept(envelope).result)

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["known"] * 7 + ["recorded"]
    assert ledger.size == 1


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_noise_is_refused_in_our_own_words(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any text, and any good envelope with a part replaced: an error of our tree, and no entry."""
    home = tmp_path_factory.getbasetemp() / "noise"
    with Ledger.open(home, create=True, origin="example.org/register") as ledger:
        agreement = document(ledger.verifier)
        good = say(agreement, "aurora", 0)
        at = data.draw(st.integers(0, len(good)))
        noise = data.draw(st.text(max_size=20))
        spoiled = data.draw(
            st.sampled_from([noise, good[:at] + noise + good[at:], good[:at] + noise,
                             noise + good, good[:at] + noise + good[at + 1 :]])
        )  # fmt: skip
        if spoiled == good:
            return
        with pytest.raises(EvidenceError):
            Intake(ledger, home, agreement).accept(spoiled)
        assert ledger.size == 0


def test_a_speaker_that_says_too_much_waits(
    ledger: Ledger, home: Path, agreement: Document
) -> None:
    """It alone; what it said before is known still, forgeries cost it nothing, nothing is lost."""
    now = [0.0]
    door = Intake(ledger, home, agreement, Pace(burst=2, an_hour=3600, clock=lambda: now[0]))
    said = [say(agreement, "aurora", number) for number in range(3)]
    forged = Statement(agreement.id, "aurora", 0, entry.now(), "", HoldDeclared("forged"))
    for _ in range(9):
        with pytest.raises(ProofError):
            door.accept(sign_statement(forged, key("crux")))
    assert [door.accept(one).result for one in said[:2]] == ["recorded", "recorded"]
    with pytest.raises(TooOftenError) as late:
        door.accept(said[2])
    assert late.value.wait_seconds == pytest.approx(1.0) and ledger.size == 2
    assert door.accept(say(agreement, "borealis", 0)).result == "recorded"
    assert door.accept(said[1]).result == "known"
    assert door.accept(say(agreement, "aurora", 1, reason="other")).result == "equivocation"
    now[0] = 1.0
    assert door.accept(said[2]).result == "recorded"
