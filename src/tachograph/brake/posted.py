"""Statements as the register holds them, each with its verdict on envelope, key and role.

A key is judged at the time of posting: a statement that the register took in before its key was
revoked stands, one that came after does not, whatever time it says itself. Proven by
tests/brake/test_posted.py and the red team's rows 30 to 34. Not covered: whether the statement may
be made in the state that the agreement is in (V12).
"""

from __future__ import annotations

from dataclasses import dataclass

from tachograph.brake import said_governance as g
from tachograph.brake import said_records as r
from tachograph.brake.document import Document
from tachograph.brake.log_copy import LogCopy
from tachograph.brake.statement import Said, Statement, open_envelope, peek
from tachograph.brake.terms import Role
from tachograph.errors import EvidenceError
from tachograph.ledger.kinds import StatementPosted
from tachograph.merkle.note import parse_verifier_key


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


def read_posted(document: Document, register: LogCopy) -> tuple[Posted, ...]:
    """Return the register's statements, in order, each checked against the keys of its moment."""
    reader = _Reader(document)
    return tuple(
        reader.read(register, entry.seq, entry.time, entry.body.envelope)
        for entry in register.of_kind("StatementPosted")
        if isinstance(entry.body, StatementPosted)
    )


ROLES: dict[Role, tuple[type[Said], ...]] = {
    "party": (
        g.ClarificationAsked, g.ClarificationAnswered, g.ClarificationClosed, g.ChallengeRaised,
        g.ChallengeBlocked, g.AccessGranted, g.TriggerCalled, g.TriggerVetoed, g.LiftVoted,
        g.RenewalVoted, g.EquivocationShown, g.HoldDeclared, g.HoldEnded, g.ExitNoticed,
        g.KeyRevoked, g.AdjustmentProposed, g.AdjustmentVoted,
        r.SiteDeclared, r.RunDeclared, r.WeightsCommitted, r.SegmentCommitted, r.RunCompleted,
        r.SegmentOpened, r.BeaconPromised, r.BeaconRevealed, r.WeightsFrozen, r.OutputsServed,
        r.DeviceAttested,
    ),
    "verifier": (
        g.InspectionReported, g.TriggerCalled, g.TriggerWithdrawn, g.EvidenceFiled, g.LiftVoted,
        g.BreachAlleged, g.EquivocationShown, g.KeyRevoked,
        r.BeaconPromised, r.BeaconRevealed, r.ToleranceCalibrated, r.SegmentReplayed,
        r.ServedReplayed, r.AttestationAsked, r.ReferencesPublished, r.LoadModulationAsked,
        r.TraceReported,
    ),
    "panel": (
        g.LiftObjected, g.EquivocationShown, g.PanelDecided, g.ReinstatementVoted, g.KeyRevoked,
        r.BeaconPromised, r.BeaconRevealed,
    ),
    "meter": (r.Heartbeat, r.WindowReported, r.TraceReported, g.EquivocationShown, g.KeyRevoked),
}  # fmt: skip
"""Who may say what."""


class _Reader:
    """Keys and revocations as they were, entry by entry."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._keys = {n: parse_verifier_key(k) for n, k in document.terms.keys.items()}
        self._revoked: dict[str, int] = {}
        self._votes: dict[g.KeyRevoked, set[str]] = {}

    def read(self, register: LogCopy, seq: int, time: str, envelope: str) -> Posted:
        """Check one statement; take note of what it does to keys."""
        statement, authentic = None, False
        try:
            statement = peek(envelope)
            fault = self._unknown(statement)
            if not fault:
                open_envelope(envelope, self._keys[statement.by])
                authentic = True
                fault = self._fault(statement)
        except EvidenceError as error:
            fault = error.message
        if statement is not None and not fault and isinstance(statement.said, g.KeyRevoked):
            self._revoke(statement.by, statement.said, seq)
        return Posted(seq, time, register.where(seq), envelope, statement, fault, authentic)

    def _unknown(self, statement: Statement) -> str:
        if statement.agreement != self._document.id:
            return "it belongs to another agreement"
        if statement.by not in self._keys:
            return f"the agreement knows no speaker {statement.by!r}"
        return ""

    def _fault(self, statement: Statement) -> str:
        if statement.by in self._revoked:
            return f"the key of {statement.by} was revoked in entry {self._revoked[statement.by]}"
        role = self._document.terms.roles[statement.by]
        if not isinstance(statement.said, ROLES[role]):
            return f"a {role} cannot say {type(statement.said).__name__}"
        return self._misplaced(statement)

    def _misplaced(self, statement: Statement) -> str:
        """A meter speaks for itself and its site, a party for its own sites."""
        terms, said = self._document.terms, statement.said
        for meter in terms.meters:
            if meter.name == statement.by and (
                getattr(said, "meter", meter.name) != meter.name
                or getattr(said, "site", meter.site) != meter.site
            ):
                return f"{meter.name} stands at {meter.site} and speaks for itself only"
        if isinstance(said, r.SiteDeclared) and said.site not in {
            site.name for site in terms.party(statement.by).sites
        }:
            return f"{statement.by} has no site {said.site!r} in the agreement"
        return ""

    def _revoke(self, by: str, said: g.KeyRevoked, seq: int) -> None:
        """By its owner at once; by the panel with a majority, which can also give a new key."""
        if said.of == by:
            self._revoked.setdefault(by, seq)
            return
        panel = {one.name for one in self._document.terms.panel}
        votes = self._votes.setdefault(said, set())
        votes.add(by)
        if 2 * len(votes & panel) > len(panel) and said.of in self._keys:
            self._revoked.setdefault(said.of, seq)
            if said.replacement:
                self._keys[said.of] = parse_verifier_key(said.replacement)
                del self._revoked[said.of]
