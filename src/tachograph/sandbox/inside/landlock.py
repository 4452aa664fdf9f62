"""Landlock: which paths may be read and written, no TCP, no signals or abstract sockets outwards.

The rights follow the kernel's version of the interface (ABI): 4 adds TCP, 6 adds signals and
abstract sockets. Source: Linux, include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from typing import Iterable

from tachograph.sandbox.inside import kernel

EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
FILE_RIGHTS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
HANDLED = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}
READ = EXECUTE | READ_FILE | READ_DIR
RULE_PATH_BENEATH = 1


def version() -> int:
    """The kernel's Landlock ABI, 0 where it has none."""
    result = kernel.LIBC.syscall(
        ctypes.c_long(kernel.LANDLOCK_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint(1)
    )
    return max(int(result), 0)


def prepare(readable: Iterable[str], writable: Iterable[str], *, listed: Iterable[str] = (),
            tcp: bool = False, signals: bool = False) -> int:  # fmt: skip
    """A ruleset (a file descriptor): all else on the file system is neither read nor written.

    `listed`: folders of which the names may be read, and of those below, as an import needs it.
    `tcp`, `signals`: these are let through to processes outside. Raises OSError where the kernel
    has no Landlock. A path that does not exist is passed over.
    """
    abi = version()
    if abi == 0:
        raise OSError("Landlock is not available in this kernel")
    handled = HANDLED.get(abi, HANDLED[5])
    attributes = struct.pack("<QQQ", handled, 0 if tcp else 0b11, 0b01 if signals else 0b11)
    attributes = attributes[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = kernel.syscall("landlock_create_ruleset", kernel.LANDLOCK_CREATE, attributes,
                             ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))  # fmt: skip
    for paths, rights in ((readable, READ), (listed, READ_DIR), (writable, handled)):
        for path in paths:
            allow(ruleset, path, rights & handled)
    return ruleset


def restrict(ruleset: int) -> None:
    """Wall this process in with `ruleset`, and close it. Needs no_new_privs."""
    kernel.syscall("landlock_restrict_self", kernel.LANDLOCK_RESTRICT, ctypes.c_int(ruleset),
                   ctypes.c_uint(0))  # fmt: skip
    os.close(ruleset)


def allow(ruleset: int, path: str, rights: int) -> None:
    """Grant `rights` beneath `path`."""
    try:
        where = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(where).st_mode):
            rights &= FILE_RIGHTS
        rule = struct.pack("<Qi", rights, where)
        kernel.syscall(f"landlock_add_rule({path})", kernel.LANDLOCK_ADD, ctypes.c_int(ruleset),
                       ctypes.c_int(RULE_PATH_BENEATH), rule, ctypes.c_uint(0))  # fmt: skip
    finally:
        os.close(where)
