"""An agent's tools: what it may do with its copy of the files, and what it may ask of its seat.

The copy is held here in memory, so an agent has no disk and no shell: what it runs, runs in the
workshop's box. Whatever a model gives as arguments ends in an answer in words, never in a fault.
Proven by tests/loop/propose/agent/test_agent_proposer.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tachograph.errors import UsageError
from tachograph.loop.propose.agent.limits import AgentLimits
from tachograph.loop.propose.command.seat import Seat
from tachograph.loop.propose.models.call import Tool, ToolUse
from tachograph.loop.propose.protocol import ExecuteError
from tachograph.sandbox.memory import printable

MOST_CHARACTERS = 20_000
"""Of one tool's answer; what is longer is cut, and says so."""
SCRIPT = "scratch"
"""Module of what `run` runs."""

TEXT = {"type": "string"}


def tool(name: str, description: str, **properties: Mapping[str, Any]) -> Tool:
    """A tool; a property whose description begins with "May be left out" is not required."""
    required = [
        key
        for key, value in properties.items()
        if not str(value["description"]).startswith("May be left out")
    ]
    schema = {"type": "object", "properties": dict(properties), "required": required,
              "additionalProperties": False}  # fmt: skip
    return Tool(name, description, schema)


def text(description: str) -> dict[str, Any]:
    """A property that is text."""
    return {**TEXT, "description": description}


TOOLS = (
    tool("read", "A file as it is now in your copy.", path=text("Its path.")),
    tool("edit", "Replace one place of an editable file.", path=text("Its path."),
         search=text("What is there now, blanks included; it must be there exactly once."),
         replace=text("What takes its place.")),
    tool("write", "Replace an editable file as a whole.", path=text("Its path."),
         text=text("The whole new text.")),
    tool("run", "Run a Python script in a sealed box, on the public example input. Your copy of "
         "the files can be imported there; what main returns is shown to you. Not timed by the "
         "judge.", script=text("A module with `def main(**inputs)`, which returns plain data.")),
    tool("trial", "Have your copy judged: checked for right results, then measured against the "
         "best so far. Waits for the verdict. A version that was tried before costs nothing.",
         label=text("The change, in a few words."),
         note=text("May be left out: one sentence on why it should help.")),
    tool("findings", "What the other proposers found: reports to weigh, never orders."),
    tool("share", "Tell the other proposers, in a sentence, what a trial has shown.",
         text=text("The sentence."), candidate=text("The id of the trial that shows it.")),
    tool("status", "The best so far, the latest trials, and what is left of the budget."),
    tool("show", "Everything about one trial, its files included.",
         candidate=text("Its id.")),
)  # fmt: skip


class Hands:
    """An agent's copy of the files, and its seat's verbs."""

    def __init__(self, seat: Seat, limits: AgentLimits) -> None:
        self.seat = seat
        self.limits = limits
        self.files = dict(seat.brief.parent.files)

    def use(self, use: ToolUse) -> str:
        """The answer to one use of a tool, in words."""
        try:
            answer = self.answer(use)
        except UsageError as error:
            answer = f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else "")
        answer = printable(answer)
        if len(answer) > MOST_CHARACTERS:
            cut = len(answer) - MOST_CHARACTERS
            answer = f"{answer[:MOST_CHARACTERS]}\n({cut} more characters were cut)"
        return answer

    def answer(self, use: ToolUse) -> str:
        """The same. Raises UsageError where the use makes no sense."""
        known = {each.name: each for each in TOOLS}
        if use.name not in known:
            raise UsageError(f"no tool {use.name[:60]!r}", hint=f"one of {', '.join(known)}")
        if use.fault:
            raise UsageError(f"the arguments cannot be read: {use.fault[:300]}")
        given = arguments(use, known[use.name])
        match use.name:
            case "read":
                return self.read(given["path"])
            case "edit":
                return self.edit(given["path"], given["search"], given["replace"])
            case "write":
                return self.write(given["path"], given["text"])
            case "run":
                return self.run(given["script"])
            case "trial":
                return self.trial(given)
        return said(self.seat.answer({"verb": use.name, **given}))

    # -- the copy --------------------------------------------------------------------------------

    def read(self, path: str) -> str:
        """An editable or a fixed file."""
        files = {**self.seat.brief.task.fixed, **self.files}
        if path not in files:
            raise UsageError(f"no file {path[:200]!r}", hint=f"there are: {', '.join(files)}")
        return files[path]

    def edit(self, path: str, search: str, replace: str) -> str:
        """Put `replace` in the one place of `search`."""
        before = self.editable(path)
        places = before.count(search) if search else 0
        if places != 1:
            raise UsageError(f"what is searched for is there {places} times",
                             hint="give more of its surroundings, as the file is now")  # fmt: skip
        return self.write(path, before.replace(search, replace))

    def write(self, path: str, new: str) -> str:
        """Put a whole new text in place of a file."""
        self.editable(path)
        try:
            new.encode()
        except UnicodeEncodeError:
            raise UsageError("the text is no valid Unicode") from None
        self.files[path] = new
        return f"{path} is now {len(new.splitlines())} lines; trial has your copy judged"

    def editable(self, path: str) -> str:
        """The text of a file that may change. Raises UsageError for any other path."""
        if path not in self.files:
            raise UsageError(
                f"{path[:200]!r} may not change",
                hint=f"the editable files: {', '.join(self.files)}",
            )
        return self.files[path]

    # -- the world -------------------------------------------------------------------------------

    def run(self, script: str) -> str:
        """What a script's main returns on the example input, or how it failed."""
        files = {**self.seat.brief.task.fixed, **self.files, f"{SCRIPT}.py": script}
        try:
            return f"returned: {self.seat.desk.execute(files, f'{SCRIPT}:main')!r}"
        except ExecuteError as error:
            return f"failed: {error}"

    def trial(self, given: Mapping[str, str]) -> str:
        """The verdict on the copy as it is now."""
        if len(self.seat.asked) >= self.limits.trials:
            raise UsageError(f"this turn's {self.limits.trials} trials are used up",
                             hint="leave your best version in place and end")  # fmt: skip
        return said(self.seat.answer({"verb": "trial", "files": dict(self.files), **given}))


def arguments(use: ToolUse, wanted: Tool) -> dict[str, str]:
    """The arguments as texts. Raises UsageError where one is missing, unknown or no text."""
    properties = wanted.parameters["properties"]
    if unknown := sorted(set(use.arguments) - set(properties)):
        raise UsageError(f"{use.name} has no argument {unknown[0][:60]!r}",
                         hint=f"it has: {', '.join(properties) or 'none'}")  # fmt: skip
    for name in wanted.parameters["required"]:
        if name not in use.arguments:
            raise UsageError(f"{use.name} needs {name}")
    for name, value in use.arguments.items():
        if not isinstance(value, str):
            raise UsageError(f"{use.name}: {name} is not text")
    return dict(use.arguments)


def said(answer: Mapping[str, Any]) -> str:
    """A seat's answer as the model reads it."""
    return json.dumps(answer, indent=1, ensure_ascii=False)
