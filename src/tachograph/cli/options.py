"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]
LedgerAt = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time
    typer.Option(
        "--ledger", metavar="DIR", help="The ledger's folder [default: .tacho, or TACHO_LEDGER]."
    ),
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, its beginning, or 'last'.")]
