"""Books kept in memory, for tests of asking that need no run; and secrets to be looked for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tachograph.ledger.kinds import Body, ModelAnswered, ModelFailed
from tachograph.loop.propose.protocol import RefusedError

CANARIES = {
    "OPENAI_API_KEY": "sk-canary-openai-0123456789",
    "ANTHROPIC_API_KEY": "sk-ant-canary-0123456789",
    "LOCAL_API_KEY": "canary-local-0123456789",
    "AWS_SECRET_ACCESS_KEY": "canary/aws+0123456789",
    "DATABASE_PASSWORD": 'canary"quoted\\0123456789',
}
"""Secrets of an environment: each must be seen nowhere but there."""


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
