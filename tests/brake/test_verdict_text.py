"""What is printed, and what --json says: every cell, every caveat, always the unseen list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tachograph.brake.audit import CHECKS, audit
from tachograph.brake.bundle.bundle import read_bundle
from tachograph.brake.unseen import UNSEEN
from tachograph.brake.verdict import AuditReport, Check
from tachograph.brake.verdict_text import lines, plain
from tachograph.cli.brake_audit import code_of, required
from tachograph.cli.exits import Exit
from tachograph.errors import UsageError

CHECK = Check("V1", "keys", "correctness", "forged statements", ("keys are kept",))


def report(*outcomes: str) -> AuditReport:
    """A report of one party with such results."""
    made = {"pass": CHECK.passed, "fail": CHECK.failed, "not-assessed": CHECK.not_assessed}
    results = tuple(made[outcome]("alba", f"it is {outcome}") for outcome in outcomes)
    return AuditReport("id", "2026-11-25T12:00:00.000000Z", ("alba",), results, UNSEEN)


def test_a_cell_that_was_not_assessed_says_so():
    """In words, and never as a pass."""
    text = lines(report("pass", "not-assessed"), [CHECK])
    (row,) = [line for line in text if line.startswith("  V1 keys  ")]
    assert row.split("  ")[-2:] == ["not assessed", "not assessed"]
    assert "pass" not in row
    assert text[-1] == "0 failed, 1 not assessed, 1 passed; not assessed is not a pass"


@pytest.mark.parametrize("outcomes", [("pass",), ("fail",), ("not-assessed",), ()])
def test_what_cannot_be_seen_is_always_printed(outcomes: tuple[str, ...]):
    """Whatever the verdict is."""
    text = "\n".join(lines(report(*outcomes), [CHECK]))
    assert all(f"  {unseen.name}: {unseen.why}" in text for unseen in UNSEEN)
    assert len(plain(report(*outcomes), [CHECK])["cannot_see"]) == len(UNSEEN)


def test_the_exit_code_is_yes_only_for_what_was_looked_at():
    """0: nothing failed; 1: something did; 3: nothing could be told, or not what was required."""
    assert code_of(report("pass", "not-assessed"), []) == Exit.YES
    assert code_of(report("pass", "fail"), []) == Exit.NO
    assert code_of(report("not-assessed"), []) == Exit.UNKNOWN
    assert code_of(report(), []) == Exit.UNKNOWN
    assert code_of(report("pass", "not-assessed"), ["V1"]) == Exit.UNKNOWN
    assert code_of(report("pass"), ["V1"]) == Exit.YES
    assert code_of(report("fail"), ["V1"]) == Exit.NO


def test_only_checks_that_there_are_can_be_required():
    """A check that is misspelled would be required in vain."""
    assert required("v1, V12", ["V1", "V12"]) == ["V1", "V12"]
    with pytest.raises(UsageError, match="no check V13"):
        required("V13", ["V1", "V12"])


def test_all_twelve_checks_speak_of_every_party(bundle: Path, world):
    """Each check says something of each party; the same bytes give the same words."""
    found = read_bundle(bundle, world.at)
    first = audit(found)
    assert [check.id for check in CHECKS] == [f"V{number}" for number in range(1, 13)]
    for check in CHECKS:
        subjects = {result.subject for result in first.results if result.check == check.id}
        assert set(world.parties) <= subjects, check.id
        assert check.detects and check.assumptions
    again = audit(read_bundle(bundle, world.at))
    one, other = (json.dumps(plain(report, CHECKS), allow_nan=False) for report in (first, again))
    assert one == other
