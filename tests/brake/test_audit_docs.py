"""The pages on the audit say what the audit does, and hold a red team's table of every row."""

from __future__ import annotations

import re
from pathlib import Path

from redteam.table import ROWS, load

from tachograph.brake.audit import CHECKS

DOCS = Path(__file__).parents[2] / "docs/concepts"
AUDIT = (DOCS / "audit.md").read_text()
TABLE = load()


def test_every_check_has_its_line():
    """By number and title, as the audit prints them."""
    for check in CHECKS:
        assert f"| {check.id} {check.title} |" in AUDIT


def test_the_table_of_evasions_is_the_red_teams():
    """Each row of the published table has a cheat and a twin, and stands in the page."""
    assert {case.row for case in TABLE.cases} == set(ROWS) == {twin.row for twin in TABLE.twins}
    held = set(re.findall(r"^\| (\d+) \| ([^|]+) \|", AUDIT, re.MULTILINE))
    assert held == {(str(case.row), case.name) for case in TABLE.cases}


def test_the_page_reports_no_miss_and_no_false_alarm_that_it_does_not_show():
    """What was missed would stand there as a number: the column is never left out."""
    lines = [line for line in AUDIT.splitlines() if re.match(r"\| V\d+ [^|]+\| \d+ \|", line)]
    assert len(lines) == len(CHECKS)


def test_the_page_before_trust_names_what_a_verdict_does_not_say():
    """The pages point at each other."""
    trust = (DOCS / "trust.md").read_text()
    assert "(audit.md)" in trust and "(trust.md)" in AUDIT
    assert "no other cluster" in trust
