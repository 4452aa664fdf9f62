"""V10, physical trace: power over time, against other sensors, against itself, against a challenge.

1. Samples are there, as many as the window needs, and no window is another one played again.
2. Sensors of one site agree: bin by bin, and in energy with the meter.
3. Where a verifier asked for load modulation, the trace follows the pattern of the beacon that was
   revealed within the window; a recording made before cannot.
4. The workload class that the trace looks like is told, and never counts: with the family held out,
   published classifiers are right half of the time, and call held-out inference training.

Simulated samples never pass: they can only contradict themselves. What fails here is never a sole
ground for a trigger. Proven by tests/brake/test_check_trace.py and the red team's rows 28, 29 and
39. Not covered: a party that holds every sensor and answers the challenge with a dummy load.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tachograph import canon
from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.evidence import Evidence, Heard, began_at
from tachograph.brake.checks.draws import round_of
from tachograph.brake.said import beacon
from tachograph.brake.said.records import (
    BeaconRevealed,
    LoadModulationAsked,
    TraceReported,
    WindowReported,
)
from tachograph.brake.verdict import Check, CheckResult
from tachograph.errors import FormatError

CHECK = Check(
    "V10",
    "physical trace",
    "both",
    "recordings that are played again, and sensors that contradict each other",
    (
        "never a sole ground for a trigger: a workload's class is told from power at 0.52 to 0.72 "
        "where its mechanism or family was not seen before, and held-out inference is called "
        "training in 93 of 100 cases (published re-analysis, notes)",
        "at least one sensor is the verifiers' own",
        "samples marked simulated come from a model: a simulated root of trust",
    ),
)

SLOTS = 32
"""Slots of a window in which load is asked to be high or low."""
BINS = 64
"""A window's trace is compared in so many means."""
FOLLOWS = 0.5
"""Least correlation with the asked pattern. A recording knows nothing of it: its correlation has a
standard deviation of 1/sqrt(SLOTS) = 0.18, so it gets this far in 2 of 1,000 cases."""
AGREES = 0.9
"""Least correlation between two sensors of one site and window."""
ENERGY_SLACK = 0.05
"""Relative, between sensors, and between a sensor and the meter."""
SAME = 0.9999
"""Correlation of two windows' samples from which on they are one recording; noise of one per cent
in the samples gives less."""
SAMPLES = 1_000_000

Samples = NDArray[np.float64]
Windows = dict[tuple[str, int], WindowReported]
"""The meter's windows by site and number."""


@dataclass(frozen=True)
class Trace:
    """A sensor's window, read."""

    heard: Heard
    said: TraceReported
    watts: Samples

    @cached_property
    def bins(self) -> Samples:
        """BINS means."""
        return np.array([part.mean() for part in np.array_split(self.watts, BINS)])


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """What `judge` finds in a bundle."""
    return judge(bundle.evidence)


def judge(evidence: Evidence) -> Iterator[CheckResult]:
    """One result a party."""
    for party in evidence.parties:
        yield _of_party(evidence, party)


def _of_party(evidence: Evidence, party: str) -> CheckResult:
    sites = {site.site for site in evidence.sites_of(party)}
    windows = {
        (said.site, said.window): said
        for heard, said in evidence.of(WindowReported)
        if evidence.meters.get(heard.by, ("", ""))[0] == party
    }
    traces = []
    absent = 0
    for heard, said in evidence.of(TraceReported):
        if said.site not in sites or not _may_speak(evidence, heard, party):
            continue
        read = _read(evidence, heard, said, windows.get((said.site, said.window)))
        if isinstance(read, str):
            return CHECK.failed(party, read, evidence=[heard.where])
        if read is None:
            absent += 1
        else:
            traces.append(read)
    if not traces:
        return CHECK.not_assessed(party, "no trace of a sensor is here")
    for problem, where in (
        *_played_again(traces), *_disagreeing(traces), *_off_the_meter(traces, windows),
        *_not_following(evidence, traces, windows),
    ):  # fmt: skip
        return CHECK.failed(
            party, f"{problem}; never a sole ground for a trigger", evidence=[where]
        )
    if absent:
        return CHECK.not_assessed(party, f"the samples of {absent} traces are not here")
    return _agreeing(evidence, party, traces, windows)


def _agreeing(evidence: Evidence, party: str, traces: list[Trace], windows: Windows) -> CheckResult:
    if any(trace.said.simulated for trace in traces):
        reason = f"{len(traces)} traces agree, and are simulated: a simulated root of trust"
    elif all(trace.said.owner == "prover" for trace in traces):
        reason = f"{len(traces)} traces agree, and the party holds every sensor"
    elif not any(_asked(evidence, one, windows.get(_at(one))) is not None for one in traces):
        reason = f"{len(traces)} traces agree, and no load modulation was asked for"
    else:
        return CHECK.passed(
            party,
            f"{len(traces)} traces agree and follow the modulation that was asked for; "
            f"{looks_like(traces[-1].watts)}",
            probability=None,
        )
    return CHECK.not_assessed(party, f"{reason}; {looks_like(traces[-1].watts)}")


def looks_like(watts: Samples) -> str:
    """What a trace looks like, with how little that says.

    Training keeps a steady high load with a comb of dips; so does batched inference.
    """
    low, high = np.percentile(watts, [10, 90])
    steady = high > 0 and low / high > 0.7
    name = "training or batched inference" if steady else "inference, evaluation or idling"
    return f"looks like {name}, which counts for nothing"


def pattern(value: bytes, site: str, window: int) -> Samples:
    """(SLOTS,) of -1 and 1, balanced: when load is asked to be low and high."""
    high = beacon.draw(value, f"modulation of {site}/{window}", SLOTS, SLOTS // 2)
    found = -np.ones(SLOTS)
    found[list(high)] = 1.0
    return found


def _may_speak(evidence: Evidence, heard: Heard, party: str) -> bool:
    return heard.by in evidence.verifiers or evidence.meters.get(heard.by, ("", ""))[0] == party


def _read(
    evidence: Evidence, heard: Heard, said: TraceReported, window: WindowReported | None
) -> Trace | str | None:
    """A trace; what is wrong with it; None where its samples are not here."""
    name = f"{said.sensor[:20]} of window {said.window} of {said.site}"
    data = evidence.read(said.samples)
    if data is None:
        return None
    try:
        value = canon.decode(data)
    except FormatError as error:
        return f"{name}: {error.message}"
    if not isinstance(value, list) or not 2 * BINS <= len(value) <= SAMPLES:
        return f"{name} has not {2 * BINS} to {SAMPLES} samples"
    if not all(type(watt) in (int, float) and watt >= 0 for watt in value):
        return f"{name} has samples that are no power"
    if said.owner == "verifier" and heard.by not in evidence.verifiers:
        return f"{name} is called the verifiers' own, and no verifier reported it"
    if window is not None and abs(len(value) - said.hertz * window.seconds) > 0.01 * len(value):
        return f"{name} has {len(value)} samples for {said.hertz * window.seconds:.0f}"
    return Trace(heard, said, np.array(value, dtype=np.float64))


def _played_again(traces: list[Trace]) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(traces):
        for other in traces[:number]:
            alike = one.said.sensor == other.said.sensor and one.said.site == other.said.site
            if alike and one.said.window != other.said.window and _same(one, other):
                yield (
                    f"{one.said.sensor[:20]} of {one.said.site} shows window {other.said.window} "
                    f"again as window {one.said.window}",
                    one.heard.where,
                )


def _same(one: Trace, other: Trace) -> bool:
    # the means first, which are few: most windows differ there already
    return (
        len(one.watts) == len(other.watts)
        and _correlation(one.bins, other.bins) > AGREES
        and _correlation(one.watts, other.watts) > SAME
    )


def _correlation(one: Samples, other: Samples) -> float:
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / scale if scale > 0.0 else 0.0


def _disagreeing(traces: list[Trace]) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(traces):
        for other in traces[:number]:
            here = (one.said.site, one.said.window) == (other.said.site, other.said.window)
            if not here or one.said.sensor == other.said.sensor:
                continue
            agrees = _correlation(one.bins, other.bins) >= AGREES
            level = abs(one.watts.mean() / max(other.watts.mean(), 1e-9) - 1.0)
            if not agrees or level > ENERGY_SLACK:
                yield (
                    f"{one.said.sensor[:20]} and {other.said.sensor[:20]} of window "
                    f"{one.said.window} of {one.said.site} contradict each other",
                    one.heard.where,
                )


def _off_the_meter(traces: list[Trace], windows: Windows) -> Iterator[tuple[str, str]]:
    for one in traces:
        window = windows.get(_at(one))
        if window is None or window.energy_joules is None:
            continue
        joules = float(one.watts.mean()) * window.seconds
        if abs(joules - window.energy_joules) > ENERGY_SLACK * window.energy_joules:
            yield (
                f"{one.said.sensor[:20]} of window {window.window} of {window.site} comes to "
                f"{joules:.3g} J, the meter says {window.energy_joules:.3g}",
                one.heard.where,
            )


def _not_following(
    evidence: Evidence, traces: list[Trace], windows: Windows
) -> Iterator[tuple[str, str]]:
    for one in traces:
        wanted = _asked(evidence, one, windows.get(_at(one)))
        if wanted is None:
            continue
        slots = np.array([part.mean() for part in np.array_split(one.watts, SLOTS)])
        if _correlation(slots, wanted) < FOLLOWS:
            yield (
                f"{one.said.sensor[:20]} of window {one.said.window} of {one.said.site} does not "
                "follow the modulation that was asked for",
                one.heard.where,
            )


def _asked(evidence: Evidence, one: Trace, window: WindowReported | None) -> Samples | None:
    """The pattern that this window should show; None where none was asked in a fair way.

    Its beacon is revealed in the first slot: not before the window began, when a recording could
    be made for it, and not later, when a share could be chosen that the site did not follow.
    """
    for heard, said in evidence.of(LoadModulationAsked):
        mine = (said.site, said.window) == (one.said.site, one.said.window)
        if not mine or heard.by not in evidence.verifiers or window is None:
            continue
        began = began_at(window)
        if began is None:
            continue
        slot = began + window.seconds / SLOTS
        drawn = round_of(evidence, said.beacon, until=slot)
        revealed = [h.time for h, r in evidence.of(BeaconRevealed) if r.beacon == said.beacon]
        if drawn is not None and min(revealed) >= began:
            return pattern(drawn.value, said.site, said.window)
    return None


def _at(one: Trace) -> tuple[str, int]:
    return one.said.site, one.said.window
