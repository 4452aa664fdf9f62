"""The desk of somebody who proposes by hand, beside the run or after it: `tacho mcp`.

It is no turn of the loop, so it records none: what it has tried stands in the ledger as proposed by
hand, from whatever was the best at that moment. Proven by tests/cli/test_mcp.py.
"""

from __future__ import annotations

from tachograph.ledger.kinds import TurnBegun
from tachograph.loop.desk import Office, TurnDesk
from tachograph.loop.propose.protocol import Attempt, Brief, Proposal


class HandDesk(TurnDesk):
    """A desk outside of every turn."""

    def __init__(self, office: Office, proposer: str) -> None:
        run = office.run
        opened = run.archive.opened
        assert opened is not None
        self.seed = opened.seed_candidate
        super().__init__(office, TurnBegun(run.id, 0, 1, proposer, self.seed, "", run.next_seq - 1))

    @property
    def parent(self) -> str:
        """The best of the moment, or the seed."""
        self.office.run.refresh()
        best = self.office.run.archive.best
        return best.id if best else self.seed

    def now(self) -> Brief:
        """The brief of this moment."""
        return self.office.brief(self.parent, 0)

    def trial(self, proposal: Proposal) -> Attempt:
        """Have it judged, or hear its standing verdict. Raises RefusedError."""
        return self.office.trial(proposal, self.parent, None, self.begun.proposer)

    def begin(self) -> None:
        """There is no turn to begin."""
