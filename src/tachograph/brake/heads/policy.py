"""Which logs are known, and which witnesses are enough (C2SP tlog-policy).

An instance:

    log example.com/log+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k https://example.com/log
    witness X1 example.net/x1+8b2c1e6f+BKq...
    witness X2 example.net/x2+07d4a3b9+BHc...
    witness Y1 example.org/y1+c1f03a55+BOw...
    group X any X1 X2
    group all-blocs all X Y1
    quorum all-blocs

Lines may stand in any order that defines a name before it is used. Every line ends in a newline, so
that a file cut short in a name is refused and not read as another policy. A refusal names what is
missing. Proven by tests/brake/test_brake_policy.py. Not covered: who operates a witness; several
witnesses of one operator are one witness.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from tachograph.brake.heads.cosignature import (
    Cosigned,
    CosignerKey,
    check_cosignatures,
    parse_cosigner_key,
)
from tachograph.errors import EvidenceError, FormatError, ProofError
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.note import Note, VerifierKey, check_note, parse_verifier_key

POLICY_BYTES = 1 << 20
DEFINITIONS = 256
"""Most logs, witnesses and groups together; the specification asks for at least 32 of each."""
NONE = "none"


@dataclass(frozen=True)
class PolicyLog:
    """A log whose heads are accepted."""

    key: VerifierKey
    """Its name is the log's origin."""
    url: str | None = None
    """Where the log is published."""


@dataclass(frozen=True)
class PolicyWitness:
    """A witness whose cosignatures count."""

    name: str
    """Its name in the policy."""
    key: CosignerKey
    url: str | None = None
    """Where it takes checkpoints."""


@dataclass(frozen=True)
class Group:
    """Counts as one where at least `threshold` of its members do."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Logs, witnesses, groups in the order of definition, and the quorum."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[Group, ...]
    quorum: str
    """A witness, a group, or `none`."""

    def missing(self, keys: Collection[CosignerKey]) -> str | None:
        """Say what the quorum lacks when these witnesses cosigned; None where it is met."""
        cosigned = {witness.name for witness in self.witnesses if witness.key in keys}
        met = self._grown(cosigned)
        return None if self.quorum == NONE or self.quorum in met else self._lack(self.quorum, met)

    def _grown(self, met: set[str]) -> set[str]:
        # A group's members stand before it, so one pass in order is enough, at any depth.
        grown = set(met)
        for group in self.groups:
            if len(grown.intersection(group.members)) >= group.threshold:
                grown.add(group.name)
        return grown

    def _lack(self, name: str, met: set[str]) -> str:
        group = next((group for group in self.groups if group.name == name), None)
        if group is None:
            return name
        absent = [self._lack(member, met) for member in group.members if member not in met]
        have = len(group.members) - len(absent)
        return f"{name} ({have} of {group.threshold}, without {', '.join(absent)})"


@dataclass(frozen=True)
class Witnessed:
    """A head that a policy accepts."""

    checkpoint: Checkpoint
    log: VerifierKey
    """Who signed it."""
    cosigned: tuple[Cosigned, ...]
    """By the policy's witnesses, in the order of the note."""


def check_policy(policy: Policy, note: Note) -> Witnessed:
    """Return the head that the note says, signed by a log and cosigned as the policy demands.

    Raises ProofError, which names what is missing, and FormatError where the note is no checkpoint.
    """
    checkpoint = parse_checkpoint(note.text)
    keys = [log.key for log in policy.logs if log.key.name == checkpoint.origin]
    if not keys:
        raise _refusal(f"the policy knows no log {checkpoint.origin!r}")
    log = check_note(note, keys)[0]
    cosigned = _cosigned(policy, note)
    missing = policy.missing({one.key for one in cosigned})
    if missing is not None:
        raise _refusal(f"too few witnesses: no quorum of {missing}")
    return Witnessed(checkpoint, log, cosigned)


def parse_policy(text: str | bytes) -> Policy:
    """Return the policy that `text` spells. Raises FormatError and ProofError, naming the line."""
    data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    if len(data) > POLICY_BYTES:
        raise FormatError(f"a policy of more than {POLICY_BYTES} bytes", hint=_HINT)
    # Octets beyond ASCII are opaque: they come through as surrogates, and no two become one.
    lines = data.decode(errors="surrogateescape").split("\n")
    if lines.pop():
        raise FormatError("the policy's last line does not end: is the rest missing?", hint=_HINT)
    draft = _Draft()
    for number, line in enumerate(lines, 1):
        try:
            draft.read(line)
        except EvidenceError as error:
            raise type(error)(f"policy, line {number}: {error.message}", hint=_HINT) from error
    if draft.quorum is None:
        raise FormatError("the policy has no quorum line", hint="add `quorum NAME`, or none")
    return Policy(tuple(draft.logs), tuple(draft.witnesses), tuple(draft.groups), draft.quorum)


class _Draft:
    """A policy while it is read, line by line."""

    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.witnesses: list[PolicyWitness] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()

    def read(self, line: str) -> None:
        """Take in one line. Raises FormatError, ProofError."""
        if any((letter < " " and letter != "\t") or letter == "\x7f" for letter in line):
            raise FormatError("a control character")
        words = re.split(r"[ \t]+", line.strip(" \t"))
        if not words[0] or words[0].startswith("#"):
            return
        reader = self._readers().get(words[0])
        if reader is None:
            raise FormatError(f"{words[0]!r} begins no line")
        if len(self.logs) + len(self._names) >= DEFINITIONS:
            raise FormatError(f"more than {DEFINITIONS} definitions")
        reader(words[1:])

    def _readers(self) -> dict[str, Callable[[list[str]], None]]:
        return {
            "log": self._read_log,
            "witness": self._read_witness,
            "group": self._read_group,
            "quorum": self._read_quorum,
        }

    def _read_log(self, words: list[str]) -> None:
        _check_count(words, 1, 2, "log VKEY [URL]")
        log = PolicyLog(parse_verifier_key(words[0]), *words[1:])
        if any(log.key.public == other.key.public for other in self.logs):
            raise FormatError("a second log with the same key")
        self.logs.append(log)

    def _read_witness(self, words: list[str]) -> None:
        _check_count(words, 2, 3, "witness NAME VKEY [URL]")
        witness = PolicyWitness(words[0], parse_cosigner_key(words[1]), *words[2:])
        if any(witness.key.public == other.key.public for other in self.witnesses):
            raise FormatError("a second witness with the same key")
        self._define(witness.name)
        self.witnesses.append(witness)

    def _read_group(self, words: list[str]) -> None:
        _check_count(words, 3, DEFINITIONS, "group NAME all|any|NUMBER NAME...")
        name, needed, *members = words
        for member in members:
            if member not in self._names:
                raise FormatError(f"{member!r} is not defined on a line before")
            if member in self._members:
                raise FormatError(f"{member!r} is already a member of a group")
            self._members.add(member)
        self._define(name)
        self.groups.append(Group(name, _threshold(needed, len(members)), tuple(members)))

    def _read_quorum(self, words: list[str]) -> None:
        _check_count(words, 1, 1, "quorum NAME")
        if self.quorum is not None:
            raise FormatError("a second quorum")
        if words[0] != NONE and words[0] not in self._names:
            raise FormatError(f"{words[0]!r} is not defined on a line before")
        self.quorum = words[0]

    def _define(self, name: str) -> None:
        if name == NONE or name in self._names:
            raise FormatError(f"the name {name!r} is taken")
        self._names.add(name)


def _threshold(needed: str, members: int) -> int:
    if needed in ("all", "any"):
        return members if needed == "all" else 1
    if not re.fullmatch(r"[1-9][0-9]{0,3}", needed, re.ASCII) or int(needed) > members:
        raise FormatError(f"{needed!r} is not a number from 1 to {members}, all or any")
    return int(needed)


def _cosigned(policy: Policy, note: Note) -> tuple[Cosigned, ...]:
    known = {(witness.key.name, witness.key.id): witness.key for witness in policy.witnesses}
    theirs = [line for line in note.signatures if (line.name, line.key_id) in known]
    if not theirs:
        return ()
    return check_cosignatures(Note(note.text, tuple(theirs)), list(known.values()))


def _check_count(words: list[str], least: int, most: int, form: str) -> None:
    if not least <= len(words) <= most:
        raise FormatError(f"not of the form `{form}`")


def _refusal(message: str) -> ProofError:
    return ProofError(message, hint="ask the log for a head with more cosignatures")


_HINT = "a policy has lines `log`, `witness`, `group` and `quorum` (C2SP tlog-policy)"
