"""The desk of somebody who proposes by hand, beside the run or after it: `tacho mcp`.

It is no turn of the loop, so it records none: what it has tried stands in the ledger as proposed by
hand, from whatever was the best at that moment. Proven by tests/cli/test_mcp.py.
"""

from __future__ import annotations

from tachograph.loop.desk import TurnDesk
from tachograph.loop.office import Office
from tachograph.loop.propose.protocol import Attempt, Brief, Desk, Proposal


class Stranger:
    """Stands for somebody outside who proposes."""

    thinks_here = True

    def __init__(self, name: str) -> None:
        self.name = name

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """Nothing: whoever it is comes to the desk."""
        return None


class HandDesk(TurnDesk):
    """A desk outside of every turn."""

    def __init__(self, office: Office, proposer: str) -> None:
        self.stranger = Stranger(proposer)
        self.by_hand = office.by_hand
        super().__init__(office, office.by_hand(self.stranger))

    def now(self) -> Brief:
        """The brief of this moment, from the best of this moment."""
        self.given = self.by_hand(self.stranger)
        return self.given.brief

    def trial(self, proposal: Proposal) -> Attempt:
        """Have it judged, or hear its standing verdict. Raises RefusedError."""
        self.given = self.by_hand(self.stranger)
        return self.office.trial(self.given, proposal)

    def begin(self) -> None:
        """There is no turn to begin."""
