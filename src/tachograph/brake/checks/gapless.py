"""V4, gapless record: every statement, beat and window is there, or its absence is a violation.

Statements are numbered for each speaker, beats and windows for each meter, all from 0. What has not
come after the agreement's grace is missing, also where it comes later; a meter that begins later
than that was silent until then. Two different statements with one number are no gap: they are a
speaker's equivocation, which the two envelopes prove to anyone. Proven by
tests/brake/test_checks_of_record.py and the red team's rows 13, 14 and 42 to 44.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tachograph.brake.agreed.terms import Meter
from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.posted import Posted
from tachograph.brake.said.conviction import format_pair
from tachograph.brake.said.records import Heartbeat, SiteDeclared, WindowReported
from tachograph.brake.times import seconds_of
from tachograph.brake.verdict import EVERYBODY, Check, CheckResult

CHECK = Check(
    "V4",
    "gapless record",
    "completeness",
    "statements, heartbeats and windows that were left out, or said twice and differently",
    (
        "what is to be metered stands in the agreement: a meter that nobody named is not missed",
        "the register took in what was posted to it",
    ),
)
OVERLAP_SECONDS = 1.0
"""How far the end of a window and the begin of the next may lie apart; clocks are rounded."""
SKEW_SECONDS = 120.0
"""How far a meter's clock may be ahead of the register's."""


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """For each party: its speakers' numbers, and each of its sites."""
    for party in bundle.terms.parties:
        meters = [meter for meter in bundle.terms.meters if meter.party == party.name]
        for speaker in (party.name, *(meter.name for meter in meters)):
            yield _numbers(bundle, party.name, speaker)
        for site in party.sites:
            there = [meter for meter in meters if meter.site == site.name]
            if not there:
                yield CHECK.not_assessed(party.name, f"the agreement names no meter at {site.name}")
            else:
                yield _declared(bundle, party.name, site.name)
            yield from (_metered(bundle, party.name, meter) for meter in there)
    officials = [name for name, role in bundle.terms.roles.items() if role in ("verifier", "panel")]
    spoke = [name for name in officials if bundle.by(name)]
    yield from (_numbers(bundle, EVERYBODY, name) for name in spoke)
    if not spoke:
        yield CHECK.not_assessed(EVERYBODY, "no verifier or panelist has stated anything")


def _numbers(bundle: Bundle, subject: str, speaker: str) -> CheckResult:
    posted = bundle.by(speaker)
    if not posted:
        return CHECK.not_assessed(subject, f"{speaker} has stated nothing")
    seen: dict[int, Posted] = {}
    for one in posted:
        before = seen.setdefault(one.number, one)
        if before.statement != one.statement:
            return CHECK.failed(
                subject,
                f"{speaker} said two different things as its number {one.number}",
                evidence=[before.where, one.where],
                proof=format_pair(before.envelope, one.envelope),
            )
    missing = next(number for number in range(len(seen) + 1) if number not in seen)
    if missing < len(seen):
        return CHECK.failed(
            subject, f"statement {missing} of {speaker} is missing", evidence=[posted[-1].where]
        )
    return CHECK.passed(subject, f"{len(seen)} statements of {speaker} without a gap")


def _declared(bundle: Bundle, party: str, site: str) -> CheckResult:
    for posted, said in bundle.said(SiteDeclared):
        if posted.speaker == party and said.site == site:
            return CHECK.passed(party, f"{site} is declared", evidence=[posted.where])
    if _young(bundle):
        return CHECK.not_assessed(party, f"{site} may still be declared")
    return CHECK.failed(party, f"what stands at {site} was never declared")


def _metered(bundle: Bundle, party: str, meter: Meter) -> CheckResult:
    beats = [
        (posted, said)
        for posted, said in bundle.said(Heartbeat)
        if posted.speaker == meter.name and said.site == meter.site
    ]
    windows = [
        (posted, said)
        for posted, said in bundle.said(WindowReported)
        if posted.speaker == meter.name and said.site == meter.site
    ]
    if not beats and not windows and _young(bundle):
        return CHECK.not_assessed(party, f"{meter.name} may still begin")
    began = _began(bundle, party)
    problem = (
        _gap("beat", [said.beat for _, said in beats])
        or _gap("window", [said.window for _, said in windows])
        or _apart(said for _, said in windows)
        or _silence(bundle, began, [posted for posted, _ in beats])
        or _untimely(bundle, began, windows)
        or _unreported(bundle, [said for _, said in windows])
    )
    if problem:
        return CHECK.failed(
            party, f"{meter.name} at {meter.site}: {problem}",
            evidence=[posted.where for posted, _ in [*beats, *windows][-1:]],
        )  # fmt: skip
    off = max((abs(said.clock_off_seconds) for _, said in beats), default=0.0)
    if off > SKEW_SECONDS:
        return CHECK.not_assessed(
            party,
            f"{meter.name} at {meter.site}: its clock was set by {off:.0f} s, so its windows may "
            "be of other hours than they say",
        )
    return CHECK.passed(
        party,
        f"{meter.name} at {meter.site}: {len(beats)} beats and {len(windows)} windows, no gap",
    )


def _grace(bundle: Bundle) -> float:
    """How long a meter may be silent, in seconds."""
    return bundle.terms.timers.heartbeat / 1000


def _young(bundle: Bundle) -> bool:
    """Whether the register is so new that what it lacks may still come."""
    return bundle.until_seconds - bundle.began_seconds < _grace(bundle)


def _gap(name: str, numbers: Sequence[int]) -> str:
    """The first number that is missing or comes twice."""
    for expected, number in enumerate(sorted(numbers)):
        if number < expected:
            return f"{name} {number} was reported twice"
        if number > expected:
            return f"{name} {expected} is missing"
    return ""


def _apart(windows: Iterable[WindowReported]) -> str:
    """Windows follow each other in time: no time lies between them, and none is counted twice."""
    ordered = sorted(windows, key=lambda window: window.window)
    for before, after in pairwise(ordered):
        gap = seconds_of(after.began) - seconds_of(before.began) - before.seconds
        if abs(gap) > OVERLAP_SECONDS:
            what = "after a hole of" if gap > 0 else "with an overlap of"
            return f"window {after.window} begins {what} {abs(gap):.0f} s"
    return ""


def _began(bundle: Bundle, party: str) -> float:
    """When a party first spoke, seconds: from then on it is to be measured.

    By its own clock where that is later than the register's, which others could date back.
    """
    speakers = bundle.speakers_of(party)
    times = (
        max(seconds_of(one.time), seconds_of(one.statement.time))
        for one in bundle.valid
        if one.speaker in speakers and one.statement is not None
    )
    return min(times, default=bundle.until_seconds)


def _silence(bundle: Bundle, began: float, beats: Sequence[Posted]) -> str:
    if not beats:
        return "it never gave a sign of life"
    grace = _grace(bundle)
    heard = sorted(seconds_of(posted.time) for posted in beats)
    times = [min(began, heard[0]), *heard, bundle.until_seconds]
    for before, after in pairwise(times):
        if after - before > grace:
            return f"silent for {after - before:.0f} s, {grace:.0f} s are allowed"
    return ""


def _untimely(
    bundle: Bundle, began: float, windows: Sequence[tuple[Posted, WindowReported]]
) -> str:
    """Figures are told when they are known: not before, and not once it is known what they should
    be. The first window begins when its party first speaks."""
    for posted, said in windows:
        ended = seconds_of(said.began) + said.seconds
        late = seconds_of(posted.time) - ended - said.seconds - _grace(bundle)
        if late > 0:
            return f"window {said.window} was reported {late:.0f} s too late"
        if seconds_of(posted.time) < ended - SKEW_SECONDS:
            return f"window {said.window} was reported before it was over"
    first = min((seconds_of(said.began) for _, said in windows), default=began)
    missed = first - began - _grace(bundle)
    return f"its first window begins {missed:.0f} s too late" if missed > 0 else ""


def _unreported(bundle: Bundle, windows: Sequence[WindowReported]) -> str:
    if not windows:
        return "it never reported a window"
    last = max(windows, key=lambda window: window.window)
    due = seconds_of(last.began) + 2 * last.seconds + _grace(bundle)
    late = bundle.until_seconds - due
    return f"the window after {last.window} is {late:.0f} s overdue" if late > 0 else ""
