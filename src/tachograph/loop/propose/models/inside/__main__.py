"""Read calls, ask, write what they came to; end with the input. See __init__.py."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tachograph.loop.propose.models.call import Answer, Failure, outcome_plain, parse_call
from tachograph.loop.propose.models.frames import HEADER, encode_frame, frame_length
from tachograph.loop.propose.models.inside.redact import redacted, secrets_of
from tachograph.loop.propose.models.spool import BusyError, Spool

if TYPE_CHECKING:
    from tachograph.loop.propose.models.inside.reach import Reach


NICENESS = 5


class Counter:
    """Answers frames, which teller.py makes."""

    def __init__(self, spool: Spool, writer: asyncio.StreamWriter) -> None:
        self.spool = spool
        self.writer = writer
        self.secrets = secrets_of()
        self.reach: Reach | None = None

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Until the input ends and what was asked has come to something."""
        under_way: set[asyncio.Task[None]] = set()
        while True:
            try:
                frame = await reader.readexactly(
                    frame_length(await reader.readexactly(HEADER.size))
                )
            except asyncio.IncompleteReadError:
                break
            task = asyncio.create_task(self.answer(json.loads(frame)))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def answer(self, request: dict[str, Any]) -> None:
        """One frame in, one out."""
        if request["do"] == "open":
            await self.tell({"id": request["id"], "fault": self.open_model(request)})
            return
        call = request["call"]
        try:
            with self.spool.hold(request["key"]):
                outcome = self.bounded(outcome_plain(await self.ask(request)))
                kept = {"model": request["model"], "call": call, "outcome": outcome}
                self.spool.keep(request["key"], kept)
        except (BusyError, OSError) as error:
            detail = f"cannot keep the answer: {type(error).__name__}: {error}"
            outcome = self.bounded(outcome_plain(Failure("broken", detail)))
        await self.tell({"id": request["id"], "outcome": outcome})

    async def ask(self, request: dict[str, Any]) -> Answer | Failure:
        """One attempt."""
        if fault := self.open_model(request):
            return Failure("rejected", fault)
        assert self.reach is not None
        model = self.reach.model(request["model"], request["base_url"], request["arguments"])
        return await self.reach.ask(model, parse_call(request["call"]))

    def open_model(self, request: dict[str, Any]) -> str:
        """Why this model cannot be asked; empty where it can."""
        try:
            if self.reach is None:
                from tachograph.loop.propose.models.inside.reach import Reach

                self.reach = Reach()
            self.reach.model(request["model"], request["base_url"], request["arguments"])
        # the edge to other people's code: an import or a provider may raise anything
        except Exception as error:  # noqa: BLE001
            text = str(getattr(error, "message", "") or error) or type(error).__name__
            fault: str = self.bounded(plain_line(text))
            return fault
        return ""

    def bounded(self, value: Any) -> Any:
        """What may leave this process: the value without a secret."""
        return json.loads(redacted(json.dumps(value), self.secrets))

    async def tell(self, reply: dict[str, Any]) -> None:
        """Write a frame. Nobody reads any more: it lies in the spool."""
        try:
            self.writer.write(encode_frame(reply))
            await self.writer.drain()
        except ConnectionError:
            pass


def plain_line(text: str) -> str:
    """One line without the marks of a rich console."""
    line = " ".join(text.split())[:1000]
    for mark in ("[bold]", "[/bold]", "[blue]", "[/blue]"):
        line = line.replace(mark, "")
    return line.removeprefix("ERROR: ")


async def main(folder: Path, answers: int) -> None:
    """Serve standard input; answer on the file descriptor `answers`."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(answers, "wb", buffering=0)
    )
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    await Counter(Spool(folder), writer).serve(reader)


if __name__ == "__main__":
    # Libraries print when they like: what they print is no frame.
    frames = os.dup(1)
    os.dup2(2, 1)
    # The judge's clock goes first.
    os.nice(NICENESS)
    asyncio.run(main(Path(sys.argv[1]), frames))
    os._exit(0)
