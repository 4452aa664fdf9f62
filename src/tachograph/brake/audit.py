"""The audit: twelve checks on a bundle, and the list of what they cannot see.

Neither this file nor anything that it imports opens a socket or a database, so whoever wants to
trust a verdict can read the whole verifier: it is the bundle's bytes and arithmetic.
tests/brake/test_audit_closure.py walks the imports, and runs an audit under a hook that forbids
both. Not covered: getting the bundle (gather.py), and all that `UNSEEN` lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.checks import ALL, Look
from tachograph.brake.unseen import UNSEEN
from tachograph.brake.verdict import EVERYBODY, AuditReport, Check, CheckResult
from tachograph.errors import EvidenceError

CHECKS = tuple(check for check, _ in ALL)
"""What is checked, in order."""


def audit(bundle: Bundle, checks: Sequence[tuple[Check, Look]] = ALL) -> AuditReport:
    """Run the checks. A pure function of the bundle; what a check cannot digest is its failure."""
    results = tuple(result for check, look in checks for result in _results(check, look, bundle))
    parties = tuple(party.name for party in bundle.terms.parties)
    return AuditReport(bundle.document.id, bundle.at, parties, results, UNSEEN)


def _results(check: Check, look: Look, bundle: Bundle) -> Iterator[CheckResult]:
    try:
        yield from look(bundle)
    except EvidenceError as error:
        yield check.failed(EVERYBODY, f"the bundle holds what must be refused: {error.message}")
