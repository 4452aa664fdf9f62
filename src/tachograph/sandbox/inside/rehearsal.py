"""Whole calls that the zygote plays with itself before the first one is asked for.

A forked process copies each page of its parent that it writes to, which is most of what a call
costs. Code that has run a few times writes less: its names have been looked up, and the interpreter
has specialised it (PEP 659). So what every child does, but for the fork and the walls, has run here
before. Only code of ours is called. bench/overhead.py shows what it is worth.
"""

from __future__ import annotations

import json
import os
import socket
import sys

from tachograph.sandbox.inside import child, leftovers

CALLS = 8
SOURCE = "def double(value):\n    return 2 * value\n"


def rehearse(root: str) -> None:
    """Play calls below `root`, an empty folder, and leave it so. Raises OSError."""
    path = list(sys.path)
    for number in range(CALLS):
        name = "rehearsal_%d" % number
        play(root, name)
        del sys.modules[name]
        sys.path[:] = path
    sys.path_importer_cache.pop(child.Workspace(root).path, None)


def play(root: str, name: str) -> None:
    """One call, of a module of this name: all that the judge says is said beforehand."""
    judge, line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    files, output, log, kept, inputs = (os.memfd_create("rehearsal") for _ in range(5))
    child.write_frame(files, {"files": {name + ".py": SOURCE}, "kept": {}})
    child.write_frame(inputs, {"value": 2})
    request = {"entry": name + ":double", "build": [], "run": [], "has_kept": False, "warm": False,
               "processes": 1}  # fmt: skip
    socket.send_fds(judge, [json.dumps(request).encode()], [files, output, log, kept])
    socket.send_fds(judge, [b"G"], [inputs])
    judge.send(b"K")
    workspace = child.Workspace(root)
    workspace.make()
    asked = child.receive(line)
    assert asked is not None
    content = child.read_frame(asked.files)
    workspace.fill(content["files"])
    os.chdir(workspace.path)
    asked.courier.say(b"W")
    child.perform(asked.courier, workspace, asked.request, content["kept"])
    os.chdir("/")
    leftovers.empty(root)
    theirs = (asked.files, asked.log, asked.courier.output, asked.courier.kept)
    for descriptor in (files, output, log, kept, inputs, *theirs):
        os.close(descriptor)
    judge.close()
    line.close()
