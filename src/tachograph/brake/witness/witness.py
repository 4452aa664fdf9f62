"""A witness: it remembers the newest head of each log it knows, and cosigns only what follows.

A folder: `key` and `origin` (the private key, and the public one to hand out), `logs` (whose heads
it cosigns), `heads/` (memory.py), `forks/` (a proof for each log that submitted two roots of one
size; fork.py). `logs` has a verifier key a line; where the log's origin is not
the key's name, it comes after it:

    example.com/log+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
    sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8 go.sum database tree

The head is on the disk before it is signed. A cosignature is a function of what is remembered, so
none can leave that memory does not know, and the newest can always be given again. The clock may
stand still and may not run back: a time before the one remembered by more than CLOCK_SECONDS is an
error and signs nothing. Proven by tests/brake/witness. Not covered: who may read the key; a folder
put back as a whole.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from tachograph.brake.heads.cosignature import CosignerKey, CosigningKey
from tachograph.brake.heads.fork import Fork, TwoRoots, format_fork
from tachograph.brake.witness.memory import Held, Memory, Slot, slot_name
from tachograph.brake.witness.protocol import Answer, Logs, Submitted, follow, receive
from tachograph.errors import EvidenceError, StoreError, UsageError, WorldError
from tachograph.ledger.disk import sync_folder, write_file
from tachograph.ledger.key import create_key, load_key
from tachograph.merkle.note import (
    Note,
    VerifierKey,
    format_note,
    format_signatures,
    parse_verifier_key,
)

log = logging.getLogger(__name__)

CLOCK_SECONDS = 60
"""How far behind the newest cosignature the clock may be; that one's time is then given again."""


class Witness:
    """One witness. Threads may share it, and several processes the folder."""

    def __init__(
        self,
        key: CosigningKey,
        logs: Logs,
        memory: Memory,
        forks: Path,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use `Witness.open`; `forks` is where proofs go, `clock` gives POSIX seconds."""
        self._key = key
        self._logs = logs
        self._memory = memory
        self._forks = forks
        self._clock = clock

    @classmethod
    def open(cls, folder: Path) -> Witness:
        """Open the witness in a folder. Raises NotFoundError, DamagedError, StoreError."""
        secret = load_key(folder, CosignerKey)
        key = CosigningKey(secret.name, secret.seed)
        return cls(key, load_logs(folder), Memory(folder / "heads"), folder / "forks")

    @property
    def verifier(self) -> CosignerKey:
        """The public key, to hand out."""
        return self._key.verifier

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs whose heads are cosigned."""
        return tuple(self._logs)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Return the answer to a request: a cosignature, or a refusal.

        Raises DamagedError, StoreError and WorldError where the witness cannot remember or cannot
        tell the time; nothing was signed then, and what was asked may be remembered.
        """
        submitted = receive(body, self._logs)
        if isinstance(submitted, Answer):
            return submitted
        with self._memory.slot(submitted.checkpoint.origin) as slot:
            return self._step(slot, submitted)

    def latest(self, name: str) -> str | None:
        """Return the newest cosigned head of the log whose origin has this hash; None without one.

        Raises DamagedError, StoreError.
        """
        held = self._memory.peek(name)
        if held is None:
            return None
        signatures = (*held.note.signatures, self._key.cosign(held.note.text, held.time_seconds))
        return format_note(Note(held.note.text, signatures))

    def _step(self, slot: Slot, submitted: Submitted) -> Answer:
        held = slot.read()
        refusal = follow(submitted, held.checkpoint if held is not None else None)
        if refusal is not None:
            if held is not None and refusal.status == 422:
                self._accuse(held, submitted)
            return refusal
        now = self._now(held.time_seconds if held is not None else 1)
        # Written also where the head is the held one: its time is new, and an earlier write of it
        # may have been reported as failed.
        slot.write(Held(now, submitted.note))
        return Answer(200, format_signatures([self._key.cosign(submitted.note.text, now)]))

    def _accuse(self, held: Held, submitted: Submitted) -> None:
        """Keep the proof where the log signed two roots of one size; the first one stays."""
        one, other = held.checkpoint, submitted.checkpoint
        if one.size != other.size or one.root == other.root:
            return
        fork = Fork((format_note(held.note), format_note(submitted.note)), TwoRoots())
        path = self._forks / slot_name(one.origin)
        try:
            self._forks.mkdir(exist_ok=True)
            fresh = write_file(path, format_fork(fork).encode(), replace=False)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}", hint=_DISK) from error
        if fresh:
            log.warning("%s signed two histories; the proof is in %s", one.origin, path)

    def _now(self, before: int) -> int:
        now = int(self._clock())
        if now < before - CLOCK_SECONDS:
            raise WorldError(
                f"the clock says {now}, and a cosignature was made at {before}",
                hint="set the clock",
            )
        return max(now, before)


def create_witness(folder: Path, name: str) -> None:
    """Make a witness's folder and key, where there is none. Raises UsageError, StoreError.

    `name` names the witness to the world, as a URL without scheme.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made: {error.strerror}", hint="name another"
        ) from error
    if not (folder / "key").exists():
        # Before the key, and never again: one without its memory has forgotten, and is not new.
        Memory(folder / "heads", create=True)
    if (held := create_key(folder, name, CosignerKey).name) != name:
        raise UsageError(f"the witness in {folder} is {held}, not {name}", hint=f"--name {held}")


def load_logs(folder: Path) -> Logs:
    """Return the logs of a witness's folder. Raises EvidenceError, naming the line; StoreError."""
    try:
        lines = (folder / "logs").read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        lines = []
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{folder / 'logs'} cannot be read: {error}", hint=_LOGS) from error
    logs: dict[str, list[VerifierKey]] = {}
    for number, line in enumerate(lines, 1):
        if line and not line.startswith("#"):
            origin, key = _parse_log(line, number)
            logs.setdefault(origin, []).append(key)
    return logs


def add_log(folder: Path, key: VerifierKey, origin: str | None = None) -> None:
    """Let the witness in a folder know one more log. Raises StoreError."""
    if key in load_logs(folder).get(origin or key.name, []):
        return
    path = folder / "logs"
    line = f"{key} {origin}\n" if origin and origin != key.name else f"{key}\n"
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        write_file(path, (before + line).encode(), replace=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}", hint=_LOGS) from error


def _parse_log(line: str, number: int) -> tuple[str, VerifierKey]:
    text, _, origin = line.partition(" ")
    try:
        key = parse_verifier_key(text)
    except EvidenceError as error:
        raise type(error)(f"logs, line {number}: {error.message}", hint=_LOGS) from error
    return origin or key.name, key


_DISK = "see that the disk has room and that you may write there"
_LOGS = "`logs` has a line for each log: its verifier key, and its origin where that is another"
