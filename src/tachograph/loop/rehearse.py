"""A rehearsal of a task: can its seed be judged at all? What `tacho task check` runs."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from tachograph.loop.bench import Bench
from tachograph.loop.check import Answer
from tachograph.loop.draws import Secret
from tachograph.loop.lazy import accepted_lazy_answers

DRAWS = 5
SHORT_SECONDS = 0.005
"""Below this, the fixed cost of a call (about 0.1 ms) and its jitter blur the ratios."""


@dataclass(frozen=True)
class Rehearsal:
    """The seed's answers on a few fresh draws."""

    task: str
    level: str
    answers: tuple[Answer, ...]
    lazy: tuple[str, ...] = ()
    """Answers without work that the check accepts."""

    @property
    def passed(self) -> bool:
        """Whether the seed passed every draw."""
        return all(answer.passed for answer in self.answers)

    @property
    def wall_seconds(self) -> float:
        """Median of the calls that came back; 0 where none did."""
        return statistics.median([a.wall_seconds for a in self.answers if a.wall_seconds] or [0.0])

    def lines(self) -> list[str]:
        """In words."""
        if not self.passed:
            bad = next(answer for answer in self.answers if not answer.passed)
            return [f"{self.task}: the seed itself does not pass: {bad.reason}", bad.detail]
        setup = statistics.median([a.setup_seconds or 0.0 for a in self.answers])
        lines = [f"{self.task}: the seed passes {len(self.answers)} fresh draws at box level "
                 f"{self.level}; a call takes {self.wall_seconds * 1000:.1f} ms after "
                 f"{setup * 1000:.1f} ms of set-up"]  # fmt: skip
        if self.wall_seconds < SHORT_SECONDS:
            lines.append("warning: a call is short; larger inputs make ratios sharper")
        lines += [f"warning: the check accepts a lazy answer: {name}" for name in self.lazy]
        return lines

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {"task": self.task, "level": self.level, "passed": self.passed,
                "wall_seconds": self.wall_seconds, "says": self.lines()}  # fmt: skip


def rehearse(bench: Bench) -> Rehearsal:
    """Examine the seed on a few draws. Raises TaskError and BoxError."""
    answers = []
    series = Secret.fresh().series()
    for _ in range(DRAWS):
        with bench.examiner.draw(series) as draw:
            answers.append(bench.examiner.examine(bench.task.seed, draw))
        if not answers[-1].passed:
            break
    lazy: list[str] = []
    if answers[-1].passed:
        with bench.examiner.draw(series) as draw:
            lazy = accepted_lazy_answers(bench.examiner, draw)
    return Rehearsal(bench.task.name, bench.examiner.box.level, tuple(answers), tuple(lazy))
