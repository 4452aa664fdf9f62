"""The check: one candidate, one fresh secret input, one box, one answer.

Inputs are seeded so that nobody can foresee them (draws.py); they are sealed before anyone computes
with them, and both sides of a pair get the very same bytes. What comes back is
compared in this process, which never loads candidate code. Proven by tests/loop/test_loop_check.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tachograph.errors import TaskError
from tachograph.loop.draws import Lot, Series
from tachograph.sandbox import Box, Failed, Finished, MemoryFile, Program
from tachograph.sandbox.memory import printable
from tachograph.task import Candidate, Check, Task

DETAIL_CHARACTERS = 4000


@dataclass(frozen=True)
class Draw:
    """One input and its right answer. No candidate sees the same draw twice."""

    lot: Lot
    sealed: MemoryFile
    inputs: dict[str, Any]
    expected: Any
    inputs_sha256: str
    """Of the sealed bytes, in hex."""


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
    lot: Lot | None = None
    """Names the draw that it answers; None where the candidate was refused unrun."""
    inputs_sha256: str = ""
    """Of the draw's sealed bytes, in hex."""


def unasked() -> None:
    """Of an examiner that serves no run: nothing is asked."""


class Examiner:
    """Draws inputs and examines answers, in one box."""

    def __init__(self, task: Task, check: Check, box: Box) -> None:
        self.task = task
        self.check = check
        self.box = box
        self.cpu_seconds = 0.0
        """CPU time that code in the box has used so far, loading included."""
        self.check_call: Callable[[], None] = unasked
        """Called before each call in the box; what it raises keeps the call from being made."""

    @contextmanager
    def draw(self, series: Series) -> Iterator[Draw]:
        """The next draw of a stage. TaskError where the seed itself cannot answer it; BoxError."""
        with self.draw_lot(series.next()) as draw:
            series.drawn(draw.inputs_sha256)
            yield draw

    @contextmanager
    def draw_lot(self, lot: Lot) -> Iterator[Draw]:
        """One draw by its seed. Raises as `draw` does."""
        inputs, parts = self.check.draw_framed(np.random.default_rng(lot.seed))
        with MemoryFile.filled("inputs", *parts) as sealed:
            digest = sealed.sha256()
            if self.check.knows_expected:
                expected = self.check.expected(inputs)
            else:
                expected = self.seed_output(sealed)
            yield Draw(lot, sealed, inputs, expected, digest)

    def run(self, program: Program, inputs: Mapping[str, Any] | MemoryFile, *,
            warm: bool = False) -> Finished | Failed:  # fmt: skip
        """One call in the box; its CPU time is counted, however it ends.

        Raises BoxError, and HeldError where the brake does not let the call be made.
        """
        self.check_call()
        outcome = self.box.run(program, inputs, warm=warm)
        self.cpu_seconds += outcome.cpu_seconds
        if isinstance(outcome, Finished):
            self.cpu_seconds += outcome.setup_seconds
        return outcome

    @contextmanager
    def loading(self, candidate: Candidate) -> Iterator[None]:
        """Its box loads it while an input is drawn, where no box is needed for that; it ends where
        it is not called then. Raises as `run` does.
        """
        if not self.check.knows_expected:
            yield
            return
        self.check_call()
        try:
            self.box.load(self.task.program(candidate))
            yield
        finally:
            self.box.unload()

    def seed_output(self, sealed: MemoryFile) -> Any:
        """The seed's own output, which is the expectation where check.py knows no better."""
        return self.seed_run(sealed).output

    def seed_run(self, sealed: MemoryFile) -> Finished:
        """One call of the seed. Raises TaskError where it fails, and BoxError."""
        outcome = self.run(self.task.program(self.task.seed), sealed)
        if isinstance(outcome, Finished):
            return outcome
        raise TaskError(
            f"{self.task.name}: the seed itself fails: {outcome.reason}: {outcome.detail}",
            hint="it is called with what draw() of check.py returns; mend one of the two",
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
            return Answer(False, "failed", detail[:DETAIL_CHARACTERS], lot=draw.lot,
                          inputs_sha256=draw.inputs_sha256)  # fmt: skip
        complaint = self.complaint(draw, outcome.output)
        times = (outcome.wall_seconds, outcome.cpu_seconds, outcome.setup_seconds)
        if complaint:
            return Answer(False, "wrong", printable(complaint[:DETAIL_CHARACTERS]), *times,
                          draw.lot, draw.inputs_sha256)  # fmt: skip
        return Answer(True, "", "", *times, draw.lot, draw.inputs_sha256)

    def complaint(self, draw: Draw, output: Any) -> str | None:
        """Why this output is refused; None where it is right. Raises TaskError and BoxError.

        A check that stumbles over an output refuses it, unless it stumbles over the seed's too.
        """
        try:
            return self.check.compare(draw.inputs, output, draw.expected)
        except TaskError as error:
            self.check.compare(draw.inputs, self.seed_output(draw.sealed), draw.expected)
            return f"the check cannot read it: {error.message}"
