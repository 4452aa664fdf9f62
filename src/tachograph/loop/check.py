"""The check: one candidate, one fresh secret input, one box, one answer.

Inputs come from the system's entropy, so that no proposer can foresee them; they are sealed before
anyone computes with them, and both sides of a pair get the very same bytes. What comes back is
compared in this process, which never loads candidate code. Proven by tests/loop/test_check.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tachograph.errors import TaskError
from tachograph.sandbox import Box, Failed, Finished, MemoryFile, Program
from tachograph.sandbox.memory import printable
from tachograph.task import Candidate, Check, Task

DETAIL_CHARACTERS = 4000


@dataclass(frozen=True)
class Draw:
    """One input and its right answer. No candidate sees the same draw twice."""

    sealed: MemoryFile
    inputs: dict[str, Any]
    expected: Any


@dataclass(frozen=True)
class Answer:
    """What one call came to."""

    passed: bool
    reason: str
    """Empty where it passed; else `wrong` or `failed`."""
    detail: str
    """Why, for people and proposers. Untrusted text."""
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    setup_seconds: float | None = None


class Examiner:
    """Draws inputs and examines answers, in one box."""

    def __init__(self, task: Task, check: Check, box: Box) -> None:
        self.task = task
        self.check = check
        self.box = box
        self.cpu_seconds = 0.0
        """CPU time that code in the box has used so far, loading included."""

    @contextmanager
    def draw(self) -> Iterator[Draw]:
        """A fresh draw. Raises TaskError where the seed itself cannot answer it, and BoxError."""
        inputs = self.check.draw(np.random.default_rng(secrets.randbits(128)))
        with MemoryFile.sealed("inputs", inputs) as sealed:
            if self.check.knows_expected:
                expected = self.check.expected(inputs)
            else:
                expected = self.seed_output(sealed)
            yield Draw(sealed, inputs, expected)

    def run(self, program: Program, inputs: Mapping[str, Any] | MemoryFile, *,
            warm: bool = False) -> Finished | Failed:  # fmt: skip
        """One call in the box; its CPU time is counted, however it ends. Raises BoxError."""
        outcome = self.box.run(program, inputs, warm=warm)
        self.cpu_seconds += outcome.cpu_seconds
        if isinstance(outcome, Finished):
            self.cpu_seconds += outcome.setup_seconds
        return outcome

    def seed_output(self, sealed: MemoryFile) -> Any:
        """The seed's own output, which is the expectation where check.py knows no better."""
        outcome = self.run(self.task.program(self.task.seed), sealed)
        if isinstance(outcome, Finished):
            return outcome.output
        raise TaskError(
            f"{self.task.name}: the seed itself fails: {outcome.reason}: {outcome.detail}",
            hint=f"tacho task check {self.task.folder}",
        )

    def examine(self, candidate: Candidate, draw: Draw, *, warm: bool = False) -> Answer:
        """Run `candidate` on `draw` and compare. Raises BoxError, and TaskError from check.py.

        `warm`: the box is exercised before GO, as each timed call's must be.
        """
        outcome = self.run(self.task.program(candidate), draw.sealed, warm=warm)
        if not isinstance(outcome, Finished):
            detail = f"{outcome.reason}: {outcome.detail}"
            if outcome.log.strip():
                detail += f"\nlog: {outcome.log}"
            return Answer(False, "failed", detail[:DETAIL_CHARACTERS])
        complaint = self.complaint(draw, outcome.output)
        times = (outcome.wall_seconds, outcome.cpu_seconds, outcome.setup_seconds)
        if complaint:
            return Answer(False, "wrong", printable(complaint[:DETAIL_CHARACTERS]), *times)
        return Answer(True, "", "", *times)

    def complaint(self, draw: Draw, output: Any) -> str | None:
        """Why this output is refused; None where it is right. Raises TaskError and BoxError.

        A check that stumbles over an output refuses it, unless it stumbles over the seed's too.
        """
        try:
            return self.check.compare(draw.inputs, output, draw.expected)
        except TaskError as error:
            self.check.compare(draw.inputs, self.seed_output(draw.sealed), draw.expected)
            return f"the check cannot read it: {error.message}"
