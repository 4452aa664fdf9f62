"""V2, logged and witnessed: each log's head is signed by its key, cosigned by a quorum, and fresh.

The quorum is the agreement's tlog-policy with its groups by bloc, never one that the bundle brings.
Single records with their own proofs (`proofs/X.tlog-proof` beside `proofs/X.leaf`) are held to the
same, and to the specification's limit of 63 hashes. Proven by tests/brake/test_checks_of_record.py
and the red team's rows 9 and 38.
"""

from __future__ import annotations

from collections.abc import Iterator

from tachograph.brake.bundle.bundle import Bundle, Proven
from tachograph.brake.bundle.log_copy import LogCopy
from tachograph.brake.heads.signed_heads import cosigned
from tachograph.brake.times import seconds_of
from tachograph.brake.verdict import EVERYBODY, Check, CheckResult
from tachograph.errors import EvidenceError
from tachograph.merkle.note import VerifierKey, check_note
from tachograph.merkle.tree import check_inclusion, leaf_hash

CHECK = Check(
    "V2",
    "logged and witnessed",
    "correctness",
    "records outside the log, heads that too few blocs' witnesses saw, and stale heads",
    (
        "the witnesses that the agreement names do not collude up to its quorum",
        "their clocks are right to a minute",
    ),
)
PROOF_HASHES = 63
"""Most hashes in a proof (C2SP tlog-witness, add-checkpoint)."""
AHEAD_SECONDS = 60
"""How far in the future a cosignature may be, for clocks that differ."""


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """One result for each log that the agreement names, and one for each thing refused.

    A log that its own key did not sign is the bundle's matter, and nobody else's.
    """
    subjects = {key.name: (subject, key) for subject, key in bundle.expected_logs}
    for refused in bundle.refused:
        yield CHECK.failed(EVERYBODY, refused.reason, evidence=[refused.where])
    for subject, key in subjects.values():
        log = bundle.log(key.name)
        if log is None:
            yield CHECK.not_assessed(subject, f"the bundle holds no readable log {key.name}")
        else:
            yield _of_log(bundle, subject, log)
    for log, reason in bundle.foreign():
        yield CHECK.failed(EVERYBODY, reason, evidence=[log.folder])
    for proven in bundle.proofs:
        yield _of_proof(bundle, proven, *subjects.get(proven.checkpoint.origin, (EVERYBODY, None)))


def _of_log(bundle: Bundle, subject: str, log: LogCopy) -> CheckResult:
    if not bundle.policy.witnesses:
        return CHECK.not_assessed(subject, "the agreement names no witnesses")
    problem = _cosigned(bundle, log)
    if problem:
        return CHECK.failed(subject, problem, evidence=[log.folder])
    return CHECK.passed(subject, f"{log.size} entries under a head with a quorum of cosignatures")


def _cosigned(bundle: Bundle, log: LogCopy) -> str:
    try:
        found = cosigned(log.head, bundle.policy)
    except EvidenceError as error:
        return f"a cosignature does not verify: {error.message}"
    missing = bundle.policy.missing({one.key for one in found})
    if missing is not None:
        return f"too few witnesses: {missing}"
    at = seconds_of(bundle.at)
    newest = max(one.time_seconds for one in found)
    if newest > at + AHEAD_SECONDS:
        return f"a cosignature from {newest - at:.0f} s in the future"
    since = at - bundle.terms.timers.freshness / 1000
    fresh = {one.key for one in found if one.time_seconds >= since}
    if bundle.policy.missing(fresh) is not None:
        return f"the head is stale: cosigned {(at - newest) / 86_400:.1f} days ago"
    return ""


def _of_proof(bundle: Bundle, proven: Proven, subject: str, key: VerifierKey | None) -> CheckResult:
    """A true one is of its log; what is wrong with one is of whoever made the bundle."""
    proof, checkpoint = proven.proof, proven.checkpoint
    if key is None:
        return CHECK.failed(
            EVERYBODY, f"a proof in a log that nobody knows: {checkpoint.origin}",
            evidence=[proven.file],
        )  # fmt: skip
    if len(proof.path) > PROOF_HASHES:
        return CHECK.failed(
            EVERYBODY, f"a proof of {len(proof.path)} hashes, {PROOF_HASHES} are allowed",
            evidence=[proven.file],
        )  # fmt: skip
    try:
        check_note(proven.head, [key])
        check_inclusion(
            leaf=leaf_hash(proven.leaf), index=proof.index, size=checkpoint.size,
            proof=proof.path, root=checkpoint.root,
        )  # fmt: skip
        found = cosigned(proven.head, bundle.policy)
    except EvidenceError as error:
        return CHECK.failed(EVERYBODY, error.message, evidence=[proven.file])
    missing = bundle.policy.missing({one.key for one in found})
    if missing is not None:
        return CHECK.failed(EVERYBODY, f"too few witnesses: {missing}", evidence=[proven.file])
    return CHECK.passed(subject, f"entry {proof.index} is in the log", evidence=[proven.file])
