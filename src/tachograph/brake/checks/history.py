"""V3, one history: every head of a log, whoever held it, is a beginning of the log in the bundle.

Heads held before (by the verifier), gossiped (by others), heard (which parties recorded in their
own logs) and recorded by the log itself must have the roots that the leaves give at their sizes;
and what followers copied from the register must be what the register shows. Only heads that the
log's own key signed count, so nobody can frame a log with a forged one. Proven by
tests/brake/test_check_history.py and the red team's rows 9 to 12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.log_copy import LogCopy
from tachograph.brake.heads.fork import Fork, TwoRoots, find_fork, format_fork
from tachograph.brake.heads.signed_heads import SignedHead
from tachograph.brake.verdict import Check, CheckResult
from tachograph.ledger.kinds import StatementCopied, StatementPosted

CHECK = Check(
    "V3",
    "one history",
    "both",
    "a log that shows different histories to different readers, or takes back what it showed",
    (
        "the head that the other reader saw is in the bundle: held, gossiped or recorded",
        "SHA-256 has no collisions",
    ),
)


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """One result for each log that the agreement names, one for each follower's copy."""
    for subject, key in bundle.expected_logs:
        log = bundle.log(key.name)
        forked = _two_roots(subject, bundle.heads.of(key.name))
        if forked is not None:
            yield forked
        elif log is None:
            yield CHECK.not_assessed(subject, f"the bundle holds no readable log {key.name}")
        else:
            yield _of_log(bundle, subject, log)
    if bundle.register is not None:
        register = dict(_statements(bundle.register))
        for subject, key in bundle.expected_logs:
            log = bundle.log(key.name)
            if log is not None and log is not bundle.register:
                yield from _copied(bundle, subject, log, register)


def _two_roots(subject: str, heads: Sequence[SignedHead]) -> CheckResult | None:
    """Two heads of one size: a fork that needs no look at the log, and cannot be hidden with it."""
    seen: dict[int, SignedHead] = {}
    for head in heads:
        other = seen.setdefault(head.checkpoint.size, head)
        if other.checkpoint.root != head.checkpoint.root:
            return CHECK.failed(
                subject,
                f"two roots for the first {head.checkpoint.size} entries: the log has forked",
                evidence=[other.where, head.where],
                proof=format_fork(Fork((other.note, head.note), TwoRoots())),
            )
    return None


def _of_log(bundle: Bundle, subject: str, log: LogCopy) -> CheckResult:
    heads = bundle.heads.of(log.origin)
    for head in heads:
        problem = _problem(log, head)
        if problem:
            evidence = [head.where, f"{log.folder}/checkpoint"]
            return CHECK.failed(subject, problem, evidence=evidence, proof=_proof(log, head))
    others = _from_elsewhere(log, heads)
    if not others:
        return CHECK.not_assessed(
            subject, "no head of this log was held, gossiped or recorded by anybody else"
        )
    return CHECK.passed(subject, f"{len(others)} heads seen by others are beginnings of the log")


def _from_elsewhere(log: LogCopy, heads: Sequence[SignedHead]) -> list[SignedHead]:
    own = (f"{log.name}:", f"{log.folder}/")
    return [head for head in heads if not head.where.startswith(own)]


def _problem(log: LogCopy, head: SignedHead) -> str:
    size = head.checkpoint.size
    if size > log.size:
        return f"a head at {size} was signed, and the log shown ends at {log.size}: rolled back"
    if log.levels.root(size) != head.checkpoint.root:
        return f"two roots for the first {size} entries: the log has forked"
    return ""


def _proof(log: LogCopy, head: SignedHead) -> str:
    """A fork that a stranger can check (fork.py); empty where the head is larger than the log."""
    if head.checkpoint.size > log.size:
        return ""
    fork = find_fork(head.note, log.head_text, log.levels.read)
    return format_fork(fork) if fork is not None else ""


def _copied(
    bundle: Bundle, subject: str, log: LogCopy, register: dict[int, str]
) -> Iterator[CheckResult]:
    copies = [
        (log.where(entry.seq), entry.body)
        for entry in log.of_kind("StatementCopied")
        if isinstance(entry.body, StatementCopied)
        and entry.body.register == bundle.register_key.name
    ]
    expected = iter(register)
    for where, copy in copies:
        index = next(expected, None)
        if copy.index != index or copy.envelope != register[index]:
            yield CHECK.failed(subject, _difference(copy, index, register), evidence=[where])
            return
    if copies:
        yield CHECK.passed(subject, f"{len(copies)} statements copied as the register has them")


def _difference(copy: StatementCopied, index: int | None, register: dict[int, str]) -> str:
    if index is not None and register.get(copy.index) == copy.envelope:
        return f"its copy of the register leaves out or turns round entry {index}"
    return f"entry {copy.index} of the register is another in its copy: one of the two was forged"


def _statements(register: LogCopy) -> Iterator[tuple[int, str]]:
    for entry in register.of_kind("StatementPosted"):
        if isinstance(entry.body, StatementPosted):
            yield entry.seq, entry.body.envelope
