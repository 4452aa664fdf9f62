"""The process that asks models (inside/), as a run sees it: one for all its seats.

It is started when first needed and gives one reply for each call.

It has a session of its own: Ctrl-C and the death of the run do not reach it, and a call under way
is finished and kept (spool.py). Proven by tests/loop/propose/models/test_models_asking.py.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tachograph.errors import ModelError, UsageError
from tachograph.loop.propose.models.call import (
    Answer,
    Call,
    Failure,
    call_plain,
    parse_call,
    parse_outcome,
)
from tachograph.loop.propose.models.frames import encode_frame, read_frame
from tachograph.loop.propose.models.spool import Spool

FOLDER = "asking"
OPEN_SECONDS = 120.0
"""For the import of Inspect on a busy machine."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Endpoint:
    """A model and where it is."""

    model: str
    """As Inspect AI names it: `openai/gpt-5`, `ollama/qwen3`, `openai-api/local/NAME`."""
    base_url: str = ""
    """Of a server of one's own; empty: the provider's, or what its variable says."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """For the provider, as `inspect eval -M` takes them."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if self.base_url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise UsageError(f"--base-url {self.base_url}: not an http address",
                             hint="--base-url http://127.0.0.1:8080/v1")  # fmt: skip
        if parts.username or parts.password or parts.query or parts.fragment:
            raise UsageError("--base-url holds more than an address",
                             hint="a key goes into the provider's variable")  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """What a call came to that was made for a key before."""

    model: str
    call: Call
    outcome: Answer | Failure


class Teller:
    """Asks models for one ledger's runs. Threads may share it."""

    def __init__(self, ledger: Path) -> None:
        self.spool = Spool(ledger / FOLDER)
        self.process: subprocess.Popen[bytes] | None = None
        self.waiting: dict[int, Future[dict[str, Any]]] = {}
        self.numbers = count(1)
        self.lock = threading.Lock()

    def start(self) -> None:
        """Begin to come up, which takes seconds; nothing waits for it. Raises ModelError."""
        with self.lock:
            self.running()

    def open(self, endpoint: Endpoint) -> None:
        """See that the model can be asked, before anything depends on it.

        Raises UsageError where the extra is not installed, the name is wrong or a key is missing,
        and ModelError where the process does not come up. Takes the import of Inspect: seconds.
        """
        if find_spec("inspect_ai") is None:
            raise UsageError("asking a model needs the extra `models`",
                             hint="pip install 'tachograph[models]'")  # fmt: skip
        reply = self.send({"do": "open", **plain_endpoint(endpoint)})
        try:
            fault = reply.result(OPEN_SECONDS).get("fault")
        except StillWaiting:
            raise ModelError(f"{endpoint.model}: Inspect AI does not come up",
                             hint="import inspect_ai shows why") from None  # fmt: skip
        if fault:
            raise UsageError(f"{endpoint.model}: {fault}", hint=name_hint(endpoint))

    def post(self, key: str, endpoint: Endpoint, call: Call) -> Future[dict[str, Any]]:
        """Begin one attempt of a call; `wait` tells what it came to. Raises ModelError.

        `key` names the call in the ledger. `done` must follow once the outcome is recorded.
        """
        ask = {"do": "ask", "key": key, "call": call_plain(call)}
        return self.send(ask | plain_endpoint(endpoint))

    def wait(
        self, reply: Future[dict[str, Any]], stopping: threading.Event
    ) -> Answer | Failure | None:
        """What an attempt came to; None when stopping came first: the outcome is then kept."""
        while not stopping.is_set():
            try:
                told = reply.result(LOOK_SECONDS)
            except StillWaiting:
                continue
            outcome = told.get("outcome")
            return parse_outcome(outcome) if outcome else Failure("broken", told["fault"])
        return None

    def kept(self, key: str, stopping: threading.Event) -> Kept | None:
        """What a call came to that was made for this key and never recorded.

        Waits while it is still under way. None where there is none, or when stopping came first.
        """
        plain = self.spool.wait(key, stopping)
        if plain is None:
            return None
        return Kept(plain["model"], parse_call(plain["call"]), parse_outcome(plain["outcome"]))

    def done(self, key: str) -> None:
        """The outcome is recorded: what was kept for it goes."""
        self.spool.discard(key)

    def close(self) -> None:
        """Ask nothing more. Calls under way are finished by the process on its own and kept.

        A later call starts it again.
        """
        with self.lock:
            process, self.process = self.process, None
        if process and process.stdin:
            process.stdin.close()

    # -- the process -----------------------------------------------------------------------------

    def send(self, frame: dict[str, Any]) -> Future[dict[str, Any]]:
        """Hand a frame over; the reply comes by the future. Raises ModelError."""
        number = next(self.numbers)
        reply: Future[dict[str, Any]] = Future()
        with self.lock:
            process = self.running()
            self.waiting[number] = reply
            assert process.stdin is not None
            try:
                process.stdin.write(encode_frame({"id": number, **frame}))
                process.stdin.flush()
            except OSError:  # it has just ended: its reader says so to all who wait
                pass
        return reply

    def running(self) -> subprocess.Popen[bytes]:
        """The process, started anew where it ended. Raises ModelError."""
        if self.process is None or self.process.poll() is not None:
            try:
                self.spool.open()
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-m", f"{__package__}.inside", str(self.spool.folder)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise ModelError(
                    f"cannot start the process that asks models: {error.strerror}",
                    hint="see that the machine has room for it",
                ) from error
            reader = threading.Thread(target=self.read, args=(self.process,), daemon=True)
            reader.start()
        return self.process

    def read(self, process: subprocess.Popen[bytes]) -> None:
        """Hand replies out until the process ends; then tell those who still wait."""
        assert process.stdout is not None
        with process.stdout:
            while (reply := read_frame(process.stdout)) is not None:
                with self.lock:
                    waiting = self.waiting.pop(reply["id"], None)
                if waiting:
                    waiting.set_result(reply)
        code = process.wait()
        with self.lock:
            left, self.waiting = list(self.waiting.values()), {}
            if process.stdin:
                with suppress(OSError):  # what was not yet sent has nobody to go to
                    process.stdin.close()
        for waiting in left:
            waiting.set_result({"fault": f"the process that asks models ended with {code}"})


@cache
def teller_of(ledger: Path) -> Teller:
    """The one for this ledger's folder in this process: all proposers of a sitting share it."""
    return Teller(ledger)


def plain_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    """As frames hold it."""
    return {
        "model": endpoint.model,
        "base_url": endpoint.base_url,
        "arguments": dict(endpoint.arguments),
    }


def name_hint(endpoint: Endpoint) -> str:
    """The next step where a model cannot be opened."""
    if endpoint.model.startswith("openai-api/"):
        return "openai-api/NAME/MODEL with --base-url http://127.0.0.1:8080/v1"
    return "set the provider's key in the environment; models are named PROVIDER/MODEL"
