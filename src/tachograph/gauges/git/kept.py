"""A history as one file, so that it can be counted again without the clone: what the ledger keeps.

A zip of numpy arrays (no pickle): the rows of rows.py for every non-merge commit, newest first; the
id of the newest commit, which names the whole history; the reference that was read; the version of
the rows and the hash of the marks they were made by. No line of code, no message, no path is in it,
and of an author's address only a hash: it keeps apart who is who, and hides an address from a
glance, not from whoever guesses it. The same history gives the same bytes.

Proven by tests/gauges/test_stored.py. Not covered: whether the rows are those of that commit; only
the clone can show that, by recording it again.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np

from tachograph.errors import FormatError
from tachograph.gauges.git.markers import load_markers
from tachograph.gauges.git.rows import ROWS, VERSION, History

SUFFIX = ".history"
AUTHOR_HEX = 16
"""Of the hash of an author's address."""


def encode_history(history: History, reference: str) -> bytes:
    """The file's bytes."""
    about = json.dumps({
        "rows": VERSION, "markers": load_markers().sha256, "reference": reference,
        "tip": history.tip, "authors": [_hidden(each) for each in history.authors],
        "agents": history.agents, "requests": history.requests,
    })  # fmt: skip
    made = io.BytesIO()
    rows = {name: getattr(history, name) for name in ROWS}
    np.savez_compressed(made, about=np.array(about), **rows)
    return made.getvalue()


def _hidden(author: str) -> str:
    return hashlib.sha256(author.encode()).hexdigest()[:AUTHOR_HEX]


def is_kept(path: Path) -> bool:
    """Whether this is such a file, by its name."""
    return path.suffix == SUFFIX and path.is_file()


def tip_of(path: Path) -> str:
    """Id of the newest commit of the history in a file. Raises FormatError."""
    return _load(path).tip


def read_kept(path: Path, reference: str) -> History:
    """The history in a file. Raises FormatError, also where it is that of another reference."""
    return _load(path, reference)


def _load(path: Path, reference: str | None = None) -> History:
    again = "record the clone again"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            rows = {name: kept[name] for name in ROWS}
        version, read = about["rows"], about["reference"]
        history = History(
            tip=about["tip"], authors=tuple(about["authors"]), agents=tuple(about["agents"]),
            requests=about["requests"], **rows,
        )  # fmt: skip
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path}: not a history", hint=again) from error
    if version != VERSION or len({len(array) for array in rows.values()}) != 1:
        raise FormatError(f"{path}: rows of another form than {VERSION}", hint=again)
    if reference not in (None, read):
        raise FormatError(f"{path}: the history of {read}, not of {reference}",
                          hint=f"--ref {read}")  # fmt: skip
    return history
