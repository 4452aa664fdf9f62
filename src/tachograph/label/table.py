"""Labels as a table: what `tacho gauge sessions --labels` reads, and beside it who judged.

    session,class,success,redirections,judge,prompt,cost_usd,fault
    s-1,routine,1,0,openai/gpt-5,1-9f86d081884c,0.0031,
    s-2,regular,,,openai/gpt-5,1-9f86d081884c,0.0040,outcome: not JSON: ...

An empty cell is no label. Proven by tests/label/test_label_judge.py and
tests/label/test_label_command.py.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from tachograph.errors import UsageError
from tachograph.label.judge import Label
from tachograph.loop.board import plain_line

COLUMNS = ("session", "class", "success", "redirections", "judge", "prompt", "cost_usd", "fault")
FAULT_CHARACTERS = 300


def write_labels(path: Path, labels: Sequence[Label], *, judge: str, prompt: str) -> None:
    """Write the table, in one step. Raises UsageError where it cannot be written."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_row(label, judge, prompt) for label in labels)
        fresh.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", hint="--out FILE") from error


def _row(label: Label, judge: str, prompt: str) -> tuple[str, ...]:
    cost = "" if label.cost_usd is None else f"{label.cost_usd:.6f}"
    fault = plain_line("; ".join(label.faults))[:FAULT_CHARACTERS]
    given = (label.difficulty, label.success, label.redirections)
    return (label.session, *("" if each is None else str(each) for each in given),
            judge, prompt, cost, fault)  # fmt: skip
