"""The door of a seat: one socket, at whose other end an agent's box may do its worst.

One question at a time: it is read whole or not at all, within seconds and bounds, parsed strictly,
answered by the seat, and the line is closed. A line that dawdles is cut off, a flood waits in the
kernel's short queue, and whatever comes is slowed to a pace that cannot take the judge's time.
Who may ask holds the token of `seat.json` and, at a Unix socket, runs under the box's uid; a box
without namespaces can connect to any socket whose path it knows. A port of the loopback stands in
where a box has the network and the kernel cannot let it at one Unix socket alone. The other end is
inside/client.py. Proven by tests/loop/propose/command/test_door.py.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tachograph.loop.propose.command.seat import Answer, refusal
from tachograph.sandbox.staging import Staging

SOCKET = "judge"
BACKLOG = 4
PACE_SECONDS = 0.05
READ_SECONDS = 5.0
WRITE_SECONDS = 5.0
WAIT_SECONDS = 0.2
ESCAPED = 6
"""Bytes of JSON that one byte of text can take: \\u0000."""
BESIDES_BYTES = 64 << 10
PEER = struct.Struct("iII")


class NoQuestionError(Exception):
    """What came through the door is no question; the text says why."""


class Door:
    """Listens for one seat, in a thread of its own, while it is used in a `with`."""

    def __init__(self, answer: Callable[[Any], Answer], source_kib: int, *,
                 by_port: bool = False) -> None:  # fmt: skip
        self.answer = answer
        self.most_bytes = ESCAPED * (source_kib << 10) + BESIDES_BYTES
        self.token = secrets.token_hex(16)
        self.uid: int | None = None
        """Under which the box runs; None: not checked."""
        self.fault: BaseException | None = None
        """What ended the service, if it was no wish of ours."""
        self.closed = False
        self.ground = Staging()
        self.path = self.ground.path / SOCKET
        self.port = 0
        """Of the loopback; 0: it is a Unix socket."""
        if by_port:
            self.line = socket.socket(socket.AF_INET)
            self.line.bind(("127.0.0.1", 0))
            self.port = self.line.getsockname()[1]
        else:
            self.line = socket.socket(socket.AF_UNIX)
            bind(self.line, self.path)
            # whoever knows the path may knock; the token and the uid decide
            self.path.chmod(0o666)
        self.ground.path.chmod(0o711)
        self.line.listen(BACKLOG)
        self.line.settimeout(WAIT_SECONDS)
        self.thread = threading.Thread(target=self.serve, name="door")

    def serve(self) -> None:
        """Answer until closed. An error of ours, or of the world, ends it and stays in `fault`."""
        try:
            while not self.closed:
                with contextlib.suppress(TimeoutError):
                    line, _ = self.line.accept()
                    with line:
                        self.serve_one(line)
                    time.sleep(PACE_SECONDS)
        except BaseException as error:  # noqa: BLE001 - the edge of the thread; the turn raises it
            self.fault = error

    def serve_one(self, line: socket.socket) -> None:
        """One question and its answer; silence where nobody is left to hear it."""
        try:
            question = self.read(line)
        except NoQuestionError as error:
            answer = refusal("usage", str(error), "ask with `tacho`")
        else:
            answer = self.answer(question)
        data = json.dumps(answer).encode()
        line.settimeout(WRITE_SECONDS)
        with contextlib.suppress(OSError):
            line.sendall(len(data).to_bytes(4, "big") + data)

    def read(self, line: socket.socket) -> dict[str, Any]:
        """The question. Raises NoQuestionError."""
        until = time.monotonic() + READ_SECONDS
        size = int.from_bytes(receive(line, 4, until), "big")
        if size > self.most_bytes:
            raise NoQuestionError(f"a question of {size} bytes; {self.most_bytes} are read")
        question = parse(receive(line, size, until))
        said = str(question.pop("token", "")).encode("utf-8", "replace")
        if self.is_strange(line) or not hmac.compare_digest(said, self.token.encode()):
            raise NoQuestionError("this seat is another's")
        return question

    def is_strange(self, line: socket.socket) -> bool:
        """Whether the kernel says that neither the box nor we are at the other end."""
        if self.uid is None or self.port:
            return False
        _, uid, _ = PEER.unpack(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
        return uid not in (self.uid, os.getuid())

    def close(self) -> None:
        """Stop listening, once the question that is being answered is answered."""
        self.closed = True
        if self.thread.ident is not None:
            self.thread.join()
        self.line.close()
        self.ground.close()

    def __enter__(self) -> Door:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def bind(line: socket.socket, path: Path) -> None:
    """Bind at a path of any length: an address takes 107 bytes, so it is named by its folder."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        line.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def receive(line: socket.socket, size: int, until: float) -> bytes:
    """That many bytes before `until`. Raises NoQuestionError."""
    parts = bytearray()
    while len(parts) < size:
        left = until - time.monotonic()
        if left <= 0:
            raise NoQuestionError("the question did not come in time")
        line.settimeout(left)
        try:
            part = line.recv(min(size - len(parts), 1 << 16))
        except OSError:
            raise NoQuestionError("the question did not come in time") from None
        if not part:
            raise NoQuestionError("the question broke off")
        parts += part
    return bytes(parts)


def parse(data: bytes) -> dict[str, Any]:
    """Strict JSON: UTF-8, an object, no key twice, no NaN. Raises NoQuestionError."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("a key stands twice")
        return made

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    try:
        question = json.loads(data.decode(), object_pairs_hook=once, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise NoQuestionError(f"not JSON: {error}") from None
    if not isinstance(question, dict):
        raise NoQuestionError("not an object")
    return question
