"""The system calls that the walls need and Python lacks, through ctypes.

Linux only. Each call raises OSError naming itself, so that a failed wall says which one it was.
Proven by tests/sandbox/test_probe.py, which attacks a real box.
"""

from __future__ import annotations

import ctypes
import os

MACHINE = os.uname().machine
LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
AT_FDCWD, AT_RECURSIVE = -100, 0x8000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_SET_CHILD_SUBREAPER = 36
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2

SYSCALLS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "mount_setattr": 442},
    "aarch64": {"pivot_root": 41, "capset": 91, "mount_setattr": 442},
}
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446


def number(name: str) -> int:
    """The system call's number on this machine; OSError where we have no table for it."""
    try:
        return SYSCALLS[MACHINE][name]
    except KeyError:
        raise OSError(f"no system call table for {MACHINE}") from None


def checked(name: str, result: int) -> int:
    """`result`, or an OSError that names the call."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def syscall(name: str, nr: int, *arguments: object) -> int:
    """A raw system call."""
    return checked(name, LIBC.syscall(ctypes.c_long(nr), *arguments))


def unshare(flags: int) -> None:
    """Leave the namespaces in `flags` for fresh ones."""
    checked(f"unshare({flags:#x})", LIBC.unshare(flags))


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2)."""
    checked(
        f"mount({source} on {target})",
        LIBC.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags),
                   data.encode()),
    )  # fmt: skip


def set_mount(path: str, attributes: int) -> None:
    """Add attributes (read-only, nosuid, nodev) to a mount and all below it; removes none."""
    change_mount(path, AT_RECURSIVE, attributes, 0)


def open_mount(path: str) -> None:
    """Let a mount, and no other below it, be written to again."""
    change_mount(path, 0, 0, MOUNT_ATTR_RDONLY)


def change_mount(path: str, flags: int, added: int, removed: int) -> None:
    """mount_setattr(2)."""
    block = (ctypes.c_uint64 * 4)(added, removed, 0, 0)
    syscall("mount_setattr", number("mount_setattr"), ctypes.c_int(AT_FDCWD), path.encode(),
            ctypes.c_uint(flags), ctypes.byref(block), ctypes.c_size_t(32))  # fmt: skip


def pivot_here(root: str) -> None:
    """Make `root`, a mount point, the root directory and let go of the old one."""
    os.chdir(root)
    syscall("pivot_root", number("pivot_root"), b".", b".")
    checked("umount2", LIBC.umount2(b".", MNT_DETACH))
    os.chdir("/")


def prctl(option: int, *arguments: int) -> None:
    """prctl(2) with integer arguments."""
    padded = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    checked(f"prctl({option})", LIBC.prctl(ctypes.c_int(option), *padded))


def drop_bounding_set() -> None:
    """No program started from here on gets a capability. Those held stay for now."""
    for capability in range(64):
        if LIBC.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) < 0:
            break


def drop_capabilities() -> None:
    """Empty the permitted, effective and inheritable sets."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    syscall("capset", number("capset"), ctypes.byref(header), ctypes.byref(data))
