"""`tacho unseal`: open the sealed hold-out of a run that was left with it sealed."""

from __future__ import annotations

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt, RunId
from tachograph.cli.output import tell, tell_json
from tachograph.cli.run import LevelName, TaskAt, Unsafe, level_of, say_level
from tachograph.errors import UsageError

STATED = {"better": Exit.YES, "not-resolved": Exit.UNKNOWN}


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command."""
    app.command("unseal", epilog="Example: tacho unseal last")(unseal)


def unseal(
    run: RunId = "last",
    level: LevelName = None,
    unsafe_no_sandbox: Unsafe = False,
    task: TaskAt = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Open the sealed hold-out of a scored run, for its best. The run is over then, for good."""
    from tachograph.cli.places import open_ledger, recall_run
    from tachograph.loop.bench import open_bench
    from tachograph.loop.score.holdout import open_holdout
    from tachograph.loop.score.words import holdout_lines, run_data

    with open_ledger(ledger) as (book, folder):
        found, loaded = recall_run(book, folder, run, task)
        found.still_sealed()
        if loaded.metric != "score":
            raise UsageError(f"{loaded.name} is not a scored task", hint=f"tacho show {found.id}")
        with open_bench(loaded, level=level_of(level, unsafe_no_sandbox)) as bench:
            say_level(bench)
            held = open_holdout(found, bench)
        if held and not found.archive.closed:
            found.close("hold-out opened")
        found.ledger.sign_head()
        if as_json:
            tell_json({"run": found.id, "scoring": run_data(found.archive)})
        elif held is None:
            tell("nothing beat the seed, so the hold-out stays sealed")
        else:
            for line in holdout_lines(found.archive):
                tell(line)
    raise typer.Exit(STATED.get(held.verdict, Exit.NO) if held else Exit.NO)
