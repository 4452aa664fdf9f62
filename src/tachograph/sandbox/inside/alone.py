"""The child where there is no zygote (macOS): a fresh interpreter, walled in from its start.

It imports the task's libraries, puts the candidate's files down and serves one call. Its line to
the judge is a stream, so each message goes with its length (4 bytes, little endian) before it.
Proven, the walls apart, by tests/sandbox/test_macos.py.
"""

from __future__ import annotations

import importlib
import mmap
import os
import resource
import socket
from typing import Any, Dict

from tachograph.sandbox.inside import child, frame

MIB = 1 << 20
OPEN_FILES = 256
SPARE_SECONDS = 60


class StreamCourier(child.Courier):
    """The child's end of a stream."""

    def say(self, kind: bytes, payload: bytes = b"") -> None:
        """One message."""
        message = kind + payload
        self.line.sendall(len(message).to_bytes(4, "little") + message)


def set_limits(limits: Dict[str, Any]) -> None:
    """rlimits, as far as this system takes them; the judge looks at memory from outside as well."""
    sizes = {
        resource.RLIMIT_AS: limits["memory_mib"] * MIB,
        resource.RLIMIT_FSIZE: max(limits["disk_mib"], limits["output_mib"]) * MIB,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        # the judge's clock is always first, unless the judge is gone
        resource.RLIMIT_CPU: int(limits["setup_seconds"] + limits["wall_seconds"] + SPARE_SECONDS)
        * limits["threads"],
    }
    for which, size in sizes.items():
        hard = resource.getrlimit(which)[1]
        value = size if hard == resource.RLIM_INFINITY else min(size, hard)
        try:
            resource.setrlimit(which, (value, value))
        except (OSError, ValueError):
            # macOS refuses an address space smaller than the one already reserved
            if which != resource.RLIMIT_AS:
                raise


def main(config: Dict[str, Any]) -> None:
    """Serve one call. L: a library fails; B: the box is at fault; then as in child.py."""
    courier = StreamCourier(socket.socket(fileno=config["line"]), config["output"], config["kept"])
    for name in config["libraries"]:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a library may raise anything on import
            courier.say(b"L", f"{type(error).__name__}: {error}".encode()[: child.TEXT_LIMIT])
            return
    try:
        workspace = child.Workspace(config["scratch"])
        with mmap.mmap(config["files"], 0, prot=mmap.PROT_READ) as memory:
            content = frame.decode(memory)
        os.close(config["files"])
        workspace.make()
        workspace.fill(content["files"])
        os.chdir(workspace.path)
        set_limits(config["limits"])
    except (OSError, ValueError) as error:
        courier.say(b"B", str(error).encode()[: child.TEXT_LIMIT])
        return
    courier.say(b"W")
    child.forget(child.our_modules())
    child.serve(courier, workspace, config, content["kept"])
