"""From the words of `--proposer` to a proposer: SPEC is `recipes`, or KIND:REST.

    with opened(["recipes", "model:openai/gpt-5"], Setting(folder)) as proposers:
        Loop(run, bench, proposers, budget).drive()

A new kind: a function here that imports what it needs when it is called, and its line in `KINDS`. A
proposer that holds something open (a process, a folder) is a context manager, and is left in the
end. Proven by tests/loop/propose/test_registry.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tachograph.errors import UsageError
from tachograph.loop.propose.protocol import Proposer
from tachograph.sandbox import Level

if TYPE_CHECKING:
    from tachograph.loop.propose.models import Call, Endpoint, Prices, Teller


@dataclass(frozen=True)
class Setting:
    """What proposers may need to know when they are made."""

    folder: Path
    """Of the ledger."""
    level: Level | None = None
    """Of the boxes; None: the best that can be had."""
    base_url: str = ""
    """Of a server of models; empty: the provider's own."""
    prices: Path | None = None
    """A table of prices of models."""
    answer_tokens: int | None = None
    """Most tokens of one answer of a model; None: as calls have it."""
    turn_seconds: float = 3600.0
    """What a turn may take."""
    answer_seconds: float | None = None
    """How long one answer of a model may take; None: as calls have it."""


class Kind(NamedTuple):
    """One kind of proposer."""

    make: Callable[[str, Setting], Proposer]
    """From what stands after the colon. Raises UsageError."""
    rest: str
    """What stands after the colon, as help shows it; empty where nothing may."""


def recipes(rest: str, setting: Setting) -> Proposer:
    """General source rewrites; needs no model."""
    from tachograph.loop.propose.recipes import Recipes

    return Recipes()


def command(rest: str, setting: Setting) -> Proposer:
    """Any coding agent on the PATH."""
    from tachograph.loop.propose.command import Command

    return Command(rest, level=setting.level, hidden=[setting.folder],
                   turn_seconds=setting.turn_seconds)  # fmt: skip


def model(rest: str, setting: Setting) -> Proposer:
    """One call of any model."""
    from tachograph.loop.propose.model import ModelProposer

    endpoint, teller, prices, call = asked(rest, setting)
    return ModelProposer(endpoint, teller, prices, call)


def agent(rest: str, setting: Setting) -> Proposer:
    """Any model, with tools."""
    from tachograph.loop.propose.agent import AgentProposer

    endpoint, teller, prices, call = asked(rest, setting)
    return AgentProposer(endpoint, teller, prices, call=call)


def asked(rest: str, setting: Setting) -> tuple[Endpoint, Teller, Prices, Call]:
    """What a proposer that asks a model needs. Raises UsageError."""
    from tachograph.loop.propose.models import Call, Endpoint, Prices
    from tachograph.loop.propose.models.prices import read_prices
    from tachograph.loop.propose.models.teller import teller_of

    prices = read_prices(setting.prices) if setting.prices else Prices()
    call = Call(())
    if setting.answer_tokens is not None:
        call = replace(call, most_output_tokens=setting.answer_tokens)
    if setting.answer_seconds is not None:
        call = replace(call, timeout_seconds=setting.answer_seconds)
    return Endpoint(rest.strip(), setting.base_url), teller_of(setting.folder), prices, call


KINDS: dict[str, Kind] = {
    "recipes": Kind(recipes, ""),
    "model": Kind(model, "PROVIDER/MODEL"),
    "agent": Kind(agent, "PROVIDER/MODEL"),
    "command": Kind(command, "PRESET or a command line"),
}
"""By what stands before the colon."""


def make(spec: str, setting: Setting) -> Proposer:
    """The proposer that SPEC names. Raises UsageError with the next step."""
    kind, rest = check(spec)
    return kind.make(rest, setting)


def check(spec: str) -> tuple[Kind, str]:
    """The kind that SPEC names, and what it is to be of. Raises UsageError with the next step."""
    name, colon, rest = spec.partition(":")
    kind = KINDS.get(name)
    if kind is None:
        raise UsageError(f"no proposer '{spec}'", hint=f"--proposer takes {forms()}")
    if kind.rest and not rest.strip():
        raise UsageError(f"--proposer {spec}: of what", hint=f"--proposer {name}:{kind.rest}")
    if colon and not kind.rest:
        raise UsageError(f"--proposer {spec}: {name} takes nothing more", hint=f"--proposer {name}")
    return kind, rest


def forms() -> str:
    """All kinds, as help shows them."""
    return ", ".join(f"{name}:{kind.rest}" if kind.rest else name for name, kind in KINDS.items())


@contextmanager
def opened(specs: Sequence[str], setting: Setting) -> Iterator[list[Proposer]]:
    """All of them, each once; what they hold open is closed in the end. Raises UsageError."""
    with ExitStack() as stack:
        made: dict[str, Proposer] = {}
        for spec in specs:
            proposer = make(spec, setting)
            if isinstance(proposer, AbstractContextManager):
                stack.enter_context(proposer)
            if proposer.name in made:
                raise UsageError(f"--proposer {spec} is given twice", hint="--seats N lets one "
                                 "proposer think several times at once")  # fmt: skip
            made[proposer.name] = proposer
        yield list(made.values())
