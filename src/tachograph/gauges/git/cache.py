"""Rows of a history between readings: one file a repository, in the user's cache folder.

Nothing of it is trusted to be whole: a file that does not read well, or was made from other notes,
traces or marks, is as good as none. Proven by tests/gauges/git/test_history.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from tachograph.gauges.git.rows import ROWS, History

VARIABLE = "XDG_CACHE_HOME"


def place(repository: Path) -> Path:
    """The file for this repository's git folder."""
    base = Path(os.environ.get(VARIABLE) or Path.home() / ".cache")
    name = hashlib.sha256(str(repository.resolve()).encode()).hexdigest()[:32]
    return base / "tachograph" / "history" / f"{name}.npz"


def load(repository: Path, sides: str) -> History | None:
    """What was kept; None where there is nothing that fits."""
    try:
        with place(repository).open("rb") as file, np.load(file, allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            if about["sides"] != sides:
                return None
            rows = {name: kept[name] for name in ROWS}
        return History(
            tip=about["tip"], authors=tuple(about["authors"]), agents=tuple(about["agents"]),
            requests=about["requests"], **rows,
        )  # fmt: skip
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def save(repository: Path, sides: str, history: History) -> None:
    """Keep it, in one step. Where that cannot be done, nothing is kept and nothing is said."""
    about = json.dumps({"sides": sides, "tip": history.tip, "authors": history.authors,
                        "agents": history.agents, "requests": history.requests})  # fmt: skip
    target = place(repository)
    with suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as fresh:
            np.savez(
                fresh, about=np.array(about), **{name: getattr(history, name) for name in ROWS}
            )
        Path(fresh.name).replace(target)
