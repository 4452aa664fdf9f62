"""A task: what is to be improved, what may be changed, and how the answer is checked.

A `Task` is a frozen value, read once from its folder (`load.py`); later changes of the folder do
not reach it. Proven by tests/task/test_task.py. Not covered by the digest: what is installed, be it
the task's own interpreter or a package that check.py imports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from tachograph import canon
from tachograph.sandbox.limits import Limits
from tachograph.sandbox.program import Program
from tachograph.task.candidate import Candidate
from tachograph.task.scoring import Scoring

Metric = Literal["time", "check", "score"]
Work = Literal["training", "inference"]


@dataclass(frozen=True)
class Task:
    """Everything about a task. Which key of task.toml says what: docs/reference/task-toml.md."""

    name: str
    folder: Path
    """Absolute."""
    goal: str
    """Prose for whoever proposes."""
    seed: Candidate
    """The editable files as they lie in the folder: the first candidate, and the baseline."""
    fixed: Mapping[str, str]
    """Files that lie beside the editable ones in the box and that no candidate may change."""
    entry: str
    """`module:function`; empty where `build` and `run` say how to start the program."""
    build: tuple[str, ...]
    run: tuple[str, ...]
    python: Path | None
    """Interpreter of the task's own environment; None: the one that runs Tachograph."""
    libraries: tuple[str, ...]
    """Modules that the box has imported before the candidate's source is loaded."""
    hidden: tuple[str, ...]
    """Packages that are installed, and that no box shows; for example one that holds the labels."""
    limits: Limits
    source_kib: int
    """Upper bound on the size of all editable files together."""
    rtol: float
    atol: float
    """Used by the default comparison only: |output - expected| <= atol + rtol * |expected|."""
    metric: Metric
    """`time`: the shorter the better. `check`: a candidate that passes is done. `score`: the better
    what check.py's `score` says of its output."""
    scoring: Scoring | None
    """How it is scored; None where the metric is another one."""
    check: Path
    """The trusted check file. It never enters a box."""
    check_source: str
    """Its text as it was read: what is hashed is what is run."""
    work: Work = "training"
    """What a trial does, as the brake tells it apart: `inference` trains nothing."""

    @cached_property
    def definition(self) -> dict[str, Any]:
        """All that the digest covers, as plain JSON data, files by the SHA-256 of their bytes."""
        kept = {} if self.work == "training" else {"work": self.work}
        return kept | {
            "name": self.name,
            "goal": _sha256(self.goal),
            "editable": self.seed.manifest,
            "fixed": {path: _sha256(text) for path, text in self.fixed.items()},
            "entry": self.entry,
            "build": list(self.build),
            "run": list(self.run),
            "libraries": list(self.libraries),
            "hidden": list(self.hidden),
            "limits": asdict(self.limits),
            "source_kib": self.source_kib,
            "rtol": self.rtol,
            "atol": self.atol,
            "metric": self.metric,
            "scoring": asdict(self.scoring) if self.scoring else None,
            "check": _sha256(self.check_source),
        }

    @cached_property
    def digest(self) -> str:
        """`t-` and the first 32 hex digits of the SHA-256 of the definition's canonical bytes."""
        return "t-" + hashlib.sha256(canon.encode(self.definition)).hexdigest()[:32]

    def program(self, candidate: Candidate) -> Program:
        """What a box needs to run this candidate. Only for candidates that `refusal` lets pass."""
        return Program(
            files={**candidate.files, **self.fixed},
            entry=self.entry,
            build=self.build,
            run=self.run,
        )

    def refusal(self, candidate: Candidate) -> str | None:
        """Why this candidate may not be tried at all; None when it may.

        A candidate holds exactly the task's editable files, at most `source_kib` of them.
        """
        editable = set(self.seed.files)
        if extra := sorted(set(candidate.files) - editable):
            return f"not an editable file: {extra[0]!r}"
        if missing := sorted(editable - set(candidate.files)):
            return f"editable file is missing: {missing[0]!r}"
        if candidate.source_bytes > self.source_kib * 1024:
            size_kib = candidate.source_bytes / 1024
            return f"{size_kib:.1f} KiB of source; the task allows {self.source_kib} KiB"
        return None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
