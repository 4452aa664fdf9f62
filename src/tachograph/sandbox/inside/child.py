"""The child: puts the candidate's files down, loads them, and calls them once at GO.

Messages to the judge: W walls stand, B the box broke (believed only before W), R ready, X the
candidate raised, D done. From here on the judge believes nothing but bytes, bounds and times.
"""

from __future__ import annotations

import importlib
import json
import mmap
import os
import socket
import sys
import traceback
from importlib import machinery
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from tachograph.sandbox.inside import frame, warmth

REQUEST_BYTES = 65_536
TEXT_LIMIT = 8192
SOURCE_TIME = 1_000_000_000
"""Modification time of every source file: caches keyed by it stay valid in the next box."""
KEPT_MIB = 16
WORK = "work"


class Workspace:
    """The working directory: the candidate's files, and what loading them left there."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.path = root + "/" + WORK
        self.own: List[str] = []

    def make(self) -> None:
        """Make the folders that each has, in an empty root."""
        for folder in (self.path, self.path + "/.cache", self.root + "/tmp"):
            os.mkdir(folder)

    def fill(self, files: Dict[str, str]) -> None:
        """Write the sources."""
        for name, text in files.items():
            self.write(name, text.encode(), 0o644)
            os.utime(self.path + "/" + name, (SOURCE_TIME, SOURCE_TIME))
        self.own = list(files)

    def restore(self, kept: Dict[str, Any]) -> None:
        """Write what loading the same sources left in an earlier box; never in a source's place.

        Names and data are the candidate's, so this is done behind the walls, and is its own fault
        where it fails.
        """
        for name, (mode, data) in kept.items():
            if os.path.normpath(name) not in self.own:
                self.write(name, data, mode & 0o777)

    def write(self, name: str, data: bytes, mode: int) -> None:
        """One file, with its folders."""
        target = self.path + "/" + name
        if "/" in name:
            os.makedirs(os.path.dirname(target), exist_ok=True)
        # with its mode from the start: behind some walls none can be changed
        usual = os.umask(0)
        try:
            made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        finally:
            os.umask(usual)
        with open(made, "wb", buffering=0) as out:
            while data:
                data = data[out.write(data) :]

    def left(self) -> Dict[str, Any]:
        """Regular files that the candidate's loading or building made: path to (mode, bytes)."""
        found: Dict[str, Any] = {}
        waiting = [self.path]
        while waiting:
            try:
                entries = list(os.scandir(waiting.pop()))
            except OSError:
                continue  # a folder that the candidate has closed to itself
            for entry in entries:
                inner = entry.path[len(self.path) + 1 :]
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif inner not in self.own and entry.is_file(follow_symlinks=False):
                    with open(entry.path, "rb") as source:
                        found[inner] = [entry.stat().st_mode & 0o777, source.read()]
        return found


class Courier:
    """The child's end of the line to the judge."""

    def __init__(self, line: socket.socket, output: int, kept: int) -> None:
        self.line = line
        self.output = output
        self.kept = kept

    def say(self, kind: bytes, payload: bytes = b"") -> None:
        """One message."""
        self.line.send(kind + payload)

    def raised(self) -> None:
        """The candidate's own error, as bounded text."""
        text = traceback.format_exc(limit=-6)
        self.say(b"X", text.encode("utf-8", "replace")[-TEXT_LIMIT:])

    def ready(self, left: Dict[str, Any]) -> None:
        """Loaded. What the loading left goes along."""
        size = write_frame(self.kept, left) if left else 0
        self.say(b"R", size.to_bytes(8, "little"))

    def wait_for_go(self) -> mmap.mmap:
        """The inputs, as private memory that the candidate may change."""
        _, descriptors, _, _ = socket.recv_fds(self.line, 16, 1)
        size = os.fstat(descriptors[0]).st_size
        memory = mmap.mmap(descriptors[0], size, mmap.MAP_PRIVATE,
                           mmap.PROT_READ | mmap.PROT_WRITE)  # fmt: skip
        os.close(descriptors[0])
        return memory

    def done(self, size: int) -> None:
        """The result is complete; then wait to be killed."""
        self.say(b"D", size.to_bytes(8, "little"))
        self.line.recv(1)


class Asked(NamedTuple):
    """A call as it came over the line."""

    request: Dict[str, Any]
    files: int
    log: int
    courier: Courier


def receive(line: socket.socket) -> Optional[Asked]:
    """The call, when it comes; None where the judge hangs up instead."""
    message, descriptors, _, _ = socket.recv_fds(line, REQUEST_BYTES, 4)
    if not message:
        return None
    files, output, log, kept = descriptors
    return Asked(json.loads(message), files, log, Courier(line, output, kept))


def read_frame(where: int) -> Any:
    """The value in a memory file."""
    return frame.decode(os.pread(where, os.fstat(where).st_size, 0))


def write_frame(where: int, value: Any) -> int:
    """Write a frame at the start of `where`; its size in bytes."""
    size = 0
    for part in frame.encode(value):
        view = memoryview(part)
        while len(view):
            written = os.pwrite(where, view, size)
            size += written
            view = view[written:]
    return size


def our_modules() -> List[str]:
    """Names of the modules of ours that have been imported."""
    return [name for name in sys.modules if name.split(".")[0] == "tachograph"]


def forget(modules: List[str]) -> None:
    """What is imported from now on finds none of these."""
    for name in modules:
        del sys.modules[name]


def finder(folder: str) -> Any:
    """What imports from a folder, as the interpreter would make it at the first import from there.

    It looks at the folder when it is asked.
    """
    return machinery.FileFinder(
        folder,
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
        (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
    )


def load_function(workspace: Workspace, entry: str) -> Callable[..., Any]:
    """Import the candidate's module; its function."""
    sys.path.insert(0, workspace.path)
    module, _, function = entry.partition(":")
    return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]


def load_command(workspace: Workspace, build: List[str], run: List[str]) -> Callable[..., Any]:
    """Build the candidate, unless an earlier box of it did; a function that runs it once."""
    # here, because a module that the zygote has imported costs every fork
    import shutil
    import subprocess

    stamp = workspace.path + "/.built"
    if build and not os.path.exists(stamp):
        subprocess.run(build, check=True, stdin=subprocess.DEVNULL)
        open(stamp, "wb").close()

    def call(**inputs: Any) -> Any:
        write_inputs(inputs)
        subprocess.run(run, check=True, stdin=subprocess.DEVNULL)
        return read_outputs()

    shutil.rmtree("in", ignore_errors=True)
    shutil.rmtree("out", ignore_errors=True)
    return call


def write_inputs(inputs: Dict[str, Any]) -> None:
    """Arrays as in/NAME.npy, the rest in in/inputs.json."""
    os.mkdir("in")
    os.mkdir("out")
    plain = {}
    for name, value in inputs.items():
        if hasattr(value, "dtype"):
            import numpy

            numpy.save(f"in/{name}.npy", value, allow_pickle=False)
        else:
            plain[name] = value
    with open("in/inputs.json", "w") as out:
        json.dump(plain, out)


def read_outputs() -> Dict[str, Any]:
    """out/NAME.npy as arrays, out/outputs.json merged in."""
    outputs: Dict[str, Any] = {}
    for name in sorted(os.listdir("out")):
        if name.endswith(".npy"):
            import numpy

            outputs[name[:-4]] = numpy.load(f"out/{name}", allow_pickle=False)
        elif name == "outputs.json":
            with open("out/outputs.json") as source:
                outputs.update(json.load(source))
    return outputs


def serve(courier: Courier, workspace: Workspace, request: Dict[str, Any],
          kept: Dict[str, Any]) -> None:  # fmt: skip
    """Perform one call, and end with it: never returns."""
    try:
        perform(courier, workspace, request, kept)
    except BaseException:  # noqa: BLE001 - the edge of the process: whatever was raised is a result
        courier.raised()
    finally:
        os._exit(1)


def perform(courier: Courier, workspace: Workspace, request: Dict[str, Any],
            kept: Dict[str, Any]) -> None:  # fmt: skip
    """Load, wait for GO, call once, hand back."""
    workspace.restore(kept)
    if request["entry"]:
        function = load_function(workspace, request["entry"])
    else:
        function = load_command(workspace, request["build"], request["run"])
    left = {} if request["has_kept"] else workspace.left()
    if request["warm"]:
        warmth.exercise()
    courier.ready(left)
    memory = courier.wait_for_go()
    result = function(**frame.decode(memory, copy=False))
    size = write_frame(courier.output, result)
    sys.stdout.flush()
    courier.done(size)
