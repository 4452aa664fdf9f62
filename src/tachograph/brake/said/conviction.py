"""Two statements that convict their speaker, in one file that a stranger checks offline.

An instance: two signed envelopes, a line each, as the register or the speaker handed them out.

    {"payload":"eyJhZ3JlZW1lbnQiOi…","payloadType":"application/vnd.tachograph.statement+json",…}
    {"payload":"eyJhZ3JlZW1lbnQiOj…","payloadType":"application/vnd.tachograph.statement+json",…}

Both are by one speaker under one agreement, and have one number and different content, or are two
different ballots of one round. Nobody can make that without the speaker's key, and a speaker that
numbers its statements cannot be accused, whatever is put side by side. A later format would begin
otherwise. Proven by tests/brake/test_brake_conviction.py. Not covered: which of the two it meant,
and whether the key was its own at the time: that is in the agreement and the register.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tachograph.brake.said.statement import LONGEST, Statement, contradiction, read_envelope
from tachograph.errors import FormatError, ProofError
from tachograph.merkle.note import VerifierKey

BEGINS = "{"
"""First character of such a file, and of no proof of a fork."""
LONGEST_FILE = 2 * LONGEST + 2
"""Characters: two envelopes, each with the end of its line."""

Pair = tuple[str, str]
"""Two envelopes."""


@dataclass(frozen=True)
class Convicted:
    """What two envelopes prove."""

    statements: tuple[Statement, Statement]
    """What was said."""
    reason: str
    """How the two contradict each other."""
    key: VerifierKey
    """The one that signed both."""


def format_pair(first: str, second: str) -> str:
    """The file's text."""
    return f"{first}\n{second}\n"


def parse_pair(text: str) -> Pair:
    """Return the two envelopes in a file, unchecked. Raises FormatError."""
    lines = text.removesuffix("\n").split("\n")
    if len(text) > LONGEST_FILE or len(lines) != 2:
        raise FormatError("not two envelopes, a line each", hint="ask whoever accuses for the file")
    return lines[0], lines[1]


def convict(pair: Pair, keys: Sequence[VerifierKey]) -> Convicted:
    """Return whom two envelopes convict. Raises FormatError, and ProofError where they do not.

    `keys` come from elsewhere than the file: the agreement names every speaker's.
    """
    one, other = (read_envelope(envelope) for envelope in pair)
    reason = contradiction(one.statement, other.statement)
    if reason is None:
        raise _refusal("the two do not contradict each other")
    for key in keys:
        try:
            one.check(key)
            other.check(key)
        except ProofError:
            continue
        return Convicted((one.statement, other.statement), reason, key)
    raise _refusal("none of the keys signed both")


def _refusal(message: str) -> ProofError:
    return ProofError(
        f"no contradiction is proven: {message}", hint="keep both envelopes, and ask for more"
    )
