"""The `model` proposer: one call, one candidate; one call more where the answer makes none.

Proven by tests/loop/propose/model/test_model_proposer.py.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from tachograph.loop.propose.model.answer import AnswerError, Change, read_answer
from tachograph.loop.propose.model.prompt import describe_inputs, prompt, repair
from tachograph.loop.propose.models import (
    Answered,
    Asking,
    Call,
    Endpoint,
    Prices,
    Teller,
)
from tachograph.loop.propose.models.call import Usage
from tachograph.loop.propose.protocol import Brief, Desk, Forecast, MalformedError, Proposal
from tachograph.task import Candidate, Task

BYTES_A_TOKEN = 4
"""Of English and of code, about."""
RULES_TOKENS = 800
REASONING_TOKENS = 2000


class ModelProposer:
    """Asks one model. Seats may share it."""

    thinks_here = False

    def __init__(self, endpoint: Endpoint, teller: Teller, prices: Prices | None = None,
                 call: Call | None = None) -> None:  # fmt: skip
        """`call`: its bounds and temperature are those of every call; its messages are not used."""
        self.endpoint = endpoint
        self.teller = teller
        self.prices = prices or Prices()
        self.call = call or Call(())
        self.inputs: dict[str, str] = {}
        self.lock = threading.Lock()

    @property
    def name(self) -> str:
        """As the ledger names it."""
        return f"model:{self.endpoint.model}"

    def __enter__(self) -> ModelProposer:
        """Raises UsageError where this model cannot be asked; takes seconds."""
        self.teller.open(self.endpoint)
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing more is asked; what is under way is kept for a resume."""
        self.teller.close()

    def forecast(self, task: Task) -> Forecast:
        """Of a turn on the seed, with nothing tried yet."""
        files, goal = task.seed.source_bytes, len(task.goal.encode())
        read = (files + goal) // BYTES_A_TOKEN + RULES_TOKENS
        written = min(files // BYTES_A_TOKEN + REASONING_TOKENS, self.call.most_output_tokens)
        price = self.prices.of(self.endpoint.model)
        usd = price.cost_usd(Usage(read, written)) if price else None
        assumes = f"{BYTES_A_TOKEN} bytes a token; the answer: all files and {REASONING_TOKENS}"
        return Forecast(read + written, usd, assumes)

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """The model's candidate.

        Raises MalformedError where two answers make none, RefusedError where a budget would be
        passed, ModelError where the model gives no answer.
        """
        asking = Asking(desk, self.teller, self.endpoint, self.prices)
        messages = prompt(brief, self.inputs_of(brief.task))
        answered = asking.ask(replace(self.call, messages=messages))
        try:
            change = self.read(answered, brief)
        except AnswerError as fault:
            mend = (*answered.conversation, repair(str(fault)))
            try:
                change = self.read(asking.ask(replace(self.call, messages=mend)), brief)
            except AnswerError as second:
                raise MalformedError(f"{second}; before that: {fault}") from None
        self.share(change, brief, desk)
        return Proposal(Candidate(change.files), change.label, change.note)

    def read(self, answered: Answered, brief: Brief) -> Change:
        """The change that an answer asks for. Raises AnswerError."""
        if answered.cut_bytes:
            raise AnswerError(f"it is too long by {answered.cut_bytes} bytes")
        try:
            change = read_answer(answered.message.text, brief.parent.files)
        except AnswerError as fault:
            ended = "" if answered.stop == "stop" else f" (it ended by {answered.stop})"
            raise AnswerError(f"{fault}{ended}") from None
        if refusal := brief.task.refusal(Candidate(change.files)):
            raise AnswerError(refusal)
        return change

    def share(self, change: Change, brief: Brief, desk: Desk) -> None:
        """Put the answer's finding on the board, on the parent's trial; after a crash, once."""
        parent = brief.parent.id
        known = {(each.text, each.candidate, each.proposer) for each in desk.now().findings}
        if change.finding and (change.finding, parent, self.name) not in known:
            desk.share(change.finding, parent)

    def inputs_of(self, task: Task) -> str:
        """The example input in words, found once for each task."""
        with self.lock:
            if task.digest not in self.inputs:
                self.inputs[task.digest] = describe_inputs(task)
            return self.inputs[task.digest]
