"""What the meter has said, in a ledger of its own, before anybody else hears of it.

A statement is numbered, chained to the one before, signed with the meter's key and on the disk when
`say` returns; only then is it handed over. So a meter that is killed at any moment goes on with the
next number, and never says two things under one. Proven by tests/brake/meter/test_meter.py.
Not covered: a folder that is put back to an older state, which `Delivery.check` notices where it
hands over to.
"""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path
from typing import IO

from tachograph.brake.said.records import Heartbeat, WindowReported
from tachograph.brake.said.statement import (
    Statement,
    encode_statement,
    peek,
    sign_statement,
)
from tachograph.brake.times import seconds_of
from tachograph.errors import UsageError
from tachograph.ledger import Ledger
from tachograph.ledger.key import load_key
from tachograph.ledger.kinds import StatementPosted
from tachograph.merkle.note import SigningKey


class Journal:
    """Of one meter. One process at a time."""

    def __init__(self, home: Path, ledger: Ledger, name: str) -> None:
        """Use `Journal.open`."""
        self.home = home
        self.ledger = ledger
        self.name = name
        self.key: SigningKey = load_key(home)
        self.said = 0
        """Statements so far; the number of the next one."""
        self.beats = 0
        self.windows = 0
        self.previous = ""
        """SHA-256 of the latest statement's payload."""
        self.end_seconds: float | None = None
        """POSIX time at which the latest window ended; None: there was none."""
        self.envelopes: list[str] = []
        self.lock: IO[str] | None = None
        for entry in ledger.entries(kinds=[StatementPosted]):
            assert isinstance(entry.body, StatementPosted)
            self.take(peek(entry.body.envelope), entry.body.envelope)

    @classmethod
    def open(cls, home: Path, name: str) -> Journal:
        """The meter's folder, made with a key of its own where there is none.

        Raises UsageError where another process has it, or it is another meter's.
        """
        ledger = Ledger.open(home, create=True, origin=name)
        if ledger.verifier.name != name:
            raise UsageError(f"{home} is the folder of meter {ledger.verifier.name}",
                             hint=f"--meter {ledger.verifier.name}")  # fmt: skip
        lock = (home / "meter.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            ledger.close()
            raise UsageError(f"another meter runs in {home}", hint="stop it first") from None
        journal = cls(home, ledger, name)
        journal.lock = lock
        return journal

    def close(self) -> None:
        """Let another process have it."""
        self.ledger.close()
        if self.lock is not None:
            self.lock.close()

    def say(self, said: Heartbeat | WindowReported, *, agreement: str, beacon: str,
            time: str) -> str:  # fmt: skip
        """Sign it as the meter's next statement; durable when this returns. The envelope."""
        statement = Statement(agreement, self.name, self.said, time, beacon, said)
        envelope = sign_statement(statement, self.key)
        self.ledger.append([("meter", (), StatementPosted(envelope))])
        self.take(statement, envelope)
        return envelope

    def take(self, statement: Statement, envelope: str) -> None:
        """It was said."""
        self.said = statement.number + 1
        self.previous = hashlib.sha256(encode_statement(statement)).hexdigest()
        self.envelopes.append(envelope)
        if isinstance(statement.said, Heartbeat):
            self.beats = statement.said.beat + 1
        elif isinstance(statement.said, WindowReported):
            self.windows = statement.said.window + 1
            self.end_seconds = seconds_of(statement.said.began) + statement.said.seconds
