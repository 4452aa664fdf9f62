"""Watching other parties' logs: their heads are kept, compared with one another and passed on.

A folder holds, under the hash of each log's origin, `heads/HASH` (the newest head, and when it was
heard), `forks/HASH` (the proof that the log signed two histories) and `unproven/HASH-*` (signed
heads that could not be compared yet; tried again in each round). Each head that is heard, from the
log or from another watcher, is compared with the kept one by hashes of the larger tree, which may
come from anyone. So a log that shows two watchers two histories is found out by the one whose
history is the longer, as soon as they talk, and by the other one when its own has grown.

Watchers talk over HTTP, and only by asking: `GET /heads` has the newest heads in one text,
`GET /forks` the proofs' hashes, `GET /forks/HASH` one proof. Nothing is pushed, what is asked of a
stranger is bounded, and nothing that is heard counts before it has been checked against a key.
Proven by tests/brake/test_brake_watch.py. Not covered: a log that shows all watchers the same lie.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tachograph.brake.heads.fork import (
    FORK_BYTES,
    Fork,
    check_fork,
    find_fork,
    format_fork,
    join_heads,
    parse_fork,
    split_heads,
)
from tachograph.brake.logs.source import Source, hashes
from tachograph.brake.wire.exchange import UnreachableError, get
from tachograph.brake.witness.memory import Held, Memory, Slot, slot_name
from tachograph.errors import (
    DamagedError,
    EvidenceError,
    FormatError,
    NotFoundError,
    ProofError,
    StoreError,
    TachographError,
)
from tachograph.ledger.disk import write_file
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.note import VerifierKey, check_note, format_note, parse_note

if TYPE_CHECKING:
    from starlette.applications import Starlette

HEADS_BYTES = 1 << 20
"""Most that is read of another watcher's heads."""
HEADS = 256
"""Most heads that are looked at, of one watcher and in one round."""
UNPROVEN = 8
"""Most heads of one log that are kept until they can be compared."""
ASKED_AT_ONCE = 16

What = Literal["new", "same", "older", "fork", "unproven", "refused", "unreachable"]


@dataclass(frozen=True)
class Sighting:
    """What was heard once."""

    origin: str | None
    """Of which log; None where that could not be told."""
    source: str
    """From whom: the URL that was asked."""
    what: What
    """`unproven`: signed by the log, and nobody gave the hashes that compare it with the kept head;
    `refused`: not signed by the log, or no head."""
    size: int | None
    detail: str
    """A sentence where there is more to say; else empty."""


class Watch:
    """A watcher. Several processes may share its folder."""

    def __init__(
        self,
        folder: Path,
        keys: Sequence[VerifierKey],
        urls: Sequence[str],
        peers: Sequence[str] = (),
        *,
        open_source: Callable[[str], Source],
    ) -> None:
        """Watch the logs published at `urls`, whose keys are among `keys`, and ask `peers`.

        `open_source` reads what is published at a URL. Raises StoreError.
        """
        self._keys = {key.name: key for key in keys}
        self._urls = tuple(urls)
        self._peers = tuple(peers)
        self._open_source = open_source
        self._where: dict[str, list[str]] = {key.name: [] for key in keys}
        self._forks = folder / "forks"
        self._unproven = folder / "unproven"
        try:
            self._forks.mkdir(parents=True, exist_ok=True)
            self._unproven.mkdir(exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder} cannot be made: {error.strerror}", hint=_DISK) from error
        self._memory = Memory(folder / "heads", create=True)

    def round(self) -> list[Sighting]:
        """Ask every log and every watcher once; what was heard, in that order.

        Logs are asked side by side, then watchers: whoever is slow keeps nobody else waiting.
        """
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            heard = list(pool.map(self._ask_log, self._urls))
            heard += self._try_again()
            for told in pool.map(self._ask_peer, self._peers):
                heard += told
        return heard

    def hear(self, note: str, source: str) -> Sighting:
        """Take in a signed head from anyone. Raises DamagedError, StoreError."""
        try:
            key, head = self._check(note)
        except EvidenceError as error:
            return Sighting(None, source, "refused", None, error.message)
        if source in self._urls and source not in self._where[key.name]:
            self._where[key.name].append(source)
        with self._memory.slot(key.name) as slot:
            what, detail = self._compare(slot, key, note, head)
        if what == "unproven":
            self._keep_unproven(key.name, note)
        return Sighting(key.name, source, what, head.size, detail)

    def heads(self) -> str:
        """Return the newest heads of all logs, as `GET /heads` gives them."""
        held = (self._memory.peek(slot_name(origin)) for origin in self._keys)
        return join_heads([format_note(one.note) for one in held if one is not None])

    def forks(self) -> dict[str, str]:
        """Return the proofs of forks, by the hash of their log's origin. Raises StoreError."""
        names = [slot_name(origin) for origin in self._keys]
        return {name: text for name in names if (text := _read(self.path(name))) is not None}

    def path(self, name: str) -> Path:
        """Return the file in which the proof of this name lies."""
        return self._forks / name

    def _try_again(self) -> list[Sighting]:
        """Compare the heads again that could not be compared; what came of it."""
        heard = []
        for name in map(slot_name, self._keys):
            for path in sorted(self._unproven.glob(f"{name}-*")):
                sighting = self.hear(_read(path) or "", str(path))
                if sighting.what in ("new", "same", "older", "fork"):
                    path.unlink(missing_ok=True)
                if sighting.what != "unproven":
                    heard.append(sighting)
        return heard

    def _ask_log(self, url: str) -> Sighting:
        try:
            note = self._open_source(url).checkpoint().decode("utf-8", "replace")
        except EvidenceError as error:
            return Sighting(None, url, "refused", None, error.message)
        except TachographError as error:
            return Sighting(None, url, "unreachable", None, error.message)
        return self.hear(note, url)

    def _ask_peer(self, peer: str) -> list[Sighting]:
        base = peer.rstrip("/")
        try:
            heads = split_heads(_fetch(f"{base}/heads", HEADS_BYTES))
            named = _fetch(f"{base}/forks", HEADS_BYTES).split("\n")
            known = [
                n for n in map(slot_name, self._keys) if n in named and _read(self.path(n)) is None
            ]
            proofs = [_fetch(f"{base}/forks/{name}", FORK_BYTES) for name in known]
        except EvidenceError as error:
            return [Sighting(None, peer, "refused", None, error.message)]
        except TachographError as error:
            return [Sighting(None, peer, "unreachable", None, error.message)]
        heard = [self._take_fork(proof, peer) for proof in proofs]
        for head in heads[:HEADS]:
            # A watcher may follow other logs than we do: those heads are no matter to us.
            if parse_checkpoint(parse_note(head).text).origin in self._keys:
                heard.append(self.hear(head, peer))
        return heard

    def _take_fork(self, text: str, source: str) -> Sighting:
        try:
            fork = parse_fork(text)
            # By the key of that very log: another log's key may have signed heads of any name.
            key, _ = self._check(fork.heads[0])
            accused = check_fork(fork, [key])
        except EvidenceError as error:
            return Sighting(None, source, "refused", None, error.message)
        self._keep_fork(key.name, fork)
        return Sighting(key.name, source, "fork", accused.heads[1].size, _FORKED)

    def _check(self, note: str) -> tuple[VerifierKey, Checkpoint]:
        parsed = parse_note(note)
        head = parse_checkpoint(parsed.text)
        key = self._keys.get(head.origin)
        if key is None:
            raise ProofError(f"the log {head.origin!r} is not known", hint="give its key")
        check_note(parsed, [key])
        return key, head

    def _compare(
        self, slot: Slot, key: VerifierKey, note: str, head: Checkpoint
    ) -> tuple[What, str]:
        kept = slot.read()
        held = kept.checkpoint if kept is not None else None
        if kept is not None and held is not None:
            if (held.size, held.root) == (head.size, head.root):
                return "same", ""
            try:
                fork = self._find_fork(key.name, format_note(kept.note), note)
            except TachographError as error:
                return "unproven", f"kept is {held.size}; {error.message}"
            if fork is not None:
                check_fork(fork, [key])
                self._keep_fork(key.name, fork)
                return "fork", _FORKED
            if head.size < held.size:
                return "older", f"kept is {held.size}"
        slot.write(Held(int(time.time()), parse_note(note)))
        return "new", ""

    def _find_fork(self, origin: str, one: str, other: str) -> Fork | None:
        """Compare two heads by hashes from whoever publishes the log and gives true ones."""
        size = max(parse_checkpoint(parse_note(head).text).size for head in (one, other))
        failure: TachographError = UnreachableError(
            "nobody is known who publishes the log", hint="give its URL"
        )
        for url in self._where[origin]:
            try:
                return find_fork(one, other, hashes(self._open_source(url), size))
            except TachographError as error:
                failure = error
        raise failure

    def _keep_unproven(self, origin: str, note: str) -> None:
        # The first ones stay: a log must not push one out with others that nobody can compare.
        name = slot_name(origin)
        path = self._unproven / f"{name}-{hashlib.sha256(note.encode()).hexdigest()[:16]}"
        if len(list(self._unproven.glob(f"{name}-*"))) < UNPROVEN:
            _write(path, note, replace=False)

    def _keep_fork(self, origin: str, fork: Fork) -> None:
        # The first proof stays: one is enough, and a log could sign new ones for ever.
        _write(self.path(slot_name(origin)), format_fork(fork), replace=False)


def kept_heads(folder: Path) -> list[str]:
    """Return every signed head in a watcher's folder, those in proofs too; each once.

    Raises NotFoundError where it is no such folder; FormatError, DamagedError, StoreError.
    """
    if not (folder / "heads").is_dir():
        raise NotFoundError(f"{folder} is no watcher's folder", hint="tacho brake watch makes one")
    memory = Memory(folder / "heads")
    held = [memory.peek(path.name) for path in sorted((folder / "heads").glob("?" * 64))]
    heads = [format_note(one.note) for one in held if one is not None]
    heads += [_read(path) or "" for path in sorted((folder / "unproven").glob("*-*"))]
    for path in sorted((folder / "forks").glob("?" * 64)):
        heads += parse_fork(_read(path) or "").heads
    return list(dict.fromkeys(heads))


def watch_application(watch: Watch) -> Starlette:
    """Return what other watchers ask, as an application for `web.serve`."""
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response

    from tachograph.brake.wire.web import application, bounded

    async def heads(request: Request) -> Response:
        return PlainTextResponse(await run_in_threadpool(watch.heads))

    async def forks(request: Request) -> Response:
        found = await run_in_threadpool(watch.forks)
        return PlainTextResponse("".join(f"{name}\n" for name in found))

    async def fork(request: Request) -> Response:
        found = await run_in_threadpool(watch.forks)
        text = found.get(request.path_params["name"])
        if text is None:
            return PlainTextResponse("no fork of such a log is known here\n", 404)
        return PlainTextResponse(text)

    app = application([])
    app.add_route("/heads", bounded(heads), methods=["GET"])
    app.add_route("/forks", bounded(forks), methods=["GET"])
    app.add_route("/forks/{name}", bounded(fork), methods=["GET"])
    return app


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path} is not text", hint="restore it from a copy") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint=_DISK) from error


def _write(path: Path, text: str, *, replace: bool) -> None:
    try:
        write_file(path, text.encode(), replace=replace)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}", hint=_DISK) from error


def _fetch(url: str, limit: int) -> str:
    answered = get(url, limit=limit)
    if answered.status != 200:
        raise UnreachableError(f"{url} answers {answered.status}", hint="ask its operator")
    try:
        return answered.body.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{url} is not text", hint="ask its operator") from error


_FORKED = "the log signed two histories; the proof is kept"
_DISK = "see that the disk has room and that you may write there"
