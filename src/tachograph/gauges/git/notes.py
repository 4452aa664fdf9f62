"""git-ai notes: which lines of a commit an agent wrote, as recorded when it wrote them.

One note a commit under `refs/notes/ai`: attested paths and line ranges, a line `---`, then JSON
(Git AI Standard, authorship/3.0.0; earlier keys are read too):

    src/a.py
      s_1234567890abcd::t_1234567890abcd 1-4,9
      h_31b2a6d8c9e4 12-20
    ---
    {"schema_version":"authorship/3.0.0","sessions":{"s_1234567890abcd":{...}},...}

Keys that begin `h_` are people's, all others an agent's. A note may begin with `---`. Proven by
tests/gauges/git/test_notes.py. Not covered: notes that a forge's squash left on other commits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tachograph.errors import FormatError
from tachograph.gauges.git.command import Repository

REFERENCE = "refs/notes/ai"
RANGES = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
MOST_NOTE_BYTES = 64 << 20


@dataclass(frozen=True)
class Note:
    """Attested lines of one commit: path to how many."""

    ai: Mapping[str, int]
    human: Mapping[str, int]


def read_notes(repository: Repository) -> dict[str, Note]:
    """Commit to note; empty where there is no such reference. Raises FormatError naming a note."""
    if not repository.exists(REFERENCE):
        return {}
    listing = repository.text("ls-tree", "-r", "-z", REFERENCE)
    places: dict[str, str] = {}
    for line in filter(None, listing.split("\0")):
        about, _, path = line.partition("\t")
        places[path.replace("/", "")] = about.split()[2]
    blobs = read_blobs(repository, list(dict.fromkeys(places.values())))
    return {commit: parse_note(blobs[blob], commit) for commit, blob in places.items()}


def read_blobs(repository: Repository, blobs: list[str]) -> dict[str, str]:
    """Sha to text, by one `git cat-file --batch`. Raises FormatError for one that is missing."""
    found: dict[str, str] = {}
    data = b"".join(repository.chunks("cat-file", "--batch", stdin="\n".join(blobs) + "\n"))
    at = 0
    for blob in blobs:
        end = data.find(b"\n", at)
        words = data[at:end].split()
        if len(words) != 3 or not words[2].isdigit() or int(words[2]) > MOST_NOTE_BYTES:
            raise FormatError(f"{REFERENCE}: object {blob} is missing or too large",
                              hint="git fetch origin '+refs/notes/ai*:refs/notes/ai*'")  # fmt: skip
        size = int(words[2])
        found[blob] = data[end + 1 : end + 1 + size].decode("utf-8", "replace")
        at = end + 2 + size
    return found


def parse_note(text: str, commit: str) -> Note:
    """One note. Raises FormatError naming the commit and the line."""
    attested, mark, rest = ("", True, text[4:]) if text.startswith("---\n") else \
        _parted(text)  # fmt: skip
    if not mark:
        raise _fault(commit, 1, "no line of --- before the metadata")
    try:
        metadata = json.loads(rest)
    except (ValueError, RecursionError) as error:
        raise _fault(commit, attested.count("\n") + 2, f"no JSON: {error}") from None
    if not isinstance(metadata, dict) or not str(metadata.get("schema_version", "")).startswith(
        "authorship/"
    ):
        raise _fault(commit, attested.count("\n") + 2, "no schema_version authorship/...")
    ai: dict[str, int] = {}
    human: dict[str, int] = {}
    for path, key, count in _attested(attested, commit):
        side = human if key.startswith("h_") else ai
        side[path] = side.get(path, 0) + count
    return Note(ai, human)


def _parted(text: str) -> tuple[str, bool, str]:
    before, mark, rest = text.partition("\n---\n")
    return before, bool(mark), rest


def _attested(text: str, commit: str) -> Iterator[tuple[str, str, int]]:
    path = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if not line.startswith("  "):
            path = _unquoted(line.strip())
            continue
        key, _, ranges = line.strip().partition(" ")
        if not path or not RANGES.fullmatch(ranges):
            raise _fault(commit, number, f"no key and line ranges: {line.strip()[:60]!r}")
        yield path, key, sum(_length(part) for part in ranges.split(","))


def _unquoted(path: str) -> str:
    return path[1:-1] if len(path) > 1 and path[0] == path[-1] == '"' else path


def _length(part: str) -> int:
    first, _, last = part.partition("-")
    return max(0, int(last or first) - int(first) + 1)


def _fault(commit: str, line: int, message: str) -> FormatError:
    return FormatError(f"{REFERENCE}: the note of {commit[:12]}:{line}: {message}",
                       hint=f"git notes --ref=ai show {commit[:12]}")  # fmt: skip
