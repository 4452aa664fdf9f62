"""The books of one question to a judge: what the asking layer needs, kept in the ledger.

Every question is a run of its own, named by what it is: model, session, rubric, quoted words.
So the same question has the same name whatever the command line was, its answer is found in the
ledger and not paid for again, and one that arrived when the command was killed is found in the
spool (loop/propose/models/spool.py). What is not answered yet takes the brake's leave. Proven by
tests/label/test_label_judge.py.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tachograph.brake.agreement import Brake
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import Body, ModelAnswered, ModelFailed, WorkRefused
from tachograph.loop.budget import Budget, Spending
from tachograph.loop.propose.models import Message
from tachograph.loop.propose.protocol import RefusedError

PREFIX = "label-"


def question_id(model: str, session: str, messages: Sequence[Message]) -> str:
    """Name of a question about a session: `label-` and 16 hex digits."""
    told = hashlib.sha256(f"{model}\0{session}".encode(errors="replace"))
    for each in messages:
        told.update(f"\0{each.role}\0{each.text}".encode(errors="replace"))
    return PREFIX + told.hexdigest()[:16]


@dataclass
class Shelf:
    """All answers of judges in a ledger, and what this sitting spends. Threads may share it."""

    ledger: Ledger
    actor: str
    budget: Budget
    stopping: threading.Event = field(default_factory=threading.Event)
    known: dict[str, list[ModelAnswered]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.spending = Spending(self.budget)
        self.brake = Brake(self.ledger)
        for entry in self.ledger.entries(kinds=[ModelAnswered]):
            if isinstance(entry.body, ModelAnswered) and entry.body.run.startswith(PREFIX):
                self.known.setdefault(entry.body.run, []).append(entry.body)

    def check_leave(self, run: str) -> None:
        """Judging is inference: a pause may allow it or not. Raises RefusedError once recorded."""
        leave = self.brake.ask("inference")
        if leave.allowed:
            return
        self.append([WorkRefused(run, "inference", leave.state, leave.reason)])
        raise RefusedError(f"held by the brake, {leave.state}: {leave.reason}")

    def append(self, bodies: Sequence[Body]) -> None:
        """Record; durable when it returns."""
        self.ledger.append([(self.actor, (), body) for body in bodies])
        with self.lock:
            for body in bodies:
                if isinstance(body, ModelAnswered):
                    self.known.setdefault(body.run, []).append(body)
                if isinstance(body, ModelAnswered | ModelFailed):
                    self.spending.spend(body.counted_tokens, body.counted_usd or 0.0)

    def cost_usd(self, run: str) -> float | None:
        """What the answers to a question cost, in all sittings; None: a price is not known."""
        with self.lock:
            costs = [body.cost_usd for body in self.known.get(run, ())]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


class Books:
    """Of one question: the Books of loop/propose/models/asking.py."""

    turn = 1

    def __init__(self, shelf: Shelf, run: str) -> None:
        self.shelf = shelf
        self.run = run

    @property
    def stopping(self) -> threading.Event:
        """Set when the command is ending."""
        return self.shelf.stopping

    def begin(self) -> None:
        """Nothing is recorded before the first answer."""

    def reserve(self, tokens: int, money_usd: float | None) -> AbstractContextManager[None]:
        """Hold an upper bound of a call's cost. Raises RefusedError."""
        return self.shelf.spending.reserve(tokens, money_usd)

    def answers(self) -> Sequence[ModelAnswered]:
        """Answers recorded so far, in this sitting or before."""
        with self.shelf.lock:
            return tuple(self.shelf.known.get(self.run, ()))

    def put(self, data: bytes) -> str:
        """Keep large content; its SHA-256 in hex."""
        return self.shelf.ledger.put(data)

    def fetch(self, digest: str) -> bytes:
        """Content that was put."""
        return self.shelf.ledger.fetch(digest)

    def record(self, *bodies: Body) -> None:
        """Append what was spent."""
        self.shelf.append(bodies)
