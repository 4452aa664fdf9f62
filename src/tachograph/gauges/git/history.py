"""A repository's history as numbers: one row a commit, who made it and by which evidence.

Rows are kept between readings (cache.py), so that a second reading costs little more than asking
git for the newest commit. Proven by tests/gauges/git/test_history.py. Not covered: what to say of
it; that is attribution.py and lines.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tachograph.errors import FormatError
from tachograph.gauges.git import branches, cache
from tachograph.gauges.git.command import Repository
from tachograph.gauges.git.markers import Markers, load_markers
from tachograph.gauges.git.notes import REFERENCE, Note, read_notes
from tachograph.gauges.git.paths import KINDS, classifier
from tachograph.gauges.git.rows import (
    AUTHOR,
    BOT,
    DOUBTFUL,
    MESSAGE,
    NOTED,
    REQUEST,
    ROWS,
    TRACED,
    VERSION,
    History,
)
from tachograph.gauges.git.stream import FORMAT, Commit, commits
from tachograph.gauges.git.trace import PLACE, Traces, read_traces


@dataclass
class Reader:
    """Turns commits into rows."""

    markers: Markers
    notes: Mapping[str, Note]
    traces: Traces
    requests: Mapping[int, str]
    """Number of a pull request to the agent its branch is marked with."""
    place_of: Callable[[str], int]
    """From path to its kind's place."""
    authors: dict[str, int] = field(default_factory=dict)
    agents: dict[str, int] = field(default_factory=dict)
    rows: list[list[int]] = field(default_factory=list)

    def add(self, commit: Commit) -> None:
        """One more row."""
        kinds = len(KINDS)
        added, deleted, ai, human = ([0] * kinds for _ in range(4))
        note = self.notes.get(commit.sha)
        traced: Mapping[str, int] = {}
        for parent in commit.parents.split() if self.traces else ():
            traced = self.traces.get(parent, traced)
        for path, plus, minus in commit.files:
            place = self.place_of(path)
            added[place] += plus
            deleted[place] += minus
            said = max(note.ai.get(path, 0) if note else 0, traced.get(path, 0))
            ai[place] += min(said, plus)
            if note:
                human[place] += min(note.human.get(path, 0), plus - min(said, plus))
        agent, evidence = self.marks(commit)
        evidence |= NOTED if note else 0
        evidence |= TRACED if traced and any(f.path in traced for f in commit.files) else 0
        author = self.authors.setdefault(commit.author_email.lower() or commit.author,
                                         len(self.authors))  # fmt: skip
        place = self.agents.setdefault(agent, len(self.agents)) if agent else -1
        self.rows.append([commit.time, author, place, evidence, *added, *deleted, *ai, *human])

    def marks(self, commit: Commit) -> tuple[str, int]:
        """The agent that the commit is marked with, and the evidence."""
        agent = self.markers.of_author(commit.author, commit.author_email)
        if agent:
            return agent, AUTHOR
        if self.markers.is_bot(commit.author_email):
            return "", BOT
        day = datetime.fromtimestamp(commit.time, UTC).date()
        agent, doubtful = self.markers.of_message(commit.message, day)
        if agent and not doubtful:
            return agent, MESSAGE
        number = branches.request_of(commit.message) if self.requests else None
        if number is not None and number in self.requests:
            return self.requests[number], REQUEST
        return agent, DOUBTFUL if doubtful else 0

    def history(self, tip: str, requests: int) -> History:
        """All rows so far."""
        kinds = len(KINDS)
        table = np.array(self.rows, dtype=np.int64).reshape(len(self.rows), 4 + 4 * kinds)
        narrow = [table[:, column] for column in range(4)]
        wide = [table[:, 4 + kinds * n : 4 + kinds * (n + 1)] for n in range(4)]
        rows = dict(zip(ROWS, (*narrow, *wide), strict=True))
        return History(tip=tip, authors=tuple(self.authors), agents=tuple(self.agents),
                       requests=requests, **rows)  # fmt: skip


def read_history(path: Path, reference: str = "HEAD", *, keep: bool = True) -> History:
    """The non-merge commits that can be reached from `reference`. Raises FormatError,
    NotFoundError.

    `keep`: whether rows may come from and go to the cache.
    """
    repository = Repository(path)
    repository.check_whole()
    tip = _tip(repository, reference)
    markers = load_markers()
    requests = branches.heads(repository)
    sides = _sides(repository, path, tip, requests, markers)
    kept = cache.load(repository.folder, sides) if keep else None
    if kept is not None and kept.tip == tip:
        return kept
    if kept is not None and not _is_ancestor(repository, kept.tip, tip):
        kept = None
    reader = Reader(
        markers=markers,
        notes=read_notes(repository),
        traces=read_traces(path),
        requests=branches.agents_of(repository, requests, tip, markers),
        place_of=classifier(_attributes(repository, tip)),
    )
    if kept is not None:
        reader.authors = {name: place for place, name in enumerate(kept.authors)}
        reader.agents = {name: place for place, name in enumerate(kept.agents)}
    for commit in _stream(repository, tip, kept.tip if kept else None):
        reader.add(commit)
    found = reader.history(tip, len(requests))
    if kept is not None:
        both = {name: np.concatenate([getattr(found, name), getattr(kept, name)]) for name in ROWS}
        found = found.with_rows(both)
    if keep:
        cache.save(repository.folder, sides, found)
    return found


def _tip(repository: Repository, reference: str) -> str:
    try:
        return repository.text("rev-parse", "--verify", f"{reference}^{{commit}}").strip()
    except FormatError as error:
        raise FormatError(f"{repository.path}: no commit {reference!r}",
                          hint="an empty repository, or a wrong --ref") from error  # fmt: skip


def _stream(repository: Repository, tip: str, before: str | None) -> Iterable[Commit]:
    limits = [tip, *([f"^{before}"] if before else [])]
    return commits(repository.chunks("log", "-z", "--no-merges", "--numstat", "-M",
                                     f"--format={FORMAT}", *limits, "--"))  # fmt: skip


def _is_ancestor(repository: Repository, old: str, new: str) -> bool:
    try:
        repository.text("merge-base", "--is-ancestor", old, new)
    except FormatError:
        return False
    return True


def _attributes(repository: Repository, tip: str) -> str:
    if not repository.exists(f"{tip}:.gitattributes"):
        return ""
    return repository.text("show", f"{tip}:.gitattributes")


def _sides(repository: Repository, path: Path, tip: str, requests: Mapping[int, str],
           markers: Markers) -> str:  # fmt: skip
    """A hash over everything but the commits that rows depend on."""
    traces = path / PLACE
    notes = repository.text("rev-parse", REFERENCE) if repository.exists(REFERENCE) else ""
    mailmap = path / ".mailmap"
    parts = [VERSION, markers.sha256, notes, sorted(requests.items()),
             _attributes(repository, tip), _digest(traces), _digest(mailmap)]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
