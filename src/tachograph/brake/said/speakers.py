"""Who may say what: one table for the machine, the register and every check.

Proven by tests/brake/test_brake_speakers.py. Not covered: what a statement does
(machine/transitions.py), and which site or meter a record may speak of (bundle/posted.py).
"""

from __future__ import annotations

from tachograph.brake.agreed.terms import Role
from tachograph.brake.said import governance as g
from tachograph.brake.said import records as r
from tachograph.brake.said.statement import Said

_PARTY: frozenset[Role] = frozenset({"party"})
_VERIFIER: frozenset[Role] = frozenset({"verifier"})
_PANEL: frozenset[Role] = frozenset({"panel"})
_METER: frozenset[Role] = frozenset({"meter"})
_EVERYBODY = _PARTY | _VERIFIER | _PANEL | _METER

SPEAKERS: dict[type[Said], frozenset[Role]] = {
    # about the agreement
    g.ClarificationAsked: _PARTY,
    g.ClarificationAnswered: _PARTY,
    g.ClarificationClosed: _PARTY,
    g.ChallengeRaised: _PARTY,
    g.ChallengeBlocked: _PARTY,
    g.AccessGranted: _PARTY,
    g.InspectionReported: _VERIFIER,
    g.TriggerCalled: _PARTY | _VERIFIER,
    g.TriggerVetoed: _PARTY,
    g.TriggerWithdrawn: _VERIFIER,
    g.EvidenceFiled: _VERIFIER,
    g.LiftVoted: _PARTY | _VERIFIER,
    g.LiftObjected: _PANEL,
    g.RenewalVoted: _PARTY,
    g.BreachAlleged: _VERIFIER,
    g.EquivocationShown: _EVERYBODY,
    g.PanelDecided: _PANEL,
    g.ReinstatementVoted: _PANEL,
    g.HoldDeclared: _PARTY,
    g.HoldEnded: _PARTY,
    g.ExitNoticed: _PARTY,
    g.KeyRevoked: _EVERYBODY,
    g.AdjustmentProposed: _PARTY,
    g.AdjustmentVoted: _PARTY,
    # about work
    r.SiteDeclared: _PARTY,
    r.RunDeclared: _PARTY,
    r.WeightsCommitted: _PARTY,
    r.SegmentCommitted: _PARTY,
    r.RunCompleted: _PARTY,
    r.SegmentOpened: _PARTY,
    r.BeaconPromised: _PARTY | _VERIFIER | _PANEL,
    r.BeaconRevealed: _PARTY | _VERIFIER | _PANEL,
    r.WeightsFrozen: _PARTY,
    r.OutputsServed: _PARTY,
    r.OutputsOpened: _PARTY,
    r.DeviceAttested: _PARTY,
    r.ToleranceCalibrated: _VERIFIER,
    r.SegmentReplayed: _VERIFIER,
    r.ServedReplayed: _VERIFIER,
    r.AttestationAsked: _VERIFIER,
    r.ReferencesPublished: _VERIFIER,
    r.LoadModulationAsked: _VERIFIER,
    r.TraceReported: _VERIFIER | _METER,
    r.Heartbeat: _METER,
    r.WindowReported: _METER,
}
"""The roles that may make each statement. Whoever else does has said nothing (rule `role`)."""


def spoken_by(role: Role) -> tuple[type[Said], ...]:
    """What such a speaker may say, in the table's order."""
    return tuple(kind for kind, roles in SPEAKERS.items() if role in roles)
