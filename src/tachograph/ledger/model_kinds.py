"""Kinds of entries about models and coding agents that were asked: their answers, and the cost.

`kinds.py` names them in its union. Proven by tests/ledger/test_ledger_kinds.py. Not covered:
what was made of an answer, which is TurnEnded's (run_kinds.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tachograph.ledger.digest import Digest


@dataclass(frozen=True)
class ModelAnswered:
    """A model answered a call; recorded before anything is done with the answer."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn that asked."""
    call: int
    """Number of the call in the turn, from 1."""
    model: str
    """Name of the model, as it was asked for."""
    request: Digest
    """The object that holds the request."""
    answer: Digest
    """The object that holds the answer."""
    input_tokens: int | None
    """Tokens read, by the provider's count; None: it did not say."""
    output_tokens: int | None
    """Tokens written, by the provider's count; None: it did not say."""
    cost_usd: float | None
    """What it cost; None: not known."""
    cost_source: Literal["provider", "prices", "unknown"]
    """Who says so: the provider, or a table of prices."""
    seconds: float
    """From the call to its answer."""
    counted_tokens: int
    """What the budget counts: the provider's figures, and the bound held for one it did not say."""
    counted_usd: float | None
    """The same in money; None: the price is not known."""


@dataclass(frozen=True)
class ModelFailed:
    """A call of a model came to nothing."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn that asked."""
    call: int
    """Number of the call in the turn, from 1."""
    model: str
    """Name of the model, as it was asked for."""
    request: Digest
    """The object that holds the request."""
    reason: str
    """Why, as one word: rate-limit, server, unreachable, cut, timeout, too-large, unreadable,
    rejected or broken."""
    detail: str
    """Why, in full; untrusted text."""
    seconds: float
    """From the call to its failure."""
    counted_tokens: int
    """What the budget counts: 0 where no provider charges, the bound held where it may have."""
    counted_usd: float | None
    """The same in money; None: the price is not known."""


@dataclass(frozen=True)
class CommandBegun:
    """A coding agent was started in a turn. After a crash it is started again, from the parent."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn."""
    command: str
    """Program and arguments as they were called, as a shell would read them."""
    version: str
    """What it says of its version; untrusted text, empty where it says nothing."""
    opened: list[str]
    """What its box lets in besides the workspace, by name: network, variables, files."""
    level: str
    """Level of its box."""
    held_usd: float | None
    """Upper bound on what it may spend, as it was told; None: it was told none."""


@dataclass(frozen=True)
class CommandEnded:
    """A coding agent ended, or was ended."""

    run: str
    """Id of the run."""
    turn: int
    """Number of the turn."""
    reason: Literal["exited", "time-limit", "box-limit", "stopped"]
    """By itself, by the time of its turn, by another limit of its box, or with the run."""
    status: int
    """Its exit code; a negative one is the signal that ended it."""
    detail: str
    """Which limit, where it was one; untrusted text."""
    transcript: Digest
    """The object that holds what it printed."""
    cut: bool
    """Whether it printed more than is kept."""
    input_tokens: int | None
    """Tokens read, as it says; None: it did not say."""
    output_tokens: int | None
    """Tokens written, as it says; None: it did not say."""
    cost_usd: float | None
    """What it cost, as it says; None: it did not say."""
    counted_tokens: int
    """What the budget counts: what it said."""
    counted_usd: float | None
    """What the budget counts: what it said, or the bound held where it did not; None: neither."""
    wall_seconds: float
    """From its start to its end."""
    cpu_seconds: float
    """What it used itself, its own children included."""


ModelBody = ModelAnswered | ModelFailed | CommandBegun | CommandEnded
"""All of the above."""
