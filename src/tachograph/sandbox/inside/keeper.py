"""The keeper: the first process of a workspace, which starts every command in it.

It runs no command itself and trusts none: each is a child behind walls of its own. What a command
leaves running stays until the judge says so, or hangs up: then all of it is killed. At level A that
is the kernel's doing, because the keeper is the first process of its namespace.

The judge asks with one message and five descriptors: stdin, stdout, stderr, a line for this command
alone, over which it may say K (kill) and gets the report, and a file in memory with the request.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from typing import Any, Dict, List

from tachograph.sandbox.inside import (
    files,
    kernel,
    landlock,
    leftovers,
    namespaces,
    reports,
    seccomp,
    view,
    walls,
    zygote,
)

WHOLE_LANDLOCK = 3
SCOPED_LANDLOCK = 6
CANNOT_RUN, NOT_FOUND = 126, 127
"""A shell's exit codes for a command that is there and cannot be run, and for one that is not."""
NICE = 5
"""A workspace leaves the cores to the boxes that are timed beside it."""


class Keeper:
    """One workspace from within."""

    def __init__(self, config: Dict[str, Any], line: socket.socket) -> None:
        self.config = config
        self.level: str = config["level"]
        self.line = line
        self.ruleset = -1
        self.own_uid = self.level == "A"
        self.families: "tuple[int, ...]" = ()
        self.commands: Dict[int, socket.socket] = {}
        """Process to the line of its command."""
        self.killed: "set[int]" = set()
        os.umask(0o022)
        os.nice(NICE)
        if self.level == "A":
            self.step_into_namespaces()
        else:
            self.stay_outside()

    def step_into_namespaces(self) -> None:
        """Level A. Raises OSError naming the step that fails."""
        config, shown = self.config, view.WorkspaceView(self.config)
        os.close(namespaces.enter(config["root"], config["masks"], config["spare_uid"], shown))
        view.furnish()
        writable = [view.FOLDER, *view.SCRATCH, *config["writable"], "/dev/pts", "/dev/null"]
        abi = landlock.version()
        if abi:
            self.ruleset = landlock.prepare(["/"], [*writable, "/run"], tcp=True, signals=True)
        if config["network"]:
            self.families = seccomp.INTERNET + (seccomp.UNIX if abi >= SCOPED_LANDLOCK else ())
        else:
            view.raise_loopback()
            self.families = seccomp.INTERNET + seccomp.UNIX
        kernel.drop_capabilities()
        # commands run under the same uid, and shall not reach into this process
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)

    def stay_outside(self) -> None:
        """Levels B and D. Raises OSError naming the wall that cannot stand."""
        config = self.config
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        if self.level == "D":
            return
        if os.getuid() == 0:
            namespaces.take_uid(config["spare_uid"])
            self.own_uid = True
        elif landlock.version() < WHOLE_LANDLOCK:
            raise OSError(f"Landlock {landlock.version()} (Linux before 6.2) as an ordinary user")
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        writable = [config["folder"], config["scratch"], *config["writable"]]
        for path in (os.__file__, *writable):
            if not os.access(path, os.R_OK):
                raise OSError(f"uid {os.getuid()} cannot read {path}")
        masks = config["masks"]
        readable = walls.readable_paths(masks, config["shown"])
        whole = [part for path in writable for part in walls.without(path, masks)]
        listed = walls.parted(masks, config["shown"])
        self.ruleset = landlock.prepare(readable, [*whole, "/dev/null"], listed=listed,
                                        tcp=config["network"])  # fmt: skip
        if config["network"]:
            self.families = seccomp.INTERNET

    def serve(self) -> None:
        """Start commands and report their ends, until the judge hangs up."""
        waker, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # a command may signal whoever is the first process, which Python would end by
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.line.send(b'{"ready": ""}')
        while True:
            poller = select.poll()
            lines = {line.fileno(): pid for pid, line in self.commands.items()
                     if pid not in self.killed}  # fmt: skip
            for descriptor in (self.line.fileno(), waker, *lines):
                poller.register(descriptor, select.POLLIN)
            for descriptor, _ in poller.poll():
                if descriptor == waker:
                    os.read(waker, 4096)
                elif descriptor in lines:
                    self.kill(lines[descriptor])
                elif not self.obey():
                    return
            self.reap()

    def obey(self) -> bool:
        """Take the judge's next message. False when it has hung up."""
        message, descriptors, _, _ = socket.recv_fds(self.line, 4096, 5)
        if not message:
            self.clear()
            return False
        if not descriptors:
            self.clear()
            self.line.send(b"{}")
            return True
        asked = descriptors.pop()
        request = json.loads(os.pread(asked, os.fstat(asked).st_size, 0))
        os.close(asked)
        pid = os.fork()
        if pid == 0:
            try:
                self.become(request, descriptors[:3])
            finally:
                os._exit(CANNOT_RUN)
        for descriptor in descriptors[:3]:
            os.close(descriptor)
        self.commands[pid] = socket.socket(fileno=descriptors[3])
        return True

    def become(self, request: Dict[str, Any], descriptors: List[int]) -> None:
        """In the child: raise the walls, then be the command."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
        zygote.keep_only({0, 1, 2, self.ruleset})
        walls.raise_around_command(self.level, self.config["limits"], self.ruleset,
                                   own_uid=self.own_uid, families=self.families)  # fmt: skip
        if request["do"] == "exec":
            run(request)
        else:
            os._exit(files.serve(request))

    def reap(self) -> None:
        """Wait for all that have ended; report those that the judge asked for."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.commands:
                self.report(pid, status, usage.ru_utime, usage.ru_stime)

    def report(self, pid: int, status: int, user: float, system: float) -> None:
        """Tell the judge how a command ended."""
        self.killed.discard(pid)
        with self.commands.pop(pid) as line:
            try:
                line.send(reports.COMMAND.pack(status, user, system))
            except OSError:
                return

    def kill(self, pid: int) -> None:
        """Kill a command with its group and its descendants."""
        self.killed.add(pid)
        below = leftovers.descendants(pid)
        leftovers.kill_group(pid)
        for each in below:
            leftovers.kill(each)

    def clear(self) -> None:
        """Kill everything in the workspace, and wait until it has gone. Raises OSError."""
        leftovers.sweep(self.own_uid)
        for pid in list(self.commands):
            self.report(pid, signal.SIGKILL, 0.0, 0.0)


def run(request: Dict[str, Any]) -> None:
    """Be the command, in its folder and with its environment; or say why not, as a shell does."""
    arguments: List[str] = request["arguments"]
    wanted = request["folder"]
    try:
        os.chdir(wanted)
        wanted = arguments[0]
        os.execvpe(wanted, arguments, request["environment"])
    except OSError as error:
        os.write(2, f"{wanted}: {error.strerror}\n".encode())
        os._exit(NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_RUN)


def main() -> None:
    """Run as the keeper. The last argument is the line; the configuration comes over it first."""
    line = socket.socket(fileno=int(sys.argv[-1]))
    config = json.loads(line.recv(1 << 17))
    config["masks"] += walls.folders_of(config["hidden_packages"])
    try:
        keeper = Keeper(config, line)
    except OSError as error:
        line.send(json.dumps({"wall": (error.strerror or str(error))[:4096]}).encode())
    else:
        keeper.serve()
