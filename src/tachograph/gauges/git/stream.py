"""`git log --numstat -z` as commits, one after the other, in bounded memory.

NUL is the one byte that neither a message nor a path can hold, so it alone separates. A commit is
eight fields and then its files: `added TAB deleted TAB path`, or with an empty path and two more
fields, old and new, for a rename; `-` stands for binary. Proven by
tests/gauges/git/test_history.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tachograph.errors import FormatError

FORMAT = "%H%x00%P%x00%ct%x00%aN%x00%aE%x00%cN%x00%cE%x00%B"
FIELDS = 8


class File(NamedTuple):
    """One file of a commit."""

    path: str
    added: int
    deleted: int


class Commit(NamedTuple):
    """One commit."""

    sha: str
    parents: str
    """Shas, with blanks between."""
    time: int
    """Of committing, in Unix seconds."""
    author: str
    author_email: str
    committer: str
    committer_email: str
    message: str
    files: list[File]


def commits(chunks: Iterable[bytes]) -> Iterator[Commit]:
    """Parse the stream. Raises FormatError where it is not what git writes."""
    tokens = split(chunks)
    token = next(tokens, b"")
    while token:
        head = [token, *(next(tokens, b"") for _ in range(FIELDS - 1))]
        files: list[File] = []
        token = b""
        for found in tokens:
            part = found[1:] if found[:1] == b"\n" else found
            numbers = part.split(b"\t", 2)
            if len(numbers) != 3:
                token = part
                break
            path = numbers[2]
            if not path:
                next(tokens, b"")
                path = next(tokens, b"")
            if numbers[0] != b"-":
                files.append(
                    File(path.decode("utf-8", "replace"), int(numbers[0]), int(numbers[1]))
                )
        yield _commit(head, files)


def _commit(head: list[bytes], files: list[File]) -> Commit:
    sha, parents, time, author, email, committer, committer_email, message = head
    if len(sha) not in (40, 64) or not time.isdigit():
        raise FormatError(f"git log wrote what is no commit: {sha[:60]!r}",
                          hint="a hook or an alias may have changed it: git log -1")  # fmt: skip
    return Commit(
        sha.decode(), parents.decode(), int(time), author.decode("utf-8", "replace"),
        email.decode("utf-8", "replace"), committer.decode("utf-8", "replace"),
        committer_email.decode("utf-8", "replace"), message.decode("utf-8", "replace"), files,
    )  # fmt: skip


def split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """NUL-separated tokens; the rest after the last NUL is a token where it is not empty."""
    rest = b""
    for chunk in chunks:
        parts = (rest + chunk).split(b"\0")
        rest = parts.pop()
        yield from parts
    if rest.strip():
        yield rest
