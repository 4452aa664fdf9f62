"""A model judges sessions: two questions each, one repair each, a label or the reason for none.

Steps for a question: ask (the ledger, the spool, or the model, in this order); read the answer
strictly; where it is malformed, say why and ask once more; where that is malformed too, the session
is unlabelled, with the fault beside it. Never a guess. Proven by tests/label/test_label_judge.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from tachograph.errors import ModelError
from tachograph.gauges.logs.words import Words
from tachograph.label.books import Books, Shelf, question_id
from tachograph.label.rubric import (
    QUESTIONS,
    AnswerError,
    Question,
    prompt,
    read_answer,
    repair,
)
from tachograph.loop.propose.models import Answered, Asking, Call, Endpoint, Prices, Teller
from tachograph.loop.propose.protocol import RefusedError

MOST_FAILURES = 3
"""Sessions in a row that the model could not be asked about, before nothing more is asked."""


@dataclass(frozen=True)
class Label:
    """What the judge says of a session; None where it said nothing that counts."""

    session: str
    difficulty: str | None = None
    success: int | None = None
    redirections: int | None = None
    faults: tuple[str, ...] = ()
    """Why something is missing, one a question; untrusted text."""
    cost_usd: float | None = 0.0
    """Of all its answers, in all sittings; None: a price is not known."""

    @property
    def whole(self) -> bool:
        """Both questions have an answer."""
        return self.difficulty is not None and self.success is not None


@dataclass
class Judge:
    """One model with the rubric. Threads may share it."""

    shelf: Shelf
    teller: Teller
    endpoint: Endpoint
    prices: Prices = field(default_factory=Prices)
    call: Call = field(default_factory=lambda: Call(()))
    """Its bounds are those of every call; its messages are not used."""
    refusal: str = ""
    """Why nothing more is asked; empty while something is."""
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def labels(
        self, sessions: Sequence[Words], parallel: int = 1,
        told: Callable[[Label], None] = lambda label: None,
    ) -> list[Label]:  # fmt: skip
        """One label a session, in their order. `told` hears of each as it is there."""

        def one(words: Words) -> Label:
            label = self.label(words)
            told(label)
            return label

        with ThreadPoolExecutor(parallel) as pool, ExitStack() as broken_off:
            broken_off.callback(pool.shutdown, cancel_futures=True)
            broken_off.callback(self.shelf.stopping.set)
            waiting = [pool.submit(one, words) for words in sessions]
            labels = [each.result() for each in waiting]
            broken_off.pop_all()
            return labels

    def label(self, words: Words) -> Label:
        """The label of one session."""
        found: dict[str, Any] = {}
        faults: list[str] = []
        costs: list[float | None] = []
        for question in QUESTIONS:
            try:
                found |= self.answer(question, words)
            except (AnswerError, RefusedError, ModelError) as fault:
                faults.append(f"{question.name}: {_said(fault)}")
            costs.append(self.shelf.cost_usd(self.run_of(question, words)))
        return Label(
            words.session, found.get("class"), found.get("success"), found.get("redirections"),
            (*faults, *_unclear(found, faults)),
            None if None in costs else sum(cost for cost in costs if cost is not None),
        )  # fmt: skip

    def answered(self, words: Words) -> bool:
        """Whether the ledger has an answer to both questions about this session."""
        return all(self.run_of(question, words) in self.shelf.known for question in QUESTIONS)

    def run_of(self, question: Question, words: Words) -> str:
        """Name of the question about this session."""
        return question_id(self.endpoint.model, words.session, prompt(question, words))

    def answer(self, question: Question, words: Words) -> dict[str, Any]:
        """What the judge says. Raises AnswerError, RefusedError, ModelError."""
        messages = prompt(question, words)
        books = Books(self.shelf, self.run_of(question, words))
        asking = Asking(books, self.teller, self.endpoint, self.prices)
        answered = self.ask(asking, replace(self.call, messages=messages))
        try:
            return self.read(question, words, answered)
        except AnswerError as fault:
            mend = (*answered.conversation, repair(str(fault)))
            return self.read(question, words, self.ask(asking, replace(self.call, messages=mend)))

    def ask(self, asking: Asking, call: Call) -> Answered:
        """Ask, unless it is known that nothing more can be asked; what is recorded can always.

        Raises RefusedError, ModelError.
        """
        new = len(asking.desk.answers()) <= asking.asked
        if self.refusal and new:
            raise RefusedError(self.refusal)
        try:
            if new:
                self.shelf.check_leave(asking.desk.run)
            answered = asking.ask(call)
        except RefusedError as refused:
            self.refusal = str(refused)
            raise
        except ModelError as error:
            with self.lock:
                self.failures += 1
                if self.failures >= MOST_FAILURES:
                    self.refusal = error.message
            raise
        self.failures = 0
        return answered

    def read(self, question: Question, words: Words, answered: Answered) -> dict[str, Any]:
        """The answer, strictly. Raises AnswerError."""
        if answered.cut_bytes or answered.stop not in ("stop", "unknown"):
            raise AnswerError(f"it is not whole (it ended by {answered.stop})")
        return read_answer(question, answered.message.text, later_messages=words.prompts - 1)


def _said(fault: Exception) -> str:
    return fault.message if isinstance(fault, ModelError) else str(fault)


def _unclear(found: dict[str, Any], faults: Sequence[str]) -> Iterator[str]:
    for question, key in (("class", "class"), ("outcome", "success")):
        if key not in found and not any(fault.startswith(question) for fault in faults):
            yield f"{question}: unclear, says the judge"
