"""The commented first draft of an agreement: TOML that parses, for people to change and to sign.

Proven by tests/brake/test_brake_template.py. Not covered: whether its numbers suit anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from tachograph.brake.agreed.quorum import suggested
from tachograph.brake.agreed.terms import (
    Panelist,
    Party,
    PauseRules,
    Quotas,
    Timers,
    Training,
    Verifier,
)
from tachograph.brake.agreed.text import format_duration


@dataclass(frozen=True)
class Draft:
    """Who takes part; all else is suggested."""

    name: str
    """Of the agreement."""
    register: str
    """Verifier key of the register."""
    parties: Sequence[Party]
    """Two blocs at least."""
    verifiers: Sequence[Verifier]
    """One at least."""
    panel: Sequence[Panelist]
    """An odd number."""


TIMER_NOTES = {
    "clarify": "to answer a question",
    "fast_track": "to answer an urgent one, and to insist after an answer",
    "red_light": "in which an inspection can be stopped",
    "access": "from the challenge to access",
    "report": "from the challenge to the inspectors' report",
    "call": "how long a call waits for others to join it",
    "effect": "T_effect: from a trigger to the pause; silence is assent",
    "detect": "T_detect: until training that goes on regardless is found (for the exposure)",
    "minimum": "shortest pause",
    "freshness": "how old the evidence for a lift may be",
    "objection": "in which the panel may object to a lift",
    "lift_review": "after which a lift without its certificate has failed",
    "panel": "for a decision of the panel; its silence leaves the pause in force",
    "ramp": "length of each step of the resumption",
    "heartbeat": "silence of a meter, in a pause, that is a breach",
    "deaf": "without news of the register, after which a party holds",
    "notice": "from notice of exit to exit; bound until then",
    "adjustment": "from the adoption of other numbers to their effect",
    "sunset": "after which a pause that nobody renews ends; 0s: never",
}
"""What each timer is, in a line."""


def write_draft(draft: Draft) -> str:
    """Return the TOML, commented. It parses where the keys do."""
    faults, quorums = suggested(len(draft.parties), len(draft.verifiers))
    blocks = [
        "# An agreement to slow or pause the training of AI. What counts is this text, byte for\n"
        "# byte: its SHA-256 is the agreement's id. Change it before the first signature.\n"
        f'version = 1\nname = "{draft.name}"',
        "# The register holds everybody's signed statements. Anyone may run it: it cannot forge\n"
        "# a statement, and witnesses see that it has one history.\n"
        f'register = "{draft.register}"',
        "# Who must have seen the register, as C2SP tlog-policy text; empty: nobody.\n"
        'witnesses = ""',
        "# How much may go wrong: parties that lie (f), and further ones that say nothing (s).\n"
        f"[faults]\nbyzantine = {faults.byzantine}\nsilent = {faults.silent}",
        "# How many must agree. A trigger takes parties of two blocs; a lift and a veto take a\n"
        "# majority of each bloc besides. verifiers: how many must say the same.\n"
        f"[quorums]\ntrigger = {quorums.trigger}\nlift = {quorums.lift}\nveto = {quorums.veto}\n"
        f"verifiers = {quorums.verifiers}",
        "[timers]\n" + "\n".join(_timers()),
        _training(),
        _pause(),
        f"# What one party may ask for in 365 days.\n[quotas]\nquestions = {Quotas().questions}\n"
        f"challenges = {Quotas().challenges}",
        *map(_party, draft.parties),
        *(f'[[verifier]]\nname = "{one.name}"\nkey = "{one.key}"' for one in draft.verifiers),
        *map(_panelist, draft.panel),
        "# A meter measures one site, with a key apart from the party's:\n"
        '# [[meter]]\n# name = "meter-1"\n# party = "NAME"\n# site = "SITE"\n# key = "KEY"',
    ]
    return "\n\n".join(blocks) + "\n"


def _timers() -> list[str]:
    times = Timers()
    lines = [f'{f.name} = "{format_duration(getattr(times, f.name))}"' for f in fields(times)]
    notes = (TIMER_NOTES[f.name] for f in fields(times))
    return [f"{line:<24}# {note}" for line, note in zip(lines, notes, strict=True)]


def _training() -> str:
    training = Training()
    return (
        "# What counts as training: of one lineage of models, and of one party in one window.\n"
        f"[training]\nlineage_flop = {training.lineage_flop:g}\n"
        f'window_flop = {training.window_flop:g}\nwindow = "{format_duration(training.window)}"'
    )


def _pause() -> str:
    rules = PauseRules()
    conditions = ", ".join(f'"{one}"' for one in rules.conditions)
    return (
        "[pause]\n"
        f'inference = "{rules.inference}"   # or "stops": work that trains nothing\n'
        f'running = "{rules.running}"        # or "finish": a trial that has begun\n'
        f"ramp = [{', '.join(f'{share:g}' for share in rules.ramp)}]   # shares of capacity\n"
        f"conditions = [{conditions}]  # checks a lift rests on"
    )


def _party(party: Party) -> str:
    sites = "\n".join(
        f'[[party.site]]\nname = "{site.name}"\ncapacity = {site.capacity:g}   # FLOP per second'
        for site in party.sites
    )
    return (
        f'[[party]]\nname = "{party.name}"\nbloc = "{party.bloc}"\nkey = "{party.key}"\n'
        f'log = "{party.log}"   # verifier key of its ledger\n{sites}'
    )


def _panelist(panelist: Panelist) -> str:
    conflicts = ", ".join(f'"{name}"' for name in panelist.conflicts)
    return (
        f'[[panel]]\nname = "{panelist.name}"\nkey = "{panelist.key}"\n'
        f"conflicts = [{conflicts}]   # parties whose cases it does not sit on"
    )
