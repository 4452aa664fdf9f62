"""`tacho brake`: a pause that others can verify. Each file `brake_*.py` puts its verbs here."""

from __future__ import annotations

import typer

from tachograph.cli import (
    brake_agreement,
    brake_audit,
    brake_exercise,
    brake_meter,
    brake_publish,
    brake_register,
    brake_replay,
    brake_say,
    brake_watch,
    brake_witness,
)
from tachograph.cli.verbs import Listing

app = typer.Typer(
    help="The brake: a pause that others can verify.",
    cls=Listing,
    rich_markup_mode=None,
    no_args_is_help=True,
)
brake_agreement.add_to(app)
brake_say.add_to(app)
brake_publish.add_to(app)
brake_register.add_to(app)
brake_witness.add_to(app)
brake_watch.add_to(app)
brake_audit.add_to(app)
brake_replay.add_to(app)
brake_meter.add_to(app)
brake_exercise.add_to(app)
