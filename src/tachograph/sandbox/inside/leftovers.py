"""What a box without namespaces of its own leaves: processes and files, removed for good.

Written against a candidate that resists: processes that fork faster than they are killed, folders
nested deeper than any path may be long or any recursion go. Proven by
tests/sandbox/test_leftovers.py. Not covered: level D as root, where nothing bounds the number of
processes.
"""

from __future__ import annotations

import os
import resource
import signal
import stat
import time
from typing import Dict, List, Tuple

ROUNDS = 5_000


def sweep(own_uid: bool) -> Tuple[float, float]:
    """Kill and reap every descendant of this process; the user and system seconds they used.

    Those that cannot leave their process group are dead already (`kill_group`); this is for the
    others. `own_uid`: nothing else runs under this uid, so the kernel kills all of it in one step.
    Raises OSError where some are left after all.
    """
    user = system = 0.0
    for turn in range(ROUNDS):
        while True:
            try:
                pid, _, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return user, system
            if pid == 0:
                break
            user, system = user + usage.ru_utime, system + usage.ru_stime
        if own_uid:
            kill(-1)
        elif turn:
            if turn == 1:
                sterilise()
            for pid in descendants():
                kill(pid)
        time.sleep(0.001)
    raise OSError("processes of the box could not be killed")


def kill_group(leader: int) -> None:
    """Kill a process and its group in one step that no fork gets past.

    It must not be reaped yet.
    """
    try:
        os.killpg(leader, signal.SIGKILL)
    except OSError:
        kill(leader)  # it was not its group's leader yet


def sterilise() -> None:
    """Take from every descendant the right to fork. Killing first would free room to fork anew."""
    seen: Dict[int, bool] = {}
    while True:
        fresh = [pid for pid in descendants() if pid not in seen]
        if not fresh:
            return
        for pid in fresh:
            seen[pid] = True
            try:
                resource.prlimit(pid, resource.RLIMIT_NPROC, (0, 0))
            except OSError:
                continue


def kill(pid: int) -> None:
    """SIGKILL, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return


def descendants(of: int = 0) -> List[int]:
    """All processes below this one, or below `of`. One that is forked meanwhile may be missing."""
    parents: Dict[int, List[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/" + name + "/stat", "rb") as source:
                    fields = source.read().rpartition(b")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(name))
    found: List[int] = []
    waiting = [of or os.getpid()]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def empty(root: str) -> None:
    """Remove everything below `root`, however deep it lies and whatever its modes are.

    What lies inside a folder is moved up to `root` first, so no path grows long. Raises OSError.
    """
    os.chmod(root, 0o700)  # it may have been shut, too
    number = 0
    while True:
        names = os.listdir(root)
        if not names:
            return
        for name in names:
            path = root + "/" + name
            if remove(path):
                continue
            os.chmod(path, 0o700)
            for inner in os.listdir(path):
                below = path + "/" + inner
                if not remove(below):
                    os.chmod(below, 0o700)  # a folder is moved only by who may write to it
                    while os.path.lexists(root + "/.%d" % number):
                        number += 1
                    os.rename(below, root + "/.%d" % number)
            os.rmdir(path)


def remove(path: str) -> bool:
    """Remove a file or an empty folder. False for a folder that cannot be, as one that has parts.

    Raises OSError for a file that cannot be.
    """
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        os.unlink(path)
        return True
    try:
        os.rmdir(path)
    except OSError:
        return False
    return True
