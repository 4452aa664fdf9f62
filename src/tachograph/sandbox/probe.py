"""Attacks on real boxes, and what came of them: `tacho box probe`.

Every level that can be had here gets every attack of the folder attacks/, aimed at targets set up
for the purpose. What an attack got hold of is asked of the attack and looked at from outside.
Proven by tests/sandbox/test_probe.py. It shows what these attacks can do, no more.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from tachograph.errors import BoxError
from tachograph.sandbox.box import Box
from tachograph.sandbox.inside import leftovers
from tachograph.sandbox.levels import HERE, Level, LevelError
from tachograph.sandbox.limits import Limits
from tachograph.sandbox.memory import printable
from tachograph.sandbox.outcome import Failed
from tachograph.sandbox.program import Program
from tachograph.sandbox.staging import Staging
from tachograph.sandbox.targets import Targets
from tachograph.sandbox.workspace import Workspace, WorkspaceLimits

Result = Literal["blocked", "got through"]
Place = Literal["box", "workspace"]

LIMITS = Limits(wall_seconds=2.0, setup_seconds=20.0, memory_mib=256, disk_mib=8, output_mib=4,
                log_kib=16)  # fmt: skip
SEVERAL = Limits(wall_seconds=2.0, setup_seconds=20.0, memory_mib=256, disk_mib=8, processes=4)
WITH_SEVERAL = ("many_processes", "stay_behind")
IN_WORKSPACE = WorkspaceLimits(wall_seconds=2.0, memory_mib=256, tasks=64, disk_mib=8,
                              entries=1000, output_kib=16)  # fmt: skip
AIMS = {"all_cores": list(range(os.cpu_count() or 1)), "memory_mib": 256, "disk_mib": 8,
        "processes": 64}  # fmt: skip
ALLOWED = ("fork", "run_program", "new_session", "stay_behind_files", "find_files", "log",
           "result", "see_processes", "signal_parent", "read_shadow", "udp",
           "deep_folders", "outlive")  # fmt: skip
"""In a workspace: processes, and what becomes of them when their parent ends; files that stay,
however deep; output that is cut, not refused; its keeper's number; a /etc/passwd of its own;
packets into an empty network."""
CALL = """
import json, sys
sys.path.insert(0, ".")
import attacks
print(getattr(attacks, sys.argv[1])(**json.loads(sys.argv[2])) or "")
"""
BROKE = "the workspace broke"
NEVER = (
    "faults of the kernel, and of the processor",
    "side channels: what the candidate can tell from the timing of caches, memory and page cache",
    "slowing its neighbours by using up memory bandwidth, shared caches or a core's other thread",
    "what the task's own check, which runs outside, does with the result",
)
"""What no level protects from."""


@dataclass(frozen=True)
class Attempt:
    """One attack at one level."""

    place: Place
    level: Level
    attack: str
    tries: str
    """What it tries, as a clause: `connects to ...`."""
    result: Result
    detail: str
    """What it got hold of, or what stopped it. Untrusted text, bounded."""


@dataclass(frozen=True)
class Report:
    """What the levels hold on this machine."""

    attempts: tuple[Attempt, ...]
    missing: Mapping[Level, str]
    """Levels that cannot be had here, and how to get them."""
    never: tuple[str, ...] = NEVER


def probe(level: Level | None = None, python: Path | None = None,
          places: Sequence[Place] = ("box", "workspace")) -> Report:  # fmt: skip
    """Attack real boxes: at `level`, or at all of this system's; what cannot be had is named."""
    attack = {"box": attack_all, "workspace": attack_workspace}
    attempts: list[Attempt] = []
    missing: dict[Level, str] = {}
    levels: tuple[Level, ...] = (level,) if level else HERE
    for each in levels:
        try:
            for place in places:
                attempts += attack[place](each, python)
        except LevelError as error:
            missing[each] = f"{error.reason}; {error.hint}"
    return Report(tuple(attempts), missing)


def attack_all(level: Level, python: Path | None) -> Iterator[Attempt]:
    """Every attack once, in boxes at `level`. Raises LevelError."""
    if sys.platform != "linux":
        raise LevelError(level, "the probe's attacks are written for Linux")
    with (
        Targets() as targets,
        Box.open(level=level, python=python, limits=LIMITS) as alone,
        Box.open(level=level, python=python, limits=SEVERAL) as crowd,
    ):
        for module in ("reach", "exhaust"):
            attacks = import_module(f"tachograph.sandbox.attacks.{module}")
            for name in names(attacks):
                box = crowd if name in WITH_SEVERAL else alone
                result, detail = attack(box, attacks, name, targets)
                tries = inspect.getdoc(getattr(attacks, name)) or ""
                yield Attempt("box", level, name, tries, result, detail)


def attack_workspace(level: Level, python: Path | None) -> Iterator[Attempt]:
    """The same attacks and some more, but for what a workspace allows. Raises LevelError."""
    modules = ("reach", "settle") if level == "D" else ("reach", "settle", "exhaust")
    with ExitStack() as stack:
        targets = stack.enter_context(Targets())
        ground = Staging(Path("/var/tmp"))
        stack.callback(ground.close)
        workspace = None
        for attacks in (import_module(f"tachograph.sandbox.attacks.{name}") for name in modules):
            for name in (name for name in names(attacks) if name not in ALLOWED):
                workspace = workspace or stack.enter_context(
                    Workspace.open(ground.path, level=level, python=python, limits=IN_WORKSPACE)
                )
                result, detail = attack_inside(workspace, attacks, name, targets)
                if detail.startswith(BROKE):
                    workspace = None
                leftovers.empty(str(ground.path))
                tries = inspect.getdoc(getattr(attacks, name)) or ""
                yield Attempt("workspace", level, name, tries, result, detail)


def attack_inside(workspace: Workspace, attacks: ModuleType, name: str,
                  targets: Targets) -> tuple[Result, str]:  # fmt: skip
    """Run one attack in a workspace; what came of it."""
    told = targets.addresses() | AIMS
    before = set(leftovers.descendants())
    try:
        workspace.write("attacks.py", Path(attacks.__file__ or "").read_bytes())
        ended = workspace.exec([str(workspace.python), "-c", CALL, name, json.dumps(told)])
        workspace.clear()
    except BoxError as error:
        return "got through", f"{BROKE}: {error.message}"
    harm = targets.harm()
    if set(leftovers.descendants()) - before:
        return "got through", "processes were left"
    if harm:
        return "got through", harm
    said = printable(ended.stdout.decode(errors="replace").strip())[:200]
    if ended.complaint or ended.status:
        last = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return "blocked", ended.complaint or printable(last)[:200]
    return ("got through", said) if said else ("blocked", "nothing there")


def names(attacks: ModuleType) -> list[str]:
    """The attacks in a module, in the order of their lines."""
    functions = [f for _, f in inspect.getmembers(attacks, inspect.isfunction)
                 if f.__module__ == attacks.__name__ and f.__name__ != "call"]  # fmt: skip
    return [f.__name__ for f in sorted(functions, key=lambda f: f.__code__.co_firstlineno)]


def attack(box: Box, attacks: ModuleType, name: str, targets: Targets) -> tuple[Result, str]:
    """Run one attack; what came of it."""
    source = Path(attacks.__file__ or "").read_text()
    program = Program(files={"attacks.py": source}, entry=f"attacks:{name}")
    before = set(leftovers.descendants())
    try:
        outcome = box.run(program, aims(box.limits, targets))
        box.settle()
    except BoxError as error:
        return "got through", f"the box broke: {error.message}"
    stayed = set(leftovers.descendants()) - before
    harm = targets.harm()
    if stayed:
        return "got through", f"{len(stayed)} processes left"
    if harm:
        return "got through", harm
    if isinstance(outcome, Failed):
        return "blocked", outcome.detail.strip().splitlines()[-1][:200]
    if outcome.output:
        return "got through", str(outcome.output)[:200]
    return "blocked", "nothing there"


def aims(limits: Limits, targets: Targets) -> dict[str, Any]:
    """What the attacks are told."""
    return targets.addresses() | {
        "all_cores": list(range(os.cpu_count() or 1)), "memory_mib": limits.memory_mib,
        "disk_mib": limits.disk_mib, "log_kib": limits.log_kib,
        "output_mib": limits.output_mib, "processes": limits.processes,
    }  # fmt: skip
