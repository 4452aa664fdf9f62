"""`tacho pause` and `tacho resume-work`: hold the work of one's own ledger, and end that hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt
from tachograph.cli.output import tell, tell_json

if TYPE_CHECKING:
    from tachograph.brake.agreement import Permission
    from tachograph.ledger import Body, Entry

ACTOR = "owner"
REASON_CHARACTERS = 2000
Reason = Annotated[str, typer.Argument(metavar="REASON", help="Why, in a sentence.")]


def add_to(app: typer.Typer) -> None:
    """Put the verbs of this file on the command."""
    app.command("pause", epilog="Example: tacho pause 'the evaluation is late'")(pause)
    app.command("resume-work", epilog="Example: tacho resume-work")(resume_work)


def pause(
    reason: Reason = "",
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for a trial that has begun.")
    ] = False,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Hold: no new trial that trains begins on this ledger, in any process, until resume-work."""
    from tachograph.ledger.kinds import WorkHeld

    entry, permission = said(WorkHeld(cut(reason), "stop" if now else "finish"), ledger)
    answer(entry, permission, as_json)
    raise typer.Exit(Exit.NO if permission.allowed else Exit.YES)


def resume_work(reason: Reason = "", ledger: LedgerAt = None, as_json: AsJson = False) -> None:
    """End one's own hold. What an agreement holds stays held."""
    from tachograph.ledger.kinds import WorkReleased

    entry, permission = said(WorkReleased(cut(reason)), ledger)
    answer(entry, permission, as_json)
    raise typer.Exit(Exit.YES if permission.allowed else Exit.NO)


def cut(reason: str) -> str:
    """As much of a reason as an entry may take."""
    return reason[:REASON_CHARACTERS]


def said(body: Body, ledger: LedgerAt) -> tuple[Entry, Permission]:
    """Record it, durably; the entry, and what the brake says from then on. The head is signed."""
    from tachograph.brake.agreement import Brake
    from tachograph.cli.places import open_ledger

    with open_ledger(ledger, create=True) as (book, _):
        (entry,) = book.append([(ACTOR, (), body)])
        book.sign_head()
        return entry, Brake(book).ask("training")


def answer(entry: Entry, permission: Permission, as_json: bool) -> None:
    """What holds now."""
    if as_json:
        tell_json({"seq": entry.seq, "time": entry.time, "state": permission.state,
                   "allowed": permission.allowed, "reason": permission.reason})  # fmt: skip
        return
    reason = f": {permission.reason}" if permission.reason else ""
    tell(f"{permission.state}{reason}")
    if permission.allowed:
        tell("work may go on; next: tacho resume last")
    else:
        tell("no new trial that trains begins; a run that is on ends at its next turn")
        if permission.state == "SELF_HOLD":
            tell("next: tacho resume-work ends the hold")
