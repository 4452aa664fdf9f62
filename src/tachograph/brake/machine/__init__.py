"""The protocol of a pause, as a pure machine: state, statement and time give the next state.

>>> from pathlib import Path
>>> from tachograph.brake.machine import begin, step, tick
>>> from tachograph.brake.said.governance import HoldDeclared
>>> from tachograph.brake.said.statement import Statement
>>> from tachograph.brake.agreed.text import parse_terms
>>> terms = parse_terms(Path("examples/agreement/agreement.toml").read_text())
>>> state = begin(terms, agreement="a1")
>>> held = Statement("a1", "aurora", 0, "2026-11-25T12:00:00.000000Z", "", HoldDeclared("a doubt"))
>>> state, refusal = step(state, time=1_000, statement=held)
>>> state.name, sorted(state.holding), refusal
('NORMAL', ['aurora'], None)
"""

from tachograph.brake.machine.state import Refusal, State, begin
from tachograph.brake.machine.timers import next_due, timers
from tachograph.brake.machine.transitions import convict, step, tick

__all__ = ["Refusal", "State", "begin", "convict", "next_due", "step", "tick", "timers"]
