"""`tacho replay` and `tacho reveal`: do a recorded trial again; let everybody do it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt, RunId
from tachograph.cli.output import quoted, tell, tell_json
from tachograph.cli.run import LevelName, TaskAt, Unsafe, level_of, say_level

CandidateId = Annotated[
    str, typer.Argument(metavar="CANDIDATE", help="A candidate's id, or its beginning.")
]


def add_to(app: typer.Typer) -> None:
    """Put the verbs of this file on the command."""
    app.command("replay", epilog="Example: tacho replay last c-0a1b2c")(replay)
    app.command("reveal", epilog="Example: tacho reveal last")(reveal)


def replay(
    run: RunId,
    candidate: CandidateId,
    level: LevelName = None,
    unsafe_no_sandbox: Unsafe = False,
    task: TaskAt = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Do a candidate's recorded checks again on the same inputs: is the outcome the same?"""
    from tachograph.cli.places import open_ledger, recall_run
    from tachograph.loop.bench import open_bench
    from tachograph.loop.replay import find_candidate
    from tachograph.loop.replay import replay as replayed

    with open_ledger(ledger) as (book, folder):
        found, loaded = recall_run(book, folder, run, task)
        name = find_candidate(found, candidate)
        with open_bench(loaded, level=level_of(level, unsafe_no_sandbox)) as bench:
            say_level(bench)
            results = []
            for result in replayed(found, bench, name):
                results.append(result)
                if not as_json:
                    first, *rest = result.line.splitlines()
                    tell("\n".join([first, *quoted("\n".join(rest)).splitlines()]))
    findings: set[str] = {result.finding for result in results}
    if as_json:
        tell_json({"candidate": name, "same": findings == {"same"},
                   "replayed": [asdict(result) for result in results]})  # fmt: skip
    elif not results:
        tell("nothing was recorded of it")
    elif findings == {"same"}:
        tell(f"the record holds: {name} does as it did")
    raise typer.Exit(code_of(findings))


def code_of(findings: set[str]) -> Exit:
    """NO where an outcome differs; UNKNOWN where one could not be told, or none was recorded."""
    if "another outcome" in findings:
        return Exit.NO
    return Exit.YES if findings == {"same"} else Exit.UNKNOWN


def reveal(run: RunId, ledger: LedgerAt = None, as_json: AsJson = False) -> None:
    """End a run for good: put the secret of its inputs into the ledger, so that all can replay."""
    from tachograph.cli.places import open_ledger
    from tachograph.loop.run import Run

    with open_ledger(ledger) as (book, folder):
        found = Run.read(book, run, folder)
        secret = found.reveal()
        book.sign_head()
    if as_json:
        tell_json({"run": found.id, "secret": secret.value.hex(), "sha256": secret.commitment})
        return
    tell(f"run {found.id} is over for good; the secret of its inputs is in the ledger")
    tell(f"secret {secret.value.hex()}")
    tell(f"sha256 {secret.commitment}, as the run committed to when it was opened")
