"""Our tasks as Inspect's: `inspect eval tachograph/char-lm --model openai/gpt-5.6`.

One sample is one run: the model, or whatever `--solver` names, works on the task's files in a
sandbox, may ask the judge as it goes, and is scored by the judge in the end. A folder of one's own
is `inspect eval tachograph/folder -T path=my-task`. Options: `-T trials=5`, `-T level=B`,
`-T ledger=DIR`. Proven by tests/inspect/test_tasks.py.
"""

from __future__ import annotations

from contextlib import suppress
from typing import get_args

from inspect_ai import Task, task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import SandboxEnvironmentSpec, sandbox

from tachograph.errors import UsageError
from tachograph.inspect.court import Court, Options
from tachograph.inspect.provider import Settings, TachographSandbox, in_thread
from tachograph.inspect.scorer import scorer_for
from tachograph.inspect.tools import COURTS, LEDGER, RUN, all_tools
from tachograph.sandbox import Level
from tachograph.task import Task as Improvable
from tachograph.task import load

MESSAGES = 200


@task(name="char-lm")
def char_lm(trials: int = 20, level: str = "", ledger: str = "") -> Task:
    """Make the training of a small character model faster, with the same results."""
    return task_of("char-lm", trials, level, ledger)


@task(name="pairwise")
def pairwise(trials: int = 20, level: str = "", ledger: str = "") -> Task:
    """Find nearest neighbours faster, with the same results."""
    return task_of("pairwise", trials, level, ledger)


@task(name="weak-to-strong")
def weak_to_strong(trials: int = 20, level: str = "", ledger: str = "") -> Task:
    """Train a strong student on a weak supervisor's labels; recover the gap to true ones."""
    return task_of("weak-to-strong", trials, level, ledger)


@task(name="folder")
def folder(path: str, trials: int = 20, level: str = "", ledger: str = "") -> Task:
    """A task folder of your own."""
    return task_of(path, trials, level, ledger)


def task_of(name: str, trials: int, level: str, ledger: str) -> Task:
    """An improvable task as one of Inspect's. Raises TaskError, UsageError."""
    improvable = load(name)
    options = Options(trials, level_of(level), ledger)
    settings = Settings(hidden_packages=improvable.hidden, hidden=(str(improvable.folder),))
    return Task(
        dataset=[Sample(id=improvable.name, input=improvable.goal,
                        metadata={"task_digest": improvable.digest})],
        setup=prepared(improvable, options),
        solver=react(tools=all_tools()),
        cleanup=closed,
        scorer=scorer_for(improvable.metric),
        sandbox=SandboxEnvironmentSpec("tachograph", settings),
        message_limit=MESSAGES,
    )  # fmt: skip


@solver
def prepared(improvable: Improvable, options: Options) -> Solver:
    """Open the run, put the files into the sandbox, say what is asked, offer the tools."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        court = await in_thread(lambda: Court(improvable, str(state.model), options))
        COURTS[court.run.id] = court
        state.store.set(RUN, court.run.id)
        state.store.set(LEDGER, str(options.folder))
        with suppress(TypeError):  # another provider's sandbox, chosen by hand, does not ask
            sandbox().as_type(TachographSandbox).check_leave = court.run.check_leave
        for path, text in {**improvable.seed.files, **improvable.fixed}.items():
            await sandbox().write_file(path, text)
        state.user_prompt.text = court.words
        state.tools = all_tools()
        return state

    return solve


async def closed(state: TaskState) -> None:
    """The sample is over, however it ended."""
    court = COURTS.pop(state.store.get(RUN, ""), None)
    if court:
        await in_thread(court.close)


def level_of(name: str) -> Level | None:
    """`A`, `B`, `D`, or none. Raises UsageError."""
    if name and name not in get_args(Level):
        raise UsageError(f"no box level '{name}'", hint="A, B or D")
    return next((level for level in get_args(Level) if level == name), None)
