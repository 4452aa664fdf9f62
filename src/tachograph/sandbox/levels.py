"""The levels of protection, why one cannot be had on a machine, and how to get it.

    A  namespaces, Landlock, seccomp, limits     B  Landlock, seccomp, limits
    C  macOS sandbox-exec (untested on a Mac)    D  limits only: no protection

Whether a level can be had is found out by opening a box at it, never by looking at settings; the
settings are read only afterwards, to say what to change. What each level protects:
docs/guides/what-the-box-protects.md. Proven by tests/sandbox/test_levels.py.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from tachograph.errors import BoxError

Level = Literal["A", "B", "C", "D"]
HERE: tuple[Level, ...] = ("C", "D") if sys.platform == "darwin" else ("A", "B", "D")
"""The levels that are made for this system."""
CHAIN = HERE[:-1]
"""What is tried, from the best on, when no level is asked for. D never is."""

SYSCTL = "sudo sysctl -w {}={}"
SETTINGS = (
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "10000"),
)
"""Settings that keep user namespaces from an ordinary user: name, the value that does, the cure."""
CONTAINER = (
    "start the container with --cap-add SYS_ADMIN --security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined, or run outside of it"
)
PYTHON = "use a Python that every user can read (as /usr/bin/python3), or run as an ordinary user"
KERNEL = "Landlock needs Linux 5.13 or newer with `landlock` in the lsm= boot parameter"


class LevelError(BoxError):
    """This level cannot be had on this machine; a lower one might be."""

    def __init__(self, level: Level, reason: str) -> None:
        self.level = level
        self.reason = reason
        super().__init__(
            f"sandbox level {level} is not available: {reason}",
            hint=f"to get {level}: {cure(level, reason)}",
        )


def cure(level: Level, reason: str, proc_sys: Path = Path("/proc/sys")) -> str:
    """What the machine's owner can change so that `level` works, as one sentence."""
    if level not in HERE:
        return f"use {'a Mac' if level == 'C' else 'a Linux virtual machine'}"
    if level == "C":
        return "use a Linux virtual machine, and level A in it"
    if "cannot read" in reason:
        return PYTHON
    if "spare uid" in reason:
        return "run as an ordinary user, or as root with the capabilities CHOWN and SETUID"
    if level == "B":
        return KERNEL
    for name, bad, good in SETTINGS:
        if os.getuid() != 0 and setting(proc_sys, name) == bad:
            return SYSCTL.format(name, good) + ", or run as root"
    if "Landlock" in reason:
        return KERNEL
    return CONTAINER


def setting(proc_sys: Path, name: str) -> str:
    """The value of a kernel setting; empty where this kernel has none of that name."""
    try:
        return proc_sys.joinpath(*name.split(".", 1)).read_text().strip()
    except OSError:
        return ""
