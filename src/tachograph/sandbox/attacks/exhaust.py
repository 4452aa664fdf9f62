"""Attacks on the machine's resources. Standard library only, from Python 3.9 on."""

# ruff: noqa: PTH102, PTH108, PTH110, PTH123 - system calls are meant, not paths

import contextlib
import os
import threading
import time
from typing import Any

MIB = 1 << 20


def memory(memory_mib: int, **_: Any) -> str:
    """takes twice the memory that it is allowed"""
    held = []
    for _turn in range(2 * memory_mib // 16):
        held.append(bytearray(16 * MIB))
    return f"{len(held) * 16} MiB"


def memory_file(memory_mib: int, **_: Any) -> str:
    """takes twice its memory in files that are memory"""
    where = os.memfd_create("balloon")
    for _turn in range(2 * memory_mib // 16):
        os.write(where, bytes(16 * MIB))
    return f"{os.fstat(where).st_size // MIB} MiB"


def shared_folder(memory_mib: int, **_: Any) -> str:
    """takes twice its memory in /dev/shm"""
    name = f"/dev/shm/tachograph-probe-{os.getpid()}"
    try:
        with open(name, "wb") as out:
            for _turn in range(2 * memory_mib // 16):
                out.write(bytes(16 * MIB))
            return f"{out.tell() // MIB} MiB"
    finally:
        if os.path.exists(name):
            os.unlink(name)


def disk(disk_mib: int, **_: Any) -> str:
    """writes four times its scratch into one file"""
    with open("big", "wb", buffering=0) as out:
        for _turn in range(4 * disk_mib):
            out.write(bytes(MIB))
        time.sleep(0.2)
        return f"{out.tell() // MIB} MiB"


def disk_in_parts(disk_mib: int, **_: Any) -> str:
    """writes four times its scratch into many files"""
    for number in range(4 * disk_mib):
        with open(f"part-{number}", "wb") as out:
            out.write(bytes(MIB))
    time.sleep(0.2)
    return f"{4 * disk_mib} MiB"


def many_files(**_: Any) -> str:
    """makes ten thousand empty files"""
    for number in range(10_000):
        open(f"file-{number}", "wb").close()
    time.sleep(0.2)
    return "10,000 files"


def deep_folders(**_: Any) -> str:
    """nests folders deeper than a path may be long, so that clearing up fails"""
    for _turn in range(1500):
        os.mkdir("deep")
        os.chdir("deep")
    return ""


def log(log_kib: int, **_: Any) -> str:
    """floods the log"""
    written = 0
    while written < 4 * log_kib * 1024:
        written += os.write(1, bytes(4096))
    return f"{written >> 10} KiB"


def result(output_mib: int, **_: Any) -> str:
    """hands back twice the result that it is allowed"""
    return "x" * (2 * output_mib * MIB)


def threads(**_: Any) -> str:
    """starts five hundred threads"""
    stop = threading.Event()
    started = 0
    try:
        for _turn in range(500):
            threading.Thread(target=stop.wait, daemon=True).start()
            started += 1
        time.sleep(0.2)
    finally:
        stop.set()
    return f"{started} threads"


def endless(**_: Any) -> str:
    """never ends"""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        pass
    return "20 s"


def many_processes(processes: int, **_: Any) -> str:
    """starts two hundred processes, where a few are allowed"""
    for _turn in range(200):
        if os.fork() == 0:
            time.sleep(10)
            os._exit(0)
    time.sleep(0.2)
    return "200 processes"


def stay_behind(**_: Any) -> str:
    """leaves a process that detaches itself"""
    if os.fork() == 0:
        if os.fork() == 0:
            with contextlib.suppress(OSError):
                os.setsid()
            time.sleep(30)
        os._exit(0)
    os.wait()
    return ""


def stay_behind_files(**_: Any) -> str:
    """leaves a file for the next box"""
    for folder in (".", "..", "/tmp", "/dev/shm", "/box"):
        try:
            open(folder + "/tachograph-left", "wb").close()
        except OSError:
            continue
    return ""


def find_files(**_: Any) -> str:
    """finds the file that an earlier box left"""
    found = [f for f in (".", "..", "/tmp", "/dev/shm", "/box")
             if os.path.exists(f + "/tachograph-left")]  # fmt: skip
    for folder in found:
        os.unlink(folder + "/tachograph-left")
    return ", ".join(found)
