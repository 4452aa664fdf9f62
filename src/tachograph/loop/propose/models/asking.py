"""The calls of one turn: held by the budget, recorded before use, never paid for twice.

Steps of `ask`, which DESIGN and docs/concepts/models.md name alike:

1. An answer of this turn that the ledger holds under this number is taken as it is.
2. One that arrived and was never recorded is taken from the spool, waiting where it is under way.
3. Otherwise the budget holds the upper bound of the call (or refuses), and one attempt is made.
4. What it came to is recorded, durably; then the spool lets go of it; only then is it used.
5. A failure that may pass is tried again, after the time that the provider asks for, a few times.

Proven by tests/loop/propose/models/test_models_asking.py.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from tachograph.errors import ModelError
from tachograph.ledger.kinds import Body, ModelAnswered, ModelFailed
from tachograph.loop.propose.models.call import (
    UNPAID,
    Answer,
    Call,
    Failure,
    Message,
    Recorded,
    encode_answer,
    encode_request,
    read_answer,
    read_request,
)
from tachograph.loop.propose.models.prices import Prices
from tachograph.loop.propose.models.teller import Endpoint, Teller
from tachograph.loop.propose.protocol import RefusedError

ATTEMPTS = {"rate-limit": 5, "server": 4, "unreachable": 3, "cut": 3, "timeout": 2, "unreadable": 2,
            "broken": 2}  # fmt: skip
"""Most attempts of one call that failed for this reason; not named: one."""
FIRST_WAIT_SECONDS = 1.0
MOST_WAIT_SECONDS = 120.0
"""A provider that wants to be left alone for longer ends the call."""


class Books(Protocol):
    """What this needs of a desk (loop/propose/protocol.py)."""

    @property
    def run(self) -> str: ...
    @property
    def turn(self) -> int: ...
    @property
    def stopping(self) -> threading.Event: ...
    def begin(self) -> None: ...
    def reserve(self, tokens: int, money_usd: float | None) -> AbstractContextManager[None]: ...
    def answers(self) -> Sequence[ModelAnswered]: ...
    def put(self, data: bytes) -> str: ...
    def fetch(self, digest: str) -> bytes: ...
    def record(self, *bodies: Body) -> None: ...


@dataclass(frozen=True)
class Answered:
    """An answer that the ledger holds."""

    message: Message
    stop: str
    """stop, max_tokens, model_length, tool_calls or unknown: why the model ended."""
    cut_bytes: int
    """Bytes of text that were left out at the end; 0: none."""
    conversation: tuple[Message, ...]
    """All messages of the call that was answered, and the answer. After a crash that may be another
    call than the one asked now: whoever goes on should go on from here."""
    replayed: bool
    """It was recorded, or on its way, before this sitting."""


@dataclass
class Asking:
    """One turn's calls of one model."""

    desk: Books
    teller: Teller
    endpoint: Endpoint
    prices: Prices = field(default_factory=Prices)
    asked: int = 0
    """Calls of this turn so far."""
    before: Recorded | None = None
    """The one before."""

    def ask(self, call: Call) -> Answered:
        """The model's answer to the next call of the turn.

        Raises RefusedError where a budget would be passed or the run is ending, and ModelError
        where the model cannot be asked or declines.
        """
        self.asked += 1
        recorded, replayed = self.find(call)
        self.before = recorded
        answer = recorded.outcome
        if answer.stop == "content_filter":
            raise ModelError(
                f"{self.endpoint.model} declined", hint="tacho show tells what it said"
            )
        return Answered(answer.message, answer.stop, answer.cut_bytes, recorded.conversation,
                        replayed)  # fmt: skip

    def find(self, call: Call) -> tuple[Recorded, bool]:
        """The recorded answer to this call, and whether it is older than this sitting."""
        for body in self.desk.answers():
            if body.call == self.asked:
                self.teller.done(self.key)
                return self.read(body), True
        kept = self.teller.kept(self.key, self.desk.stopping)
        if kept is not None:
            request = self.desk.put(encode_request(kept.model, kept.call, self.before))
            found = self.record(kept.call, kept.outcome, kept.model, request)
            if found:
                return found, True
        return self.insist(call), False

    @property
    def key(self) -> str:
        """Of the call at hand, unique in the ledger."""
        return f"{self.desk.run}-{self.desk.turn}-{self.asked}"

    def read(self, body: ModelAnswered) -> Recorded:
        """An answer of the ledger, with the call that it answered."""
        call = read_request(self.desk.fetch, body.request)
        return Recorded(body.request, body.answer, call, read_answer(self.desk.fetch, body.answer))

    def insist(self, call: Call) -> Recorded:
        """Attempts until one is answered. Raises RefusedError, ModelError."""
        failures: list[Failure] = []
        while True:
            outcome = self.attempt(call)
            if isinstance(outcome, Recorded):
                return outcome
            failures.append(outcome)
            self.wait(failures)

    def attempt(self, call: Call) -> Recorded | Failure:
        """One attempt, held by the budget and recorded."""
        price = self.prices.of(self.endpoint.model)
        most_tokens = call.most_input_tokens + call.most_output_tokens
        with self.desk.reserve(most_tokens, price.most_usd(call) if price else None):
            self.desk.begin()
            reply = self.teller.post(self.key, self.endpoint, call)
            # while the model thinks
            request = self.desk.put(encode_request(self.endpoint.model, call, self.before))
            outcome = self.teller.wait(reply, self.desk.stopping)
            if outcome is None:
                raise RefusedError("the run is ending; the answer will be kept")
            recorded = self.record(call, outcome, self.endpoint.model, request)
            if recorded is None:
                assert isinstance(outcome, Failure)
                return outcome
            return recorded

    def wait(self, failures: Sequence[Failure]) -> None:
        """Until the next attempt. Raises ModelError where there is to be none, RefusedError where
        the run ends first."""
        last = failures[-1]
        seconds = last.retry_after_seconds
        if seconds is None:
            seconds = min(MOST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (len(failures) - 1))
            seconds *= random.uniform(0.5, 1)  # so that seats do not come back as one
        attempts = sum(f.reason == last.reason for f in failures)
        if attempts >= ATTEMPTS.get(last.reason, 1) or seconds > MOST_WAIT_SECONDS:
            said = f"{self.endpoint.model}: {last.reason}, {len(failures)} attempts: {last.detail}"
            raise ModelError(said, hint=HINTS.get(last.reason, "tacho show tells each attempt"))
        if self.desk.stopping.wait(seconds):
            raise RefusedError("the run is ending")

    def record(
        self, call: Call, outcome: Answer | Failure, model: str, request: str
    ) -> Recorded | None:
        """Put what it came to in the ledger; durable when it returns. None: it was a failure."""
        if isinstance(outcome, Failure):
            self.desk.record(self.failed(call, outcome, model, request))
            self.teller.done(self.key)
            return None
        answer = self.desk.put(encode_answer(outcome))
        self.desk.record(self.answered(call, outcome, model, request, answer))
        self.teller.done(self.key)
        return Recorded(request, answer, call, outcome)

    def answered(self, call: Call, answer: Answer, model: str, request: str,
                 digest: str) -> ModelAnswered:  # fmt: skip
        """The entry of an answer."""
        usage, price = answer.usage, self.prices.of(model)
        source: Literal["provider", "prices", "unknown"] = "provider"
        cost = usage.cost_usd
        if cost is None:
            cost = price.cost_usd(usage) if price else None
            source = "unknown" if cost is None else "prices"
        most_usd = price.most_usd(call) if price else None
        read, written = usage.input_tokens, usage.output_tokens
        return ModelAnswered(
            self.desk.run, self.desk.turn, self.asked, model, request, digest, read, written, cost,
            source, answer.seconds,
            counted_tokens=(call.most_input_tokens if read is None else read)
            + (call.most_output_tokens if written is None else written),
            counted_usd=most_usd if cost is None else cost,
        )  # fmt: skip

    def failed(self, call: Call, failure: Failure, model: str, request: str) -> ModelFailed:
        """The entry of a failure. What a provider may have charged counts in full."""
        price = self.prices.of(model)
        unpaid = failure.reason in UNPAID
        most_tokens = call.most_input_tokens + call.most_output_tokens
        most_usd = price.most_usd(call) if price else None
        return ModelFailed(
            self.desk.run, self.desk.turn, self.asked, model, request, failure.reason,
            failure.detail, failure.seconds, counted_tokens=0 if unpaid else most_tokens,
            counted_usd=0.0 if unpaid else most_usd,
        )  # fmt: skip


HINTS = {
    "rate-limit": "fewer seats, or wait: tacho resume goes on",
    "unreachable": "see that the server runs; --base-url names it",
    "rejected": "see the provider's key, the model's name and the account",
    "timeout": "a faster model, or fewer seats on one server",
}
