"""`tacho brake post` and `tacho brake follow`: a register, from outside."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt
from tachograph.cli.output import remark, tell, tell_json
from tachograph.errors import NotFoundError, TachographError, UsageError

if TYPE_CHECKING:
    from tachograph.brake.wire.follow import Heard

EVERY_SECONDS = 30.0
Url = Annotated[str, typer.Argument(metavar="URL", help="Where the register is served.")]


def add_to(noun: typer.Typer) -> None:
    """Put the verbs of this file on `tacho brake`."""
    noun.command("post", epilog="Example: tacho brake post http://127.0.0.1:8765 statement.json")(
        post
    )
    noun.command("follow", epilog="Example: tacho brake follow http://127.0.0.1:8765 --once")(
        follow
    )


def post(
    url: Url,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A signed statement; - is stdin.")],
    as_json: AsJson = False,
) -> None:
    """Post a signed statement to a register, as often as it takes; it is recorded once."""
    from tachograph.brake.wire.post import post_statement

    try:
        envelope = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {error}", hint="tacho brake say writes one") from (
            None
        )
    receipt = post_statement(url, envelope.removesuffix("\n"))
    if as_json:
        tell_json(asdict(receipt))
    else:
        tell(f"{receipt.result}: entry {receipt.index} of the register, {receipt.time}")
    raise typer.Exit(Exit.NO if receipt.result == "equivocation" else Exit.YES)


def follow(
    url: Url,
    ledger: LedgerAt = None,
    once: Annotated[bool, typer.Option("--once", help="Take one step and end.")] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", help="How often to ask.", min=0.1)
    ] = EVERY_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Copy a register's statements into the own ledger, each checked; until Ctrl-C."""
    from tachograph.brake.logs.host import followed
    from tachograph.brake.logs.http_source import HttpSource
    from tachograph.brake.wire.follow import Follower
    from tachograph.cli.places import open_ledger

    with open_ledger(ledger) as (book, home):
        source, follower = HttpSource(url), None
        while True:
            try:
                if follower is None:
                    note = source.checkpoint().decode("utf-8", errors="replace")
                    follower = Follower(book, home, followed(book, note).terms)
                tell_heard(follower.step(source), as_json)
            except TachographError as error:
                if once or not passing(error):
                    raise
                remark(f"{error.kind}: {error.message}; asking again in {every:g} s")
            if once:
                return
            time.sleep(every)


def passing(error: TachographError) -> bool:
    """Whether asking again later may help: not where the call is wrong or the register forked."""
    from tachograph.brake.wire.follow import ForkError

    return isinstance(error, NotFoundError) or not isinstance(error, UsageError | ForkError)


def tell_heard(heard: Heard, as_json: bool) -> None:
    """What a step brought; nothing is said of one that brought nothing."""
    if as_json:
        tell_json(asdict(heard))
    elif heard.recorded:
        tell(f"heard {heard.size} entries, {heard.size - heard.before} new; "
             f"copied {heard.copied} statements")  # fmt: skip
