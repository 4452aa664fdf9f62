"""What may be done while work is limited: in each window whatever it is called, in each lineage.

Each function yields party, what is wrong, and where. V6 (balance.py) puts them together. Proven by
tests/brake/test_check_balance.py. Not covered: many small jobs of unlike lineages that stay below
the window's threshold; their sum is at most that threshold a window.
"""

from __future__ import annotations

from collections.abc import Iterator

from tachograph.brake.bundle.evidence import Evidence, began_at
from tachograph.brake.checks.runs import flop_of, lineages
from tachograph.brake.checks.windows import Books, can_be, name_of
from tachograph.brake.said.records import WindowReported

Problem = tuple[str, str, str]
"""Party, what is wrong, where."""


def over_windows(books: Books) -> Iterator[Problem]:
    """All work that was not proven to be inference, in each window that touches a limit."""
    evidence = books.evidence
    capacity = {(site.party, site.site): site.capacity for site in evidence.sites}
    for where, party, began, said in _windows(evidence):
        limited, paused, at_capacity = evidence.limited(party, began, began + said.seconds)
        if limited <= 0.0:
            continue
        flop = sum(said.flop.values()) - books.proven_inference(party, said)
        allowed = capacity.get((party, said.site), 0.0) * at_capacity
        allowed += evidence.window_flop if paused > 0.0 else 0.0
        if flop > 0.0 and flop >= allowed:
            yield (
                party,
                f"{name_of(said)} did {flop:.3g} FLOP that are not proven to be inference; from "
                f"{allowed:.3g} on that is too much while work is limited",
                where,
            )


def over_lineages(books: Books) -> Iterator[Problem]:
    """A lineage that counts as training, over all its runs and parties, and trained in a pause."""
    trained: dict[tuple[str, str], tuple[float, str]] = {}
    for where, party, began, said in _windows(books.evidence):
        _, paused, at_capacity = books.evidence.limited(party, began, began + said.seconds)
        if paused <= 0.0 or at_capacity > 0.0:
            continue
        for run, flop in said.runs.items():
            trained[(party, run)] = (trained.get((party, run), (0.0, ""))[0] + flop, where)
    for party in dict.fromkeys(party for party, _ in trained):
        for group in lineages(books.evidence, party):
            mine = [trained[key] for run in group if (key := (run.party, run.run)) in trained
                    and run.party == party]  # fmt: skip
            here, whole = sum(flop for flop, _ in mine), flop_of(group, party)
            if here > 0.0 and whole >= books.evidence.lineage_flop:
                yield (
                    party,
                    f"a lineage of {len(group)} runs over {len({run.party for run in group})} "
                    f"parties has {whole:.3g} FLOP, {here:.3g} of them trained here in a pause; "
                    f"from {books.evidence.lineage_flop:.3g} on it counts as one training run",
                    mine[0][1],
                )


def _windows(evidence: Evidence) -> Iterator[tuple[str, str, float, WindowReported]]:
    """Where, party, begin in seconds, and what was said; V6 fails those that cannot be."""
    for heard, said in evidence.of(WindowReported):
        began = began_at(said)
        if heard.by in evidence.meters and began is not None and not can_be(said):
            yield heard.where, evidence.meters[heard.by][0], began, said
