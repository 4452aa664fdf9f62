"""A real HTTP server on the loopback interface that speaks OpenAI's chat completions, by a script.

    with ScriptedServer(lambda request: completion("hello")) as server:
        ...base_url=server.url...
        server.requests, server.answered

A script looks at the request and says what is to be sent: anything, also what no server should.
`python scripted_server.py --text FILE --delay 0.1` serves one answer in a process of its own, for
benchmarks; it prints its address, and `GET /counts` tells what it has done.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Request = dict[str, Any]
MODEL = "scripted"


@dataclass(frozen=True)
class Reply:
    """Bytes to send, and how."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    """Before the first byte."""
    cut_at: int | None = None
    """Close the connection after this many bytes of the body."""
    piece_bytes: int = 1 << 20
    pause_seconds: float = 0.0
    """Between pieces."""
    endless: bool = False
    """Send the body again and again, without a length."""


Script = Callable[[Request], Reply]


def completion(text: str | None, *, usage: Any = (1000, 100), finish: str = "stop",
               tool_calls: Sequence[tuple[str, str]] = (), delay_seconds: float = 0.0,
               message: Mapping[str, Any] | None = None) -> Reply:  # fmt: skip
    """A right answer. `usage`: tokens read and written, or the JSON value itself.

    `tool_calls`: names and arguments as JSON text.
    """
    said: dict[str, Any] = {"role": "assistant", "content": text, **(message or {})}
    if tool_calls:
        said["tool_calls"] = [
            {"id": f"call-{n}", "type": "function", "function": {"name": name, "arguments": args}}
            for n, (name, args) in enumerate(tool_calls)
        ]
        finish = "tool_calls"
    if isinstance(usage, tuple):
        usage = {"prompt_tokens": usage[0], "completion_tokens": usage[1],
                 "total_tokens": sum(usage)}  # fmt: skip
    answer = {
        "id": "answer-1", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "message": said, "finish_reason": finish}],
    }  # fmt: skip
    if usage is not None:
        answer["usage"] = usage
    return Reply(json.dumps(answer).encode(), delay_seconds=delay_seconds)


def streamed(text: str, *, pieces: int = 8, cut_at: int | None = None) -> Reply:
    """The same as a stream of events, as it is sent where a request says `stream`."""
    size = max(1, len(text) // pieces)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[at : at + size]} for at in range(0, len(text), size)]
    frame = {"id": "answer-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    events = [frame | {"choices": [{"index": 0, "delta": d, "finish_reason": None}]}
              for d in deltas]  # fmt: skip
    events.append(frame | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    events.append(frame | {"choices": [], "usage": usage})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"]
    return Reply("".join(lines).encode(), headers={"content-type": "text/event-stream"},
                 cut_at=cut_at)  # fmt: skip


def error(status: int, message: str = "no", headers: Mapping[str, str] | None = None,
          code: str | None = None) -> Reply:  # fmt: skip
    """An error, in OpenAI's form."""
    said = {"message": message, "type": "error", "code": code, "param": None}
    return Reply(json.dumps({"error": said}).encode(), status, headers or {})


def in_turn(*replies: Reply) -> Script:
    """One reply after the other; the last one again and again."""
    left: Iterator[Reply] = iter(replies)
    last = [replies[-1]]

    def script(request: Request) -> Reply:
        last[0] = next(left, last[0])
        return last[0]

    return script


class ScriptedServer:
    """Serves in a thread of its own while the block lasts."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        """Bodies, in the order of arrival."""
        self.headers: list[dict[str, str]] = []
        self.answered: list[Request] = []
        """Those whose reply was sent in full to somebody who was still there."""
        self.numbers: list[int] = []
        """Of these, in the order of arrival of their requests, from 1."""
        self.under_way = 0
        self.loop = asyncio.new_event_loop()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.ended = asyncio.Event()

    @property
    def url(self) -> str:
        """Base URL, as clients want it."""
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/v1"

    def __enter__(self) -> ScriptedServer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join()
        self.socket.close()

    def run(self) -> None:
        """The thread."""
        self.loop.run_until_complete(self.serve())
        self.loop.close()

    async def serve(self) -> None:
        """Until the block ends."""
        server = await asyncio.start_server(self.connection, sock=self.socket, limit=1 << 26)
        await self.ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests of one client."""
        try:
            while await self.exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the block has ended
        finally:
            writer.close()

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply; whether another one may follow."""
        first, headers, body = await read_request(reader)
        if first.startswith("GET"):
            counts = {"requests": len(self.requests), "numbers": self.numbers,
                      "under_way": self.under_way}  # fmt: skip
            return await send(Reply(json.dumps(counts).encode()), reader, writer)
        request = json.loads(body)
        self.requests.append(request)
        self.headers.append(headers)
        self.under_way += 1
        number = len(self.requests)
        try:
            whole = await send(self.script(request), reader, writer)
            if whole:
                self.answered.append(request)
                self.numbers.append(number)
        finally:
            self.under_way -= 1
        return whole


async def read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """First line, headers in lower case, body."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return first, headers, await reader.readexactly(int(headers.get("content-length", "0")))


async def send(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send it; whether that was done in full, and the client was there to the end."""
    await asyncio.sleep(reply.delay_seconds)
    if reader.at_eof() or writer.is_closing():
        return False
    said = reply.endless or "content-length" in reply.headers
    length = "" if said else f"content-length: {len(reply.body)}\r\n"
    headers = {"content-type": "application/json", **reply.headers}
    head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} Scripted\r\n{head}{length}\r\n".encode())
    body = reply.body if reply.cut_at is None else reply.body[: reply.cut_at]
    while True:
        for at in range(0, len(body), reply.piece_bytes):
            writer.write(body[at : at + reply.piece_bytes])
            await writer.drain()
            if reply.pause_seconds:
                await asyncio.sleep(reply.pause_seconds)
        if not reply.endless:
            break
    return reply.cut_at is None


def main() -> None:
    """One answer, in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="a file with the answer's text; "
                        "%%NUMBER%% becomes the number of the request")  # fmt: skip
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS")
    options = parser.parse_args()
    text = options.text.read_text()

    def script(request: Request) -> Reply:
        return completion(text.replace("%NUMBER%", str(len(server.requests))),
                          delay_seconds=options.delay)  # fmt: skip

    with ScriptedServer(script) as server:
        print(server.url, flush=True)
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main()
