"""One turn of a run, for `tacho show --turn N`: whose it was, how it ended, all that was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tachograph.cli.output import quoted, tell, tell_json
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from tachograph.loop.archive import Turn
    from tachograph.loop.run import Run
    from tachograph.loop.transcript import Part

PART_LINES = 40
"""Of one message, where not all is asked for."""
LINE_CHARACTERS = 300


def tell_turn(run: Run, number: int, *, whole: bool, as_json: bool) -> None:
    """Everything about one turn; long messages are cut, unless `whole`.

    Raises UsageError where the run has none of that number.
    """
    from tachograph.loop.transcript import transcript

    turn = run.archive.turns.get(number)
    if turn is None:
        last = max(run.archive.turns, default=0)
        hint = f"it has 1 to {last}" if last else "it has none yet"
        raise UsageError(f"run {run.id} has no turn {number}", hint=hint)
    parts = list(transcript(run.ledger.fetch, turn))
    if as_json:
        tell_json(turn_data(turn, parts))
        return
    begun, ended = turn.begun, turn.ended
    outcome = f"{ended.outcome} after {ended.seconds:.1f} s" if ended else "not ended"
    tell(f"turn {number} of {run.id}, seat {begun.seat}: {begun.proposer}: {outcome}")
    if begun.direction:
        tell("direction\n" + quoted(begun.direction))
    if ended and ended.detail:
        tell(quoted(ended.detail))
    for candidate in turn.candidates:
        record = run.archive.records[candidate]
        tell(f"tried {candidate}: {record.verdict}")
    for part in parts:
        tell(f"\n{part.who} {part.call}")
        if part.about:
            tell(quoted(part.about))
        tell(quoted(part.text if whole else cut(part.text)))


def cut(text: str) -> str:
    """The beginning and the end of a long text, on lines of which none is long."""
    most = LINE_CHARACTERS
    lines = [line if len(line) <= most else line[:most] + "…" for line in text.splitlines()]
    half = PART_LINES // 2
    if len(lines) > PART_LINES:
        left = f"… ({len(lines) - 2 * half} lines: --whole shows them)"
        lines = [*lines[:half], left, *lines[-half:]]
    return "\n".join(lines)


def turn_data(turn: Turn, parts: list[Part]) -> dict[str, Any]:
    """As plain data."""
    begun, ended = turn.begun, turn.ended
    return {
        "run": begun.run, "turn": begun.turn, "seat": begun.seat, "proposer": begun.proposer,
        "parent": begun.parent, "direction": begun.direction,
        "outcome": ended and ended.outcome, "detail": ended and ended.detail,
        "seconds": ended and ended.seconds, "candidates": turn.candidates,
        "said": [{"who": part.who, "call": part.call, "about": part.about, "text": part.text}
                 for part in parts],
    }  # fmt: skip
