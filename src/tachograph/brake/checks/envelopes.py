"""V1, envelope and keys: each statement is canonical, signed by a key that was good when it was
posted, and said by somebody who may say it.

Strict Ed25519 (merkle/ed25519.py), DSSE, canonical JSON: one spelling, no duplicate keys. Keys come
from the agreement, changes to them from the register's own order. Proven by
tests/brake/test_checks_of_record.py and the red team's rows 30 to 34.
"""

from __future__ import annotations

from collections.abc import Iterator

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.log_copy import LogCopy
from tachograph.brake.bundle.posted import Posted
from tachograph.brake.verdict import EVERYBODY, Check, CheckResult

CHECK = Check(
    "V1",
    "envelope and keys",
    "correctness",
    "forged, ambiguous and misattributed statements, and keys used after their revocation",
    (
        "the agreement is the one that you compared by its id",
        "nobody but its owner holds a private key before it is revoked",
    ),
)


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """One result for the agreement's own signatures, one for each log's leaves, one a party."""
    yield _document(bundle)
    for subject, key in bundle.expected_logs:
        log = bundle.log(key.name)
        if log is not None:
            yield _leaves(subject, log)
            yield from _openings(log)
    parties = [party.name for party in bundle.terms.parties]
    for subject in (*parties, EVERYBODY):
        posted = [one for one in bundle.posted if _blamed(bundle, one) == subject]
        if posted:
            yield _posted(subject, posted)
        elif subject != EVERYBODY:
            yield CHECK.not_assessed(subject, "it has stated nothing")


def _blamed(bundle: Bundle, posted: Posted) -> str:
    """Whose matter it is: the speaker's where its own key signed it, else the register's."""
    return bundle.subject_of(posted.speaker) if posted.authentic else EVERYBODY


def _document(bundle: Bundle) -> CheckResult:
    missing = bundle.document.missing
    if missing:
        return CHECK.failed(EVERYBODY, f"the agreement lacks signatures of {', '.join(missing)}",
                            evidence=["agreement.note"])  # fmt: skip
    return CHECK.passed(EVERYBODY, "everybody signed the agreement", evidence=["agreement.note"])


def _leaves(subject: str, log: LogCopy) -> CheckResult:
    faults = [fault for fault in log.faults if not fault.opening]
    if faults:
        first = faults[0]
        return CHECK.failed(
            subject,
            f"{len(faults)} leaves are no entries; the first, {first.seq}: {first.reason}",
            evidence=[log.where(fault.seq) for fault in faults[:3]],
        )
    return CHECK.passed(subject, f"{log.size} leaves, each the one spelling of an entry")


def _openings(log: LogCopy) -> Iterator[CheckResult]:
    """False ones: nobody signed them, so they are of whoever made the bundle."""
    for fault in log.faults:
        if fault.opening:
            yield CHECK.failed(EVERYBODY, f"a false opening: {fault.reason}",
                               evidence=[log.where(fault.seq)])  # fmt: skip


def _posted(subject: str, posted: list[Posted]) -> CheckResult:
    wrong = [one for one in posted if one.fault]
    if wrong:
        first = wrong[0]
        return CHECK.failed(
            subject,
            f"{len(wrong)} statements do not count; the first, by "
            f"{first.speaker or 'nobody'}: {first.fault}",
            evidence=[one.where for one in wrong[:3]],
        )
    return CHECK.passed(subject, f"{len(posted)} statements, signed by keys good at the time")
