"""Statements on their way to a register over HTTP: in order, each once, whatever is cut off."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from parties import document, say

from tachograph.brake.meter.delivery import ToRegister
from tachograph.brake.wire.exchange import UnreachableError
from tachograph.brake.wire.intake import Intake
from tachograph.brake.wire.serve import log_application
from tachograph.brake.wire.web import running
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import StatementPosted


def test_a_register_gets_each_statement_once_and_in_order(tmp_path: Path) -> None:
    """What waits goes when it can be reached; what a new process sends again is known."""
    home = tmp_path / "register"
    with Ledger.open(home, create=True, origin="example.org/register") as ledger:
        agreement = document(ledger.verifier)
        door = Intake(ledger, home, agreement)
        envelopes = [say(agreement, "aurora", number) for number in range(4)]
        journal: Any = SimpleNamespace(envelopes=envelopes[:2])
        with running(log_application(home, door)) as url:
            way = ToRegister(url)
            assert way.hand_over(journal) == 2
            assert way.hand_over(journal) == 0
        journal.envelopes.append(envelopes[2])
        with pytest.raises(UnreachableError):
            way.hand_over(journal)
        with running(log_application(home, door)) as url:
            way.url = url
            assert way.hand_over(journal) == 1
            journal.envelopes.append(envelopes[3])
            assert ToRegister(url).hand_over(journal) == 4
        posted = [entry.body for entry in ledger.entries(kinds=[StatementPosted])]
        assert [body.envelope for body in posted if isinstance(body, StatementPosted)] == envelopes
