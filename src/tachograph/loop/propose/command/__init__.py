"""The `command` proposer: any coding agent, in a copy of the workspace, in a box.

    tacho run char-lm --proposer command:claude       # a preset
    tacho run char-lm --proposer 'command:my-agent --fast {prompt}'

The agent sees the workspace and nothing of the judge; `tacho trial` is its only way to ask. Whom
each part trusts: docs/concepts/command.md. Proven by tests/loop/propose/command.
"""

from tachograph.loop.propose.command.inside.client import main as ask_as_agent
from tachograph.loop.propose.command.inside.tools import serve
from tachograph.loop.propose.command.proposer import Command
from tachograph.loop.propose.command.seat import Seat
from tachograph.loop.propose.command.words import TOOLS, goal

__all__ = ["TOOLS", "Command", "Seat", "ask_as_agent", "goal", "serve"]
