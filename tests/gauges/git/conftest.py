"""Small real repositories."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest


class Workshop:
    """A repository under construction; every commit has its own second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.second = 1_750_000_000
        self.git("init", "--quiet", "--initial-branch=main", ".")

    def git(self, *words: str, stdin: str | None = None, **variables: str) -> str:
        made = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org",
                "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.org",
                "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}  # fmt: skip
        environment = {**os.environ, **made, **variables}
        done = subprocess.run(["git", *words], cwd=self.folder, input=stdin, text=True, check=True,
                              capture_output=True, env=environment)  # fmt: skip
        return done.stdout.strip()

    def commit(self, message: str, files: Mapping[str, str], *, name: str = "Ann",
               email: str = "ann@example.org") -> str:  # fmt: skip
        """Write the files, commit them, return the sha."""
        for path, text in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        self.second += 1
        when = f"{self.second} +0000"
        self.git("add", "-A")
        about = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": when,
                 "GIT_COMMITTER_DATE": when}  # fmt: skip
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message",
                 "--cleanup=verbatim", "-F", "-", stdin=message, **about)  # fmt: skip
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """An empty repository, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    folder.mkdir()
    return Workshop(folder)


def lines(count: int, prefix: str = "line") -> str:
    return "".join(f"{prefix}_{n} = {n}\n" for n in range(count))


@pytest.fixture
def text():
    """Text of so many lines that no other call makes."""
    return lines
