"""Options that say who proposes and what it may cost, and what is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tachograph.cli.output import remark
from tachograph.errors import UsageError
from tachograph.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tachograph.loop.budget import Budget
    from tachograph.loop.propose.protocol import Proposer
    from tachograph.loop.team import Team
    from tachograph.task import Task

Proposers = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it at run time
    typer.Option(
        "--proposer", metavar="SPEC",
        help="recipes [the default], model:MODEL, agent:MODEL, command:PRESET; may be repeated.",
    ),
]  # fmt: skip
Seats = Annotated[
    int | None, typer.Option("--seats", help="Turns thought about at once [default: 1].")
]
PolicyName = Annotated[
    str | None, typer.Option("--policy", help="How parents are chosen: best, islands or tree.")
]
Directions = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--direction", metavar="TEXT", help="Where a seat looks first; may be repeated."),
]
Tokens = Annotated[int | None, typer.Option("--tokens", help="Models may take this many tokens.")]
Money = Annotated[float | None, typer.Option("--money", help="Models may cost this much, in USD.")]
UntilText = Annotated[
    str | None,
    typer.Option("--until", metavar="GOAL", help="Stop at 2.0x, or at a score or gap of 0.8."),
]
TurnSeconds = Annotated[
    float | None, typer.Option("--turn-seconds", help="Give a turn up after this much time.")
]
BaseUrl = Annotated[
    str, typer.Option("--base-url", metavar="URL", help="A server of models of your own.")
]
PricesAt = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--prices", metavar="FILE", help="What models cost, as TOML."),
]

AnswerTokens = Annotated[
    int | None,
    typer.Option("--answer-tokens", help="Most tokens of one answer of a model [default: 16384]."),
]

AnswerSeconds = Annotated[
    float | None,
    typer.Option("--answer-seconds", help="Longest wait for one answer [default: 600]."),
]


PAUSE_SECONDS = 2.0
"""After a failed turn; then 8, 32, 128 and 300: five in a row take three minutes or more."""


@dataclass(frozen=True)
class Wanted:
    """What of a team the command line says; None or empty: nothing."""

    specs: tuple[str, ...]
    seats: int | None
    policy: str | None
    directions: tuple[str, ...]
    until: str | None
    turn_seconds: float | None

    @classmethod
    def of(cls, specs: list[str] | None, seats: int | None, policy: str | None,
           directions: list[str] | None, until: str | None,
           turn_seconds: float | None) -> Wanted:  # fmt: skip
        """From the options. Raises UsageError for a proposer or a policy that there is not."""
        from tachograph.loop.propose.registry import check

        for spec in specs or ():
            check(spec)
        if policy:
            from tachograph.loop.choose import find_policy

            find_policy(policy)
        return cls(tuple(specs or ()), seats, policy, tuple(directions or ()), until, turn_seconds)

    def team(self, before: Team, task: Task, random_seed: int) -> Team:
        """The team as it was, with what is said now. Raises UsageError."""
        from tachograph.loop.directions import directions_for
        from tachograph.loop.team import Team
        from tachograph.loop.until import parse_until

        until = before.until if self.until is None else self.until
        if until:
            until = str(parse_until(until, task.metric))
        seats = self.seats or before.seats
        directions = before.directions
        if self.directions or len(directions) != seats:
            directions = directions_for(seats, self.directions or directions, random_seed)
        return Team(
            seats=seats, policy=self.policy or before.policy, directions=directions,
            until=until, turn_seconds=self.turn_seconds or before.turn_seconds,
            pause_seconds=PAUSE_SECONDS,
        )  # fmt: skip


def recorded(team: Team, proposers: Sequence[Proposer]) -> dict[str, Any]:
    """As a resume records it."""
    return team.plain() | {"proposers": [proposer.name for proposer in proposers]}


def say_estimate(proposers: Sequence[Proposer], task: Task, budget: Budget) -> None:
    """What it may cost, before anything does."""
    from tachograph.loop.estimate import estimate

    for line in estimate(proposers, task, budget):
        remark(line)


def say_opened(proposers: Sequence[Proposer]) -> None:
    """What the boxes of coding agents let in, by name, before one is started."""
    from tachograph.loop.propose.protocol import Opening

    for proposer in proposers:
        if isinstance(proposer, Opening):
            lets_in = ", ".join(proposer.opens()) or "nothing but its workspace"
            remark(f"{proposer.name}: its box lets in {lets_in}")


def team_text(team: Team, names: Sequence[str]) -> str:
    """Who sits there, where that is not one seat of recipes: `; 4 seats of recipes, model:x`."""
    from tachograph.loop.tally import shortened

    if team.seats == 1 and list(names) == ["recipes"]:
        return ""
    seats = counted(team.seats, "seat")
    policy = f", policy {team.policy}" if team.policy != "best" else ""
    return f"; {seats} of {', '.join(map(shortened, names))}{policy}"


def check_models(specs: Sequence[str], base_url: str, prices: Path | None,
                 answer_tokens: int | None, answer_seconds: float | None) -> None:  # fmt: skip
    """Options of models go with a proposer that asks one. Raises UsageError."""
    for name, value in (("tokens", answer_tokens), ("seconds", answer_seconds)):
        if value is not None and not value > 0:
            raise UsageError(f"--answer-{name} {value}", hint="give a number above 0")
    given = base_url or prices or answer_tokens or answer_seconds
    if given and not any(s.startswith(("model:", "agent:")) for s in specs):
        raise UsageError("--base-url, --prices and --answer-... are for models",
                         hint="--proposer model:openai-api/local/NAME")  # fmt: skip
