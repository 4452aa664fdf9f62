"""Rows of commits: who made each, by which evidence, and how many lines of which kind of file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
VERSION = "1"
"""Of the rows: another one is not read from the cache."""
AUTHOR, MESSAGE, DOUBTFUL, REQUEST, NOTED, TRACED, BOT = (1 << bit for bit in range(7))
"""Evidence on a commit: its author is an agent, its message names one, or does so doubtfully, its
pull request does; it has a note, or a trace; its author is automation."""


@dataclass(frozen=True)
class History:
    """Rows of commits, the newest first; arrays of shape (commits,) or (commits, kinds of file)."""

    tip: str
    time: Counts
    """Of committing, in Unix seconds."""
    author: Counts
    """Place in `authors`."""
    agent: Counts
    """Place in `agents`; -1: none is marked."""
    evidence: Counts
    """Bits, see above."""
    added: Counts
    deleted: Counts
    ai: Counts
    """Added lines that notes or traces say an agent wrote."""
    human: Counts
    """Added lines that notes say a person wrote."""
    authors: tuple[str, ...]
    agents: tuple[str, ...]
    requests: int = 0
    """Pull requests whose branch could be looked at."""

    def __len__(self) -> int:
        """How many commits."""
        return len(self.time)

    def since(self, first: float, last: float) -> History:
        """The commits of a time, Unix seconds, the end left out."""
        keep = (self.time >= first) & (self.time < last)
        return self.with_rows({name: getattr(self, name)[keep] for name in ROWS})

    def with_rows(self, rows: Mapping[str, Counts]) -> History:
        """The same with other rows."""
        plain: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        return History(**plain | dict(rows))


ROWS = ("time", "author", "agent", "evidence", "added", "deleted", "ai", "human")
