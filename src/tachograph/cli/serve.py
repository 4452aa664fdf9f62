"""`tacho serve`: a published log over HTTP, and a register's door."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from tachograph.cli.brake_publish import Policies, bring_up_to_date
from tachograph.cli.output import remark, tell
from tachograph.errors import NotFoundError, TachographError, UsageError, WorldError

if TYPE_CHECKING:
    from tachograph.brake.logs.publish import Published
    from tachograph.ledger import Ledger

PORT = 8765
REFRESH_SECONDS = 60.0


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command."""
    app.command("serve", epilog="Example: tacho serve ./public")(serve)


def serve(
    path: Annotated[
        Path, typer.Argument(metavar="DIR|LEDGER", help="Published files, or a ledger.")
    ],
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = PORT,
    whole: Annotated[
        bool, typer.Option("--whole", help="Of a ledger: publish every entry as it is.")
    ] = False,
    policy: Policies = None,
    agreement: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads it at run time
        typer.Option(
            "--agreement", metavar="FILE", help="Be the register of this one [default: adopted]."
        ),
    ] = None,
    refresh: Annotated[
        float,
        typer.Option(
            "--refresh", metavar="SECONDS", help="How often a ledger is published.", min=0.1
        ),
    ] = REFRESH_SECONDS,
) -> None:
    """Serve published tiles; of a ledger, publish them first and again, and take statements in.

    A ledger takes statements where an agreement makes it the register.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if (path / "ledger.db").is_file():
        serve_ledger(path, host, port, whole, policy, agreement, refresh)
    elif (path / "checkpoint").is_file():
        from tachograph.brake.wire.serve import log_application
        from tachograph.brake.wire.web import serve as answer

        answer(log_application(path), host=host, port=port,
               ready=lambda url: tell(f"serving {path} at {url}"))  # fmt: skip
    else:
        raise NotFoundError(
            f"{path} has neither a checkpoint nor a ledger",
            hint="tacho brake publish LEDGER DIR makes the first, tacho run the second",
        )


def serve_ledger(
    home: Path,
    host: str,
    port: int,
    whole: bool,
    policy: Path | None,
    agreement: Path | None,
    refresh: float,
) -> None:
    """Publish a ledger, serve that, and publish again whenever something came."""
    from tachograph.brake.logs.host import PUBLIC, published_key, register_document
    from tachograph.brake.wire.intake import KEY_AN_HOUR, KEY_BURST, Intake
    from tachograph.brake.wire.pace import Pace
    from tachograph.brake.wire.serve import log_application, republishing
    from tachograph.brake.wire.web import serve as answer
    from tachograph.cli.places import open_ledger

    with open_ledger(home) as (book, _):
        document = register_document(book, None if agreement is None else text_of(agreement))
        pace = Pace(burst=KEY_BURST, an_hour=KEY_AN_HOUR)
        door = Intake(book, home, document, pace) if document is not None else None
        whole = whole or (document is not None and published_whole(book))
        folder = home / PUBLIC

        def publish() -> Published:
            return bring_up_to_date(
                book, home, folder, whole=whole, policy=policy, document=document
            )

        try:
            publish()
        except WorldError as error:
            tell_failure(error)  # witnesses may come later; what was published before is served
        origin = published_key(book).name
        said = ", and taking statements" if door is not None else ""
        with republishing(publish, tell_failure, refresh) as wanted:
            answer(log_application(folder, door, wanted), host=host, port=port,
                   ready=lambda url: tell(f"serving {origin} at {url}{said}"))  # fmt: skip


def text_of(file: Path) -> str:
    """The text of a signed document. Raises UsageError."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {error}", hint="--agreement FILE") from None


def published_whole(book: Ledger) -> bool:
    """Whether no redaction is on record."""
    from tachograph.brake.logs.host import published_key

    return published_key(book) == book.verifier


def tell_failure(error: TachographError) -> None:
    """What kept the newest entries from being published."""
    remark(f"not published: {error.message} ({error.hint})")
