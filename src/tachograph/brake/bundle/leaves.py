"""Leaves of several logs, read with each statement's text decoded once, however many copied it.

Every party's ledger holds a copy of the register's statements, so most leaves of a bundle are one
signed envelope with another number and time around it. What stands around it has, where no text in
it is escaped, a shape that is canonical as it stands (`_SHAPE`); the envelope is a canonical text
of its own, and one that another log has, byte for byte, is not decoded again. All other leaves, and
all that is wrong, are read by `parse_leaf`. Proven by tests/brake/test_leaves.py, which holds it
against `parse_leaf` alone. Not covered: places, openings (log_copy.py).
"""

from __future__ import annotations

import re
from hashlib import sha256

from tachograph import canon
from tachograph.brake.logs.commitment import Commitment, parse_leaf
from tachograph.errors import FormatError
from tachograph.ledger.entry import ENTRY_BYTES, Entry, is_time
from tachograph.ledger.kinds import StatementCopied, StatementPosted

_TEXT = rb'"([ !#-\[\]-~]+)"'
"""Printable ASCII that JSON does not escape."""
_WHOLE = rb"(0|[1-9][0-9]{0,14})"
_SHAPE = re.compile(
    rb'\{"actor":%b,"body":\{"envelope":(".*")'
    rb'(?:,"index":%b,"posted":%b,"register":%b\},"kind":"StatementCopied"'
    rb'|\},"kind":"StatementPosted"),"parents":\[\],"seq":%b,"time":%b\}'
    % (_TEXT, _WHOLE, _TEXT, _TEXT, _WHOLE, _TEXT),
    re.DOTALL,
)
"""An entry that posts or copies a statement, its fields in canonical order."""


class Leaves:
    """Reads leaves; keeps the envelopes, and 32 bytes of hash to find each."""

    def __init__(self) -> None:
        self._envelopes: dict[bytes, str] = {}

    def read(self, leaf: bytes) -> Entry | Commitment:
        """Return what `parse_leaf` returns, or raise FormatError as it does."""
        found = _SHAPE.fullmatch(leaf)
        if found is None or len(leaf) > ENTRY_BYTES:
            return parse_leaf(leaf)
        actor, spelled, index, posted, register, seq, time = found.groups()
        envelope, stamp = self._decoded(spelled), time.decode()
        if envelope is None or not is_time(stamp):
            return parse_leaf(leaf)
        if index is None:
            body: StatementPosted | StatementCopied = StatementPosted(envelope)
        else:
            body = StatementCopied(register.decode(), int(index), posted.decode(), envelope)
        return Entry(int(seq), stamp, actor.decode(), (), body)

    def _decoded(self, spelled: bytes) -> str | None:
        """The text whose canonical spelling this is; None: it is none's."""
        digest = sha256(spelled).digest()
        if digest not in self._envelopes:
            try:
                text = canon.decode(spelled)
            except FormatError:
                return None
            assert isinstance(text, str), "what is quoted is text"
            self._envelopes[digest] = text
        return self._envelopes[digest]
