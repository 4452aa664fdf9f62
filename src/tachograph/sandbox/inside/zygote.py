"""The zygote: a warm, clean parent that has imported the task's libraries and forks each box.

It never loads candidate code. One box at a time: it forks the child (at level A as the first
process of a namespace of its own), kills it when told or when the judge is gone, waits for it and
reports its status and CPU time. The child waits for its call, which may come at once or later, and
which the judge sends to it without passing here. Child and zygote end when the one above them ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import types
from typing import Any, Dict, List

from tachograph.sandbox.inside import (
    child,
    kernel,
    landlock,
    leftovers,
    namespaces,
    rehearsal,
    reports,
    walls,
)

WHOLE_LANDLOCK = 3
IDLE_SECONDS = 0.02
FIRST_CALLS = 3
"""The trial call that opens a box, a look at the seed, and the first candidate."""


class Zygote:
    """The zygote's state: its level, and the walls that it can prepare once for all boxes."""

    def __init__(self, config: Dict[str, Any], line: socket.socket) -> None:
        self.level: str = config["level"]
        self.staging: str = config["staging"]
        self.root = namespaces.SCRATCH if self.level == "A" else self.staging
        self.line = line
        self.ruleset = -1
        self.namespace = -1
        self.limits: Dict[str, Any] = config["limits"]
        self.calls = 0
        self.cold: List[str] = [name for name in config["libraries"] if name == "numba"]
        """Libraries that may be warmed further."""
        self.own_uid = self.level == "A"
        os.sched_setaffinity(0, config["cores"])
        leftovers.empty(self.staging)  # of a zygote before it that was killed
        rehearsal.rehearse(self.staging)
        self.step_behind_walls(config)
        # here, because each child would else do it again, on pages that it would copy
        work = child.Workspace(self.root).path
        sys.path_importer_cache[work] = child.finder(work)
        self.ours = child.our_modules()
        # what little garbage there is stays: to find it takes a tenth of a second
        gc.freeze()

    def step_behind_walls(self, config: Dict[str, Any]) -> None:
        """Raise the walls that all boxes share. Raises OSError naming the one that fails."""
        if self.level == "A":
            self.namespace = namespaces.enter(self.staging, config["masks"], config["spare_uid"])
            return
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        if self.level == "D":
            return
        if os.getuid() == 0:
            namespaces.take_uid(config["spare_uid"])
            self.own_uid = True
            if not os.access(os.__file__, os.R_OK):
                raise OSError(f"uid {config['spare_uid']} cannot read {os.__file__}")
        elif landlock.version() < WHOLE_LANDLOCK:
            # an older one lets a candidate cut short files that belong to this user
            raise OSError(f"Landlock {landlock.version()} (Linux before 6.2) as an ordinary user")
        self.ruleset = landlock.prepare(
            walls.readable_paths(config["masks"]), [self.staging, "/dev/null"],
            listed=walls.parted(config["masks"]),
        )  # fmt: skip

    def serve(self) -> None:
        """Fork a box for each request until the judge hangs up."""
        answer(self.line, "ready")
        while True:
            self.use_idle_time()
            message, descriptors, _, _ = socket.recv_fds(self.line, 1, 2)
            if not message:
                return
            self.calls += 1
            # their kind is said, because to find it out takes six questions to the kernel
            report, line = (socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, descriptor)
                            for descriptor in descriptors)  # fmt: skip
            with report:
                with line:
                    pid = self.fork(line, report)
                self.watch(pid, report)

    def use_idle_time(self) -> None:
        """Once, when no request comes for a moment; not among the first, which somebody awaits."""
        if self.calls < FIRST_CALLS or not self.cold:
            return
        if not select.select([self.line], [], [], IDLE_SECONDS)[0]:
            for library in self.cold:
                warm_further(library)
            self.cold = []
            gc.freeze()

    def fork(self, line: socket.socket, report: socket.socket) -> int:
        """A child that waits at the line for its call."""
        if self.level == "A":
            # setns first: a process may leave its children's namespace for a new one only
            # from its own
            kernel.checked("setns", kernel.LIBC.setns(self.namespace, kernel.CLONE_NEWPID))
            kernel.unshare(kernel.CLONE_NEWPID)
        pid = os.fork()
        if pid == 0:
            try:
                report.close()
                become_child(self, line)
            finally:
                os._exit(1)
        return pid

    def watch(self, pid: int, report: socket.socket) -> None:
        """Wait for the child, or kill it when the judge says so or is gone; then report."""
        handle = os.pidfd_open(pid)
        ready, _, _ = select.select([handle, report.fileno(), self.line.fileno()], [], [])
        if report.fileno() in ready:
            report.recv(1)
        leftovers.kill_group(pid)
        _, status, usage = os.wait4(pid, 0)
        os.close(handle)
        user, system = usage.ru_utime, usage.ru_stime
        if self.level != "A":
            more = leftovers.sweep(self.own_uid)
            user, system = user + more[0], system + more[1]
            leftovers.empty(self.root)
        cold = bool(self.cold) and self.calls >= FIRST_CALLS
        with contextlib.suppress(OSError):  # nobody may want to know
            report.send(reports.CALL.pack(status, user, system, cold))


def become_child(zygote: Zygote, line: socket.socket) -> None:
    """Wait for the call, put the files down, raise the walls, load the candidate."""
    workspace = child.Workspace(zygote.root)
    trouble = ""
    try:
        take_ground(zygote)
        workspace.make()
    except OSError as error:
        trouble = str(error)
    asked = child.receive(line)
    if asked is None:
        return
    courier = asked.courier
    try:
        if trouble:
            raise OSError(trouble)
        content = child.read_frame(asked.files)
        workspace.fill(content["files"])
        os.chdir(workspace.path)
        os.dup2(asked.log, 1)
        os.dup2(asked.log, 2)
        keep_only({0, 1, 2, line.fileno(), courier.output, courier.kept, zygote.ruleset})
        walls.limit_memory(zygote.limits)
        walls.raise_walls(zygote.level, asked.request["processes"], zygote.ruleset,
                          own_uid=zygote.own_uid)  # fmt: skip
    except (OSError, ValueError) as error:
        courier.say(b"B", str(error).encode()[: child.TEXT_LIMIT])
        return
    courier.say(b"W")
    gc.enable()
    child.serve(courier, workspace, asked.request, content["kept"])


def take_ground(zygote: Zygote) -> None:
    """What each child does for itself, whatever it is called with. Raises OSError."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setpgid(0, 0)
    if zygote.level == "A":
        kernel.unshare(kernel.CLONE_NEWNS)
        namespaces.fresh_scratch(zygote.limits["disk_mib"])
    # one of its own: flags and locks on a shared one would outlive the box
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    walls.set_limits(zygote.limits)
    child.forget(zygote.ours)


def warm(library: str) -> None:
    """Take first-use costs that every child would pay again. Only code of ours, and no threads."""
    if library == "torch":
        # building any optimiser imports it: a second, in each fork
        importlib.import_module("torch._dynamo")
    elif library == "numba":
        import_blas()
        # the first compilation fills the typing and target registries: half a second
        numba = sys.modules["numba"]
        array = numba.types.Array(numba.float64, 1, "C")
        numba.njit([(array, numba.int64)])(lambda values, place: values[place] * place)


def import_blas() -> None:
    """Import the extension module from which numba takes BLAS, without the package that it is in.

    The package is a fifth of the warm-up, and nothing here calls it. A candidate that imports it
    gets the whole of it, and this module by any import that names it, though not as an attribute of
    the package. Where this cannot be done, numba imports the package itself.
    """
    package, name = "scipy.linalg", "scipy.linalg.cython_blas"
    if package in sys.modules:
        return
    try:
        scipy = importlib.import_module("scipy")
        hollow = types.ModuleType(package)
        hollow.__path__ = [path + "/linalg" for path in scipy.__path__]
        sys.modules[package] = hollow
        importlib.import_module(name)
    except ImportError:
        sys.modules.pop(name, None)
    finally:
        sys.modules.pop(package, None)


def warm_further(library: str) -> None:
    """What fewer children need, done once nothing else is to do."""
    if library == "numba":
        # the first reduction in an array: a sixth of a second
        numba = sys.modules["numba"]
        array = numba.types.Array(numba.float64, 1, "C")
        numba.njit([(array, numba.int64)])(lambda values, scale: values.sum() * scale)


def keep_only(kept: "set[int]") -> None:
    """Close every descriptor but these."""
    low = 0
    for descriptor in sorted(k for k in kept if k >= 0):
        if low < descriptor:  # an empty range would close them all
            os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, 1 << 16)


def main() -> None:
    """Run as the zygote. The last argument is the line; the configuration comes over it first."""
    os.environ.pop("LD_BIND_NOW", None)
    # little of what is imported is garbage: looking for it takes a tenth of a start; children do
    gc.disable()
    line = socket.socket(fileno=int(sys.argv[-1]))
    config = json.loads(line.recv(1 << 17))
    config["masks"] += walls.folders_of(config["hidden"])
    try:
        for name in config["libraries"]:
            importlib.import_module(name)
            warm(name)
    except Exception as error:  # noqa: BLE001 - the edge: a library may raise anything on import
        answer(line, "library", f"{type(error).__name__}: {error}")
        return
    try:
        zygote = Zygote(config, line)
    except OSError as error:
        answer(line, "wall", error.strerror or str(error))
    else:
        zygote.serve()


def answer(line: socket.socket, kind: str, text: str = "") -> None:
    """Tell the judge, once, how the start went."""
    line.send(json.dumps({kind: text[:4096]}).encode())
