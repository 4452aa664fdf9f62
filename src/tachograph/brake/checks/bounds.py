"""V5, time bounds: each statement was made after one public moment and before another, close by.

Not before: the statement carries the root of a recent head of a log that is not its speaker's, and
the median of that head's cosignatures says when it was. Not after: the first cosigned head of
the register that covers it, by the median again, so that a minority of wrong clocks moves nothing.
Between the two lie at most the agreement's `deaf` hours: who has not heard for longer must hold.
Proven by tests/brake/test_checks_of_record.py and the red team's rows 32 and 33.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.posted import Posted
from tachograph.brake.times import seconds_of
from tachograph.brake.verdict import EVERYBODY, Check, CheckResult

CHECK = Check(
    "V5",
    "time bounds",
    "correctness",
    "statements dated back or forward, and keys used to fill in the past",
    (
        "most witnesses of each quorum have clocks that are right to a minute",
        "no head is known to anybody before it is signed",
    ),
)
SKEW_SECONDS = 120.0
"""How far clocks may differ before a time is called wrong."""


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """One result for the register's own times, and one for each party."""
    yield _register(bundle)
    for party in bundle.terms.parties:
        speakers = bundle.speakers_of(party.name)
        posted = [one for one in bundle.valid if one.speaker in speakers]
        yield _of_party(bundle, party.name, posted)


def _register(bundle: Bundle) -> CheckResult:
    for before, after in pairwise(bundle.posted):
        if after.time < before.time:
            return CHECK.failed(
                EVERYBODY, "the register's time goes backwards", evidence=[after.where]
            )
    moments = [(one, *_seen(bundle, one)) for one in bundle.posted]
    wrong = [one for one, before, after in moments if _misdated(one, before, after)]
    if wrong:
        return CHECK.failed(
            EVERYBODY, "the register dates entries otherwise than its witnesses saw them",
            evidence=[one.where for one in wrong[:3]],
        )  # fmt: skip
    if not moments or any(after is None for _, _, after in moments):
        return CHECK.not_assessed(EVERYBODY, "no cosigned head covers all of the statements")
    return CHECK.passed(EVERYBODY, "the register's times lie between its cosigned heads")


def _seen(bundle: Bundle, posted: Posted) -> tuple[float | None, float | None]:
    """When witnesses last saw the register without the entry, and first with it."""
    origin = bundle.register_key.name
    return bundle.heads.absent_at(origin, posted.seq), bundle.heads.covered_at(origin, posted.seq)


def _misdated(posted: Posted, before: float | None, after: float | None) -> bool:
    time = seconds_of(posted.time)
    return (after is not None and time > after + SKEW_SECONDS) or (
        before is not None and time < before - SKEW_SECONDS
    )


def _of_party(bundle: Bundle, party: str, posted: Sequence[Posted]) -> CheckResult:
    if not posted:
        return CHECK.not_assessed(party, "it has stated nothing")
    widest, unbounded = 0.0, []
    for one in posted:
        problem, low, high = _placed(bundle, one)
        if problem:
            return CHECK.failed(party, problem, evidence=[one.where])
        if low is None or high is None:
            unbounded.append(one)
        else:
            widest = max(widest, high - low)
    if unbounded:
        return CHECK.not_assessed(
            party,
            f"{len(unbounded)} of {len(posted)} statements carry no beacon that is a cosigned head",
            evidence=[one.where for one in unbounded[:3]],
        )
    return CHECK.passed(party, f"{len(posted)} statements, each dated to within {widest:.0f} s")


def _placed(bundle: Bundle, posted: Posted) -> tuple[str, float | None, float | None]:
    """What is wrong with a statement's time, and its bounds where they are known."""
    assert posted.statement is not None
    low, high = _not_before(bundle, posted), _seen(bundle, posted)[1]
    said = seconds_of(posted.statement.time)
    name = f"statement {posted.number} of {posted.speaker}"
    if low is not None and said < low - SKEW_SECONDS:
        return f"{name} says a time from before its own beacon", low, high
    if high is not None and said > high + SKEW_SECONDS:
        return f"{name} says a time from after it was logged", low, high
    if low is None or high is None:
        return "", low, high
    if low > high + SKEW_SECONDS:
        return f"{name} carries a beacon from after it was logged", low, high
    width, allowed = high - low, bundle.terms.timers.deaf / 1000
    if width > allowed:
        return f"{name} can be dated to {width:.0f} s only, {allowed:.0f} s are allowed", low, high
    return "", low, high


def _not_before(bundle: Bundle, posted: Posted) -> float | None:
    """When the statement's beacon was seen: the earliest time of a foreign head with that root."""
    assert posted.statement is not None
    own = bundle.log_of(bundle.subject_of(posted.speaker))
    times = [
        head.time_seconds
        for head in bundle.heads.rooted(posted.statement.beacon)
        if head.time_seconds is not None and (own is None or head.checkpoint.origin != own.origin)
    ]
    return min(times, default=None)
