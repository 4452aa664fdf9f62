"""One session of a coding agent, whatever wrote it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

CLASSES = ("routine", "regular", "challenging", "open-ended")
"""Difficulty of what was asked: a single known edit; specified, a few files; unknown cause or many
modules; a goal without a path. Judged from the request alone, never from the outcome."""


@dataclass(frozen=True)
class Session:
    """What is known of it; None where the log does not say."""

    id: str
    model: str
    day: date | None
    person: str = ""
    """Whose session it was; sessions of one person depend on each other."""
    difficulty: str = ""
    """One of CLASSES; empty where nobody has judged it."""
    success: float | None = None
    """0 to 1."""
    prompts: int | None = None
    """Messages that a person wrote, the first included."""
    interruptions: int | None = None
    """Times that a person stopped the agent in its work."""
    rejections: int | None = None
    """Uses of a tool that a person refused."""
    redirections: int | None = None
    """Messages that correct the direction; only a judge can tell them from new wishes."""
    tool_uses: int | None = None


def counted_session(name: str, model: str, day: date | None, counted: Mapping[str, int]) -> Session:
    """A session of a log that counts these four things, with 0 where it saw none."""
    return Session(
        name, model, day, prompts=counted.get("prompts", 0),
        interruptions=counted.get("interruptions", 0), rejections=counted.get("rejections", 0),
        tool_uses=counted.get("tool_uses", 0),
    )  # fmt: skip
