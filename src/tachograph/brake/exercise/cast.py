"""Who plays: seven laboratories in three blocs, three verifiers, a panel, three witnesses.

Five are as they should be or merely weak; two cheat, each in a way of its own. Proven by
tests/brake/exercise. Not covered: cheats that leave no trace, which are listed by every audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tachograph.brake.agreed.quorum import suggested

Temper = Literal["honest", "silent", "partitioned", "equivocating", "hiding"]


@dataclass(frozen=True)
class Lab:
    """A laboratory."""

    name: str
    """Of the party; its ledger lies in a folder of that name."""
    bloc: str
    """Its bloc."""
    temper: Temper
    """How it behaves."""

    @property
    def meter(self) -> str:
        """Name of its meter."""
        return f"{self.name}-meter"

    @property
    def site(self) -> str:
        """Name of its site."""
        return f"{self.name}-hall"

    @property
    def devices(self) -> list[str]:
        """Ids of the devices at its site."""
        return [f"{self.name}-{number:02}" for number in range(DEVICES)]


DEVICES = 16
"""At each site."""
PEAK = 1e15
"""FLOP per second of one device."""

CAST = (
    Lab("alder", "north", "honest"),
    Lab("birch", "north", "honest"),
    Lab("elm", "north", "silent"),
    Lab("cedar", "south", "honest"),
    Lab("gorse", "south", "hiding"),
    Lab("dogwood", "east", "partitioned"),
    Lab("fir", "east", "equivocating"),
)
"""The laboratories, bloc by bloc."""
VERIFIERS = ("verifier-1", "verifier-2", "verifier-3")
PANEL = ("panel-1", "panel-2", "panel-3")
BLOCS = ("north", "south", "east")
"""Each has a witness, and all three must have seen what counts."""

CONDITIONS = ("V1", "V2", "V3", "V4", "V5", "V6", "V12")
TIMERS = {
    "clarify": "60s", "fast_track": "30s", "red_light": "2s", "access": "60s", "report": "120s",
    "call": "60s", "effect": "6s", "detect": "30s", "minimum": "5s", "freshness": "300s",
    "objection": "2s", "lift_review": "240s", "panel": "120s", "ramp": "15s", "heartbeat": "60s",
    "deaf": "30s", "notice": "600s", "adjustment": "600s",
}  # fmt: skip
"""What takes days in earnest takes seconds here."""


def agreement_text(
    keys: Mapping[str, str], logs: Mapping[str, str], register: str, policy: str
) -> str:
    """The agreement as TOML. `keys` are verifier keys by speaker, `logs` by laboratory."""
    faults, quorums = suggested(len(CAST), len(VERIFIERS))
    lines = [
        "version = 1", 'name = "the exercise"', f'register = "{register}"',
        f'witnesses = """\n{policy}"""',
    ]  # fmt: skip
    for lab in CAST:
        lines += [
            "", "[[party]]", f'name = "{lab.name}"', f'bloc = "{lab.bloc}"',
            f'key = "{keys[lab.name]}"', f'log = "{logs[lab.name]}"',
            "[[party.site]]", f'name = "{lab.site}"', f"capacity = {DEVICES * PEAK:e}",
        ]  # fmt: skip
    for table, names in (("verifier", VERIFIERS), ("panel", PANEL)):
        for name in names:
            lines += ["", f"[[{table}]]", f'name = "{name}"', f'key = "{keys[name]}"']
    for lab in CAST:
        lines += [
            "", "[[meter]]", f'name = "{lab.meter}"', f'party = "{lab.name}"',
            f'site = "{lab.site}"', f'key = "{keys[lab.meter]}"',
        ]  # fmt: skip
    lines += ["", "[faults]", f"byzantine = {faults.byzantine}", f"silent = {faults.silent}"]
    lines += ["", "[quorums]", f"trigger = {quorums.trigger}", f"lift = {quorums.lift}"]
    lines += [f"veto = {quorums.veto}", f"verifiers = {quorums.verifiers}"]
    lines += ["", "[timers]", *(f'{name} = "{value}"' for name, value in TIMERS.items())]
    lines += ["", "[pause]", "conditions = [" + ", ".join(f'"{c}"' for c in CONDITIONS) + "]"]
    return "\n".join(lines) + "\n"


def policy_text(register: str, witnesses: Mapping[str, tuple[str, str]]) -> str:
    """Who must have seen the register: the witness of each bloc. `witnesses`: key and URL."""
    lines = [f"log {register}"]
    lines += [f"witness {bloc} {key} {url}" for bloc, (key, url) in witnesses.items()]
    lines += [f"group blocs all {' '.join(witnesses)}", "quorum blocs"]
    return "\n".join(lines) + "\n"
