"""What of a ledger is published, who cosigns it, and under which agreement it is a register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from parties import PARTIES, document, key

from tachograph.brake.agreed.document import Document, format_document, sign_document
from tachograph.brake.agreement import adopt
from tachograph.brake.heads.policy import Policy, check_policy, parse_policy
from tachograph.brake.logs.commitment import redacted_key
from tachograph.brake.logs.host import (
    adopted,
    cosigner,
    followed,
    open_log,
    published_key,
    register_document,
)
from tachograph.brake.logs.publish import WholeLog, publish
from tachograph.brake.logs.redact import DEFAULT, RedactedLog, choose
from tachograph.brake.logs.source import FolderSource
from tachograph.brake.wire.web import running
from tachograph.brake.witness import Outcome, Witness, add_log, create_witness
from tachograph.brake.witness.server import witness_application
from tachograph.errors import UsageError, WorldError
from tachograph.ledger import Ledger, kinds
from tachograph.merkle.note import parse_note


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(home, create=True, origin="example.org/lab") as opened:
        opened.append([("test", (), kinds.RunResumed("r-1"))])
        yield opened


def signed(made: Document) -> str:
    """The text that everybody has signed."""
    for name in (*PARTIES, "veritas", "judge"):
        made = sign_document(made, key(name))
    return format_document(made)


def test_nothing_leaves_the_house_unsaid(ledger: Ledger, home: Path, tmp_path: Path) -> None:
    """Whole only when that was said, once; redacted as soon as a redaction is on record."""
    host = tmp_path / "host"
    with pytest.raises(UsageError, match="say what leaves"):
        open_log(ledger, home, host)
    publish(open_log(ledger, home, host, whole=True), home, host)
    assert isinstance(open_log(ledger, home, host), WholeLog)
    with pytest.raises(UsageError):
        open_log(ledger, home, tmp_path / "elsewhere")
    choose(ledger, home, DEFAULT)
    assert isinstance(open_log(ledger, home, tmp_path / "elsewhere"), RedactedLog)
    with pytest.raises(UsageError, match="redaction on record"):
        open_log(ledger, home, host, whole=True)
    assert published_key(ledger) == redacted_key(ledger.verifier)


def test_a_party_may_stand_in_the_agreement_with_its_redacted_log(
    ledger: Ledger, tmp_path: Path
) -> None:
    """It adopts the agreement in its ledger all the same, and finds it by its register's head."""
    with Ledger.open(tmp_path / "register", create=True, origin="example.org/reg") as register:
        made = document(register.verifier, log=str(redacted_key(ledger.verifier)))
        adopt(ledger, signed(made))
        assert [one.id for one in adopted(ledger)] == [made.id]
        assert followed(ledger, register.sign_head()).id == made.id
        with pytest.raises(UsageError, match="no agreement whose register"):
            followed(ledger, ledger.sign_head())
        assert register_document(ledger) is None
        found = register_document(register, signed(made))
        assert found is not None and found.id == made.id


# Witnesses.


@pytest.fixture
def witnesses(ledger: Ledger, tmp_path: Path) -> Iterator[list[str]]:
    """Two witnesses that answer; their lines in a policy."""
    lines = []
    for name in ("w1", "w2"):
        create_witness(tmp_path / name, f"example.net/{name}")
        add_log(tmp_path / name, ledger.verifier)
    one, two = (Witness.open(tmp_path / name) for name in ("w1", "w2"))
    with (
        running(witness_application(one)) as first,
        running(witness_application(two)) as second,
    ):
        lines = [f"witness w1 {one.verifier} {first}", f"witness w2 {two.verifier} {second}"]
        yield lines


def policy(lines: list[str], ledger: Ledger, quorum: str) -> Policy:
    return parse_policy("\n".join([f"log {ledger.verifier}", *lines, quorum, ""]))


def test_a_quorum_cosigns_what_is_published(
    ledger: Ledger, home: Path, tmp_path: Path, witnesses: list[str]
) -> None:
    """As the ledger grows: each head has the quorum, and a head again keeps what it had."""
    both = policy(witnesses, ledger, "group both all w1 w2\nquorum both")
    told: list[Outcome] = []
    cosign = cosigner(both, told.append)
    for _ in range(3):
        ledger.append([("test", (), kinds.RunResumed("r-2"))])
        publish(WholeLog(ledger), home, tmp_path / "host", cosign)
        note = parse_note(FolderSource(tmp_path / "host").checkpoint().decode())
        assert len(check_policy(both, note).cosigned) == 2
    assert [outcome.reason for outcome in told] == [None] * 6
    away = [line.rsplit(" ", 1)[0] + " http://127.0.0.1:9" for line in witnesses]
    publish(
        WholeLog(ledger), home, tmp_path / "host",
        cosigner(policy(away, ledger, "quorum w1"), lambda outcome: None),
    )  # fmt: skip
    note = parse_note(FolderSource(tmp_path / "host").checkpoint().decode())
    assert len(check_policy(both, note).cosigned) == 2, "the same head keeps its cosignatures"


def test_without_a_quorum_the_old_checkpoint_stands(
    ledger: Ledger, home: Path, tmp_path: Path, witnesses: list[str]
) -> None:
    """And as soon as one comes together, the head that waited is published."""
    half = [witnesses[0], witnesses[1].rsplit(" ", 1)[0] + " http://127.0.0.1:9"]
    needed = "group both all w1 w2\nquorum both"
    host = tmp_path / "host"
    publish(WholeLog(ledger), home, host, cosigner(policy(witnesses, ledger, needed), print))
    before = FolderSource(host).checkpoint()
    ledger.append([("test", (), kinds.RunResumed("r-2"))])
    with pytest.raises(WorldError, match="too few witnesses"):
        publish(WholeLog(ledger), home, host, cosigner(policy(half, ledger, needed), print))
    assert FolderSource(host).checkpoint() == before
    publish(WholeLog(ledger), home, host, cosigner(policy(witnesses, ledger, needed), print))
    assert FolderSource(host).checkpoint() != before
