"""Where things lie: the ledger's folder, and the task folders of the runs in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tachograph.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from tachograph.ledger import Ledger
    from tachograph.loop.run import Run
    from tachograph.task import Task

VARIABLE = "TACHO_LEDGER"
DEFAULT = ".tacho"
TASKS = "tasks.json"


def ledger_folder(given: Path | None) -> Path:
    """The folder named on the command line, else by TACHO_LEDGER, else ./.tacho."""
    return given or Path(os.environ.get(VARIABLE) or DEFAULT)


def has_ledger(given: Path | None) -> bool:
    """Whether there is a ledger in that folder."""
    return (ledger_folder(given) / "ledger.db").exists()


@contextmanager
def open_ledger(given: Path | None, *, create: bool = False) -> Iterator[tuple[Ledger, Path]]:
    """The ledger and its folder. Raises NotFoundError where there is none and none is wanted."""
    from tachograph.ledger import Ledger

    folder = ledger_folder(given)
    if not create and not has_ledger(folder):
        raise NotFoundError(
            f"no ledger in {folder}", hint="tacho run pairwise makes one; --ledger names another"
        )
    with Ledger.open(folder, create=create) as ledger:
        yield ledger, folder


def check_leave_here(task: Task) -> None:
    """Work on the task may begin, by the brake of the ledger here, where there is one.

    For what runs a task outside of any run. Raises HeldError, after the refusal was recorded.
    """
    if (ledger_folder(None) / "ledger.db").exists():
        from tachograph.brake.agreement import Brake
        from tachograph.loop.run import check_leave

        with open_ledger(None) as (book, _):
            check_leave(Brake(book), book, task.work)


def remember_task(folder: Path, task: Task) -> None:
    """Note where this task lies: beside the ledger, as a path is nobody else's matter."""
    known = tasks_of(folder) | {task.digest: str(task.folder)}
    target = folder / TASKS
    fresh = target.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(known, indent=2))
    fresh.replace(target)


def recall_run(book: Ledger, folder: Path, run: str, given: str | None) -> tuple[Run, Task]:
    """A run in the ledger by its name, and the task that it was opened on, unchanged.

    `given`: the task's folder, if it moved. Raises NotFoundError, and UsageError where the task
    cannot be had or is another one now.
    """
    from tachograph.loop.run import Run

    found = Run.read(book, run, folder)
    assert found.archive.opened is not None
    task = recall_task(folder, found.archive.opened.task_digest, given)
    found.check_task(task)
    return found, task


def recall_task(folder: Path, digest: str, given: str | None) -> Task:
    """The task of an earlier run: the folder given, else the one it was opened on."""
    from tachograph.task import load

    if given:
        return load(given)
    where = tasks_of(folder).get(digest)
    if where is None:
        raise UsageError("the run's task folder is not known here", hint="name it with --task DIR")
    return load(where)


def tasks_of(folder: Path) -> dict[str, str]:
    """Task digest to folder. A damaged note is an empty one: --task says it again."""
    try:
        known = json.loads((folder / TASKS).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
