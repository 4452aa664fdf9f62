"""Presets: how a coding agent is called, what it must be shown for it, and what it then says.

    command:claude                      a preset of the folder presets/
    command:claude --model opus         with more arguments for the agent
    command:./mine.toml                 a preset of your own
    command:my-agent --fast {prompt}    any command line: no network, nothing of the environment

A preset is data. What opens the box (network, variables, copies, folders shown) stands in it by
name and is printed when a run begins; values are never recorded. Keys: docs/reference/presets.md.
Proven by tests/loop/propose/command/test_preset.py.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tachograph.errors import UsageError
from tachograph.sandbox.workspace import WorkspaceLimits

FOLDER = Path(__file__).parent / "presets"
PREFIX = "command:"
TURN_USD = 5.0
SECRET_CHARACTERS = 8
"""A value shorter than this is too common to be looked for."""
TEXTS = ("program", "install", "checked", "usage")
NUMBERS = ("seconds", "turn_usd")
WHOLE = ("memory_mib", "disk_mib", "tasks")
BOUNDS = WorkspaceLimits()
PLACES = ("{prompt}", "{prompt_file}")


@dataclass(frozen=True)
class Preset:
    """How one agent is run. The fields are the keys of its TOML file, but for `name`."""

    name: str
    """As it stands in `command:NAME`."""
    program: str
    """Found on the PATH, or a path."""
    arguments: tuple[str, ...]
    """{prompt}, {prompt_file}, {files}, {usage_file} are filled in; in the place of {more} and
    {money} stand the caller's own arguments and `money`."""
    install: str = ""
    """How to get it, for the error where it is missing."""
    checked: str = ""
    """The version whose flags were looked at."""
    version: tuple[str, ...] = ()
    """Arguments that make it say its version; empty: it cannot."""
    money: tuple[str, ...] = ()
    """Arguments that bound what it may spend, with {money_usd}; empty: it knows no such bound."""
    usage: str = ""
    """How it tells what it used, one of usage.READERS; empty: it does not."""
    network: bool = False
    """Whether it needs the network, which the box then does not keep from it."""
    environment: tuple[str, ...] = ()
    """Names of variables that are passed on where they are set. Their values are secrets."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables that are always set."""
    copies: tuple[str, ...] = ()
    """Files below ~ that are copied into its home where they exist."""
    shows: tuple[str, ...] = ()
    """Further folders or files that it may read."""
    seconds: float | None = None
    """Upper bound on a turn, waiting for the judge included; None: the run's own alone."""
    turn_usd: float = TURN_USD
    """Upper bound on what a turn may cost, where `money` says how to tell it."""
    memory_mib: int = BOUNDS.memory_mib
    """Resident memory of all that it runs, together."""
    disk_mib: int = BOUNDS.disk_mib
    """What its workspace and its scratch may grow by."""
    tasks: int = BOUNDS.tasks
    """Processes and threads at once."""

    def found(self) -> Path:
        """The program. Raises UsageError where it is not to be had, with how to get it."""
        name = self.program  # not as a Path, which would make `./agent` a name to be looked for
        where = shutil.which(str(Path(name).expanduser()) if name.startswith("~") else name)
        if where is None:
            raise UsageError(f"{self.program} is not on the PATH",
                             hint=self.install or "install it, or give its path")  # fmt: skip
        return Path(where).absolute()

    def arguments_with_money(self, held_usd: float | None) -> Iterator[str]:
        """The arguments, those that bound its spending in the place of {money} or last."""
        bounds = () if held_usd is None else self.money
        for word in self.arguments:
            yield from bounds if word == "{money}" else (word,)
        if "{money}" not in self.arguments:
            yield from bounds

    def limits(self, turn_seconds: float) -> WorkspaceLimits:
        """Of its box, in a run whose turns may take so long."""
        return WorkspaceLimits(wall_seconds=min(self.seconds or turn_seconds, turn_seconds),
                               memory_mib=self.memory_mib, disk_mib=self.disk_mib,
                               tasks=self.tasks)  # fmt: skip

    def passed(self) -> dict[str, str]:
        """The variables that are passed on: name to value, those that are set."""
        return {name: os.environ[name] for name in self.environment if os.environ.get(name)}

    def copied(self) -> dict[str, bytes]:
        """The files that are copied: path below the home folder to content, those that exist."""
        found = {}
        for name in self.copies:
            path = Path(name).expanduser()
            if path.is_file():
                found[str(path.relative_to(Path.home()))] = path.read_bytes()
        return found

    def opens(self) -> list[str]:
        """What it opens in the box, in words, by name and never by value."""
        said = ["the network (servers of this machine included)"] if self.network else []
        said += [f"${name}" for name in self.passed()]
        said += [f"a copy of {path}" for path in self.copies if Path(path).expanduser().is_file()]
        said += [f"{path} (to read)" for path in self.shows]
        return said


def names() -> list[str]:
    """The presets that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def preset_of(spec: str) -> Preset:
    """The preset that `command:SPEC` means. Raises UsageError."""
    try:
        words = shlex.split(spec.removeprefix(PREFIX))
    except ValueError as error:
        raise UsageError(f"'{spec}' is no command line: {error}", hint="mend its quotes") from None
    if not words:
        raise UsageError("command: of what", hint=f"command:{' or command:'.join(names())}")
    first, more = words[0], words[1:]
    if first in names():
        return with_more(read_preset(FOLDER / f"{first}.toml"), more)
    if first.endswith(".toml"):
        return with_more(read_preset(Path(first)), more)
    if not any(place in word for word in more for place in PLACES):
        more = [*more, "{prompt}"]
    return Preset(name=first, program=first, arguments=tuple(more))


def with_more(preset: Preset, more: list[str]) -> Preset:
    """The preset with the caller's own arguments in their place."""
    arguments: list[str] = []
    for word in preset.arguments:
        arguments += more if word == "{more}" else [word]
    plain = {key.name: getattr(preset, key.name) for key in fields(preset)}
    return Preset(**(plain | {"arguments": tuple(arguments)}))


def read_preset(path: Path) -> Preset:
    """A preset's file, read strictly. Raises UsageError."""
    try:
        content = tomllib.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint=f"or one of {', '.join(names())}") \
            from None  # fmt: skip
    except ValueError as error:
        raise UsageError(f"{path}: {error}", hint="docs/reference/presets.md") from None
    known = {key.name: key for key in fields(Preset)}
    values: dict[str, Any] = {"name": path.stem}
    for key, value in content.items():
        if key not in known or key == "name":
            raise UsageError(f"{path}: unknown key {key!r}", hint="docs/reference/presets.md")
        values[key] = typed(path, key, value)
    if "program" not in values or "arguments" not in values:
        raise UsageError(f"{path}: program and arguments are needed",
                         hint="docs/reference/presets.md")  # fmt: skip
    return Preset(**values)


def typed(path: Path, key: str, value: Any) -> Any:
    """A key's value as its field holds it. Raises UsageError."""
    if key == "network":
        fits = isinstance(value, bool)
    elif key in NUMBERS:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    elif key in WHOLE:
        fits = isinstance(value, int) and not isinstance(value, bool) and value > 0
    elif key in TEXTS:
        fits = isinstance(value, str)
    elif key == "settings":
        fits = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    else:
        fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if key == "copies" and fits:
            fits = all(item.startswith("~/") and ".." not in item for item in value)
    if not fits:
        raise UsageError(f"{path}: {key} is not as it should be", hint="docs/reference/presets.md")
    return tuple(value) if isinstance(value, list) else value
