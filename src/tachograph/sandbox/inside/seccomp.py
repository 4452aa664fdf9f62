"""Seccomp: system calls that no candidate needs answer EPERM (clone3: ENOSYS, so libc falls back).

A deny list, because maths libraries differ in what they call; the walls that hold data in are
Landlock and the namespaces. Numbers: Linux, asm/unistd_64.h (x86-64) and asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from typing import List, Tuple

from tachograph.sandbox.inside import kernel

X86, ARM = 0, 1
NONE = -1
DENIED = {
    # ways out
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "pidfd_getfd": (438, 438),
    # what others have read lately
    "mincore": (27, 232), "cachestat": (451, 451),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "kcmp": (312, 272), "kill": (62, 129),
    "pidfd_send_signal": (424, 424), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434),
    # the clock's core, and a bigger share of it
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "mbind": (237, 235), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "set_mempolicy": (238, 237),
    # memory that no limit counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    # the kernel's own furniture
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "perf_event_open": (298, 241),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "userfaultfd": (323, 282), "quotactl": (179, 60), "acct": (163, 89), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "personality": (135, 92), "modify_ldt": (154, NONE),
    "fanotify_init": (300, 262), "syslog": (103, 116), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "settimeofday": (164, 170), "adjtimex": (159, 171),
    "sethostname": (170, 161), "setdomainname": (171, 162), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "move_mount": (429, 429), "open_tree": (428, 428), "mount_setattr": (442, 442),
    "iopl": (172, NONE), "ioperm": (173, NONE), "vhangup": (153, 58), "mknod": (133, NONE),
    "mknodat": (259, 33), "quotactl_fd": (443, 443),
}  # fmt: skip
SOCKETS = {"connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
           "accept4": (288, 242)}  # fmt: skip
SESSIONS = {"setsid": (112, 157), "setpgid": (109, 154)}
NEW_PROCESS = {"fork": (57, NONE), "vfork": (58, NONE), "execve": (59, 221),
               "execveat": (322, 281)}  # fmt: skip
SIGNALS = {"tkill": (200, 130), "tgkill": (234, 131)}
MODES = {
    "chmod": (90, NONE), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, NONE), "fchown": (93, 55), "lchown": (94, NONE), "fchownat": (260, 54),
    "utime": (132, NONE), "utimes": (235, NONE), "futimesat": (261, NONE), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469),
}  # fmt: skip
"""Landlock does not watch these; a file system mounted read-only, or a strange uid, does."""
CLONE, CLONE3 = (56, 220), (435, 435)
REFUSED_ARGUMENTS = {
    # a candidate that clears its death signal could outlive the process that watches it
    "prctl": ((157, 167), 0, 0xFFFFFFFF, (kernel.PR_SET_PDEATHSIG,)),
    # a signal by way of an owner: F_SETOWN, F_SETOWN_EX; FIOSETOWN, SIOCSPGRP
    "fcntl": ((72, 25), 1, 0xFFFFFFFF, (8, 15)),
    # ... TIOCSTI and TIOCLINUX type into a terminal, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR
    "ioctl": ((16, 29), 1, 0xFFFFFFFF,
              (0x8901, 0x8902, 0x5412, 0x541C, 0x40086602, 0x401C5820)),
    # of type datagram or raw it could be sent to any address; of the others it cannot
    "socketpair": ((53, 199), 1, 0xF, (2, 3)),
    # one box could set, and the next one see, which pages of files lie in memory:
    # POSIX_FADV_DONTNEED; MADV_COLD, MADV_PAGEOUT; RWF_NOWAIT, RWF_DONTCACHE
    "fadvise64": ((221, 223), 3, 0xFFFFFFFF, (4,)),
    "madvise": ((28, 233), 2, 0xFFFFFFFF, (20, 21)),
    "preadv2": ((327, 286), 5, 0x88, (0x08, 0x80, 0x88)),
}  # fmt: skip
"""name: numbers, argument, mask, values that are refused"""
SOCKET, PRLIMIT64 = (41, 198), (302, 261)
UNIX, INTERNET, NETLINK = (1,), (2, 10), 16

ARCHITECTURES = {"x86_64": (X86, 0xC000003E), "aarch64": (ARM, 0xC00000B7)}
CLONE_THREAD = 0x00010000
CLONE_ANY_NAMESPACE = 0x7E020000
X32_BIT = 0x40000000

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_SET, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
NOT_THERE = 0x00050000 | errno.ENOSYS
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16

Step = Tuple[int, int, int, int]


def program(*, processes: bool, signals: bool, modes: bool, sessions: bool = False,
            deaths: bool = False, families: Tuple[int, ...] = ()) -> bytes:  # fmt: skip
    """The filter. `processes`: fork and exec are allowed; `signals`: a wall behind this one keeps
    signals from reaching other processes, so they need not be refused here; `modes`: one keeps the
    modes, owners and times of files that are not the box's; `sessions`: a process may leave its
    group; `deaths`: it may choose its signal for when its parent ends, because all of the box ends
    with its first process all the same; `families`: address families of sockets that another wall
    holds in, or none does.
    """
    column, architecture = ARCHITECTURES[kernel.MACHINE]
    tables = [DENIED]
    tables += [] if processes else [NEW_PROCESS]
    tables += [] if signals else [SIGNALS]
    tables += [] if modes else [MODES]
    tables += [] if sessions else [SESSIONS]
    tables += [] if families else [SOCKETS]
    denied = {numbers[column] for table in tables for numbers in table.values()} - {NONE}
    if processes and signals:
        # a build tool may signal its own children; the other walls hold all others out of reach
        denied.remove(DENIED["kill"][column])
    steps: List[Step] = [
        (LOAD, 0, 0, ARCHITECTURE), (JUMP_EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER), (JUMP_AT_LEAST, 0, 1, X32_BIT), (RETURN, 0, 0, REFUSE),
    ]  # fmt: skip
    for number in sorted(denied):
        steps += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    steps += [(JUMP_EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, NOT_THERE)]
    for name, (numbers, argument, mask, values) in REFUSED_ARGUMENTS.items():
        if (name == "socketpair" and UNIX[0] in families) or (name == "prctl" and deaths):
            continue
        block = [(LOAD, 0, 0, FIRST_ARGUMENT + 8 * argument), (AND, 0, 0, mask)]
        for value in values:
            block += [(JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, REFUSE)]
        steps += only_for(numbers[column], [*block, (RETURN, 0, 0, ALLOW)])
    steps += only_for(SOCKET[column], sockets(families))
    # limits of its own process alone: another one's would be a way to kill it
    steps += only_for(PRLIMIT64[column], [
        (LOAD, 0, 0, FIRST_ARGUMENT), (JUMP_EQUAL, 1, 0, 0), (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW)])  # fmt: skip
    steps += only_for(CLONE[column], [
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_SET, 0, 1, CLONE_ANY_NAMESPACE), (RETURN, 0, 0, REFUSE),
        (JUMP_SET, 1, 0, CLONE_THREAD), (RETURN, 0, 0, ALLOW if processes else REFUSE),
        (RETURN, 0, 0, ALLOW)])  # fmt: skip
    steps += [(RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def sockets(families: Tuple[int, ...]) -> List[Step]:
    """Sockets of these families, of netlink the routing table alone (libc asks it), no others."""
    block: List[Step] = [(LOAD, 0, 0, FIRST_ARGUMENT)]
    for family in families:
        block += [(JUMP_EQUAL, 0, 1, family), (RETURN, 0, 0, ALLOW)]
    if families:
        block += [(JUMP_EQUAL, 0, 3, NETLINK), (LOAD, 0, 0, FIRST_ARGUMENT + 16),
                  (JUMP_EQUAL, 0, 1, 0), (RETURN, 0, 0, ALLOW)]  # fmt: skip
    return [*block, (RETURN, 0, 0, REFUSE)]


def only_for(number: int, block: List[Step]) -> List[Step]:
    """`block`, which must end in a return, jumped over by every other system call."""
    return [(JUMP_EQUAL, 0, len(block), number), *block]


def restrict(code: bytes) -> None:
    """Install a filter on this process for good. Needs no_new_privs."""

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]

    block = Filter(len(code) // 8, code)
    kernel.checked("seccomp", kernel.LIBC.prctl(
        ctypes.c_int(kernel.PR_SET_SECCOMP), ctypes.c_ulong(kernel.SECCOMP_MODE_FILTER),
        ctypes.byref(block), 0, 0))  # fmt: skip
