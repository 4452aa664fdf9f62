"""Level A's root: a file system of the interpreter, its libraries and nothing else.

Zygote and keeper build it once, before any untrusted code runs. As root they take a spare, non-zero
uid first, because the kernel does not enforce process limits on uid 0.
"""

from __future__ import annotations

import os
import sys
from typing import Iterable, List, Optional, Sequence

from tachograph.sandbox.inside import kernel
from tachograph.sandbox.inside.kernel import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
)

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache",
          "/etc/alternatives")  # fmt: skip
DEVICES = ("null", "zero", "full", "random", "urandom")
SCRATCH = "/box"
INSIDE_UID = 65534


class View:
    """What is shown besides system and interpreter: for a box nothing, for a workspace its own."""

    shown: Sequence[str] = ()
    """Read-only, at the same place."""
    network = False
    """The machine's own network, not an empty one."""

    def before(self, root: str) -> None:
        """Mount what may hold the mount points of others."""

    def after(self, root: str) -> List[str]:
        """Mount the rest; the mount points of all that stays writable."""
        return []


def interpreter_paths() -> List[str]:
    """Folders that this interpreter needs."""
    wanted = {os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    wanted |= {sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable))}
    return [p for p in uppermost(wanted) if p != "/" and not p.startswith("/usr/")]


def uppermost(paths: Iterable[str]) -> List[str]:
    """Those that lie beneath no other."""
    kept: List[str] = []
    for path in sorted(set(paths), key=len):
        if not any(path.startswith(k.rstrip("/") + "/") for k in kept):
            kept.append(path)
    return kept


def enter(staging: str, masks: Sequence[str], spare_uid: int, view: Optional[View] = None) -> int:
    """Leave the machine for a fresh root below `staging`, as the first process of a namespace.

    `masks`: folders that are hidden even where a parent of theirs is shown (the judge's code).
    `spare_uid`: the outside uid to take when this process is root; else the own uid is kept.
    Returns a descriptor of the new process namespace. Raises OSError naming the failed step.
    """
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    view = view or View()
    others = CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID
    if not view.network:
        others |= CLONE_NEWNET
    if os.getuid() == 0:
        kernel.unshare(CLONE_NEWNS)
        build(staging, masks, view)
        take_uid(spare_uid)
        kernel.unshare(CLONE_NEWUSER | others)
        map_ids(proc, spare_uid, spare_uid)
    else:
        uid, gid = os.getuid(), os.getgid()
        kernel.unshare(CLONE_NEWUSER | CLONE_NEWNS | others)
        map_ids(proc, uid, gid)
        build(staging, masks, view)
    kernel.drop_bounding_set()
    become_first()
    namespace = os.open("self/ns/pid", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    os.close(proc)
    return namespace


def become_first() -> None:
    """Go on in a child, the first process of the new namespace; this process waits for its end."""
    child = os.fork()
    if child:
        os.closerange(0, 1 << 16)
        os.waitpid(child, 0)
        os._exit(0)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)


def take_uid(uid: int) -> None:
    """Become `uid` for good, in no group but its own."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # a process that changed its uid may not write its own uid map until it is dumpable again
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)


def map_ids(proc: int, uid: int, gid: int) -> None:
    """Map one outside uid and gid to nobody inside."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{INSIDE_UID} {uid} 1"),
                       ("gid_map", f"{INSIDE_UID} {gid} 1")):  # fmt: skip
        try:
            where = os.open(f"self/{name}", os.O_WRONLY, dir_fd=proc)
            try:
                os.write(where, text.encode())
            finally:
                os.close(where)
        except OSError as error:
            raise OSError(error.errno, f"writing {name}: {error.strerror}") from None


def build(staging: str, masks: Sequence[str], view: View) -> None:
    """Mount the fresh root at `staging` and step into it."""
    kernel.mount("none", "/", "none", MS_REC | MS_PRIVATE)
    kernel.mount("tmpfs", staging, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755")
    view.before(staging)
    shown = uppermost([*interpreter_paths(), *view.shown])
    for path in uppermost([*SYSTEM, *shown]):
        show(staging, path)
    os.makedirs(staging + "/dev", exist_ok=True)
    for name in DEVICES:
        show(staging, "/dev/" + name, device=True)
    for name in (SCRATCH, "/proc", "/etc"):
        os.makedirs(staging + name, exist_ok=True)
    if not os.path.lexists(staging + "/tmp"):
        os.symlink(SCRATCH + "/tmp", staging + "/tmp")
    writable = view.after(staging)
    for mask in masks:
        if os.path.isdir(staging + mask):
            kernel.mount("tmpfs", staging + mask, "tmpfs", MS_NOSUID | MS_NODEV, "size=4k")
    kernel.set_mount(staging, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID)
    for path in writable:
        kernel.open_mount(path)
    kernel.pivot_here(staging)


def show(staging: str, path: str, device: bool = False) -> None:
    """Show `path` of the machine at the same place in the new root; a link is copied as a link."""
    target = staging + path
    if not os.path.lexists(path) or os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    kernel.mount(path, target, "none", MS_BIND | MS_REC)
    if not device:
        kernel.set_mount(target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)


def fresh_scratch(disk_mib: int) -> None:
    """In a private mount namespace: an empty scratch of that size over the shared one."""
    kernel.mount("tmpfs", SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV,
                 f"size={disk_mib}m,nr_inodes=8192,mode=0755")  # fmt: skip
