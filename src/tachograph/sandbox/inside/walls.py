"""The walls round one forked child, put up in the order that each needs: limits, capabilities,
Landlock, seccomp. After `raise_walls` the process can only lower itself further.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Any, Dict, List, Sequence, Tuple

from tachograph.sandbox.inside import kernel, landlock, namespaces, seccomp

MIB = 1 << 20
OPEN_FILES, COMMAND_OPEN_FILES = 256, 8192
TASKS_BESIDES = 66
SHARED_UID_ROOM = 256
"""Threads of a library's pool, and the zygote's own two processes."""


def limit_memory(limits: Dict[str, Any]) -> None:
    """RLIMIT_AS. Stands once the candidate's files have been read."""
    lower(resource.RLIMIT_AS, limits["memory_mib"] * MIB)


def set_limits(limits: Dict[str, Any]) -> None:
    """The other rlimits. No RLIMIT_CPU: it coarsens the process clock to 4 ms; the judge keeps the
    time.
    """
    sizes = {
        resource.RLIMIT_FSIZE: max(limits["disk_mib"], limits["output_mib"]) * MIB,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for which, size in sizes.items():
        lower(which, size)


def lower(which: int, value: int) -> None:
    """One rlimit, soft and hard; never raised."""
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def limit_tasks(processes: int, own_uid: bool) -> None:
    """RLIMIT_NPROC. It counts all that run under this uid, not the box's alone."""
    count = TASKS_BESIDES + processes
    if not own_uid:
        count += SHARED_UID_ROOM + tasks_of(os.getuid())
    lower(resource.RLIMIT_NPROC, count)


def tasks_of(uid: int) -> int:
    """Threads of all processes of `uid`."""
    count = 0
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat("/proc/" + name).st_uid == uid:
                count += len(os.listdir("/proc/" + name + "/task"))
        except OSError:
            continue
    return count


def raise_walls(level: str, processes: int, ruleset: int, *, own_uid: bool) -> None:
    """Wall this process in for good. Raises OSError naming the wall that would not stand.

    `processes`: how many the box may have at once. Its other limits stand already.

    `ruleset`: at level B, the Landlock rules prepared by the zygote. `own_uid`: nothing but the box
    runs under this uid, and no file but the box's belongs to it.
    """
    if own_uid or processes > 1:
        limit_tasks(processes, own_uid)
    if level == "D":
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        return
    if level == "A" or os.getuid() == 0:
        kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if level == "A":
        if landlock.version():
            ruleset = landlock.prepare(["/"], [namespaces.SCRATCH, "/dev/null"])
            landlock.restrict(ruleset)
    else:
        landlock.restrict(ruleset)
    code = seccomp.program(
        processes=processes > 1,
        signals=level == "A" or landlock.version() >= 6,
        modes=own_uid,
    )
    seccomp.restrict(code)


def raise_around_command(level: str, limits: Dict[str, Any], ruleset: int, *, own_uid: bool,
                         families: Tuple[int, ...]) -> None:  # fmt: skip
    """Wall a workspace's command in for good: as above, but it may start processes, leave their
    group, and open sockets of these `families`. Raises OSError.

    No limit of address space: the runtimes that agents are written in reserve far more than they
    use. The judge looks at the memory that is used.
    """
    for which, size in (
        (resource.RLIMIT_FSIZE, limits["disk_mib"] * MIB),
        (resource.RLIMIT_NOFILE, COMMAND_OPEN_FILES), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):  # fmt: skip
        lower(which, size)
    limit_tasks(limits["processes"], own_uid)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if level == "D":
        return
    if level == "A" or os.getuid() == 0:
        kernel.drop_capabilities()
    if ruleset >= 0:
        landlock.restrict(ruleset)
    seccomp.restrict(seccomp.program(
        processes=True, signals=level == "A" or landlock.version() >= 6,
        modes=own_uid, sessions=True, deaths=level == "A", families=families))  # fmt: skip


def folders_of(packages: List[str]) -> List[str]:
    """Where these packages lie, in every folder for packages of an interpreter that a box shows."""
    tops = ["/usr", "/usr/local", *namespaces.interpreter_paths()]
    places = {os.path.realpath(place) for place in sys.path if place}
    for top in {os.path.realpath(top) for top in tops}:
        for name in ("site-packages", "dist-packages"):
            places |= {f"{top}/{lib}/{python}/{name}" for lib in listed(top, "lib")
                       for python in listed(top + "/" + lib, "python")}  # fmt: skip
    found = {os.path.realpath(place + "/" + name) for place in places for name in packages}
    return sorted(folder for folder in found if os.path.isdir(folder))


def listed(folder: str, start: str) -> List[str]:
    """Names in a folder that begin so; none where it is no folder."""
    try:
        return [name for name in os.listdir(folder) if name.startswith(start)]
    except OSError:
        return []


def readable_paths(masks: List[str], shown: Sequence[str] = ()) -> List[str]:
    """Level B: what Landlock lets a candidate read: system, interpreter, `shown`, less `masks`."""
    paths: List[str] = ["/dev/" + name for name in namespaces.DEVICES]
    for path in (*namespaces.SYSTEM, *namespaces.interpreter_paths(), *shown):
        paths += without(os.path.realpath(path), masks)
    return paths


def parted(masks: List[str], shown: Sequence[str] = ()) -> List[str]:
    """Level B: folders that `readable_paths` gives in parts, because a mask lies beneath them."""
    tops = [os.path.realpath(path)
            for path in (*namespaces.SYSTEM, *namespaces.interpreter_paths(), *shown)]  # fmt: skip
    above = {mask[:end] or "/" for mask in masks for end, c in enumerate(mask) if c == "/"}
    return sorted(f for f in above if any(f == t or f.startswith(t + "/") for t in tops))


def without(path: str, masks: List[str]) -> List[str]:
    """`path`, or its parts where a mask lies beneath it."""
    if path in masks:
        return []
    if not any(mask.startswith(path + "/") for mask in masks):
        return [path]
    parts: List[str] = []
    for name in sorted(os.listdir(path)):
        parts += without(path.rstrip("/") + "/" + name, masks)
    return parts
