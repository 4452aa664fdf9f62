"""All signed heads that a bundle holds, of every log, and when their witnesses saw them.

A head counts only where the log's own key signed it: otherwise anyone could forge a head and frame
a log with it. Its time is the median of its cosignatures, so that a minority of wrong clocks moves
nothing; without a quorum it has no time. Proven by tests/brake/test_bundle.py.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median_low

from tachograph.brake.heads.cosignature import Cosigned, check_cosignatures
from tachograph.brake.heads.policy import Policy
from tachograph.errors import EvidenceError
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint
from tachograph.merkle.note import Note, VerifierKey, check_note, parse_note


@dataclass(frozen=True)
class SignedHead:
    """A head that its log signed."""

    where: str
    """File or entry of the bundle that holds it."""
    note: str
    """The signed note, as it was found."""
    checkpoint: Checkpoint
    """What it says."""
    time_seconds: float | None
    """Median POSIX time of its cosignatures; None: no quorum cosigned it."""


class SignedHeads:
    """Heads by log, found by size and by root."""

    def __init__(self, heads: Iterable[SignedHead]) -> None:
        self._by_origin: dict[str, list[SignedHead]] = {}
        self._by_root: dict[str, list[SignedHead]] = {}
        self._by_note: dict[str, SignedHead] = {}
        for head in heads:
            self._by_origin.setdefault(head.checkpoint.origin, []).append(head)
            self._by_root.setdefault(head.checkpoint.root.hex(), []).append(head)
            self._by_note.setdefault(head.note, head)
        self._timed = {origin: _timed(found) for origin, found in self._by_origin.items()}

    def of(self, origin: str) -> Sequence[SignedHead]:
        """Return the heads of a log, in the order they were found."""
        return self._by_origin.get(origin, ())

    def rooted(self, root: str) -> Sequence[SignedHead]:
        """Return the heads with this root, in hex: what a beacon names."""
        return self._by_root.get(root, ())

    def noted(self, note: str) -> SignedHead | None:
        """Return the head that is this note; None where its log did not sign it."""
        return self._by_note.get(note)

    def covered_at(self, origin: str, seq: int) -> float | None:
        """Return the earliest time by which a quorum had seen entry `seq` of the log; or None."""
        timed = self._timed.get(origin)
        place = bisect_right(timed.sizes, seq) if timed else 0
        return timed.earliest[place] if timed and place < len(timed.sizes) else None

    def absent_at(self, origin: str, seq: int) -> float | None:
        """Return the latest time at which a quorum saw the log without entry `seq`; or None."""
        timed = self._timed.get(origin)
        place = bisect_right(timed.sizes, seq) if timed else 0
        return timed.latest[place - 1] if timed and place else None


def read_head(where: str, text: str, key: VerifierKey, policy: Policy) -> SignedHead | None:
    """Return the head that a note says; None where it is none of that log's, or no quorum's."""
    try:
        parsed = parse_note(text)
        # A line that comes twice says nothing more, and would cost a verification more.
        note = Note(parsed.text, tuple(dict.fromkeys(parsed.signatures)))
        checkpoint = parse_checkpoint(note.text)
        if checkpoint.origin != key.name:
            return None
        check_note(note, [key])
        return SignedHead(where, text, checkpoint, witnessed_at(note, policy))
    except EvidenceError:
        return None


def witnessed_at(note: Note, policy: Policy) -> float | None:
    """Return the median time of a head's cosignatures; None where they are no quorum."""
    try:
        found = cosigned(note, policy)
    except EvidenceError:
        return None
    if not found or policy.missing({one.key for one in found}) is not None:
        return None
    return float(median_low(one.time_seconds for one in found))


def cosigned(note: Note, policy: Policy) -> tuple[Cosigned, ...]:
    """Return the cosignatures by the policy's witnesses. Raises ProofError where one is bad."""
    keys = [witness.key for witness in policy.witnesses]
    known = {(key.name, key.id) for key in keys}
    theirs = tuple(one for one in note.signatures if (one.name, one.key_id) in known)
    return check_cosignatures(Note(note.text, theirs), keys) if theirs else ()


@dataclass(frozen=True)
class _Timed:
    """A log's heads that have a time, by size."""

    sizes: tuple[int, ...]
    earliest: tuple[float, ...]
    """Of the heads from here on."""
    latest: tuple[float, ...]
    """Of the heads up to here."""


def _timed(heads: Sequence[SignedHead]) -> _Timed:
    timed = sorted(
        (head.checkpoint.size, head.time_seconds) for head in heads if head.time_seconds is not None
    )
    times = [time for _, time in timed]
    return _Timed(
        tuple(size for size, _ in timed),
        tuple(accumulate(times[::-1], min))[::-1],
        tuple(accumulate(times, max)),
    )
