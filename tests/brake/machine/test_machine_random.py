"""Nine parties, three verifiers, five panelists and whatever they may say, at random."""

from __future__ import annotations

import machine_scenes as scenes
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from machine_explorer import Change, statement
from machine_oracle import check_change, check_state
from machine_scenes import fresh, paused, terms
from machine_worlds import objections, resuming

from tachograph.brake.machine import State, next_due, step, tick
from tachograph.brake.said import governance as say

PARTS = (
    scenes.triggering, scenes.filing, scenes.lifting, scenes.asking, scenes.judging,
    scenes.alleging, scenes.beating, scenes.leaving, scenes.adjusting, objections,
)  # fmt: skip


REACHED: set[str] = set()
"""Names of states that came up."""


class Protocol(RuleBasedStateMachine):
    """Any statement of anybody, any time; the oracle looks at every transition."""

    state: State
    timers = scenes.TIMERS
    parts = PARTS

    @initialize(begin=st.sampled_from([fresh, paused, resuming]))
    def start(self, begin: object) -> None:
        """From nothing, from a pause, from a resumption."""
        assert callable(begin)
        self.state = begin(terms(9, verifiers=3, panel=5, meters=2, timers=self.timers))

    @rule(data=st.data())
    def speak(self, data: st.DataObject) -> None:
        """Somebody says something that has to do with where things stand."""
        moves = [found for part in self.parts if (found := list(part(self.state)))]
        self.say(*data.draw(st.sampled_from(data.draw(st.sampled_from(moves)))))

    @rule(by=st.sampled_from([*terms(9).blocs, "v0", "p0", "nobody"]), number=st.integers(-1, 3),
          kind=st.sampled_from([say.LiftVoted, say.TriggerVetoed, say.AccessGranted,
                                say.PanelDecided, say.ExitNoticed, say.HoldEnded]))  # fmt: skip
    def speak_out_of_turn(self, by: str, number: int, kind: type) -> None:
        """What nobody asked for: total, and refused with a reason."""
        values = {
            "lift": number, "trigger": number, "question": number, "case": number,
            "evidence": scenes.TWO, "ruling": "upheld", "reason": "",
        }  # fmt: skip
        fields = kind.__dataclass_fields__
        self.say(by, kind(**{name: values[name] for name in fields}))

    @precondition(lambda self: self.state.lift is not None)
    @rule(count=st.integers(1, 14))
    def many_vote(self, count: int) -> None:
        """A chorus, so that lifts come about."""
        assert self.state.lift is not None
        number, evidence = self.state.lift.number, self.state.lift.evidence
        names = [*self.state.terms.blocs, "v0", "v1", "v2"]
        for name in names[:count]:
            self.say(name, say.LiftVoted(number, evidence))

    @rule(count=st.integers(1, 9))
    def many_call(self, count: int) -> None:
        """Another, so that triggers do."""
        for name in list(self.state.terms.blocs)[-count:]:
            self.say(name, say.TriggerCalled("metric", scenes.ONE))

    @rule(passed=st.integers(0, 3))
    def wait(self, passed: int) -> None:
        """Time passes, tick by tick."""
        for _ in range(passed):
            after = tick(self.state, self.state.time + 1)
            check_change(Change(self.state, None, after, None))
            self.state = after

    @rule()
    def wait_for_a_timer(self) -> None:
        """Until something happens by itself."""
        due = next_due(self.state)
        if due is not None:
            self.state = tick(self.state, due - 1)
            self.wait(1)

    def say(self, by: str, said: scenes.Said) -> None:
        """Say it, and look."""
        before = self.state
        after, refusal = step(before, before.time, statement(before, by, said))
        check_change(Change(before, (by, said), after, refusal))
        check_state(after)
        REACHED.add(after.name)
        self.state = after


class Ending(Protocol):
    """The same, where pauses end by themselves unless they are renewed."""

    timers = scenes.ENDING
    parts = (*PARTS, scenes.renewing)


Protocol.TestCase.settings = Ending.TestCase.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
TestNineParties = Protocol.TestCase
TestNinePartiesWhosePausesEnd = Ending.TestCase


def test_random_play_comes_around() -> None:
    """Not only where it began: a run of the play reaches most of the protocol."""
    REACHED.clear()
    quick = settings(Protocol.TestCase.settings, max_examples=25, database=None)
    for number in range(20):  # which play a seed gives depends on what else was imported
        play = seed(number)(type("Play", (Protocol,), {}))
        run_state_machine_as_test(play, settings=quick)
        if len(REACHED) >= 7:
            return
    raise AssertionError(f"no more than {sorted(REACHED)} in {20 * 25} runs")
