"""Statements as the register holds them, and which records speak of what is not their speaker's.

Who may say what, the machine knows (said/speakers.py); of which site and meter, is asked here.
Proven by tests/brake/test_checks_of_record.py. Not covered: keys and signatures (replayed.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from tachograph.brake.agreed.terms import Terms
from tachograph.brake.said import records as r
from tachograph.brake.said.statement import Said, Statement
from tachograph.ledger.entry import is_time


@dataclass(frozen=True)
class Posted:
    """One statement in the register."""

    seq: int
    """Number of its entry."""
    time: str
    """Time of its entry, by the register's clock."""
    where: str
    """The entry, for evidence."""
    envelope: str
    """The signed envelope, as posted."""
    statement: Statement | None
    """What it says; None: it does not parse."""
    fault: str
    """Why it does not count; empty: it does."""
    authentic: bool
    """Whether the speaker's own key signed it. What others made up in its name is not its fault."""

    @property
    def speaker(self) -> str:
        """Who it says is speaking; empty where it does not parse."""
        return self.statement.by if self.statement else ""

    @property
    def number(self) -> int:
        """Which of the speaker's statements it says it is; -1 where it does not parse."""
        return self.statement.number if self.statement else -1

    @property
    def said(self) -> Said | None:
        """What is said."""
        return self.statement.said if self.statement else None


LONGEST_WINDOW_SECONDS = 366 * 86_400.0


def misplaced(terms: Terms, statement: Statement) -> str:
    """Why such a record of its speaker's does not count; empty: it does, or it is none of work."""
    said, by = statement.said, statement.by
    if isinstance(said, r.WindowReported) and not (
        is_time(said.began) and 0 < said.seconds <= LONGEST_WINDOW_SECONDS
    ):
        return f"window {said.window} of {by} has no begin or no length"
    for meter in terms.meters:
        if meter.name == by and (
            getattr(said, "meter", by) != by or getattr(said, "site", meter.site) != meter.site
        ):
            return f"{by} stands at {meter.site}, and speaks for itself only"
    if isinstance(said, r.SiteDeclared) and said.site not in {
        site.name for site in terms.party(by).sites
    }:
        return f"{by} has no site {said.site!r} in the agreement"
    return ""
