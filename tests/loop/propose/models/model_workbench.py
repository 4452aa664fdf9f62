"""Books kept in memory, for tests of asking that need no run."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tachograph.ledger.kinds import Body, ModelAnswered, ModelFailed
from tachograph.loop.propose.protocol import RefusedError


class Books:
    """What a desk keeps, and in which order."""

    def __init__(self, run: str = "r-1", turn: int = 1, tokens: int | None = None) -> None:
        self.run = run
        self.turn = turn
        self.stopping = threading.Event()
        self.objects: dict[str, bytes] = {}
        self.bodies: list[Body] = []
        self.log: list[str] = []
        self.tokens = tokens
        self.reserved: list[tuple[int, float | None]] = []

    def begin(self) -> None:
        self.log.append("begin")

    @contextmanager
    def reserve(self, tokens: int, money_usd: float | None) -> Iterator[None]:
        if self.tokens is not None and tokens > self.tokens:
            raise RefusedError("the call might pass the budget")
        self.reserved.append((tokens, money_usd))
        yield

    def answers(self) -> Sequence[ModelAnswered]:
        return [body for body in self.bodies if isinstance(body, ModelAnswered)]

    @property
    def failures(self) -> list[ModelFailed]:
        return [body for body in self.bodies if isinstance(body, ModelFailed)]

    def put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.objects[digest] = data
        return digest

    def fetch(self, digest: str) -> bytes:
        return self.objects[digest]

    def record(self, *bodies: Body) -> None:
        self.log.append("record")
        self.bodies += bodies
