"""V7, challenge re-execution: drawn segments were taken again, and came to what was declared.

Verifiers replay in a box (replay.py) and sign what they found; here it is checked that the segments
were drawn, not picked, from a beacon revealed after the run was complete; that equality was asked
where the machine allows it; and that a tolerance, where one was needed, was calibrated for that
segment. Proven by tests/brake/test_check_reexecution.py and the red team's rows 18 to 24.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.evidence import Evidence, Heard
from tachograph.brake.checks.draws import Round, round_of, unfair
from tachograph.brake.checks.runs import RunSeen, of_each_run
from tachograph.brake.said import beacon
from tachograph.brake.said.records import SegmentReplayed, ToleranceCalibrated
from tachograph.brake.training.tolerance import LARGEST_TOLERANCE, tolerance_of
from tachograph.brake.verdict import Check, CheckResult

CHECK = Check(
    "V7",
    "challenge re-execution",
    "correctness",
    "segments whose declared end does not follow from their declared begin: swapped or other data, "
    "hidden steps, interpolated checkpoints",
    (
        "one who had a share in the beacon did not tell the prover",
        "data, code and checkpoints were opened to the verifiers",
        "a violation touches at least a tenth of the segments, for the probability given",
        "verifiers do not collude with the prover",
    ),
)

SHARE = 0.1
"""Of segments, that a violation is taken to touch where a probability is given."""

Replayed = tuple[Heard, SegmentReplayed]


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """What `judge` finds in a bundle."""
    return judge(bundle.evidence)


def judge(evidence: Evidence) -> Iterator[CheckResult]:
    """A result for each run, and one for a party that declared none."""
    return of_each_run(evidence, CHECK, _of_run)


def _of_run(evidence: Evidence, run: RunSeen) -> CheckResult:
    replays = [
        (heard, said)
        for heard, said in evidence.of(SegmentReplayed)
        if (said.party, said.run) == (run.party, run.run) and heard.by in evidence.verifiers
    ]
    if run.declared is None or run.completed is None:
        return CHECK.not_assessed(run.party, f"{run.run}: not declared, or not complete yet")
    for replayed in replays:
        if problem := _contradiction(evidence, run, replayed):
            return CHECK.failed(run.party, problem, evidence=[replayed[0].where])
    if not replays:
        return CHECK.not_assessed(
            run.party, f"{run.run}: no verifier replayed a segment of it (tacho brake replay)"
        )
    return _drawn(evidence, run, replays)


def _contradiction(evidence: Evidence, run: RunSeen, replayed: Replayed) -> str:
    """What a replay says against the run; empty: nothing."""
    said = replayed[1]
    name = f"{run.run}, segment {said.segment}"
    if said.outcome == "failed":
        return f"{name}: the replay came to nothing: {said.detail[:200]}"
    if said.outcome == "far":
        step = f"; step {said.first_bad_step} is the first that does not follow"
        off = "a distance without bound" if said.distance is None else f"{said.distance:.1e}"
        return f"{name}: off by {off} of its step" + (step if said.first_bad_step else "")
    return ""


def _drawn(evidence: Evidence, run: RunSeen, replays: list[Replayed]) -> CheckResult:
    """All replays agree with the run: how much does that say?"""
    rounds: dict[str, set[int]] = {}
    used: dict[str, int] = {}
    doubtful = []
    for replayed in replays:
        if doubt := _doubt(evidence, run, replayed):
            doubtful.append(doubt)
        else:
            used.setdefault(replayed[1].beacon, replayed[0].seq)
            rounds.setdefault(replayed[1].beacon, set()).add(replayed[1].segment)
    best = None
    for name, numbers in rounds.items():
        one = round_of(evidence, name, before=used[name])
        problem = _not_drawn(evidence, run, one, numbers)
        if one is None or problem:
            doubtful.append(f"beacon {name}: {problem}")
        elif best is None or len(numbers) > best[1]:
            best = (one, len(numbers))
    if best is None:
        return CHECK.not_assessed(run.party, f"{run.run}: {doubtful[0]}")
    return _passed(run, best[0], best[1])


def _passed(run: RunSeen, one: Round, drawn: int) -> CheckResult:
    total = len(run.segments)
    chances = {
        share: beacon.detection_probability(
            segments=total,
            bad=math.ceil(share * total),
            drawn=drawn,
            withheld=len(one.withheld),
        )
        for share in (SHARE, 0.05, 0.01)
    }
    text = ", ".join(f"{chance:.0%} if {share:.0%}" for share, chance in chances.items())
    held = f"; {len(one.withheld)} withheld their share of the beacon" if one.withheld else ""
    return CHECK.passed(
        run.party,
        f"{run.run}: {drawn} of {total} segments, drawn after the run, came to what was declared; "
        f"found with chance {text} of the segments were false{held}",
        probability=chances[SHARE],
        evidence=[run.completed[0].where] if run.completed else [],
    )


def _doubt(evidence: Evidence, run: RunSeen, replayed: Replayed) -> str:
    """Why a replay that found nothing wrong says nothing; empty: it counts."""
    heard, said = replayed
    name = f"segment {said.segment}"
    if not 0 <= said.segment < len(run.segments):
        return f"{name} is not of this run"
    if said.outcome == "exact":
        return "" if said.distance == 0.0 else f"{name} is called exact at another distance than 0"
    if said.same_machine:
        return f"{name} is called near where the machine is the declared one, and exact is asked"
    calibrated = [
        other.tolerance
        for by, other in evidence.of(ToleranceCalibrated)
        if (other.party, other.run, other.segment) == (said.party, said.run, said.segment)
        and by.seq < heard.seq
        and by.by in evidence.verifiers
        and other.tolerance == tolerance_of(other.distances)
    ]
    if said.tolerance not in calibrated:
        return f"{name} was compared with a tolerance that nobody calibrated for it"
    if not said.tolerance <= LARGEST_TOLERANCE:
        return f"{name} was compared with a tolerance of {said.tolerance:.1e}, which hides too much"
    if said.distance is None or not 0.0 <= said.distance <= said.tolerance:
        return f"{name} is called near and lies beyond its tolerance"
    return ""


def _not_drawn(evidence: Evidence, run: RunSeen, one: Round | None, numbers: set[int]) -> str:
    """Why these segments are not a fair draw; empty: they are."""
    if one is None:
        return "nobody revealed a share of it"
    assert run.completed is not None
    committed = max(run.completed[0].seq, *(heard.seq for heard, _ in run.segments), 0)
    if problem := unfair(evidence, one, run.party, committed):
        return problem
    drawn = beacon.draw(
        one.value, draw_purpose(run.party, run.run), len(run.segments), len(numbers)
    )
    if set(drawn) != numbers:
        return "the segments replayed are not those that it draws"
    return ""


def draw_purpose(party: str, run: str) -> str:
    """What the draw of a run's segments is called, so that each draw has its own order."""
    return f"segments of {party}/{run}"
