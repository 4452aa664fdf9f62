"""Steps of training by a party's own code, in a box: the prover takes them, a verifier again.

A run's code is an object: canonical JSON, `{"entry": "segment:segment", "files": {path: text}}`.
The entry gets `data, batches, weights, state, first_step, hyperparameters` and returns losses, and
weights and state after each step, stacked. It is another party's code, so nothing that it returns
is believed to have any shape. Proven by tests/brake/test_brake_replay.py. Not covered: models whose
checkpoints of a segment do not fit into one answer; they would return roots instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tachograph import canon
from tachograph.brake.training.tensors import Arrays
from tachograph.errors import FormatError, UsageError
from tachograph.sandbox import Box, Failed, Finished, Program
from tachograph.task import load

CODE_BYTES = 1 << 20
LIBRARIES = ("numpy",)
_HINT = "a run's code is an entry and files, as canonical JSON"
MACHINE = Program(
    files={
        "machine.py": (
            "import platform\nimport os\nimport numpy as np\n"
            "def machine():\n"
            "    from numpy._core._multiarray_umath import __cpu_features__ as has\n"
            "    return {'architecture': platform.machine(), 'numpy': np.__version__,\n"
            "            'threads': os.environ.get('OPENBLAS_NUM_THREADS', ''),\n"
            "            'blas_core': os.environ.get('OPENBLAS_CORETYPE', ''),\n"
            "            'features': ' '.join(sorted(n for n in has if has[n]))}\n"
        )
    },
    entry="machine:machine",
)
"""Asks the box what bit-exactness hangs on there."""


@dataclass(frozen=True)
class Steps:
    """What a stretch of training came to."""

    losses: NDArray[np.float64]
    """(steps,) in nats per token, each taken before its update."""
    weights: tuple[Arrays, ...]
    """After each step."""
    state: tuple[Arrays, ...]
    """After each step."""
    cpu_seconds: float
    """What it took in the box."""


@dataclass(frozen=True)
class NoSteps:
    """The code gave none."""

    detail: str
    """Why. Untrusted text."""
    cpu_seconds: float
    """What it took in the box."""


def char_lm_code() -> bytes:
    """The code object of a char-lm run: the task's own train.py, and a way in at any step."""
    harness = Path(__file__).parent / "inside" / "segment.py"
    files = {"train.py": load("char-lm").seed.files["train.py"], "segment.py": harness.read_text()}
    return canon.encode({"entry": "segment:segment", "files": files})


def parse_code(data: bytes) -> Program:
    """Return the program that a code object spells. Raises FormatError."""
    if len(data) > CODE_BYTES:
        raise FormatError(f"training code of {len(data)} bytes", hint=_HINT)
    value = canon.decode(data)
    if not isinstance(value, dict) or set(value) != {"entry", "files"}:
        raise FormatError("training code is not an entry and files", hint=_HINT)
    entry, files = value["entry"], value["files"]
    texts = isinstance(files, dict) and all(isinstance(text, str) for text in files.values())
    if not isinstance(entry, str) or not texts:
        raise FormatError("training code's entry or files are no text", hint=_HINT)
    try:
        return Program(files=files, entry=entry)
    except UsageError as error:
        raise FormatError(f"training code cannot run: {error.message}", hint=_HINT) from error


def machine_of(box: Box) -> dict[str, Any]:
    """What bit-exactness hangs on in this box, by name."""
    outcome = box.run(MACHINE, {})
    if not isinstance(outcome, Finished) or not isinstance(outcome.output, dict):
        return {}
    return dict(outcome.output)


def take_steps(
    box: Box,
    program: Program,
    *,
    data: Arrays,
    batches: NDArray[np.int64],
    weights: Arrays,
    state: Arrays,
    first_step: int,
    hyperparameters: Mapping[str, Any],
) -> Steps | NoSteps:
    """Take one step for each row of `batches`, after `first_step` steps. Raises BoxError."""
    outcome = box.run(program, {
        "data": dict(data), "batches": batches, "weights": dict(weights), "state": dict(state),
        "first_step": first_step, "hyperparameters": dict(hyperparameters),
    })  # fmt: skip
    if isinstance(outcome, Failed):
        return NoSteps(f"{outcome.reason}: {outcome.detail}", outcome.cpu_seconds)
    output, count = outcome.output, len(batches)
    try:
        losses = _losses(output, count)
        after = _unstacked(output["weights"], weights, count)
        states = _unstacked(output["state"], state, count)
    except FormatError as error:
        return NoSteps(error.message, outcome.cpu_seconds)
    return Steps(losses, after, states, outcome.cpu_seconds)


def _losses(output: Any, count: int) -> NDArray[np.float64]:
    if not isinstance(output, dict) or set(output) != {"losses", "weights", "state"}:
        raise FormatError("the code did not return losses, weights and state", hint=_HINT)
    losses = output["losses"]
    if not isinstance(losses, np.ndarray) or losses.dtype.kind != "f" or losses.shape != (count,):
        raise FormatError("the losses are not one number a step", hint=_HINT)
    return losses.astype(np.float64)


def _unstacked(stacks: Any, like: Arrays, count: int) -> tuple[Arrays, ...]:
    if not isinstance(stacks, dict) or set(stacks) != set(like):
        raise FormatError("the arrays are not those that it was given", hint=_HINT)
    for name, array in like.items():
        stack = stacks[name]
        if not isinstance(stack, np.ndarray) or stack.dtype != array.dtype:
            raise FormatError(f"array {name!r} is of another type", hint=_HINT)
        if stack.shape != (count, *array.shape):
            raise FormatError(f"array {name!r} is of another shape", hint=_HINT)
    return tuple({name: stacks[name][step] for name in like} for step in range(count))
