"""V3, one history: every head of a log, whoever held it, is a beginning of the log in the bundle.

Heads held before (by the verifier), heads gossiped (by others, in `held/`) and heads that the log
itself recorded must have the roots that the leaves give at their sizes. Proven by
tests/brake/test_check_history.py and the red team's rows 9 to 12.
"""

from __future__ import annotations

from collections.abc import Iterator

from tachograph.brake.bundle import Bundle, HeldHead
from tachograph.brake.log_copy import LogCopy
from tachograph.brake.verdict import Check, CheckResult

CHECK = Check(
    "V3",
    "one history",
    "both",
    "a log that shows different histories to different readers, or takes back what it showed",
    (
        "the head that the other reader saw is among the held heads",
        "SHA-256 finds no collisions",
    ),
)


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """One result a log."""
    for log in bundle.logs:
        yield _of_log(bundle, log)


def _of_log(bundle: Bundle, log: LogCopy) -> CheckResult:
    if not log.root_agrees:
        return CHECK.failed(log.name, "the signed root is not the root of the leaves")
    held = list(bundle.heads(log.origin))
    for head in held:
        problem = _problem(log, head)
        if problem:
            return CHECK.failed(log.name, problem, evidence=[head.file, f"logs/{log.name}"])
    if not held:
        return CHECK.not_assessed(log.name, "no head of this log was held before or gossiped")
    return CHECK.passed(log.name, f"{len(held)} held heads are beginnings of the log")


def _problem(log: LogCopy, head: HeldHead) -> str:
    size = head.checkpoint.size
    if size > log.size:
        return f"a head at {size} was signed, and the log shown has {log.size}: it was rolled back"
    if log.levels.root(size) != head.checkpoint.root:
        return f"two roots for the first {size} entries: the log has forked"
    return ""
