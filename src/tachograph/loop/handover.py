"""What handing over costs: a call that reads its inputs, does nothing, and writes its result.

Both are done in the candidate's own process, by code of ours that a candidate can put quicker code
in the place of: a call of half a millisecond was made 1.3 times as fast so, and its function was
the same. No wall stands inside a process. So a gain counts only beyond what could be had there:

    seconds of the reference / (seconds of the reference - seconds of handing over)

which is 1.02 for calls of 10 ms that hand over arrays. Proven by tests/loop/test_handover.py and
tests/exploits. Not covered: a task whose result is far larger than what its check expects.
"""

from __future__ import annotations

from tachograph.errors import UsageError
from tachograph.loop.check import Examiner
from tachograph.loop.draws import Series
from tachograph.sandbox import Finished, MemoryFile, Program

ECHO = Program(files={"echo.py": "def echo(result_=None, **inputs):\n    return result_\n"},
               entry="echo:echo")  # fmt: skip
"""Takes all and gives back one."""
CALLS = 5
GREATEST = 10.0
"""Margin where a call is little else than handing over."""


def handover_seconds(examiner: Examiner, series: Series) -> float | None:
    """CPU seconds of a call that only hands over a fresh draw and its result; the least of a few.

    A result whose form the wire does not know counts as none. None where even such a call passes
    the task's limits. Raises TaskError and BoxError.
    """
    with examiner.draw(series) as draw:
        try:
            sealed = MemoryFile.sealed("inputs", {**draw.inputs, "result_": draw.expected})
        except UsageError:
            sealed = MemoryFile.sealed("inputs", draw.inputs)
        with sealed:
            outcomes = [examiner.run(ECHO, sealed, warm=True) for _ in range(CALLS)]
    took = [outcome.cpu_seconds for outcome in outcomes if isinstance(outcome, Finished)]
    return min(took, default=None)


def margin(reference_seconds: float | None, handover: float | None, least: float) -> float:
    """The margin that a gain over a reference of so many seconds must pass; at least `least`.

    `handover` None: no call that only hands over fits the task, so none is short against it.
    """
    if not reference_seconds or handover is None:
        return least
    left = max(reference_seconds - handover, reference_seconds / GREATEST)
    return max(least, reference_seconds / left)
