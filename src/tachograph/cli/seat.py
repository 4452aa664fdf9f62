"""`tacho mcp` and `tacho trial`: the verbs of a seat, for a client of one's own and in a box."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tachograph.cli.options import LedgerAt
from tachograph.cli.output import remark
from tachograph.cli.run import LevelName, TaskAt, Unsafe, level_of, say_level
from tachograph.errors import UsageError

SEAT = "TACHO_SEAT"
"""Names the folder of a seat's client, in the environment of whoever sits there."""


def add_to(app: typer.Typer) -> None:
    """Put the verbs of this file on the command."""
    app.command("mcp", epilog="Example: tacho mcp --run last")(mcp)
    app.command(
        "trial",
        epilog="Example: tacho trial --label 'one pass'",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(trial)


def mcp(
    run: Annotated[str, typer.Option("--run", metavar="RUN", help="A run's id, or 'last'.")]
    = "last",
    trials: Annotated[
        int | None, typer.Option("--trials", help="Allow this many trials and no more.")
    ] = None,
    level: LevelName = None,
    unsafe_no_sandbox: Unsafe = False,
    task: TaskAt = None,
    ledger: LedgerAt = None,
) -> None:  # fmt: skip
    """Serve a run to a client of the Model Context Protocol, on stdin and stdout."""
    from tachograph.cli.places import open_ledger, recall_task
    from tachograph.loop.bench import open_bench
    from tachograph.loop.budget import Budget
    from tachograph.loop.hand_desk import HandDesk
    from tachograph.loop.propose.command import TOOLS, Seat, goal, serve
    from tachograph.loop.run import Run
    from tachograph.loop.turn import Loop

    with open_ledger(ledger) as (book, folder):
        found = Run.read(book, run, folder)
        opened = found.archive.opened
        assert opened is not None
        loaded = recall_task(folder, opened.task_digest, task)
        found.check_task(loaded)
        bound = None if trials is None else len(found.archive.trials) + trials
        with open_bench(loaded, level=level_of(level, unsafe_no_sandbox)) as bench:
            say_level(bench)
            desk = HandDesk(Loop(found, bench, [], Budget(trials=bound)).office, "mcp")
            remark(f"run {found.id} on {loaded.name}: serving the Model Context Protocol")
            brief = desk.now()
            serve(Seat(brief, desk, goal(brief, TOOLS), "mcp").answer)


def trial(context: typer.Context) -> None:
    """In a workspace: have its files judged. It is how an agent in a box asks; see the hint."""
    from tachograph.loop.propose.command import ask_as_agent

    seat = os.environ.get(SEAT)
    if not seat or not Path(seat).is_dir():
        raise UsageError(
            "this is no workspace: here nobody sits at a run",
            hint="tacho propose last --from DIR tries a version of yours",
        )
    raise typer.Exit(ask_as_agent(["trial", *context.args], seat))
