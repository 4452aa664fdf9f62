"""The trusted check of a task: draws inputs, knows the answer, compares.

check.py is loaded from the text that the task's digest covers, in the judge's own process, under a
private module name; its folder is not put on the import path. It only ever sees plain decoded data.
Proven by tests/task/test_task_check.py. Whom it trusts: the author of the task, wholly.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tachograph.errors import TaskError
from tachograph.sandbox.inside import frame
from tachograph.task.task import Task

if TYPE_CHECKING:
    import numpy as np


class Check:
    """The functions of one task's check.py."""

    def __init__(self, task: Task) -> None:
        """Run check.py's top level. Raises TaskError with its file and line where that fails."""
        self.path = task.check
        self._rtol, self._atol = task.rtol, task.atol
        module = ModuleType(f"_tachograph_check_{task.digest.removeprefix('t-')}")
        module.__file__ = str(task.check)
        # Dataclasses and typing look their module up by name.
        sys.modules[module.__name__] = module
        with naming_the_line(self.path):
            exec(compile(task.check_source, str(task.check), "exec"), module.__dict__)
        self._module = module
        self._draw = self._function("draw")
        self._expected = self._function("expected")
        self._compare = self._function("compare")
        if self._draw is None:
            raise TaskError(f"{task.check}: no function draw(rng)", hint=DRAW_HINT)

    @property
    def knows_expected(self) -> bool:
        """False: the expectation is the seed's own output, which the judge runs in a box."""
        return self._expected is not None

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Fresh keyword arguments for one call, such as a box can be given.

        Equal generators give equal inputs. Raises TaskError for anything that is not plain data.
        """
        return self.draw_framed(rng)[0]

    def draw_framed(self, rng: np.random.Generator) -> tuple[dict[str, Any], list[Any]]:
        """As `draw`, with the parts of the frame in which a box gets them."""
        assert self._draw is not None
        with naming_the_line(self.path):
            inputs = self._draw(rng)
        return inputs, self._frame_of(inputs, DRAW_HINT)

    def _frame_of(self, inputs: Any, hint: str) -> list[Any]:
        """The parts of the frame of inputs, which so are known to be what a box can be given."""
        if not isinstance(inputs, dict) or not all(
            isinstance(key, str) and key.isidentifier() for key in inputs
        ):
            raise TaskError(f"{self.path}: draw: no dict of keyword arguments", hint=hint)
        try:
            return frame.encode(inputs)
        except frame.FrameError as error:
            raise TaskError(f"{self.path}: draw: {error}", hint=hint) from error

    def expected(self, inputs: dict[str, Any]) -> Any:
        """The right output. Only where `knows_expected`."""
        assert self._expected is not None, "this task's expectation is the seed's own output"
        with naming_the_line(self.path):
            return self._expected(inputs)

    def compare(self, inputs: dict[str, Any], output: Any, expected: Any) -> str | None:
        """Why this output is refused; None when it is right."""
        if self._compare is None:
            # here, because NumPy comes with it: a box can be opened before it has been imported
            from tachograph.task.compare import difference

            return difference(output, expected, rtol=self._rtol, atol=self._atol)
        with naming_the_line(self.path):
            reason = self._compare(inputs, output, expected)
        if reason is not None and not (isinstance(reason, str) and reason):
            # A bare True or False here would be read the wrong way round.
            raise TaskError(
                f"{self.path}: compare: returned {reason!r}",
                hint="return None to accept, or the reason for the refusal as text",
            )
        return reason

    def _function(self, name: str) -> Callable[..., Any] | None:
        found = getattr(self._module, name, None)
        if found is not None and not callable(found):
            raise TaskError(f"{self.path}: {name}: not a function", hint=f"def {name}(...): ...")
        return found


DRAW_HINT = "def draw(rng): return {'argument name': value, ...}, fresh from the generator"


@contextmanager
def naming_the_line(path: Path) -> Iterator[None]:
    """Turn whatever the author's code raises into a TaskError that names its file and line."""
    try:
        yield
    except TaskError:
        raise
    except Exception as error:
        lines = [
            f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)
        ]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        where = f"{path}:{line}" if line else str(path)
        missing = isinstance(error, ModuleNotFoundError)
        hint = "install it beside tachograph" if missing else "mend the task's check file"
        raise TaskError(f"{where}: {type(error).__name__}: {error}", hint=hint) from error
