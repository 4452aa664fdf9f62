"""`tacho box probe`."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from tachograph.cli.options import AsJson
from tachograph.cli.output import tell, tell_json
from tachograph.cli.verbs import Listing
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from tachograph.sandbox import Level
    from tachograph.sandbox.probe import Report

app = typer.Typer(help="Boxes: where candidates run.", cls=Listing,
                  rich_markup_mode=None, invoke_without_command=True)  # fmt: skip
LEVELS: tuple[Level, ...] = ("A", "B", "C", "D")


@app.callback()
def bare(context: typer.Context) -> None:
    """Boxes: where candidates run. Without a verb: the levels, and how to probe them."""
    if context.invoked_subcommand is None:
        tell("A  namespaces, Landlock, seccomp, limits")
        tell("B  Landlock, seccomp, limits")
        tell("C  macOS sandbox-exec, limits; never tested on a Mac")
        tell("D  limits only: no walls; asked for with --unsafe-no-sandbox")
        tell("next: tacho box probe attacks each of them here")


@app.command("probe", epilog="Example: tacho box probe")
def probe_box(
    level: Annotated[
        str | None, typer.Option("--level", metavar="A|B|C|D", help="Only this level.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Attack real boxes at each level that can be had here, and say what held."""
    from tachograph.sandbox.probe import probe

    wanted = next((known for known in LEVELS if known == level), None)
    if level and not wanted:
        raise UsageError(f"no box level '{level}'", hint="the levels are A, B, C and D")
    report = probe(wanted)
    if as_json:
        tell_json(asdict(report))
    else:
        tell_report(report)


def tell_report(report: Report) -> None:
    """Level by level: what got through first, then what was blocked."""
    for (level, place), attempts in groupby(report.attempts, key=lambda a: (a.level, a.place)):
        tried = list(attempts)
        through = [a for a in tried if a.result == "got through"]
        blocked = f"{len(tried) - len(through)} of {len(tried)} attacks blocked"
        tell(f"level {level}, {place}: {blocked}")
        for attempt in sorted(tried, key=lambda a: a.result == "blocked"):
            tell(f"  {attempt.result:11}  {attempt.attack:22}  {attempt.detail}")
        tell()
    for level, reason in report.missing.items():
        tell(f"level {level} cannot be had here: {reason}\n")
    tell("no level protects from:")
    for item in report.never:
        tell(f"  - {item}")
