"""What a workspace is shown at level A, besides system and interpreter.

    /workspace             its folder, to be written to
    /home/box /tmp /var/tmp /dev/shm    scratch, which stays as long as the workspace is open
    /run/NAME              each Unix socket that is let in
    /proc                  its own processes alone
    /etc                   a user `box`, the system's name; with the network, names and certificates

and any path that the judge names, at its own place, read-only or to be written to.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from typing import Any, Dict, List

from tachograph.sandbox.inside import kernel, namespaces
from tachograph.sandbox.inside.kernel import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY

FOLDER = "/workspace"
HOME = "/home/box"
SCRATCH = {"/tmp": "tmp", "/var/tmp": "var", "/dev/shm": "shm", HOME: "home"}
"""Where it is shown, and its name below the staging folder."""
RELEASE = ("/etc/os-release", "/etc/debian_version", "/etc/alpine-release", "/etc/redhat-release")
NETWORK = ("/etc/ssl", "/etc/pki", "/etc/ca-certificates")
USER = "root:x:0:0:root:/root:/bin/sh\nbox:x:{0}:{0}:box:{1}:/bin/sh\n"
FILES = {
    "passwd": USER.format(namespaces.INSIDE_UID, HOME),
    "group": f"root:x:0:\nbox:x:{namespaces.INSIDE_UID}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
SIOCSIFFLAGS, UP_RUNNING = 0x8914, 0x41
DESCRIPTORS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}


class WorkspaceView(namespaces.View):
    """The view of one workspace, by the keeper's configuration."""

    def __init__(self, config: Dict[str, Any]) -> None:
        self.scratch: str = config["scratch"]
        self.folder: str = config["folder"]
        self.writable: List[str] = config["writable"]
        self.sockets: Dict[str, str] = config["sockets"]
        self.network = config["network"]
        self.shown = [*config["shown"], *RELEASE, *(NETWORK if self.network else ())]

    def before(self, root: str) -> None:
        """The scratch: an interpreter, or a path that is shown, may lie below /tmp."""
        for path, name in SCRATCH.items():
            os.makedirs(root + path)
            kernel.mount(self.scratch + "/" + name, root + path, "none", MS_BIND)
            kernel.set_mount(root + path, kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV)

    def after(self, root: str) -> List[str]:
        """Folder, sockets and files of its own."""
        open_paths = [root + path for path in SCRATCH]
        for source, path in ((self.folder, FOLDER), *((path, path) for path in self.writable)):
            bind(source, root + path)
            open_paths.append(root + path)
        for name, source in self.sockets.items():
            bind(source, f"{root}/run/{name}")
        for name, text in FILES.items():
            write(f"{root}/etc/{name}", text)
        if self.network:
            with open("/etc/resolv.conf") as source_file:
                write(root + "/etc/resolv.conf", source_file.read())
        for name, which in DESCRIPTORS.items():
            os.symlink("/proc/self/fd" + which, f"{root}/dev/{name}")
        # a process namespace gets its own only where one is seen already
        kernel.mount("/proc", root + "/proc", "none", MS_BIND | kernel.MS_REC)
        os.makedirs(root + "/dev/pts")
        os.symlink("pts/ptmx", root + "/dev/ptmx")
        return open_paths


def bind(source: str, target: str) -> None:
    """Show `source` at `target`."""
    if not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isdir(source):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    kernel.mount(source, target, "none", MS_BIND)
    kernel.set_mount(target, kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV)


def write(path: str, text: str) -> None:
    """A file of ours in the fresh root, unless the machine's own is shown there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.lexists(path):
        with open(path, "w") as out:
            out.write(text)
        os.chmod(path, 0o644)


def furnish() -> None:
    """In the process namespace: its own /proc over the machine's, its own terminals.

    Raises OSError.
    """
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY)
    kernel.mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                 "newinstance,ptmxmode=0666,mode=0600")  # fmt: skip


def raise_loopback() -> None:
    """Bring up the empty network's loopback, so that the workspace's programs can talk."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", UP_RUNNING)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)
