"""Git, called so that nothing it says is half an answer.

A clone that lacks objects makes `git log --numstat` die half way with status 128, and a reader who
looks at what came before it sees a short history that looks whole. Here every ending but 0 is an
error. Proven by tests/gauges/git/test_history.py.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tachograph.errors import FormatError, NotFoundError, WorldError

CHUNK_BYTES = 1 << 18
QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C",
         "GIT_NO_LAZY_FETCH": "1"}  # fmt: skip
"""Nothing is locked, asked, translated or fetched."""
SETTINGS = ("core.quotePath=false", "log.showSignature=false", "core.fsmonitor=false",
            "diff.renames=true", "log.mailmap=true")  # fmt: skip


class Repository:
    """A repository on this machine, for reading."""

    def __init__(self, path: Path) -> None:
        """Raises NotFoundError where `path` is in no git repository."""
        self.path = path
        try:
            self.folder = Path(self.text("rev-parse", "--absolute-git-dir").strip())
        except FormatError:
            raise NotFoundError(f"{path}: no git repository", hint="name a clone") from None

    def text(self, *arguments: str, stdin: str = "") -> str:
        """All that a short command prints. Raises FormatError where git refuses."""
        done = subprocess.run(self._words(arguments), input=stdin.encode(), capture_output=True,
                              env=self._environment(), check=False)  # fmt: skip
        if done.returncode:
            raise self._fault(arguments, done.returncode, done.stderr)
        return done.stdout.decode("utf-8", "replace")

    def chunks(self, *arguments: str, stdin: str = "") -> Iterator[bytes]:
        """What a long command prints, in pieces. Raises FormatError where it does not end well."""
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as given:
            given.write(stdin.encode())
            given.seek(0)
            with subprocess.Popen(self._words(arguments), stdin=given, stdout=subprocess.PIPE,
                                  stderr=said, env=self._environment()) as process:  # fmt: skip
                assert process.stdout is not None
                while chunk := process.stdout.read(CHUNK_BYTES):
                    yield chunk
            if process.returncode:
                said.seek(0)
                raise self._fault(arguments, process.returncode, said.read(4096))

    def exists(self, reference: str) -> bool:
        """Whether there is such a reference."""
        words = self._words(("rev-parse", "--verify", "--quiet", reference))
        done = subprocess.run(words, capture_output=True, env=self._environment(), check=False)
        return done.returncode == 0

    def newest(self) -> str:
        """Sha of the commit that is checked out. Raises FormatError where there is none."""
        return self.text("rev-parse", "--verify", "HEAD^{commit}").strip()

    def check_whole(self) -> None:
        """Raises FormatError where the history is cut off (shallow)."""
        if (self.folder / "shallow").exists():
            raise FormatError(f"{self.path}: a shallow clone: its history is cut off",
                              hint="git fetch --unshallow")  # fmt: skip

    def _words(self, arguments: Sequence[str]) -> list[str]:
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        return ["git", "-C", str(self.path), *settings, *arguments]

    def _environment(self) -> dict[str, str]:
        # A variable such as GIT_DIR would make git read another repository than the one named.
        return {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | QUIET

    def _fault(self, arguments: Sequence[str], status: int, said: bytes) -> FormatError:
        text = said.decode("utf-8", "replace").strip().splitlines()
        line = text[0] if text else "it said nothing"
        if status < 0:
            raise WorldError(f"git {arguments[0]} was stopped by signal {-status}")
        said_all = " ".join(text)
        hint = f"git -C {self.path} {arguments[0]}"
        if any(word in said_all for word in MISSING):
            hint = "the clone lacks objects: clone it whole, without --filter"
        return FormatError(
            f"{self.path}: git {arguments[0]} ended with {status}: {line}", hint=hint
        )


MISSING = ("missing", "unable to read", "promisor", "bad object", "could not fetch")
"""Words of git's about objects that are not there."""
