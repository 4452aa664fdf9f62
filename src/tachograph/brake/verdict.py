"""What an audit answers: one result for each check and party, and a report over them.

A result passes, fails, or was not assessed. Not assessed is an answer of its own: it is never
printed as a pass, never counted as one, and a cell of the table that holds one such result beside
nine passes is not assessed. Correctness (what was declared is as declared) and completeness (all of
it was declared) stay apart. Proven by tests/brake/test_verdict.py. Not covered: how a check comes
to its answer (checks/).

>>> spec = Check("V0", "example", "correctness", "a wrong sum", ("the sum is published",))
>>> spec.passed("alba", "the sum is right").outcome
'pass'
>>> spec.not_assessed("brim", "no sum in the bundle").outcome
'not-assessed'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["pass", "fail", "not-assessed"]
About = Literal["correctness", "completeness", "both"]

EVERYBODY = "agreement"
"""Subject of a result that concerns no single party: the register, the agreement, the bundle."""


@dataclass(frozen=True)
class CheckResult:
    """What one check says of one subject."""

    check: str
    """V1 to V12."""
    about: About
    """Which of the two questions it answers."""
    outcome: Outcome
    """Pass, fail, or not assessed."""
    subject: str
    """A party's name, or EVERYBODY."""
    reason: str
    """What was found, in one sentence; where it failed, what is missing."""
    detects: str
    """What would have been caught."""
    detection_probability: float | None
    """Chance of catching it, 0 to 1, under the assumptions; None: there is no honest figure."""
    assumptions: tuple[str, ...]
    """What must hold for the answer to mean anything."""
    evidence: tuple[str, ...] = ()
    """Where to look: entries as `log:seq`, files of the bundle, portable proofs."""
    smallest_hidden_flop: float | None = None
    """The smallest training run, in FLOP, that could hide from this check; None: not its matter."""
    proof: str = ""
    """A portable proof that a stranger can check with the public keys alone; empty: none."""


@dataclass(frozen=True)
class Check:
    """A check's name, and what it can and cannot tell; makes its results."""

    id: str
    """V1 to V12."""
    title: str
    """In a few words."""
    about: About
    """Which of the two questions it answers."""
    detects: str
    """What it would catch."""
    assumptions: tuple[str, ...]
    """What must hold for a pass to mean anything."""

    def passed(
        self,
        subject: str,
        reason: str,
        *,
        probability: float | None = 1.0,
        about: About | None = None,
        evidence: Iterable[str] = (),
        smallest_hidden_flop: float | None = None,
    ) -> CheckResult:
        """Nothing wrong was found, and it was looked for; `probability` of having found it."""
        return self._result(
            "pass", subject, reason, probability, about, evidence, smallest_hidden_flop
        )

    def failed(
        self,
        subject: str,
        reason: str,
        *,
        about: About | None = None,
        evidence: Iterable[str] = (),
        smallest_hidden_flop: float | None = None,
        proof: str = "",
    ) -> CheckResult:
        """Something is wrong."""
        return self._result(
            "fail", subject, reason, None, about, evidence, smallest_hidden_flop, proof
        )

    def not_assessed(
        self,
        subject: str,
        reason: str,
        *,
        about: About | None = None,
        evidence: Iterable[str] = (),
        smallest_hidden_flop: float | None = None,
    ) -> CheckResult:
        """It could not be looked for; the reason names what is missing."""
        return self._result(
            "not-assessed", subject, reason, None, about, evidence, smallest_hidden_flop
        )

    def _result(
        self,
        outcome: Outcome,
        subject: str,
        reason: str,
        probability: float | None,
        about: About | None,
        evidence: Iterable[str],
        smallest_hidden_flop: float | None,
        proof: str = "",
    ) -> CheckResult:
        return CheckResult(
            self.id, about or self.about, outcome, subject, one_line(reason), self.detects,
            probability, self.assumptions, tuple(map(one_line, evidence)), smallest_hidden_flop,
            proof,
        )  # fmt: skip


def one_line(text: str) -> str:
    """`text` such that no part of it passes for a line of the report, or steers a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@dataclass(frozen=True)
class Unseen:
    """Something that no check can see."""

    name: str
    """What it is, in a few words."""
    why: str
    """Why a bundle cannot show it."""
    instead: str
    """What else might."""


@dataclass(frozen=True)
class AuditReport:
    """Everything an audit found, and what it cannot see."""

    agreement: str
    """Id of the agreement: SHA-256 of its text, in hex."""
    at: str
    """The time that the audit was made for, as entries write it."""
    parties: tuple[str, ...]
    """In the order of the agreement."""
    results: tuple[CheckResult, ...]
    """Of every check, in order."""
    unseen: tuple[Unseen, ...]
    """What cannot be seen; never empty."""

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The results that failed."""
        return tuple(result for result in self.results if result.outcome == "fail")

    def outcome(self, check: str, subject: str, about: About = "both") -> Outcome:
        """One cell of the table: the worst of the results, and not assessed where there is none.

        `about` keeps to the results on one of the two questions; "both" takes all.
        """
        return worst(
            result.outcome
            for result in self.results
            if result.check == check
            and result.subject == subject
            and ("both" in (about, result.about) or result.about == about)
        )

    @property
    def smallest_hidden_flop(self) -> dict[str, float | None]:
        """For each party, the smallest run that could hide; None: no check could bound it."""
        return {party: self._smallest(party) for party in self.parties}

    def _smallest(self, party: str) -> float | None:
        bounds = [
            result.smallest_hidden_flop
            for result in self.results
            if result.subject == party and result.smallest_hidden_flop is not None
        ]
        return max(bounds, default=None)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return fail where one failed, pass where there are some and all passed, else not assessed."""
    found = set(outcomes)
    if "fail" in found:
        return "fail"
    return "pass" if found == {"pass"} else "not-assessed"
