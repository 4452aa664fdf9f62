"""What a model is told: the rules, then the task, the files, what was tried, and the board.

Bounded in each part, so in the whole; it holds no path of this machine and nothing of its
environment, no withheld input and no expected output. What other proposers wrote is quoted
(board.py) or put on one printable line. Proven by tests/loop/propose/model/test_model_prompt.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tachograph.loop.board import bounded, quoted
from tachograph.loop.propose.model.answer import one_line
from tachograph.loop.propose.models import Message
from tachograph.loop.propose.protocol import Attempt, Brief
from tachograph.task import Task
from tachograph.task.scorer import check_of
from tachograph.task.scoring import Scoring

MOST_ATTEMPTS = 40
MOST_GOAL_CHARACTERS = 20_000
MOST_FIXED_CHARACTERS = 20_000
DETAIL_CHARACTERS = 200
EXAMPLE_SEED = 20_260_101

RULES = """You improve a program. You are one of several that do; each answer is one candidate, and
a judge decides.

The judge runs your candidate in a sealed box: no network, no file but its own, nothing of the
judge. {checked} {measured} Inputs are new for every call and are handed over only when the call
begins, so nothing can be prepared, remembered or looked up. A candidate that is better because it
does less than the goal asks for is wrong, and is found out.

Answer with the change, in this form and no other:

LABEL: the change in a few words
NOTE: one sentence on why it should help
FINDING: may be left out: one sentence that others should know about the files as they are now

FILE: path/of/an/editable/file
```
the whole new file
```

or, for a small change of a large file, blocks under its FILE line:

FILE: path/of/an/editable/file
<<<<<<< SEARCH
lines as they are in the file now, blanks included, enough of them to be there only once
=======
the lines that take their place
>>>>>>> REPLACE

Several files: one FILE line for each. No other fenced block may stand in the answer; a file that
holds a line of ``` needs a longer fence. You have one answer. Change one thing well."""

MEASURED = {
    "time": "What counts is the time of one call of {entry}, raced in pairs against the best so "
    "far; loading the files is not timed but limited to {setup:g} s.",
    "check": "What counts is to pass.",
    "score": "What counts is the score, {direction} being better: its mean over {draws} draws must "
    "beat that of the best so far by more than {margin:g}, and again on fresh draws. You are told "
    "rounded scores.",
}
SCORED = """What your candidate returns is scored outside, against right answers that are never in
the box."""
COMPARED = """Every call's output is compared with the right one: same kinds, same shapes, numbers
within {atol:g} + {rtol:g} x |expected|."""
COMPARED_BY_TASK = "Every call's output is compared with the right one by the task's own check."
REPAIR = """That answer makes no candidate: {fault}.

Answer once more, with the whole change, in the form that was described. There is no third time."""


def prompt(brief: Brief, inputs: str) -> tuple[Message, ...]:
    """The conversation that asks for a candidate. `inputs`: what `describe_inputs` says."""
    task = brief.task
    parts = [
        section("The goal", task.goal[:MOST_GOAL_CHARACTERS]),
        section("What is called", called(task, inputs)),
        section("The files that you may change, as they are now", files(brief.parent.files)),
    ]
    if fixed := fixed_files(task):
        parts.append(section("Beside them lie, and stay as they are", fixed))
    if brief.history:
        parts.append(section("What was tried, the newest last", tried(brief.history)))
    if brief.repeated:
        parts.append(section("What you gave although it was there already", tried(brief.repeated)))
    if notes := quoted(bounded(brief.findings)):
        parts.append(section("The board", notes))
    if brief.direction:
        parts.append(section("Where to look first", one_line(brief.direction, 2000)))
    parts.append(f"This is turn {brief.turn}. Give one candidate that was not tried yet.")
    return Message("system", rules(task)), Message("user", "\n\n".join(parts))


def repair(fault: str) -> Message:
    """What an answer that makes no candidate is answered with."""
    return Message("user", REPAIR.format(fault=fault))


def rules(task: Task) -> str:
    """The part that is the same in every turn."""
    measured = MEASURED.get(task.metric, "What counts is the score that the goal describes.")
    scoring = task.scoring or Scoring()
    measured = measured.format(
        entry=task.entry or "the program", setup=task.limits.setup_seconds, margin=scoring.margin,
        direction=scoring.direction, draws=scoring.draws,
    )  # fmt: skip
    own = "def compare" in task.check_source
    checked = COMPARED_BY_TASK if own else COMPARED.format(atol=task.atol, rtol=task.rtol)
    if task.metric == "score":
        checked = SCORED
    return RULES.format(checked=checked, measured=measured)


def called(task: Task, inputs: str) -> str:
    """Entry, inputs, libraries and limits."""
    limits = task.limits
    libraries = ", ".join(task.libraries) or "the standard library only"
    how = (
        f"`{task.entry}`, with keyword arguments" if task.entry else "the program, with the inputs"
    )
    return (
        f"{how}:\n{inputs}\n\nLibraries: {libraries}. Limits of a call: {limits.wall_seconds:g} s, "
        f"{limits.memory_mib} MiB, {limits.threads} thread(s), {limits.processes} process(es). "
        f"All editable files together: at most {task.source_kib} KiB."
    )


def files(texts: Mapping[str, str]) -> str:
    """Files in the form in which an answer gives them."""
    return "\n\n".join(fenced(path, text) for path, text in texts.items())


def fixed_files(task: Task) -> str:
    """Files that stay: in full while they are small, else their names."""
    if sum(len(text) for text in task.fixed.values()) > MOST_FIXED_CHARACTERS:
        return ", ".join(task.fixed)
    return files(task.fixed)


def fenced(path: str, text: str) -> str:
    """One file under its FILE line, in a fence longer than any in it."""
    longest = max((len(line) - len(line.lstrip("`")) for line in text.splitlines()), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"FILE: {path}\n{ticks}\n{text.rstrip(chr(10))}\n{ticks}"


def tried(history: Sequence[Attempt]) -> str:
    """Earlier trials, one a line: the kept ones, and the newest of the others."""
    kept = [n for n, attempt in enumerate(history) if attempt.verdict == "kept"]
    others = [n for n, attempt in enumerate(history) if attempt.verdict != "kept"]
    kept = kept[-MOST_ATTEMPTS // 2 :]
    chosen = sorted([*kept, *others[len(kept) - MOST_ATTEMPTS :]])
    lines = [told(history[n]) for n in chosen]
    left = len(history) - len(lines)
    return "\n".join(([f"({left} older ones are left out)"] if left else []) + lines)


def told(attempt: Attempt) -> str:
    """One earlier trial on one line."""
    ratio = f" {attempt.ratio:.2f}x" if attempt.ratio is not None else ""
    ratio += f" score {attempt.score:g}" if attempt.score is not None else ""
    detail = f"; the judge: {one_line(attempt.detail, DETAIL_CHARACTERS)}" if attempt.detail else ""
    return (
        f"- {attempt.candidate}, {attempt.verdict}{ratio}: "
        f"{one_line(attempt.label, 120)} (by {one_line(attempt.proposer, 60)}){detail}"
    )


def section(title: str, text: str) -> str:
    """A titled part."""
    return f"# {title}\n\n{text}"


# -- inputs ----------------------------------------------------------------------------------------


def describe_inputs(task: Task) -> str:
    """The public example input by kinds and shapes, one argument a line. Runs the task's draw."""
    inputs = check_of(task).draw(np.random.default_rng(EXAMPLE_SEED))
    return "\n".join(f"- {name}: {describe(value)}" for name, value in inputs.items())


def describe(value: Any, depth: int = 0) -> str:
    """Kind and shape of a value, such as "float64 array of shape (64, 3)"."""
    if isinstance(value, np.ndarray):
        span = f", {value.min():.4g} to {value.max():.4g}" if value.size and is_real(value) else ""
        return f"{value.dtype} array of shape {value.shape}{span}"
    if isinstance(value, str | bytes):
        return f"{type(value).__name__} of length {len(value)}"
    if isinstance(value, list | tuple) and depth < 3:
        kinds = list(dict.fromkeys(describe(item, depth + 1) for item in value[:8]))[:3]
        return f"{type(value).__name__} of {len(value)}: " + " / ".join(kinds)
    if isinstance(value, dict) and depth < 3:
        parts = [f"{key!r}: {describe(item, depth + 1)}" for key, item in list(value.items())[:12]]
        return "dict {" + ", ".join(parts) + "}"
    if isinstance(value, bool | int | float):
        return f"{type(value).__name__}, for example {value!r}"
    return type(value).__name__


def is_real(value: Any) -> bool:
    """Whether an array's numbers have an order."""
    return value.dtype.kind in "fiu"
