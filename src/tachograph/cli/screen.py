"""The live display of a run on a terminal, and plain lines elsewhere.

Both are listeners on the run's entries: they show what is in the ledger, and nothing else.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from tachograph.cli.output import clean, remark, tell
from tachograph.ledger import Entry
from tachograph.ledger.kinds import (
    BoxFailed,
    CandidateDropped,
    CandidateKept,
    ClockTested,
    HoldoutOpened,
    ScorerTested,
    TurnEnded,
)
from tachograph.loop.archive import Archive
from tachograph.loop.budget import Budget
from tachograph.loop.report import kept_text, ratio_text, record_text
from tachograph.loop.score.words import best_text, holdout_lines, scorer_text
from tachograph.loop.tally import is_team, shortened
from tachograph.loop.team import Team, is_retired
from tachograph.words import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

LAST_SHOWN = 8
DETAIL_SHOWN = 160
TROUBLE = ("failed", "malformed", "over-budget")
"""Outcomes of a turn that somebody may want to do something about."""
STYLES = {"kept": "bold green", "wrong": "red", "failed": "red", "box-failed": "yellow"}


class Screen(Protocol):
    """Shows a run. Use it in a `with`."""

    def watch(self, archive: Archive) -> None:
        """Show this archive from now on."""
        ...

    def entry(self, entry: Entry) -> None:
        """One more entry was folded in."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None: ...  # fmt: skip


def open_screen(heading: str, budget: Budget, *, quiet: bool) -> Screen:
    """The live one on a terminal, plain lines elsewhere, next to nothing where `quiet`."""
    if quiet:
        return Lines(say=lambda text: None)
    if sys.stdout.isatty():
        return Live(heading, budget)
    tell(heading)
    return Lines(say=tell)


class Lines:
    """One line a finished trial, once it is durable."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.archive = Archive()

    def watch(self, archive: Archive) -> None:
        """Show this archive from now on."""
        self.archive = archive

    def entry(self, entry: Entry) -> None:
        """A line for what people want to know at once."""
        body = entry.body
        if isinstance(body, ClockTested):
            self.say(clock_text(body))
        elif isinstance(body, ScorerTested):
            self.say(scorer_text(self.archive))
        elif isinstance(body, HoldoutOpened):
            for line in holdout_lines(self.archive):
                self.say(line)
        elif isinstance(body, CandidateKept | CandidateDropped):
            number = len(self.archive.trials)
            self.say(f"{number:4}  {record_text(self.archive.records[body.candidate])}")
        elif isinstance(body, BoxFailed):
            remark(f"      the box broke, not the candidate: {body.reason}")
        elif isinstance(body, TurnEnded) and (trouble := trouble_text(body, self.archive)):
            remark(f"      {trouble}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Say(Protocol):
    """Where lines go."""

    def __call__(self, text: str) -> None: ...


def clock_text(body: ClockTested) -> str:
    """The clock's test of itself, in words."""
    steady = f"identical code: {ratio_text(body.ratio, body.low, body.high)}"
    waiting = (
        ""
        if body.contention is None
        else f", some task waited for a core {body.contention:.0%} of the time"
    )
    return f"clock: {steady} in {body.pairs} pairs, decides by {body.witness} time{waiting}"


def trouble_text(body: TurnEnded, archive: Archive) -> str:
    """What people should know of how a turn ended; empty where it went well."""
    if body.outcome not in TROUBLE:
        return ""
    name = archive.turns[body.turn].begun.proposer
    detail = " ".join(body.detail.split())
    detail = detail if len(detail) <= DETAIL_SHOWN else detail[: DETAIL_SHOWN - 1] + "…"
    retired = is_retired(archive, Team.of(archive.team), name)
    last = "; it gets no further turn" if retired else ""
    return clean(f"{shortened(name)}, turn {body.turn}: {body.outcome}: {detail}{last}")


class Live:
    """A calm panel, redrawn in place."""

    def __init__(self, heading: str, budget: Budget) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self.heading = heading
        self.budget = budget
        self.archive = Archive()
        self.trouble = ""
        self.began = time.monotonic()
        self.live = RichLive(console=Console(highlight=False), get_renderable=self.render,
                             refresh_per_second=2, transient=False)  # fmt: skip

    def watch(self, archive: Archive) -> None:
        """Show this archive from now on."""
        self.archive = archive
        self.began = time.monotonic() - archive.wall_seconds

    def entry(self, entry: Entry) -> None:
        """Note what went wrong last."""
        if isinstance(entry.body, TurnEnded):
            self.trouble = trouble_text(entry.body, self.archive) or self.trouble

    def render(self) -> RenderableType:
        """The panel as it stands."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        first = len(self.archive.trials) - LAST_SHOWN
        for number, record in enumerate(self.archive.trials[-LAST_SHOWN:], max(first, 0) + 1):
            verdict, _, rest = record_text(record).partition("  ")
            table.add_row(Text(str(number), style="dim"),
                          Text(verdict.strip(), style=STYLES.get(record.verdict, "")),
                          Text(clean(rest.strip()), overflow="ellipsis", no_wrap=True))  # fmt: skip
        parts: list[RenderableType] = [Text(self.heading, style="bold"), self.best_line()]
        if self.archive.clock:
            parts.append(Text(clock_text(self.archive.clock), style="dim"))
        parts.append(Text(self.budget_line(), style="dim"))
        if team := team_line(self.archive):
            parts.append(Text(team, style="dim", overflow="ellipsis", no_wrap=True))
        if self.trouble:
            parts.append(Text(self.trouble, style="yellow", overflow="ellipsis", no_wrap=True))
        return Group(*parts, table, self.current_line())

    def best_line(self) -> RenderableType:
        """The best so far."""
        from rich.text import Text

        best = self.archive.best
        if self.archive.scorer:
            return Text(f"best   {best_text(self.archive)}", style="bold green" if best else "")
        if best is None or best.kept is None:
            return Text("best   1x: the seed, so far")
        return Text(f"best   {kept_text(best.kept)}", style="bold green")

    def budget_line(self) -> str:
        """What is spent, of what."""
        elapsed = time.monotonic() - self.began
        parts = [f"trial {len(self.archive.trials)}" + of(self.budget.trials),
                 f"{elapsed:.0f} s" + of(self.budget.wall_seconds)]  # fmt: skip
        if self.archive.tokens or self.budget.tokens:
            parts.append(f"{self.archive.tokens:,} tokens" + of(self.budget.tokens))
        if self.archive.money_usd or self.budget.money_usd:
            parts.append(f"{self.archive.money_usd:.2f} USD" + of(self.budget.money_usd))
        return "spent  " + ", ".join(parts)

    def current_line(self) -> RenderableType:
        """What is being tried now."""
        from rich.text import Text

        waiting = list(self.archive.open.values())
        if self.archive.closed or not waiting:
            return Text("")
        current = next((record for record in waiting if record.checked), waiting[0])
        stage = "racing" if current.checked else "checking"
        stage = "scoring" if self.archive.scorer else stage
        more = f", {len(waiting) - 1} more to try" if len(waiting) > 1 else ""
        return Text(f"{stage} {clean(current.proposed.label)} …{more}", style="cyan",
                    overflow="ellipsis", no_wrap=True)  # fmt: skip

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()


def team_line(archive: Archive) -> str:
    """Who thinks, and what is on the board; empty where one proposer sits alone."""
    if not is_team(archive):
        return ""
    thinking = Counter(shortened(turn.begun.proposer) for turn in list(archive.turns.values())
                       if not turn.ended)  # fmt: skip
    names = [f"{name} ×{count}" if count > 1 else name for name, count in thinking.items()]
    seats = archive.team.get("seats", 1)
    parts = [f"thinking: {', '.join(names)}"] if names else []
    if waiting := seats - sum(thinking.values()):
        parts.append(f"{waiting} waiting")
    if archive.findings:
        parts.append(counted(len(archive.findings), "finding"))
    return clean(f"team   {counted(seats, 'seat')}, {', '.join(parts)}")


def of(bound: float | None) -> str:
    """` of 30`, where there is a bound."""
    return "" if bound is None else f" of {bound:g}"
