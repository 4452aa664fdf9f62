"""An agreement and a state in words: for people, at the command line.

Proven by tests/brake/test_brake_document.py, tests/brake/machine/test_machine_wanting.py and the
golden session tests/sessions/brake_agreement.txt.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from tachograph.brake.agreed.document import Document
from tachograph.brake.agreed.quorum import least_lift, least_veto, most
from tachograph.brake.agreed.terms import Terms
from tachograph.brake.agreed.text import format_duration
from tachograph.brake.machine import State, timers
from tachograph.brake.machine.wanting import wanting
from tachograph.brake.times import format_time

TIMER_WORDS = {
    "effect": "the pause begins",
    "heartbeat": "the silence of a meter becomes a breach",
    "panel": "the panel's time for a case is over",
    "question": "a question goes on to its next stage",
    "expiry": "the lift has failed",
    "window": "a step of the resumption ends",
    "objection": "the panel's time to object is over",
    "minimum": "the shortest pause is over",
    "sunset": "the pause ends by itself",
    "exit": "a party is no longer bound",
    "adjustment": "an adjustment lapses, or comes into force",
}
"""What each timer does."""


def described(document: Document) -> dict[str, Any]:
    """The agreement as ground values."""
    terms = document.terms
    return {
        "agreement": document.id,
        "name": terms.name,
        "register": terms.register,
        "signed": sorted(document.signed),
        "missing": list(document.missing),
        "parties": [asdict(party) for party in terms.parties],
        "verifiers": [one.name for one in terms.verifiers],
        "panel": [one.name for one in terms.panel],
        "faults": asdict(terms.faults),
        "quorums": asdict(terms.quorums),
        "timers_ms": asdict(terms.timers),
        "capacity_flop_per_second": terms.capacity,
        "exposure_flop": terms.exposure,
    }


def describe(document: Document) -> list[str]:
    """The agreement in lines."""
    terms = document.terms
    blocs = sorted(terms.bloc_sizes)
    members = (
        f"  {bloc}: " + ", ".join(party.name for party in terms.parties if party.bloc == bloc)
        for bloc in blocs
    )
    return [
        f"{terms.name}",
        f"agreement {document.id}",
        f"{len(terms.parties)} parties in {len(blocs)} blocs",
        *members,
        f"verifiers {', '.join(one.name for one in terms.verifiers)}; "
        f"panel {', '.join(one.name for one in terms.panel)}; {len(terms.meters)} meters",
        *_arithmetic(terms),
        "timers " + ", ".join(
            f"{f.name} {format_duration(getattr(terms.timers, f.name))}"
            for f in fields(terms.timers)
        ),
        f"exposure: at most {terms.exposure:.3g} FLOP can be trained at declared sites between a "
        "trigger and its detection",
        f"  = {terms.capacity:.3g} FLOP/s x ({format_duration(terms.timers.effect)} + "
        f"{format_duration(terms.timers.detect)})",
        *_small_blocs(terms),
        f"signed by {', '.join(sorted(document.signed)) or 'nobody'}",
    ]  # fmt: skip


def describe_state(state: State, index: str = "") -> list[str]:
    """A state in lines: its name, what runs out when, what is missing for each next step."""
    lines = [f"{state.name}{index}"]
    for label, names in (
        ("suspended", state.suspended), ("without weight", state.struck),
        ("holding", state.holding), ("left", state.departed),
    ):  # fmt: skip
        if names:
            lines.append(f"{label}: {', '.join(sorted(names))}")
    for party, due in state.exiting:
        lines.append(f"EXITING: {party}, bound until {format_time(due)[:19]}Z")
    for timer in timers(state):
        subject = f" ({timer.subject})" if timer.subject else ""
        lines.append(f"at {format_time(timer.due)[:19]}Z {TIMER_WORDS[timer.what]}{subject}")
    for step in wanting(state):
        lines.append(f"to {step.to}: {'; '.join(step.missing)}")
    return lines


def _arithmetic(terms: Terms) -> list[str]:
    n, faults, quorums = len(terms.parties), terms.faults, terms.quorums
    return [
        f"tolerates {faults.byzantine} that lie and {faults.silent} that are silent, of {n}",
        f"  trigger {quorums.trigger}: above {faults.byzantine} that lie, of two blocs; "
        f"or {quorums.verifiers} of {len(terms.verifiers)} verifiers",
        f"  lift {quorums.lift}: from {least_lift(n, faults)} (two lifts share an honest party) "
        f"to {most(n, faults)} (those awake and honest), with a majority of each bloc, "
        f"and {quorums.verifiers} of {len(terms.verifiers)} verifiers",
        f"  veto {quorums.veto}: from {least_veto(n)} (three quarters), "
        "with a majority of each bloc",
    ]


def _small_blocs(terms: Terms) -> list[str]:
    """Blocs in which the tolerated faults can keep a majority from coming together."""
    faulty = terms.faults.byzantine + terms.faults.silent
    small = [bloc for bloc, size in sorted(terms.bloc_sizes.items()) if size < 2 * faulty + 1]
    if not faulty or not small:
        return []
    return [
        f"note: {faulty} faulty in bloc {' or '.join(small)} can hold up a lift, which needs its "
        "majority; the pause then stays"
    ]
