"""Attacks of a command that lives in a workspace, where it may start processes and keep files.

Standard library only, from Python 3.9 on.
"""

# ruff: noqa: PTH102, PTH106, PTH108, PTH123, PTH208 - system calls are meant, not paths

import array
import ctypes
import fcntl
import os
import signal
import socket
import stat
import time
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
PACKET, ALGORITHM, HOST, NETLINK, EVENTS = 17, 38, 40, 16, 15
TIOCSTI = 0x5412


def keeper_environment(**_: Any) -> str:
    """reads the environment of the process that keeps the workspace"""
    with open(f"/proc/{os.getppid()}/environ", "rb") as source:
        return f"{len(source.read())} bytes"


def keeper_memory(**_: Any) -> str:
    """opens the memory of the process that keeps the workspace"""
    with open(f"/proc/{os.getppid()}/mem", "rb"):
        return "opened"


def keeper_descriptors(**_: Any) -> str:
    """looks for the line to the judge among the keeper's open files"""
    return ", ".join(os.listdir(f"/proc/{os.getppid()}/fd"))


def keeper_root(**_: Any) -> str:
    """goes by the keeper's root directory"""
    return ", ".join(os.listdir(f"/proc/{os.getppid()}/root"))


def end_keeper(**_: Any) -> str:
    """signals the process that keeps the workspace, so that the box seems to break"""
    told = os.getppid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(told, number)
        except OSError:
            continue
    time.sleep(0.1)
    return ""


def change_program(**_: Any) -> str:
    """opens a module of the interpreter for writing"""
    with open(os.__file__, "a"):
        return "opened"


def link_in(open_file: str, **_: Any) -> str:
    """links a file from outside into the folder, whose owner is changed at the end"""
    os.link(open_file, "linked")
    os.unlink("linked")
    return "linked"


def packet_socket(**_: Any) -> str:
    """opens a socket for raw packets"""
    socket.socket(PACKET, socket.SOCK_RAW).close()
    return "opened"


def algorithm_socket(**_: Any) -> str:
    """opens a socket to the kernel's ciphers"""
    socket.socket(ALGORITHM, socket.SOCK_SEQPACKET).close()
    return "opened"


def host_socket(**_: Any) -> str:
    """opens a socket towards the machine that this virtual machine runs on"""
    socket.socket(HOST, socket.SOCK_STREAM).close()
    return "opened"


def event_socket(**_: Any) -> str:
    """listens to the kernel's device events"""
    socket.socket(NETLINK, socket.SOCK_RAW, EVENTS).close()
    return "opened"


def kernel_setting(**_: Any) -> str:
    """opens a setting of the kernel's for writing"""
    with open("/proc/sys/kernel/core_pattern", "r+"):
        return "opened"


def device(**_: Any) -> str:
    """makes a device file for a disk"""
    os.mknod("device", stat.S_IFBLK | 0o600, os.makedev(8, 0))
    os.unlink("device")
    return "made"


def mount(**_: Any) -> str:
    """mounts a file system of its own"""
    os.mkdir("mounted")
    try:
        if LIBC.mount(b"none", b"mounted", b"tmpfs", 0, None) < 0:
            raise OSError(ctypes.get_errno(), "mount")
        LIBC.umount2(b"mounted", 2)
    finally:
        os.rmdir("mounted")
    return "mounted"


def new_root(**_: Any) -> str:
    """changes its root directory"""
    os.chroot(".")
    return "changed"


def type_at_terminal(**_: Any) -> str:
    """types into a terminal, as if its user had"""
    _ours, theirs = os.openpty()
    fcntl.ioctl(theirs, TIOCSTI, array.array("b", [65]))
    return "typed"
