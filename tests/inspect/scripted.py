"""A toy task, and a model that says what it is told to say: no network, no money."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import Model, ModelOutput, ModelUsage, get_model

Turn = tuple[str, dict[str, Any]] | Exception
"""A tool and its arguments; or what the model call raises."""

TASK = """
name = "toy"
goal = "Double x, quickly."
editable = ["toy.py"]
entry = "toy:answer"
[limits]
wall_seconds = 5
memory_mib = 512
"""
CHECK = """
def draw(rng):
    return {"x": int(rng.integers(1, 1000))}


def expected(inputs):
    return 2 * inputs["x"]
"""
SPIN = """
def answer(x):
    for _ in range({loops}):
        pass
    return 2 * x{tail}
"""
SLOW, FAST = SPIN.format(loops=400_000, tail=""), SPIN.format(loops=10_000, tail="")
WRONG = SPIN.format(loops=10, tail=" + 1")
SUBMIT: Turn = ("submit", {"answer": "done"})


def put(text: str) -> Turn:
    """The model writes the file."""
    return "write", {"path": "toy.py", "text": text}


def toy(folder: Path) -> Path:
    """The toy task in a new folder."""
    folder.mkdir(parents=True)
    (folder / "task.toml").write_text(TASK)
    (folder / "check.py").write_text(CHECK)
    (folder / "toy.py").write_text(SLOW)
    return folder


def model_of(turns: Sequence[Turn], end: Turn | None = SUBMIT) -> Model:
    """A model that takes these turns and then ends: by a tool, or in words."""
    numbers = itertools.count()

    def answer(*_: Any, **__: Any) -> ModelOutput:
        number = next(numbers)
        turn = turns[number] if number < len(turns) else end
        if isinstance(turn, Exception):
            raise turn
        if turn is None:
            output = ModelOutput.from_content("mockllm/scripted", "done")
        else:
            output = ModelOutput.for_tool_call("mockllm/scripted", turn[0], turn[1])
        # without it Inspect counts tokens itself, for which it downloads a vocabulary
        output.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
        return output

    says: Callable[..., ModelOutput] = answer
    return get_model("mockllm/scripted", custom_outputs=says)


def run(task: str, turns: Sequence[Turn], *, end: Turn | None = SUBMIT, **options: Any) -> EvalLog:
    """One evaluation with that model; its log."""
    options.setdefault("display", "none")
    logs = evaluate(task, model=model_of(turns, end), fail_on_error=False, **options)
    assert len(logs) == 1
    return logs[0]


def only_sample(log: EvalLog) -> EvalSample:
    """The log's one sample."""
    assert log.samples is not None
    assert len(log.samples) == 1
    return log.samples[0]
