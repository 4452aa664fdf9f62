"""The `command` proposer: one turn is one run of a coding agent in a box of its own.

Proven by tests/loop/propose/command/test_proposer.py.
"""

from __future__ import annotations

from tachograph.loop.propose.command.agent import Agent
from tachograph.loop.propose.command.turn import Turn
from tachograph.loop.propose.protocol import Brief, Desk, Proposal


class Command(Agent):
    """Runs a coding agent in its turns. Several seats may run the same one at once."""

    thinks_here = False

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """One run of the agent; what it leaves in the workspace.

        Raises MalformedError where it leaves nothing new, AgentError where it ended badly besides,
        RefusedError where the budget does not hold it, BoxError.
        """
        held_usd = self.bound(desk)
        with desk.reserve(0, held_usd), Turn(self, brief, desk, held_usd) as turn:
            ended, reason = turn.run()
            turn.record(ended, reason)
            return turn.outcome(ended, reason)
