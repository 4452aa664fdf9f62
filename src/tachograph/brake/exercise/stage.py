"""The stage: keys, ledgers, the signed agreement, and what everybody can do on it.

    folder/
      agreement.note        the signed agreement
      keys/                 every speaker's private key, so that you can play on
      NAME/                 each laboratory's ledger; `register/` the register's
      witness-BLOC/         each witness's folder
      logs/                 what the processes said
      bundle/ report.txt    what the verifiers audited, and what came of it

Proven by tests/brake/exercise. Not covered: any party's intentions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tachograph.brake.agreed.document import (
    Document,
    format_document,
    parse_document,
    sign_document,
)
from tachograph.brake.agreement import Brake, adopt
from tachograph.brake.exercise.cast import (
    BLOCS,
    CAST,
    PANEL,
    VERIFIERS,
    Lab,
    agreement_text,
    policy_text,
)
from tachograph.brake.exercise.crew import Crew, free_ports
from tachograph.brake.logs.http_source import HttpSource
from tachograph.brake.machine import State
from tachograph.brake.register import read_register
from tachograph.brake.said.statement import Said, Statement, sign_statement
from tachograph.brake.wire.post import post_statement
from tachograph.brake.witness import Witness, add_log, create_witness
from tachograph.errors import WorldError
from tachograph.ledger import Ledger
from tachograph.ledger.disk import write_file
from tachograph.ledger.entry import now
from tachograph.ledger.key import create_key
from tachograph.ledger.kinds import RegisterHeard
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.note import SigningKey, parse_note, parse_verifier_key

REGISTER = "register"
WAIT_SECONDS = 60.0
REFRESH = "1"
"""Seconds between publications."""
FOLLOW = "1"
"""Seconds between a follower's questions."""


class Stage:
    """The folder, the agreement, and the running processes."""

    def __init__(self, folder: Path, crew: Crew) -> None:
        self.folder = folder
        self.crew = crew
        self.keys = _keys(folder / "keys")
        self.ports = free_ports(len(BLOCS))
        self.document = self._agree()
        self.url = ""
        """Of the register."""
        self.held: list[str] = []
        """Heads that somebody was shown and kept."""
        self._numbers: dict[str, int] = {}
        self._root = ""
        self._beacon_until = 0.0
        self._speaking = threading.Lock()

    # Setting up.

    def _agree(self) -> Document:
        """Make ledgers and witnesses, write the agreement, and have everybody sign it."""
        logs = {}
        for name in (REGISTER, *(lab.name for lab in CAST)):
            with Ledger.open(
                self.folder / name, create=True, origin=f"exercise.example/{name}"
            ) as ledger:
                logs[name] = str(ledger.verifier)
        witnesses = {}
        for bloc, port in zip(BLOCS, self.ports, strict=True):
            home = self.folder / f"witness-{bloc}"
            create_witness(home, f"exercise.example/witness-{bloc}")
            witness = Witness.open(home)
            for log in logs.values():
                add_log(home, parse_verifier_key(log))
            witnesses[bloc] = (str(witness.verifier), f"http://127.0.0.1:{port}")
        keys = {name: str(key.verifier) for name, key in self.keys.items()}
        policy = policy_text(logs[REGISTER], witnesses)
        document = parse_document(agreement_text(keys, logs, logs[REGISTER], policy))
        for name in document.missing:
            document = sign_document(document, self.keys[name])
        text = format_document(document)
        write_file(self.folder / "agreement.note", text.encode(), replace=True)
        for name in logs:
            with Ledger.open(self.folder / name) as ledger:
                adopt(ledger, text)
        return document

    def open(self) -> None:
        """Start witnesses, then the register, then every laboratory's publisher and follower."""
        for bloc, port in zip(BLOCS, self.ports, strict=True):
            home = str(self.folder / f"witness-{bloc}")
            self.crew.start(f"witness-{bloc}", "brake", "witness", home, "--port", str(port))
        for bloc in BLOCS:
            self.crew.url(f"witness-{bloc}")
        self.serve(REGISTER)
        self.url = self.crew.url(REGISTER)
        for lab in CAST:
            self.serve(lab.name)
            self.follow(lab)
        for lab in CAST:
            self.crew.url(lab.name)

    def serve(self, name: str) -> None:
        """Start publishing a ledger."""
        home = str(self.folder / name)
        self.crew.start(name, "serve", home, "--whole", "--port", "0", "--refresh", REFRESH)

    def follow(self, lab: Lab) -> None:
        """Start copying the register into a laboratory's ledger."""
        home = str(self.folder / lab.name)
        self.crew.start(
            f"{lab.name}-follows", "brake", "follow", self.url, "--ledger", home, "--every", FOLLOW
        )

    def hold_heads(self) -> None:
        """Keep the head that each log shows now, as a verifier does."""
        for lab in CAST:
            self.held.append(HttpSource(self.crew.url(lab.name)).checkpoint().decode())

    def settle(self) -> None:
        """Wait until what was said is published, with the heads that it names as beacons."""
        for name in (REGISTER, CAST[0].name):
            with Ledger.open(self.folder / name) as ledger:
                size = ledger.size
            source = HttpSource(self.crew.url(name))
            self.wait("publication", lambda: _size(source.checkpoint()) >= size)  # noqa: B023

    # What anybody can do.

    def say(self, speaker: str, said: Said) -> None:
        """Sign a statement with the speaker's key and post it to the register over HTTP."""
        with self._speaking:
            number = self._numbers.get(speaker, 0)
            statement = Statement(self.document.id, speaker, number, now(), self._beacon(), said)
            post_statement(self.url, sign_statement(statement, self.keys[speaker]))
            self._numbers[speaker] = number + 1

    def say_all(self, speakers: Iterable[str], said: Said) -> None:
        """Several say the same."""
        for speaker in speakers:
            self.say(speaker, said)

    def state(self) -> State:
        """The state now, derived from the register's entries."""
        with Ledger.open(self.folder / REGISTER) as ledger:
            register = read_register(ledger, self.document.terms, self.document.id)
        return register.at(time.time_ns() // 1_000_000)

    def leave(self, lab: Lab) -> tuple[bool, str]:
        """Whether a laboratory's own loop would have leave to train, and the state it knows."""
        with Ledger.open(self.folder / lab.name) as ledger:
            answer = Brake(ledger).ask("training")
        return answer.allowed, answer.state

    def soon(self, true: Callable[[], bool]) -> bool:
        """Whether it is so within WAIT_SECONDS."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not true():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def wait(self, what: str, true: Callable[[], bool]) -> None:
        """Wait for what the play cannot go on without. Raises WorldError after WAIT_SECONDS."""
        if not self.soon(true):
            raise WorldError(
                f"the exercise waited {WAIT_SECONDS:.0f} s in vain: {what}",
                hint=f"see the processes' own words in {self.folder / 'logs'}",
            )

    def heard(self, lab: Lab) -> RegisterHeard | None:
        """The newest head of the register that a laboratory has recorded."""
        last = None
        with Ledger.open(self.folder / lab.name) as ledger:
            for entry in ledger.entries(kinds=[RegisterHeard]):
                last = entry.body
        assert last is None or isinstance(last, RegisterHeard)
        return last

    def _beacon(self) -> str:
        """Root of a head that witnesses saw and a party recorded: what names it is younger.

        Everybody names the newest that the first laboratory knows; asked for once in a second.
        """
        if time.monotonic() > self._beacon_until:
            heard = self.heard(CAST[0])
            self._root = "" if heard is None else _root(heard.note)
            self._beacon_until = time.monotonic() + 1
        return self._root


def _size(checkpoint: bytes) -> int:
    return parse_checkpoint(parse_note(checkpoint.decode()).text).size


def _root(note: str) -> str:
    return parse_checkpoint(parse_note(note).text).root.hex()


def _keys(folder: Path) -> dict[str, SigningKey]:
    """A key for everybody who may speak, kept in `folder`."""
    names = [*VERIFIERS, *PANEL]
    for lab in CAST:
        names += [lab.name, lab.meter]
    keys = {}
    for name in names:
        (folder / name).mkdir(parents=True)
        keys[name] = create_key(folder / name, f"exercise.example/{name}")
    return keys
