"""A meter that an agreement names: the register takes its statements in, under its key alone."""

from __future__ import annotations

from pathlib import Path

from adopted import agreed
from parties import key

from tachograph.brake.agreed.document import format_document, parse_document, sign_document
from tachograph.brake.agreement import adopt
from tachograph.brake.meter import Meter, Metered, Reading
from tachograph.brake.meter.delivery import ToLedger
from tachograph.brake.meter.journal import Journal
from tachograph.brake.register import Register
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import StatementPosted

METER = """
[[meter]]
name = "hall-meter"
party = "aurora"
site = "hall"
key = "{key}"
"""


class Still:
    """A machine of two cores that does nothing."""

    cores = 2

    def read(self) -> Reading:
        """As Instruments."""
        return Reading(cpu_seconds=0.0)


def test_beats_and_windows_are_taken_in(tmp_path: Path) -> None:
    """Under the agreement's own id; another meter's are refused."""
    with Ledger.open(tmp_path / "ledger", create=True) as ledger:
        journal = Journal.open(tmp_path / "meter", "hall-meter")
        plain = agreed(ledger).text
        agreement = parse_document(plain + METER.format(key=journal.key.verifier))
        for name, role in agreement.terms.roles.items():
            if role != "meter":
                agreement = sign_document(agreement, key(name))
        adopt(ledger, format_document(agreement))
        other = Journal.open(tmp_path / "other", "other-meter")
        for each in (journal, other):
            meter = Meter(Metered("hall", 1, 1), each, ToLedger(ledger), Still(), ledger=ledger)
            meter.start()
            meter.close_window()
            each.close()
        register = Register(agreement.terms, agreement.id)
        taken = register.take_all(ledger.entries(kinds=[StatementPosted]))
    assert [(one.statement.by, one.refusal is None) for one in taken if one.statement] == [
        ("hall-meter", True), ("hall-meter", True), ("other-meter", False), ("other-meter", False),
    ]  # fmt: skip
    assert {one.statement.agreement for one in taken if one.statement} == {agreement.id}
