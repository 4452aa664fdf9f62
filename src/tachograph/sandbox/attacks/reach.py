"""Attacks on what lies outside the box. One process. Standard library only, from Python 3.9 on."""

# ruff: noqa: PTH101, PTH123, PTH208 - system calls are meant, not paths

import ctypes
import os
import platform
import socket
import stat
import subprocess
import sys
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"


def call(number: int, *arguments: Any) -> int:
    """A raw system call; OSError where it is refused."""
    result = LIBC.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def tcp(tcp_port: int, **_: Any) -> str:
    """connects to a TCP port of this machine"""
    with socket.create_connection(("127.0.0.1", tcp_port), timeout=1):
        return "connected"


def udp(udp_port: int, **_: Any) -> str:
    """sends a UDP packet"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"out", ("127.0.0.1", udp_port))
        return "sent"


def unix_socket(unix_path: str, **_: Any) -> str:
    """connects to a Unix socket by its path"""
    with socket.socket(socket.AF_UNIX) as sender:
        sender.connect(unix_path)
        return "connected"


def abstract_socket(abstract_name: str, **_: Any) -> str:
    """connects to an abstract Unix socket"""
    with socket.socket(socket.AF_UNIX) as sender:
        sender.connect("\0" + abstract_name)
        return "connected"


def socket_pair(datagram_path: str, **_: Any) -> str:
    """turns one end of a socket pair towards a socket of the machine"""
    ours, _theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.sendto(b"out", datagram_path)
    return "sent"


def read_file(secret_file: str, **_: Any) -> str:
    """reads a file of the user's that anyone may read"""
    with open(secret_file) as source:
        return source.read()


def read_shadow(**_: Any) -> str:
    """reads /etc/shadow and /etc/passwd"""
    with open("/etc/shadow" if os.getuid() == 0 else "/etc/passwd") as source:
        return source.read()[:20]


def read_judge(judge_file: str, **_: Any) -> str:
    """reads the judge's own code"""
    with open(judge_file) as source:
        return source.read()[:20]


def import_judge(**_: Any) -> str:
    """imports the judge's package from its own interpreter"""
    from tachograph.sandbox import attacks

    return str(attacks.__file__)


def read_environment(secret: str, **_: Any) -> str:
    """looks for the user's secrets in the environment"""
    return next((name for name, value in os.environ.items() if value == secret), "")


def write_file(open_file: str, **_: Any) -> str:
    """overwrites a file that anyone may write"""
    with open(open_file, "w") as out:
        out.write("changed")
    return "written"


def make_file(open_folder: str, **_: Any) -> str:
    """makes a file in a folder that anyone may write to"""
    with open(open_folder + "/made", "w") as out:
        out.write("made")
    return "made"


def change_mode(open_file: str, **_: Any) -> str:
    """changes the mode of a file of the user's"""
    os.chmod(open_file, 0o600)
    return "changed"


def change_time(open_file: str, **_: Any) -> str:
    """changes the time of a file of the user's"""
    os.utime(open_file, (1, 1))
    return "changed"


def cut_file(open_file: str, **_: Any) -> str:
    """cuts a file of the user's short"""
    os.truncate(open_file, 0)
    return "cut"


def see_processes(**_: Any) -> str:
    """lists other processes"""
    others = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
    return f"{len(others)} processes" if others else ""


def read_process(victim: int, secret: str, **_: Any) -> str:
    """reads another process's environment"""
    with open(f"/proc/{victim}/environ") as source:
        return "found" if secret in source.read() else ""


def signal_process(victim: int, **_: Any) -> str:
    """ends another process"""
    os.kill(victim, 9)
    return "killed"


def signal_parent(**_: Any) -> str:
    """signals the process above it"""
    os.kill(os.getppid(), 0)
    return "reached" if os.getppid() else ""


def limit_process(victim: int, **_: Any) -> str:
    """sets another process's limits"""
    import resource

    resource.prlimit(victim, resource.RLIMIT_NOFILE, (0, 0))
    return "set"


def trace_process(victim: int, **_: Any) -> str:
    """attaches to another process"""
    if LIBC.ptrace(16, victim, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    LIBC.ptrace(17, victim, None, None)
    return "attached"


def read_memory(victim: int, **_: Any) -> str:
    """reads another process's memory"""
    there = (ctypes.c_size_t * 2)(0x400000, 0)
    if LIBC.process_vm_readv(victim, there, 1, there, 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")
    return "read"


def new_namespaces(**_: Any) -> str:
    """makes namespaces of its own, where it would be root"""
    if LIBC.unshare(0x10000000 | 0x00020000) < 0:
        raise OSError(ctypes.get_errno(), "unshare")
    return "made"


def io_uring(**_: Any) -> str:
    """opens an io_uring, which no system call filter sees through"""
    block = (ctypes.c_uint32 * 40)()
    os.close(call(425, 4, ctypes.byref(block)))
    return "opened"


def keyring(**_: Any) -> str:
    """puts a key into the kernel's keyring, where a later box could find it"""
    number = 248 if X86 else 217
    return f"key {call(number, b'user', b'tachograph-probe', b'x', 1, ctypes.c_int(-1))}"


def performance_counters(**_: Any) -> str:
    """opens a performance counter"""
    block = (ctypes.c_uint64 * 16)(1 | (128 << 32))
    os.close(call(298 if X86 else 241, ctypes.byref(block), 0, -1, -1, 0))
    return "opened"


def kernel_programs(**_: Any) -> str:
    """loads a map into the kernel by bpf"""
    block = (ctypes.c_uint32 * 18)(1, 4, 4, 1)
    os.close(call(321 if X86 else 280, 0, ctypes.byref(block), 72))
    return "made"


def shared_memory(**_: Any) -> str:
    """makes shared memory that outlives the box"""
    found = call(29 if X86 else 194, 0x7AC0, 4096, 0o1600)
    call(31 if X86 else 195, found, 0, None)
    return "made"


def choose_cores(all_cores: list[int], **_: Any) -> str:
    """moves to cores that are not its own"""
    os.sched_setaffinity(0, all_cores)
    return "moved"


def new_session(**_: Any) -> str:
    """starts a session, which gets a bigger share of the processor"""
    if os.getsid(0) == os.getpid():
        return ""
    os.setsid()
    return "started"


def outlive(**_: Any) -> str:
    """asks not to be killed when the process that watches it ends"""
    if LIBC.prctl(1, 0, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "prctl")
    return "granted"


def fork(**_: Any) -> str:
    """forks, where one process is allowed"""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "forked"


def run_program(**_: Any) -> str:
    """runs a program, where one process is allowed"""
    return str(subprocess.run([sys.executable, "-c", ""], check=True).args[0])


def open_descriptors(**_: Any) -> str:
    """looks for open files that the judge forgot"""
    found = []
    for number in range(3, 1024):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode) or stat.S_ISFIFO(mode) or stat.S_ISBLK(mode):
            found.append(str(number))
    return ", ".join(found)
