"""The tools of a sample's model: look at files, change them, run commands, ask for a verdict.

They work in whatever sandbox the sample has. Other agents may use them, or tools of their own:
what is judged is what lies in the sandbox.
"""

from __future__ import annotations

import json
from typing import Any

from inspect_ai.tool import Tool, ToolError, tool
from inspect_ai.util import OutputLimitExceededError, sandbox, store

from tachograph.inspect.court import Court
from tachograph.inspect.provider import in_thread

COURTS: dict[str, Court] = {}
"""By run: the samples that are under way in this process."""
RUN, LEDGER = "tachograph:run", "tachograph:ledger"
"""Keys of a sample's store."""
COMMAND_SECONDS = 120


@tool
def read() -> Tool:
    """Look at a file."""

    async def execute(path: str) -> str:
        """Read a text file.

        Args:
            path: The file's path, in the folder or absolute.
        """
        try:
            return await sandbox().read_file(path)
        except (OSError, UnicodeDecodeError, OutputLimitExceededError) as error:
            raise ToolError(f"{path}: {error}") from None

    return execute


@tool
def write() -> Tool:
    """Write a file whole."""

    async def execute(path: str, text: str) -> str:
        """Write a text file, in place of what it held.

        Args:
            path: The file's path, in the folder or absolute.
            text: All that it shall hold.
        """
        try:
            await sandbox().write_file(path, text)
        except OSError as error:
            raise ToolError(f"{path}: {error}") from None
        return f"{path}: {len(text)} characters written"

    return execute


@tool
def edit() -> Tool:
    """Change a part of a file."""

    async def execute(path: str, old: str, new: str) -> str:
        """Put `new` where `old` stands in a text file. `old` must stand there exactly once.

        Args:
            path: The file's path, in the folder or absolute.
            old: The text to replace, with its blanks and line ends.
            new: The text to put there.
        """
        try:
            text = await sandbox().read_file(path)
            if text.count(old) != 1:
                raise ToolError(f"{path}: the old text stands there {text.count(old)} times")
            await sandbox().write_file(path, text.replace(old, new))
        except (OSError, UnicodeDecodeError, OutputLimitExceededError) as error:
            raise ToolError(f"{path}: {error}") from None
        return f"{path}: changed"

    return execute


@tool
def run() -> Tool:
    """Run a command."""

    async def execute(command: str) -> str:
        """Run a shell command in the folder; its output, and its exit code where that is not 0.

        Args:
            command: What a shell is given.
        """
        try:
            ended = await sandbox().exec(["sh", "-c", command], timeout=COMMAND_SECONDS)
        except TimeoutError:
            raise ToolError(f"not ended within {COMMAND_SECONDS} s") from None
        except (OutputLimitExceededError, PermissionError) as error:
            raise ToolError(str(error)) from None
        said = ended.stdout + ended.stderr
        return said if ended.success else f"{said}\n(exit code {ended.returncode})"

    return execute


@tool
def trial() -> Tool:
    """Ask the judge."""

    async def execute(label: str = "", note: str = "") -> str:
        """Have the files judged as they lie in the folder; waits for the verdict.

        Args:
            label: The change, in a few words.
            note: One sentence about it.
        """
        court = COURTS.get(store().get(RUN, ""))
        if court is None:
            raise ToolError("there is no judge: this sample is not of a Tachograph task")
        question: dict[str, Any] = {"verb": "trial", "label": label, "note": note}
        question["files"] = await files_of(court)
        return json.dumps(await in_thread(lambda: court.ask(question)), indent=2)

    return execute


async def files_of(court: Court) -> dict[str, str]:
    """The editable files in the sample's sandbox; those that are no text there are missing."""
    files = {}
    for path in court.task.seed.files:
        try:
            files[path] = await sandbox().read_file(path)
        except (OSError, UnicodeDecodeError, OutputLimitExceededError):
            continue
    return files


def all_tools() -> list[Tool]:
    """All of them."""
    return [read(), write(), edit(), run(), trial()]
