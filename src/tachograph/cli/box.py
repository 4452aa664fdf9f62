"""`tacho box probe`."""

from __future__ import annotations

import typer

app = typer.Typer(help="Boxes: where candidates run.", rich_markup_mode=None,
                  no_args_is_help=True)  # fmt: skip


@app.callback()
def bare() -> None:
    """Boxes: where candidates run."""
