"""`tacho task list`, `new`, `check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson
from tachograph.cli.output import tell, tell_json
from tachograph.cli.verbs import Listing

app = typer.Typer(help="Tasks: what is to be improved.", cls=Listing,
                  rich_markup_mode=None, invoke_without_command=True)  # fmt: skip


@app.callback()
def bare(context: typer.Context) -> None:
    """Tasks: what is to be improved. Without a verb: list them."""
    if context.invoked_subcommand is None:
        list_tasks()


@app.command("list", epilog="Example: tacho task list")
def list_tasks(as_json: AsJson = False) -> None:
    """List the built-in tasks."""
    from tachograph.task import builtin_names, load

    tasks = [load(name) for name in builtin_names()]
    if as_json:
        tell_json([{"task": t.name, "digest": t.digest, "goal": t.goal} for t in tasks])
        return
    width = max(len(task.name) for task in tasks)
    for task in tasks:
        tell(f"{task.name:{width}}  {first_sentence(task.goal)}")


@app.command("new", epilog="Example: tacho task new my-task")
def new_task(folder: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """Write a small working task into a new folder, to be changed into your own."""
    from tachograph.task.new import new

    new(folder)
    tell(f"wrote {folder}/task.toml and what it names")
    tell(f"next: tacho task check {folder}")


@app.command("check", epilog="Example: tacho task check ./my-task")
def check_task(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A built-in task or a folder.")],
    as_json: AsJson = False,
) -> None:
    """Read a task strictly, run its seed in a box, and say whether it can be judged."""
    from tachograph.cli.places import check_leave_here
    from tachograph.loop.bench import open_bench
    from tachograph.loop.rehearse import rehearse
    from tachograph.loop.score.rehearse import rehearse_scores
    from tachograph.task import load

    loaded = load(task)
    check_leave_here(loaded)
    with open_bench(loaded) as bench:
        result = rehearse_scores(bench) if loaded.metric == "score" else rehearse(bench)
    if as_json:
        tell_json(result.data())
    else:
        for line in result.lines():
            tell(line)
    raise typer.Exit(Exit.YES if result.passed else Exit.NO)


def first_sentence(text: str) -> str:
    """The goal's first sentence, without its heading."""
    prose = " ".join(line for line in text.splitlines() if line and not line.startswith("#"))
    return prose.split(". ")[0].rstrip(".")
