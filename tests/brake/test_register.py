"""A register from end to end over real HTTP: post, publish, serve, follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from parties import document, say

from tachograph.brake.agreed.document import Document
from tachograph.brake.logs.http_source import HttpSource
from tachograph.brake.logs.publish import WholeLog, publish
from tachograph.brake.wire.follow import Follower
from tachograph.brake.wire.intake import Intake
from tachograph.brake.wire.post import RefusedError, post_statement
from tachograph.brake.wire.serve import log_application
from tachograph.brake.wire.web import running
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import RegisterHeard, StatementCopied


@dataclass
class Register:
    """A register that runs."""

    ledger: Ledger
    home: Path
    host: Path
    agreement: Document
    url: str

    def publish(self) -> None:
        """Bring what is served up to date."""
        publish(WholeLog(self.ledger), self.home, self.host)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    home, host = tmp_path / "register", tmp_path / "host"
    with Ledger.open(home, create=True, origin="example.org/register") as ledger:
        agreement = document(ledger.verifier)
        app = log_application(host, Intake(ledger, home, agreement))
        with running(app) as url:
            yield Register(ledger, home, host, agreement, url)


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Ledger]:
    """The follower's own ledger."""
    with Ledger.open(tmp_path / "mine", create=True) as ledger:
        yield ledger


def copies(ledger: Ledger) -> list[StatementCopied]:
    """What was copied, in order."""
    return [
        entry.body
        for entry in ledger.entries(kinds=[StatementCopied])
        if isinstance(entry.body, StatementCopied)
    ]


def test_what_is_posted_is_heard(register: Register, mine: Ledger, tmp_path: Path) -> None:
    """Statements of several speakers arrive in the follower's ledger, in order, once each."""
    follower = Follower(mine, tmp_path / "mine", register.agreement.terms)
    said: list[str] = []
    for number in range(3):
        for name in ("aurora", "crux"):
            said.append(say(register.agreement, name, number))
            receipt = post_statement(register.url, said[-1])
            assert receipt.result == "recorded"
        register.publish()
        heard = follower.step(HttpSource(register.url))
        assert heard.copied == 2
    assert [copy.envelope for copy in copies(mine)] == said
    assert [copy.posted for copy in copies(mine)] == [
        register.ledger.get(copy.index).time for copy in copies(mine)
    ]
    last = list(mine.entries(kinds=[RegisterHeard]))[-1]
    assert last.seq == mine.size - 1


def test_posting_again_says_nothing_twice(register: Register) -> None:
    """The same statement is answered with the entry that has it."""
    envelope = say(register.agreement, "aurora", 0)
    first = post_statement(register.url, envelope)
    again = post_statement(register.url, envelope)
    assert (again.index, again.time, again.result) == (first.index, first.time, "known")
    assert register.ledger.size == 1


def test_a_refusal_says_why(register: Register) -> None:
    """A gap, a stranger, and another agreement are refused at once, with the register's reason."""
    other = document(register.ledger.verifier, more=["[quotas]\nquestions = 3\n"])
    for envelope, reason in (
        (say(register.agreement, "aurora", 1), "waits for 0"),
        (say(other, "aurora", 0), "another agreement"),
        ("{}", "not an envelope"),
    ):
        with pytest.raises(RefusedError, match=reason):
            post_statement(register.url, envelope, tries=3)
    assert register.ledger.size == 0
