"""Read a model's answer: whole files or SEARCH/REPLACE blocks, over several files; no guess.

    LABEL: one matrix product
    NOTE: The two loops are one product.
    FINDING: float32 is refused by the check.

    FILE: toy.py
    ```python
    def answer(x):
        return 2 * x
    ```

    FILE: helper.py
    <<<<<<< SEARCH
    old lines, exactly as they are in the file, and there only once
    =======
    new lines
    >>>>>>> REPLACE

What is read is lines. A fence is three or more backticks and closes with a line of at least as many
and nothing else. Blocks of one file apply in their order, each to what the one before left. Prose
between files is passed over; a fence or a marker that stands alone is not, because it mostly means
that a file ended too early. Proven by tests/loop/propose/model/test_model_answer.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

MOST_BLOCKS = 200
HEADING_CHARACTERS = 500
"""A longer line is no heading: patterns are not tried on it."""
LABEL_CHARACTERS = 80
NOTE_CHARACTERS = 400
FINDING_CHARACTERS = 600
FILE = re.compile(r"[#*\s]*FILE:[*\s]*`?([^`]+?)`?[*\s]*")
SAID = re.compile(r"[*\s]*(LABEL|NOTE|FINDING):[*\s]*(.*)")
FENCE = re.compile(r"\s{0,3}(`{3,})[^`]*")
SEARCH, DIVIDER, REPLACE = "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"
MARKERS = (SEARCH, DIVIDER, REPLACE)


class AnswerError(ValueError):
    """The answer makes no candidate. The text says why, so that its author can mend it."""


@dataclass(frozen=True)
class Change:
    """What an answer asks for."""

    files: Mapping[str, str]
    """All editable files with the change."""
    label: str
    note: str
    finding: str


@dataclass(frozen=True)
class Block:
    """One SEARCH/REPLACE block, or, where `search` is None, a whole file."""

    path: str
    search: tuple[str, ...] | None
    replace: tuple[str, ...]


def read_answer(text: str, files: Mapping[str, str]) -> Change:
    """The change of an answer to these editable files. Raises AnswerError."""
    lines = text.replace("\r\n", "\n").split("\n")
    said: dict[str, str] = {}
    blocks = list(islice(read_blocks(lines, said), MOST_BLOCKS + 1))
    if len(blocks) > MOST_BLOCKS:
        raise AnswerError(f"more than {MOST_BLOCKS} blocks: give the files whole")
    if not blocks:
        raise AnswerError("there is no FILE: line with a file or SEARCH/REPLACE blocks under it")
    changed = dict(files)
    for path in dict.fromkeys(block.path for block in blocks):
        if path not in files:
            raise AnswerError(f"{path!r} is not an editable file; these are: {', '.join(files)}")
        changed[path] = apply(files[path], [block for block in blocks if block.path == path])
    label = said.get("LABEL", "") or "changes " + ", ".join(p for p in files if p != changed[p])
    return Change(changed, one_line(label, LABEL_CHARACTERS),
                  one_line(said.get("NOTE", ""), NOTE_CHARACTERS),
                  one_line(said.get("FINDING", ""), FINDING_CHARACTERS))  # fmt: skip


def apply(text: str, blocks: Sequence[Block]) -> str:
    """The file with its blocks applied. Raises AnswerError."""
    path = blocks[0].path
    if any(block.search is None for block in blocks):
        if len(blocks) > 1:
            raise AnswerError(f"{path}: given whole and once more; which one counts?")
        return "\n".join(blocks[0].replace) + "\n"
    lines = text.split("\n")
    for block in blocks:
        lines = replaced(lines, block)
    return "\n".join(lines)


def replaced(lines: Sequence[str], block: Block) -> list[str]:
    """The lines with one block applied. Raises AnswerError unless its place is the only one."""
    assert block.search is not None
    search = list(block.search)
    if not any(line.strip() for line in search):
        raise AnswerError(f"{block.path}: a SEARCH without text matches anywhere")
    size = len(search)
    places = [
        at
        for at in range(len(lines) - size + 1)
        if lines[at] == search[0] and lines[at : at + size] == search
    ]
    if len(places) != 1:
        found = "is nowhere in" if not places else f"is at {len(places)} places in"
        first = next(line for line in search if line.strip())
        raise AnswerError(
            f"{block.path}: the SEARCH that begins with {first.strip()[:120]!r} {found} the file; "
            "it must be lines of the file as they are, blanks included, and enough to be unique"
        )
    (at,) = places
    return [*lines[:at], *block.replace, *lines[at + size :]]


# -- blocks ----------------------------------------------------------------------------------------


def read_blocks(lines: Sequence[str], said: dict[str, str]) -> Iterator[Block]:
    """Yield the blocks, filling `said` with labels. Raises AnswerError."""
    path = ""
    wants = False
    """A FILE: line stands without anything under it."""
    at = 0
    while at < len(lines):
        line = lines[at]
        heading = line if len(line) <= HEADING_CHARACTERS else ""
        if named := FILE.fullmatch(heading):
            if wants:
                raise AnswerError(f"{path}: nothing under its FILE: line")
            path, wants = named[1].strip(), True
        elif fence := FENCE.fullmatch(heading):
            end = close_of(lines, at, fence[1], path)
            inner = lines[at + 1 : end]
            if not path or not (wants or holds_blocks(inner)):
                raise AnswerError(
                    f"line {at + 1}: a fenced block without a FILE: line before it; "
                    "a file that holds ``` itself needs a longer fence"
                )
            yield from fenced(path, inner)
            at, wants = end, False
        elif line.rstrip() == SEARCH and path:
            block, at = read_pair(path, lines, at)
            yield block
            wants = False
        elif line.rstrip() in MARKERS[::2]:
            raise AnswerError(f"line {at + 1}: {line.strip()} stands alone")
        elif words := SAID.fullmatch(heading):
            said.setdefault(words[1], words[2])
        at += 1
    if wants:
        raise AnswerError(f"{path}: nothing under its FILE: line")


def close_of(lines: Sequence[str], at: int, ticks: str, path: str) -> int:
    """The line that closes the fence opened at `at`. Raises AnswerError."""
    for end in range(at + 1, len(lines)):
        line = lines[end].strip()
        if len(line) >= len(ticks) and not line.strip("`"):
            return end
    raise AnswerError(f"line {at + 1}: the fence of {path or 'a block'} is never closed")


def holds_blocks(lines: Sequence[str]) -> bool:
    """Whether a fence holds SEARCH/REPLACE blocks and not a file."""
    return any(line.rstrip() == SEARCH for line in lines)


def fenced(path: str, inner: Sequence[str]) -> Iterator[Block]:
    """What a fence holds: blocks, or a whole file. Raises AnswerError."""
    if not holds_blocks(inner):
        if any(line.rstrip() == REPLACE for line in inner):
            raise AnswerError(f"{path}: {REPLACE} without {SEARCH}")
        yield Block(path, None, tuple(inner))
        return
    at = 0
    while at < len(inner):
        if inner[at].rstrip() == SEARCH:
            block, at = read_pair(path, inner, at)
            yield block
        elif inner[at].strip():
            raise AnswerError(f"{path}: {inner[at].strip()[:80]!r} between SEARCH/REPLACE blocks")
        at += 1


def read_pair(path: str, lines: Sequence[str], at: int) -> tuple[Block, int]:
    """The block whose SEARCH is at `at`, and the line of its end. Raises AnswerError."""
    marks = list(islice(marked(lines, at + 1), 2))
    if [lines[n].rstrip() for n in marks] != [DIVIDER, REPLACE]:
        raise AnswerError(f"{path}: SEARCH must be followed by one {DIVIDER} and one {REPLACE}")
    middle, end = marks
    return Block(path, tuple(lines[at + 1 : middle]), tuple(lines[middle + 1 : end])), end


def marked(lines: Sequence[str], start: int) -> Iterator[int]:
    """Lines that are markers, from `start` on."""
    return (n for n in range(start, len(lines)) if lines[n].rstrip() in MARKERS)


def one_line(text: str, most: int) -> str:
    """Text from outside on one line, its control characters left out, cut."""
    line = " ".join(text.split())
    return "".join(c for c in line if c.isprintable())[:most]
