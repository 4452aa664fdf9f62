"""Nouns and verbs by name, and where each is: a command imports its own file and no other.

Help needs one line of each, and importing all of them for that took longer than all else. So the
lines stand here, too. Proven by tests/cli/test_verbs.py, which holds them against the files.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

VERBS = {
    "run": ("run", "Run the closed loop on a task: propose, check, clock, keep; until a budget is "
                   "spent."),
    "resume": ("run", "Go on with a run that was stopped or killed."),
    "propose": ("run", "Try a change of your own: the full verdict, as text or as JSON."),
    "show": ("show", "What a run found: its trials, the lineage of the best, and the best as a "
                     "diff."),
    "plot": ("show", "Draw a run's progress: best so far with its interval, every trial a point."),
    "runs": ("show", "List the ledger's runs, the oldest first."),
    "mcp": ("seat", "Serve a run to a client of the Model Context Protocol, on stdin and stdout."),
    "trial": ("seat", "In a workspace: have its files judged."),
    "export": ("export", "Write a run as a log that `inspect view` opens: a sample a trial, with "
                         "its ledger entries."),
    "replay": ("replay", "Do a candidate's recorded checks again on the same inputs: is the "
                         "outcome the same?"),
    "reveal": ("replay", "End a run for good: put the secret of its inputs into the ledger, so "
                         "that all can replay."),
    "pause": ("pause", "Hold: no new trial that trains begins on this ledger, in any process, "
                       "until resume-work."),
    "resume-work": ("pause", "End one's own hold."),
    "unseal": ("unseal", "Open the sealed hold-out of a scored run, for its best."),
    "gauge": ("gauge", "Read a gauge: a figure on how far AI drives the work."),
    "label": ("label", "Have a model judge sessions: class, success, redirections."),
    "report": ("report", "Write one page with every gauge: of the ledger's readings and data, or "
                         "of files."),
    "serve": ("serve", "Serve published tiles; of a ledger, publish them first and again, and "
                       "take statements in."),
    "task": ("task", "Tasks: what is to be improved."),
    "box": ("box", "Boxes: where candidates run."),
    "brake": ("brake", "The brake: a pause that others can verify."),
    "ledger": ("ledger", "The ledger: the record of everything."),
}  # fmt: skip
"""Name to file in this folder and first sentence of its help, in the order of `tacho --help`."""


SENTENCE_CHARACTERS = 1000
"""More than any first sentence has."""


class Listing(TyperGroup):
    """A command with verbs, whose help gives the whole first sentence of each, on as many lines as
    it takes.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Their list in the help."""
        rows = [(name, verb.get_short_help_str(SENTENCE_CHARACTERS))
                for name, verb in self.commands.items()]  # fmt: skip
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class Verbs(Listing):
    """The command `tacho` itself, which knows all of them by name and loads the one it is asked."""

    def __init__(self, **settings: Any) -> None:
        # what lists and suggests goes by these; what is run is loaded
        settings["commands"] = {
            name: TyperCommand(name, help=line) for name, (_, line) in VERBS.items()
        }
        super().__init__(**settings)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None where there is none."""
        return load(cmd_name) if cmd_name in VERBS else None


def load(name: str) -> Any:
    """Import a verb's file, or a noun's, and make its command."""
    file = import_module(f"tachograph.cli.{VERBS[name][0]}")
    made = typer.Typer(rich_markup_mode=None, add_completion=False)
    if hasattr(file, "app"):
        made.add_typer(file.app, name=name)
    else:
        file.add_to(made)
        # the parameters of its neighbours would be read as well, which takes as long as its own
        made.registered_commands = [one for one in made.registered_commands if one.name == name]
    return get_group(made).commands[name]
