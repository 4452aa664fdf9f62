"""Level A's root: a file system of the interpreter, its libraries and nothing else.

The zygote builds it once, before any candidate exists. As root it takes a spare, non-zero uid
first, because the kernel does not enforce process limits on uid 0.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import List, Sequence

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


def interpreter_paths() -> List[str]:
    """Folders that this interpreter needs, the longest common ones only."""
    wanted = {os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    wanted |= {sys.prefix, sys.base_prefix, str(Path(os.path.realpath(sys.executable)).parent)}
    kept: List[str] = []
    for path in sorted(wanted, key=len):
        if not any(path == k or path.startswith(k.rstrip("/") + "/") for k in kept):
            kept.append(path)
    return [p for p in kept if p != "/" and not p.startswith("/usr/")]


def enter(staging: str, masks: Sequence[str], spare_uid: int) -> int:
    """Leave the machine for a fresh root below `staging`, as the first process of a namespace.

    `masks`: folders that are hidden even where a parent of theirs is shown (the judge's code).
    `spare_uid`: the outside uid to take when this process is root; else the own uid is kept.
    Returns a descriptor of the new process namespace. Raises OSError naming the failed step.
    """
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    others = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID
    if os.getuid() == 0:
        kernel.unshare(CLONE_NEWNS)
        build(staging, masks)
        take_uid(spare_uid)
        kernel.unshare(CLONE_NEWUSER | others)
        map_ids(proc, spare_uid, spare_uid)
    else:
        uid, gid = os.getuid(), os.getgid()
        kernel.unshare(CLONE_NEWUSER | CLONE_NEWNS | others)
        map_ids(proc, uid, gid)
        build(staging, masks)
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
    kernel.prctl(4, 1)


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


def build(staging: str, masks: Sequence[str]) -> None:
    """Mount the fresh root at `staging` and step into it."""
    kernel.mount("none", "/", "none", MS_REC | MS_PRIVATE)
    kernel.mount("tmpfs", staging, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755")
    shown = interpreter_paths()
    for path in (*SYSTEM, *shown):
        show(staging, path)
    os.makedirs(staging + "/dev", exist_ok=True)
    for name in DEVICES:
        show(staging, "/dev/" + name, device=True)
    for name in (SCRATCH, "/proc", "/etc"):
        os.makedirs(staging + name, exist_ok=True)
    if not any(path.startswith("/tmp/") for path in shown):
        os.symlink(SCRATCH + "/tmp", staging + "/tmp")
    for mask in masks:
        if os.path.isdir(staging + mask):
            kernel.mount("tmpfs", staging + mask, "tmpfs", MS_NOSUID | MS_NODEV, "size=4k")
    kernel.set_mount(staging, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID)
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
