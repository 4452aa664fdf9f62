"""The play: sign, work, trigger, pause, catch, audit, lift; every act says what it expects.

Proven by tests/brake/exercise, which plays it whole, and by whoever runs `tacho brake exercise`.
Not covered: negotiation, which comes before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tachograph.brake.exercise.cast import CAST, PANEL, TIMERS, VERIFIERS, Lab
from tachograph.brake.exercise.crew import Crew, tacho, tacho_all
from tachograph.brake.exercise.inspection import Inspection, inspect
from tachograph.brake.exercise.meters import Meters, run_of, site_of
from tachograph.brake.exercise.second_history import second_history
from tachograph.brake.exercise.stage import Stage
from tachograph.brake.said.governance import (
    AccessGranted,
    BreachAlleged,
    ChallengeRaised,
    ClarificationAnswered,
    ClarificationAsked,
    EvidenceFiled,
    InspectionReported,
    LiftVoted,
    PanelDecided,
    TriggerCalled,
)
from tachograph.errors import UsageError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import TurnBegun, WorkRefused

Tell = Callable[[str], None]


@dataclass
class Outcome:
    """What came of the exercise."""

    folder: Path
    """Where everything lies."""
    expected: list[tuple[str, bool]] = field(default_factory=list)
    """What was expected, and whether it came so."""

    @property
    def failed(self) -> list[str]:
        """What did not come as expected."""
        return [what for what, true in self.expected if not true]


def play(folder: Path, tell: Tell) -> Outcome:
    """Play all acts in a new folder. Raises UsageError where there is something already."""
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="name a folder that is not there yet")
    folder.mkdir(parents=True, exist_ok=True)
    with Crew(folder / "logs") as crew:
        return _Play(Stage(folder, crew), tell).all()


class _Play:
    def __init__(self, stage: Stage, tell: Tell) -> None:
        self.stage = stage
        self.told = tell
        self.outcome = Outcome(stage.folder)
        self.labs = {lab.name: lab for lab in CAST}
        self.by_temper = {lab.temper: lab for lab in CAST}
        self.meters = Meters(stage.say, self.trains)
        self.working = True

    def all(self) -> Outcome:
        """Every act, in order."""
        self.sign()
        with self.meters:
            self.work()
            self.trigger()
            self.pause()
            self.heal()
            fork = self.equivocate()
            self.challenge()
            if fork:
                self.allege(fork)
            self.lift()
            self.resume()
        return self.outcome

    # Acts.

    def sign(self) -> None:
        """The agreement, and everybody's processes."""
        document = self.stage.document
        self.act("Seven laboratories in three blocs sign one agreement")
        for lab in CAST:
            self.tell(f"{lab.name:8} {lab.bloc:6} {_CHARACTER[lab.temper]}")
        quorums = document.terms.quorums
        self.tell(f"{quorums.trigger} parties or {quorums.verifiers} verifiers trigger a pause,"
                  f" {quorums.lift} parties of all blocs lift one.")  # fmt: skip
        self.expect("all have signed, and no quorum contradicts another", not document.missing)
        started = time.monotonic()
        self.stage.open()
        self.tell(f"{len(CAST)} publishers, {len(CAST)} followers, 3 witnesses and the register run"
                  f" as processes of their own ({time.monotonic() - started:.0f} s).")  # fmt: skip
        self.expect("all copy the register, cosigned by a witness of each bloc",
                    self.stage.soon(lambda: all(map(self.stage.heard, CAST))))  # fmt: skip
        for lab in CAST:
            self.stage.say(lab.name, site_of(lab))
            self.stage.say(lab.name, run_of(lab))
        self.stage.hold_heads()

    def work(self) -> None:
        """Two laboratories train, for real; a third loses its line."""
        self.act("Work as usual: two laboratories train")
        cut = self.by_temper["partitioned"]
        self.stage.crew.stop(f"{cut.name}-follows")
        self.tell(f"{cut.name}'s line is cut: it hears nothing from here on.")
        busy = (self.labs["alder"], self.by_temper["hiding"])
        for lab, ended in zip(busy, tacho_all([self._run(lab) for lab in busy]), strict=True):
            self.expect(f"{lab.name}'s loop has leave, and tries a candidate",
                        ended.returncode in (0, 1) and self.count(lab, TurnBegun) == 1)  # fmt: skip
        self.meters.read()

    def trigger(self) -> None:
        """Two verifiers say that a metric passed its threshold."""
        self.act("The trigger: a metric passes its threshold, and two verifiers say so")
        evidence = "0a" * 32
        self.stage.say(VERIFIERS[0], TriggerCalled("horizon", evidence))
        self.expect("one verifier alone triggers nothing", self.stage.state().name == "NORMAL")
        self.stage.say(VERIFIERS[1], TriggerCalled("horizon", evidence))
        pending = self.stage.state().name in ("TRIGGER_PENDING", "PAUSED")
        self.expect("two do: the trigger is pending", pending)
        self.meters.read()
        self.working = False
        self.tell(f"It takes effect in {TIMERS['effect']}, and training winds down.")

    def pause(self) -> None:
        """The timer does the rest."""
        self.act("The pause: nobody votes, and silence is assent")
        self.expect("the timer alone makes the pause",
                    self.stage.soon(lambda: self.stage.state().name == "PAUSED"))  # fmt: skip
        self.meters.read()
        near = [lab for lab in CAST if lab.temper != "partitioned"]
        self.expect("all six who hear the register learn of it", self.stage.soon(
            lambda: all(self.stage.leave(lab) == (False, "PAUSED") for lab in near)))  # fmt: skip
        silent = self.by_temper["silent"]
        self.expect(f"{silent.name}, which never said a word, is paused like all others",
                    self.stage.leave(silent) == (False, "PAUSED"))  # fmt: skip
        alder = self.labs["alder"]
        before = self.count(alder, TurnBegun)
        ended = tacho(*self._run(alder))
        self.expect("alder's loop is refused, and the refusal is an entry of its ledger",
                    ended.returncode != 0 and self.count(alder, TurnBegun) == before
                    and self.count(alder, WorkRefused) > 0)  # fmt: skip

    def heal(self) -> None:
        """Who hears nothing holds by itself; then the line is mended."""
        cut = self.by_temper["partitioned"]
        self.act(f"The partition: {cut.name} has heard nothing")
        held = self.stage.soon(lambda: self.stage.leave(cut) == (False, "SELF_HOLD"))
        self.expect(f"{cut.name} holds of its own accord, because it cannot know", held)
        self.stage.follow(cut)
        paused = self.stage.soon(lambda: self.stage.leave(cut) == (False, "PAUSED"))
        self.expect(f"the line is mended: {cut.name} copies what it missed, and is paused", paused)

    def equivocate(self) -> str:
        """One laboratory shows two histories; two watchers compare, and hold a proof."""
        liar = self.by_temper["equivocating"]
        self.act(f"Two histories: {liar.name} shows another ledger to others")
        found = second_history(self.stage, liar)
        self.expect("no witness cosigns the second history", not found.cosigned)
        self.expect("two watchers gossip, and hold a proof in one file", found.proven)
        self.expect("a stranger checks it with the public key alone", found.convinced)
        self.expect("and it convicts nobody else", not found.frames)
        return found.proof

    def challenge(self) -> None:
        """A question, an answer that does not satisfy, an inspection, a finding, a ruling."""
        suspect = self.by_temper["hiding"]
        self.act(f"The challenge: is {suspect.name} idle, as it says?")
        self.meters.read()
        number = self.stage.state().counts.questions
        self.stage.say("birch", ClarificationAsked(suspect.name, "0b" * 32, "why so warm?"))
        self.stage.say(suspect.name, ClarificationAnswered(number, "a fault of the cooling"))
        self.stage.say("birch", ChallengeRaised(number))
        self.expect("birch insists: an inspection begins, and goes ahead unless 3/4 stop it",
                    self.stage.state().challenged)  # fmt: skip
        self.stage.say(suspect.name, AccessGranted(number))
        seen = self.inspect("first")
        self.expect("the audit finds more energy than the declared work explains",
                    "V6" in seen.failures(suspect.name))  # fmt: skip
        honest = [lab.name for lab in CAST if lab.temper in ("honest", "silent", "partitioned")]
        self.expect("and holds nothing against the five that are honest",
                    not any(seen.failures(name) for name in honest))  # fmt: skip
        finding = InspectionReported(number, "violation", seen.digest)
        self.stage.say_all(VERIFIERS[:2], finding)
        self.rule(suspect)

    def allege(self, fork: str) -> None:
        """The proof of two histories goes before the panel."""
        liar = self.by_temper["equivocating"]
        self.act(f"The breach: what {liar.name} signed goes before the panel")
        self.stage.say_all(VERIFIERS[:2], BreachAlleged(liar.name, fork))
        self.rule(liar)

    def lift(self) -> None:
        """Fresh evidence, votes of every bloc, no objection."""
        self.act("The lift: green light, or none")
        self.meters.read()
        seen = self.inspect("second")
        outcomes = seen.outcomes(sorted(self.good()))
        self.tell("checks on those in good standing: " + ", ".join(
            f"{check} {outcome}" for check, outcome in outcomes.items()))  # fmt: skip
        self.expect(
            "every condition of the agreement has passed", set(outcomes.values()) == {"pass"}
        )
        for verifier in VERIFIERS[:2]:
            self.stage.say(verifier, EvidenceFiled(seen.digest, seen.gathered, outcomes))
        self.expect("two verifiers' clean evidence opens a review",
                    self.stage.state().name == "LIFT_REVIEW")  # fmt: skip
        lift = self.stage.state().lift
        number = lift.number if lift else 0
        vote = LiftVoted(number, seen.digest)
        self.stage.say_all(VERIFIERS[:2], vote)
        self.stage.say_all(("alder", "birch", "cedar"), vote)
        time.sleep(2.5)
        self.expect("three parties are not enough, and silence is no assent here",
                    self.stage.state().name == "LIFT_REVIEW")  # fmt: skip
        self.stage.say(self.by_temper["partitioned"].name, vote)
        self.expect("the fourth makes the certificate: a majority of every bloc",
                    self.stage.state().name == "RESUME_STAGED")  # fmt: skip

    def resume(self) -> None:
        """Capacity comes back step by step, each on clean evidence of its own window."""
        self.act("The resumption: 10, 50, 100 per cent")
        while self.stage.state().name == "RESUME_STAGED":
            state = self.stage.state()
            assert state.ramp is not None
            self.tell(f"step {state.ramp.stage + 1} of {len(state.terms.pause.ramp)}")
            self.meters.read()
            seen = self.inspect(f"step-{state.ramp.stage + 1}")
            filed = EvidenceFiled(seen.digest, seen.gathered, seen.outcomes(sorted(self.good())))
            self.stage.say_all(VERIFIERS[:2], filed)
            step = state.ramp.stage
            self.stage.wait("the step's end", lambda: self._step() != step)  # noqa: B023
        self.expect("nobody is paused any more", self.stage.state().name == "NORMAL")
        alder, guilty = self.labs["alder"], self.by_temper["hiding"]
        self.expect("alder's loop hears of it", self.stage.soon(lambda: self.stage.leave(alder)[0]))
        before = self.count(alder, TurnBegun)
        ended = tacho(*self._run(alder))
        self.expect("alder trains again", ended.returncode in (0, 1)
                    and self.count(alder, TurnBegun) > before)  # fmt: skip
        self.expect(f"{guilty.name} stays suspended until the panel reinstates it",
                    not self.stage.leave(guilty)[0])  # fmt: skip

    # What acts are made of.

    def rule(self, lab: Lab) -> None:
        """The panel upholds the case about a laboratory."""
        case = next(case for case in self.stage.state().cases if case.about == lab.name)
        self.stage.say_all(PANEL[:2], PanelDecided(case.number, "upheld"))
        self.expect(f"the panel upholds it: {lab.name} is suspended, and counts no more",
                    lab.name in self.stage.state().suspended)  # fmt: skip

    def inspect(self, name: str) -> Inspection:
        """The verifiers gather a bundle over HTTP, and audit it."""
        with self.meters.turn:
            self.stage.settle()
            return inspect(self.stage, name)

    def good(self) -> set[str]:
        """Parties in good standing."""
        return set(self.labs) - set(self.stage.state().suspended)

    def trains(self, lab: Lab) -> bool:
        """Whether its meter books training."""
        return self.working

    def count(self, lab: Lab, kind: type) -> int:
        """Entries of a kind in a laboratory's ledger."""
        with Ledger.open(self.stage.folder / lab.name) as ledger:
            return sum(1 for _ in ledger.entries(kinds=[kind]))

    def _run(self, lab: Lab) -> list[str]:
        home = str(self.stage.folder / lab.name)
        return ["run", "pairwise", "--trials", "1", "--ledger", home]

    def _step(self) -> int | None:
        ramp = self.stage.state().ramp
        return ramp.stage if ramp is not None else None

    def act(self, title: str) -> None:
        """Begin an act."""
        self.told("")
        self.told(title)

    def tell(self, line: str) -> None:
        """Say something."""
        self.told(f"  {line}")

    def expect(self, what: str, true: bool) -> None:
        """Set down what was expected, and whether it came so."""
        self.outcome.expected.append((what, true))
        self.told(f"  {'ok  ' if true else 'NOT '} {what}")


_CHARACTER = {
    "honest": "does as it says",
    "silent": "follows the register, and never says a word",
    "partitioned": "does as it says; its line will be cut",
    "equivocating": "will show two histories",
    "hiding": "will train on, and say that it is idle",
}
