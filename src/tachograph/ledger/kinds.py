"""What can be recorded: one frozen dataclass per kind, in one closed union.

A kind is named by what happened, in the past tense, and its fields hold ground types only. They
stand by what they are about, and here are all:

    run_kinds.py      a run's course: turns, candidates, findings
    model_kinds.py    models and coding agents that were asked, and their cost
    trial_kinds.py    checks, times, what was kept, what broke
    score_kinds.py    scores, queries, the sealed hold-out
    gauge_kinds.py    data and readings of gauges
    brake_kinds.py    agreements, registers, publication, holds

To add a kind, write its dataclass there, name it in that file's union and take it in here. A kind's
shape never changes afterwards, but that a field may come to it whose default says what its absence
means; any other shape is a new kind. So old entries stay readable for ever. Large content lies in
the object store; a field of type `Digest` names it. Proven by tests/ledger/test_ledger_kinds.py.
Not covered: what entries mean together, which is for whoever reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from tachograph.ledger.brake_kinds import AgreementAdopted as AgreementAdopted
from tachograph.ledger.brake_kinds import BrakeBody
from tachograph.ledger.brake_kinds import HeadPublished as HeadPublished
from tachograph.ledger.brake_kinds import RedactionChosen as RedactionChosen
from tachograph.ledger.brake_kinds import RegisterContradicted as RegisterContradicted
from tachograph.ledger.brake_kinds import RegisterHeard as RegisterHeard
from tachograph.ledger.brake_kinds import RegisterSeen as RegisterSeen
from tachograph.ledger.brake_kinds import StatementCopied as StatementCopied
from tachograph.ledger.brake_kinds import StatementPosted as StatementPosted
from tachograph.ledger.brake_kinds import WorkHeld as WorkHeld
from tachograph.ledger.brake_kinds import WorkRefused as WorkRefused
from tachograph.ledger.brake_kinds import WorkReleased as WorkReleased
from tachograph.ledger.digest import Digest as Digest
from tachograph.ledger.gauge_kinds import DataRecorded as DataRecorded
from tachograph.ledger.gauge_kinds import GaugeBody
from tachograph.ledger.gauge_kinds import ReadingTaken as ReadingTaken
from tachograph.ledger.model_kinds import CommandBegun as CommandBegun
from tachograph.ledger.model_kinds import CommandEnded as CommandEnded
from tachograph.ledger.model_kinds import ModelAnswered as ModelAnswered
from tachograph.ledger.model_kinds import ModelBody
from tachograph.ledger.model_kinds import ModelFailed as ModelFailed
from tachograph.ledger.run_kinds import CandidateProposed as CandidateProposed
from tachograph.ledger.run_kinds import FindingShared as FindingShared
from tachograph.ledger.run_kinds import RunBody
from tachograph.ledger.run_kinds import RunClosed as RunClosed
from tachograph.ledger.run_kinds import RunOpened as RunOpened
from tachograph.ledger.run_kinds import RunResumed as RunResumed
from tachograph.ledger.run_kinds import SecretRevealed as SecretRevealed
from tachograph.ledger.run_kinds import TurnBegun as TurnBegun
from tachograph.ledger.run_kinds import TurnEnded as TurnEnded
from tachograph.ledger.score_kinds import CandidateScored as CandidateScored
from tachograph.ledger.score_kinds import HoldoutOpened as HoldoutOpened
from tachograph.ledger.score_kinds import QueriesRefused as QueriesRefused
from tachograph.ledger.score_kinds import ScoreBody
from tachograph.ledger.score_kinds import ScorerTested as ScorerTested
from tachograph.ledger.score_kinds import TrialScored as TrialScored
from tachograph.ledger.trial_kinds import BoxFailed as BoxFailed
from tachograph.ledger.trial_kinds import CandidateDropped as CandidateDropped
from tachograph.ledger.trial_kinds import CandidateKept as CandidateKept
from tachograph.ledger.trial_kinds import ClockTested as ClockTested
from tachograph.ledger.trial_kinds import TrialBody
from tachograph.ledger.trial_kinds import TrialChecked as TrialChecked
from tachograph.ledger.trial_kinds import TrialTimed as TrialTimed


@dataclass(frozen=True)
class HeadSigned:
    """The ledger's key signed the root over all entries up to a size."""

    size: int
    """Number of entries under the root."""
    root: str
    """The root in hex."""
    note: str
    """The checkpoint as a C2SP signed note."""


Body = RunBody | ModelBody | TrialBody | ScoreBody | GaugeBody | BrakeBody | HeadSigned
"""Every kind there is."""

KINDS: dict[str, type[Body]] = {kind.__name__: kind for kind in get_args(Body)}
"""Kinds by name."""
