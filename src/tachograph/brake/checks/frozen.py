"""V9, frozen weights: in a pause only weights are used that were there before it.

1. The party listed what it may serve, and each of those weights was committed to before the pause.
2. Every model that a meter or the party's own outputs name in the pause is on the list.
3. Drawn outputs were computed again from the committed weights, and came out the same.

Proven by tests/brake/test_check_frozen.py and the red team's rows 25, 26 and 36. Not covered, and
always not assessed: whether optimiser states were erased, and weights that are never served.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.evidence import Evidence, Heard, began_at
from tachograph.brake.bundle.spans import Limit
from tachograph.brake.checks.draws import round_of, unfair
from tachograph.brake.said import beacon
from tachograph.brake.said.records import (
    OutputsServed,
    ServedReplayed,
    WeightsCommitted,
    WeightsFrozen,
    WindowReported,
)
from tachograph.brake.verdict import Check, CheckResult

CHECK = Check(
    "V9",
    "frozen weights",
    "both",
    "weights behind an interface that changed in a pause",
    (
        "outputs that were served are all committed to",
        "one who had a share in the beacon did not tell the party",
        "one record in a hundred is false, for the probability given",
    ),
)

SHARE = 0.01
"""Of records, that are taken to be false where a probability is given."""
MOST_RECORDS = 2**19
"""Most records of one window: the hashes of so many are the largest object that an audit reads, so
more could never be opened. Numbers without end would cost whoever draws among them all memory."""
MATCHING = 0.98
"""Of records, where equality bit for bit was not asked: honest replays on unlike machines choose
the same token more often than this (arXiv:2511.20621)."""


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """What `judge` finds in a bundle."""
    return judge(bundle.evidence)


def judge(evidence: Evidence) -> Iterator[CheckResult]:
    """Two results a party: what is served is what was frozen; nothing else is kept."""
    for party in evidence.parties:
        pauses = [limit for limit in evidence.limits.get(party, ()) if limit.share == 0.0]
        if not pauses:
            yield CHECK.not_assessed(party, "there was no pause", about="correctness")
        for pause in pauses:
            yield _of_pause(evidence, party, pause)
        yield CHECK.not_assessed(
            party,
            "nothing proves that optimiser states were erased, that no adapter lies in memory "
            f"unserved, or that no capability left through ordinary use{_volume(evidence, party)}",
            about="completeness",
        )


def _of_pause(evidence: Evidence, party: str, pause: Limit) -> CheckResult:
    used = _used(evidence, party, pause)
    frozen = _frozen(evidence, party, pause)
    if frozen is None:
        if used:
            root, where = next(iter(used.items()))
            return CHECK.failed(
                party,
                f"weights {root[:8]} were used in a pause, and no list of frozen weights was made",
                about="correctness",
                evidence=[where],
            )
        return CHECK.not_assessed(party, "it listed no frozen weights", about="correctness")
    for problem, where in _unfrozen(evidence, party, pause, frozen, used):
        return CHECK.failed(party, problem, about="correctness", evidence=[where])
    return _replayed(evidence, party, pause)


def _used(evidence: Evidence, party: str, pause: Limit) -> dict[str, str]:
    """Roots that were used in the pause, and where that is said."""
    used: dict[str, str] = {}
    for heard, said in evidence.of(WindowReported):
        if evidence.meters.get(heard.by, ("", ""))[0] == party and _within(said, pause):
            used |= {root: heard.where for root, flop in said.models.items() if flop > 0.0}
    for heard, served in _outputs(evidence, party, pause):
        used.setdefault(served.model, heard.where)
    return used


def _within(said: WindowReported, pause: Limit) -> bool:
    """Whether a window touches the pause; one that has no time might."""
    began = began_at(said)
    if began is None:
        return True
    return began < pause.ended and began + said.seconds > pause.began


def _outputs(evidence: Evidence, party: str, pause: Limit) -> Iterator[tuple[Heard, OutputsServed]]:
    """Outputs of windows that touch the pause; by the meters' windows, where they know them."""
    spans = {
        (said.site, said.window): _within(said, pause)
        for heard, said in evidence.of(WindowReported)
        if evidence.meters.get(heard.by, ("", ""))[0] == party
    }
    for heard, served in evidence.of(OutputsServed, party):
        if spans.get((served.site, served.window), pause.began <= heard.time < pause.ended):
            yield heard, served


def _frozen(evidence: Evidence, party: str, pause: Limit) -> set[str] | None:
    """The last list that was made before the pause ended."""
    lists = [said for h, said in evidence.of(WeightsFrozen, party) if h.time < pause.ended]
    return set(lists[-1].roots) if lists else None


def _unfrozen(
    evidence: Evidence, party: str, pause: Limit, frozen: set[str], used: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Points 1 and 2."""
    committed = {
        said.root for h, said in evidence.of(WeightsCommitted, party) if h.time < pause.began
    }
    for root in sorted(frozen - committed):
        yield f"frozen weights {root[:8]} were not committed to before the pause", ""
    for root, where in used.items():
        if root not in frozen:
            yield f"weights {root[:8]} were used in a pause and are not among the frozen", where


def _replayed(evidence: Evidence, party: str, pause: Limit) -> CheckResult:
    """Point 3. What contradicts comes before what is missing."""
    looked = [
        (heard, served, _replays_of(evidence, served))
        for heard, served in _outputs(evidence, party, pause)
    ]
    for heard, _, replays in looked:
        for by, said in replays:
            if said.matched < said.drawn * (1.0 if said.exact else MATCHING):
                return CHECK.failed(
                    party,
                    f"{said.drawn - said.matched} of {said.drawn} drawn outputs do not come from "
                    f"weights {said.model[:8]}",
                    about="correctness",
                    evidence=[by.where, heard.where],
                )
    chance = 1.0
    for heard, served, replays in looked:
        fair = [one for one in replays if _is_fair(evidence, heard, served, *one)]
        if not fair:
            return CHECK.not_assessed(
                party,
                f"outputs of window {served.window} of {served.site} were not replayed after a "
                "fair draw",
                about="correctness",
                evidence=[heard.where],
            )
        chance = min(chance, max(_chance(evidence, served, *one) for one in fair))
    if not looked:
        return CHECK.passed(
            party, "no weights were used in the pause", probability=None, about="correctness"
        )
    return CHECK.passed(
        party,
        f"outputs of {len(looked)} windows come from frozen weights",
        probability=chance,
        about="correctness",
    )


def _replays_of(evidence: Evidence, served: OutputsServed) -> list[tuple[Heard, ServedReplayed]]:
    return [
        (by, said)
        for by, said in evidence.of(ServedReplayed)
        if (said.model, said.outputs) == (served.model, served.outputs)
        and by.by in evidence.verifiers
    ]


def _is_fair(
    evidence: Evidence, heard: Heard, served: OutputsServed, by: Heard, said: ServedReplayed
) -> bool:
    """Whether the records replayed are those that a beacon drew after they were committed to."""
    if not 0 < said.drawn <= served.count <= MOST_RECORDS:
        return False
    one = round_of(evidence, said.beacon, before=by.seq)
    if one is None or unfair(evidence, one, heard.by, heard.seq):
        return False
    wanted = beacon.draw(one.value, draw_purpose(served.outputs), served.count, said.drawn)
    return tuple(sorted(said.numbers)) == wanted


def draw_purpose(outputs: str) -> str:
    """What the draw of a window's records is called."""
    return f"records of {outputs}"


def _chance(evidence: Evidence, served: OutputsServed, by: Heard, said: ServedReplayed) -> float:
    one = round_of(evidence, said.beacon, before=by.seq)
    return beacon.detection_probability(
        segments=served.count,
        bad=math.ceil(SHARE * served.count),
        drawn=said.drawn,
        withheld=len(one.withheld) if one is not None else 0,
    )


def _volume(evidence: Evidence, party: str) -> str:
    """The largest customer, which is all that can be said of capability that leaves."""
    by_customer: dict[str, float] = {}
    for _, served in evidence.of(OutputsServed, party):
        for customer, tokens in served.tokens.items():
            by_customer[customer] = by_customer.get(customer, 0.0) + tokens
    if not by_customer:
        return ""
    return f" (the largest customer took {max(by_customer.values()):.3g} tokens)"
