"""V12, governance legality: the state follows from the statements, and everybody acted by it.

The production machine (machine/) is run again over the register, so no claim of a state is taken
from anybody. A speaker that contradicts itself is convicted by its two envelopes. In each party's
own ledger, work that begins must be allowed at that moment: by the register as the party had copied
it, and it must have heard the register within the agreement's `deaf` time. No entry is taken to be
older than what its ledger had noted before it. Proven by tests/brake/test_checks_of_record.py and
the red team's rows 14, 37, 40 and 46.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.log_copy import LogCopy
from tachograph.brake.bundle.posted import Posted
from tachograph.brake.bundle.replayed import Replayed
from tachograph.brake.logs.commitment import Commitment
from tachograph.brake.machine import State
from tachograph.brake.machine.permission import permission
from tachograph.brake.said.conviction import format_pair
from tachograph.brake.said.records import WindowReported
from tachograph.brake.said.statement import contradiction, slot
from tachograph.brake.times import parse_time
from tachograph.brake.verdict import EVERYBODY, Check, CheckResult
from tachograph.ledger import Entry, kinds
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.note import parse_note

CHECK = Check(
    "V12",
    "governance legality",
    "both",
    "work against the agreement's state, lifts without a certificate, ballots cast twice",
    (
        "what a party does stands in its own ledger, or in its meters' windows",
        "the register is the only one (V3)",
    ),
)
SLACK = 120_000
"""Milliseconds by which clocks may differ."""
BEGINS = (kinds.RunOpened, kinds.RunResumed, kinds.TurnBegun)
"""What is recorded only after leave was given."""
FORBIDDING = frozenset({"PAUSED", "LIFT_REVIEW", "BREACH_REVIEW"})
"""States that a refusal of work may name, and that the register must bear out."""


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """One result for the register, and for each party: its ballots, its ledger, its meters."""
    if bundle.register is None:
        for party in bundle.terms.parties:
            yield CHECK.not_assessed(party.name, "the bundle holds no readable register")
        yield CHECK.not_assessed(EVERYBODY, "the bundle holds no readable register")
        return
    replayed = bundle.replayed
    yield _register(bundle, replayed)
    yield from _contradictions(bundle)
    for party in bundle.terms.parties:
        yield from _ledger(bundle, replayed, party.name)
        yield from _meters(bundle, replayed, party.name)


def _register(bundle: Bundle, replayed: Replayed) -> CheckResult:
    """What the state is: computed and not claimed, so it cannot be illegal."""
    until = int(bundle.until_seconds * 1000)
    state = replayed.at(until)
    effect = bundle.terms.timers.effect / 3_600_000
    return CHECK.passed(
        EVERYBODY,
        f"the statements lead to {state.name}; {replayed.idle} of {len(replayed.posted)} had no "
        f"effect; a trigger takes {effect:.3g} h, and until it is found out at most "
        f"{bundle.terms.exposure:.2g} FLOP can be trained at declared sites",
    )


# Ballots.


def _contradictions(bundle: Bundle) -> Iterator[CheckResult]:
    for speaker in bundle.terms.roles:
        subject = bundle.subject_of(speaker)
        pair = _contradiction(bundle, speaker)
        if pair is not None:
            first, second, reason = pair
            yield CHECK.failed(
                subject, reason, evidence=[first.where, second.where],
                proof=format_pair(first.envelope, second.envelope),
            )  # fmt: skip


def _contradiction(bundle: Bundle, speaker: str) -> tuple[Posted, Posted, str] | None:
    numbers: dict[int, Posted] = {}
    ballots: dict[tuple[str, int], Posted] = {}
    for posted in bundle.by(speaker):
        statement = posted.statement
        assert statement is not None, "what does not parse is not valid"
        box = slot(statement.said)
        rivals = [numbers.setdefault(statement.number, posted)]
        if box is not None:
            rivals.append(ballots.setdefault(box, posted))
        for rival in rivals:
            reason = rival.statement and contradiction(rival.statement, statement)
            if reason:
                return rival, posted, reason
    return None


# A party's own ledger.


def _ledger(bundle: Bundle, replayed: Replayed, party: str) -> Iterator[CheckResult]:
    log = bundle.log_of(party)
    if log is None:
        yield CHECK.not_assessed(party, "the bundle holds no readable ledger of it")
        return
    problem = _Conduct(bundle, replayed, party, log).problem()
    if problem is not None:
        say = CHECK.not_assessed if problem.hidden else CHECK.failed
        opened = ", unless a withheld entry says otherwise" if problem.hidden else ""
        yield say(party, problem.reason + opened, evidence=[log.where(problem.seq)])
        return
    hidden = _withheld(bundle, party, log)
    if hidden:
        yield CHECK.not_assessed(
            party, f"{len(hidden)} entries from a time without leave are withheld",
            evidence=[log.where(seq) for seq in hidden[:3]],
        )  # fmt: skip
        return
    yield CHECK.passed(party, "all work in its ledger began with leave")


def _moments(bundle: Bundle, log: LogCopy) -> dict[int, int]:
    """When each entry was made, by its number: as it says, but not before what came before it.

    Whoever puts its clock back is held to the newest time that its ledger had noted or copied. Not
    to when witnesses saw the ledger without the entry: it may be published long after it was made.
    Milliseconds since 1970.
    """
    origin, until = bundle.register_key.name, int(bundle.until_seconds * 1000)
    moments, latest = {}, 0
    every: list[Entry | Commitment] = [*log.entries, *log.withheld]
    for one in sorted(every, key=lambda one: one.seq):
        time = noted = parse_time(one.time) or 0
        body = one.body if isinstance(one, Entry) else None
        if isinstance(body, kinds.StatementCopied) and body.register == origin:
            noted = max(time, parse_time(body.posted) or 0)
        # A clock that was ahead for once must not date all that came after it.
        latest = max(latest, min(noted, until))
        moments[one.seq] = max(latest, time)
    return moments


def _withheld(bundle: Bundle, party: str, log: LogCopy) -> list[int]:
    """Withheld entries that may be work, from times at which none was allowed."""
    if not log.withheld:
        return []
    names = {kind.__name__ for kind in BEGINS}
    moments = _moments(bundle, log)
    return [
        one.seq
        for one in log.withheld
        if (one.kind is None or one.kind in names)
        and not _allowed(bundle.replayed, party, moments[one.seq])
    ]


def _allowed(replayed: Replayed, party: str, time: int) -> bool:
    """Whether training was allowed at the time, or within the clocks' slack before or after."""
    return any(
        permission(replayed.at(max(moment, 0)), party, "training").allowed
        for moment in (time - SLACK, time, time + SLACK)
    )


_NEVER = "its ledger never adopted the agreement"
_LEFT_OUT = "it left out statement"
_DEAF = "it began work although it had not heard the register for too long"
_LACKS = {_NEVER: "AgreementAdopted", _LEFT_OUT: "StatementCopied", _DEAF: "RegisterHeard"}
"""What is wrong because an entry is missing, and of which kind."""


@dataclass(frozen=True)
class _Problem:
    """What is wrong with a party's conduct."""

    reason: str
    seq: int
    """The entry that shows it."""
    hidden: bool
    """Whether a withheld entry could put it right."""


@dataclass
class _Conduct:
    """A party's ledger, read from the front: what it had heard, what it did."""

    bundle: Bundle
    replayed: Replayed
    party: str
    log: LogCopy
    is_register: bool = False
    adopted: bool = False
    held: bool = False
    heard: int | None = None
    copied: set[int] = field(default_factory=set)
    covered: int = 0
    """Statements, from the first on, that the heads heard so far cover and that are copied."""
    runs: dict[str, str] = field(default_factory=dict)
    moments: dict[int, int] = field(default_factory=dict)

    def problem(self) -> _Problem | None:
        """The first thing that is wrong; None: nothing is."""
        self.is_register = self.log is self.bundle.register
        self.moments = _moments(self.bundle, self.log)
        for entry in self.log.entries:
            reason = self._reason(entry)
            if reason:
                return _Problem(reason, entry.seq, self._may_hide(reason))
        if not self.adopted and self.bundle.posted:
            return _Problem(_NEVER, 0, self._may_hide(_NEVER))
        return None

    def _may_hide(self, reason: str) -> bool:
        """Whether an entry that is withheld could be what seems to be missing."""
        kind = next((kind for start, kind in _LACKS.items() if reason.startswith(start)), None)
        return kind is not None and any(one.kind in (None, kind) for one in self.log.withheld)

    def _reason(self, entry: Entry) -> str:
        body, origin = entry.body, self.bundle.register_key.name
        if isinstance(body, kinds.StatementCopied):
            if body.register == origin:
                self.copied.add(body.index)
            return ""
        time = self.moments[entry.seq]
        match body:
            case kinds.AgreementAdopted(register=register) if register == origin:
                self.adopted = True
                self.heard = time
            case kinds.RegisterHeard(register=register) if register == origin:
                self.heard = time
                return self._missed(body.note)
            case kinds.WorkHeld() | kinds.WorkReleased():
                self.held = isinstance(body, kinds.WorkHeld)
            case kinds.WorkRefused():
                return self._refused(body, time)
            case kinds.RunOpened() | kinds.RunResumed() | kinds.TurnBegun():
                return self._began(body, time)
        return ""

    def _missed(self, note: str) -> str:
        """A head says how many entries there were; the statements among them must be here."""
        head = self.bundle.heads.noted(note)
        size = (head.checkpoint if head else parse_checkpoint(parse_note(note).text)).size
        posted = self.bundle.posted
        while self.covered < len(posted) and posted[self.covered].seq < size:
            seq = posted[self.covered].seq
            if seq not in self.copied:
                return f"{_LEFT_OUT} {seq}, and heard a head of {size} entries"
            self.covered += 1
        return ""

    def _refused(self, body: kinds.WorkRefused, time: int) -> str:
        if body.state in FORBIDDING and all(
            permission(self.replayed.at(max(moment, 0)), self.party, "training").state != body.state
            for moment in (time - SLACK, time, time + SLACK)
        ):
            return f"it claims that the state is {body.state}, and the register says otherwise"
        return ""

    def _began(self, body: kinds.RunOpened | kinds.RunResumed | kinds.TurnBegun, time: int) -> str:
        if isinstance(body, kinds.RunOpened):
            self.runs[body.run] = body.work
        training = self.runs.get(body.run, "training") == "training"
        if not self.adopted:
            return ""
        if self.held and training:
            return "it began work while it held of its own accord"
        if training and not _allowed(self.replayed, self.party, time):
            state = self._state(time)
            return f"it began work at a time without leave: {state.name}"
        if training and not self.is_register and self._deaf(time):
            return _DEAF
        return ""

    def _state(self, time: int) -> State:
        return self.replayed.at(time)

    def _deaf(self, time: int) -> bool:
        return time - (self.heard or 0) > self.bundle.terms.timers.deaf + SLACK


# Its meters.


def _meters(bundle: Bundle, replayed: Replayed, party: str) -> Iterator[CheckResult]:
    """Training that the party's own meters report from times without leave."""
    for posted, said in bundle.said(WindowReported):
        if bundle.subject_of(posted.speaker) == party and _trained(replayed, party, said):
            yield CHECK.failed(
                party,
                f"{said.meter} reports {said.flop['training']:.2g} FLOP of training in window "
                f"{said.window}, all of it without leave",
                evidence=[posted.where],
            )
            return


def _trained(replayed: Replayed, party: str, said: WindowReported) -> bool:
    began = parse_time(said.began)
    if began is None or not said.flop.get("training", 0.0) > 0:
        return False
    least = replayed.at(began).terms.training.window_flop
    if said.flop["training"] < least:
        return False
    ended = began + int(said.seconds * 1000)
    return not _allowed(replayed, party, began) and not _allowed(replayed, party, ended)
