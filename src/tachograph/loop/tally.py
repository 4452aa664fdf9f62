"""What each proposer of a run brought, and what it took: for `tacho show`, `runs` and the screen.

Pure functions of the archive. Proven by tests/loop/test_tally.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tachograph.loop.archive import Archive, Turn
from tachograph.loop.bandit import gains_of
from tachograph.loop.board import findings_of
from tachograph.loop.team import Team, is_retired
from tachograph.words import counted

NAME_CHARACTERS = 36


@dataclass
class Tally:
    """Of one proposer."""

    proposer: str
    turns: int = 0
    """That ended."""
    thinking: int = 0
    """That have begun and not ended."""
    candidates: int = 0
    """New ones."""
    kept: int = 0
    gain: float = 0.0
    """Of what was kept, over the best before it: log speed-up, or units of the score."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """How its turns ended, by outcome."""
    tokens: int = 0
    """As the budget counts them."""
    money_usd: float = 0.0
    """The same in money; what has no known price is not in it."""
    unpriced: bool = False
    """Whether something that it paid for has no known price."""
    seconds: float = 0.0
    """That it took to think."""

    def add(self, turn: Turn) -> None:
        """One more turn."""
        if turn.ended:
            self.turns += 1
            self.outcomes[turn.ended.outcome] += 1
            self.seconds += turn.ended.seconds
        else:
            self.thinking += 1
        for body in turn.paid:
            self.tokens += body.counted_tokens
            self.money_usd += body.counted_usd or 0.0
            self.unpriced |= body.counted_usd is None


def tallies(archive: Archive) -> list[Tally]:
    """One for each proposer, in the team's order, those by hand last."""
    found = {name: Tally(name) for name in archive.team.get("proposers", ())}
    for turn in archive.turns.values():
        found.setdefault(turn.begun.proposer, Tally(turn.begun.proposer)).add(turn)
    gains = gains_of(archive)
    for record in archive.records.values():
        if not archive.is_seed(record):
            name = record.proposed.proposer
            tally = found.setdefault(name, Tally(name))
            tally.candidates += 1
            tally.kept += record.kept is not None
            tally.gain += gains.get(record.id, 0.0)
    return list(found.values())


def is_team(archive: Archive) -> bool:
    """Whether there is more to say than that one proposer sat in one seat and was not paid."""
    seats, names = archive.team.get("seats", 1), {tally.proposer for tally in tallies(archive)}
    return seats > 1 or len(names) > 1 or archive.tokens > 0 or bool(archive.findings)


def tally_text(tally: Tally, archive: Archive) -> str:
    """`recipes           12 turns, 11 candidates, 3 kept, 14 s`"""
    parts = [counted(tally.turns, "turn"), counted(tally.candidates, "candidate"),
             f"{tally.kept} kept"]  # fmt: skip
    odd = {outcome: count for outcome, count in tally.outcomes.items()
           if outcome not in ("proposed", "nothing")}  # fmt: skip
    parts += [f"{count} {outcome}" for outcome, count in odd.items()]
    if tally.thinking:
        parts.append(f"{tally.thinking} not ended")
    parts.append(f"{tally.seconds:.0f} s")
    parts += paid_parts(tally.tokens, tally.money_usd, unpriced=tally.unpriced)
    retired = is_retired(archive, Team.of(archive.team), tally.proposer)
    name = shortened(tally.proposer)
    return f"{name:24}  {', '.join(parts)}" + ("; retired" if retired else "")


def team_caption(archive: Archive) -> str:
    """`3 seats of recipes, model:m; 4 findings; 1,200 tokens, 0.02 USD`; empty of no team."""
    if not is_team(archive):
        return ""
    names = ", ".join(shortened(name) for name in archive.team.get("proposers", ()))
    parts = [f"{counted(archive.team.get('seats', 1), 'seat')} of {names}",
             counted(len(archive.findings), "finding") if archive.findings else "",
             paid_text(archive)]  # fmt: skip
    return "; ".join(filter(None, parts))


def shortened(name: str) -> str:
    """A proposer's name in little room, in letters that every font has; a command line is long."""
    plain = "".join(c if " " <= c <= "~" else "?" for c in name)
    if len(plain) <= NAME_CHARACTERS:
        return plain
    kind, _, rest = plain.partition(":")
    return f"{kind[:10]}:…{rest[-(NAME_CHARACTERS - 12) :]}"


def paid_text(archive: Archive) -> str:
    """`12,300 tokens, 0.42 USD`; empty where nobody was paid."""
    unpriced = any(body.counted_usd is None
                   for turn in archive.turns.values() for body in turn.paid)  # fmt: skip
    return ", ".join(paid_parts(archive.tokens, archive.money_usd, unpriced=unpriced))


def paid_parts(tokens: int, money_usd: float, *, unpriced: bool) -> list[str]:
    """Tokens and money, where there are any; a price that is not known is not 0."""
    parts = [f"{tokens:,} tokens"] if tokens else []
    if money_usd:
        parts.append(f"{money_usd:.2f} USD" if money_usd >= 0.1 else f"{money_usd:.2g} USD")
    if unpriced:
        parts.append("some at a price not known")
    return parts


def team_data(archive: Archive) -> dict[str, Any]:
    """The team, its tallies and its board as plain data."""
    return {
        **Team.of(archive.team).plain(),
        "tallies": [
            {
                "proposer": each.proposer, "turns": each.turns, "thinking": each.thinking,
                "candidates": each.candidates, "kept": each.kept, "gain": each.gain,
                "outcomes": dict(each.outcomes), "seconds": each.seconds, "tokens": each.tokens,
                "money_usd": None if each.unpriced else each.money_usd,
                "retired": is_retired(archive, Team.of(archive.team), each.proposer),
            }
            for each in tallies(archive)
        ],
        "tokens": archive.tokens,
        "money_usd": archive.money_usd,
        "findings": [
            {"text": each.text, "candidate": each.candidate, "verdict": each.verdict,
             "proposer": each.proposer}
            for each in findings_of(archive)
        ],
    }  # fmt: skip
