"""Collecting cosignatures: a log asks its witnesses, all at once, and adds their lines to its head.

A witness that is slow, away, wrong or hostile costs its own cosignature and no more: each is asked
in a thread of its own with a time-out, its answer is bounded, and only a line that checks against
its own key is taken. Where it holds another size than thought, it is asked again from there.
Proven by tests/brake/witness/test_witness_client.py. Not covered: whether those that answered are
enough (policy.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tachograph.brake.heads.policy import PolicyWitness
from tachograph.brake.wire.exchange import Answered, post
from tachograph.brake.witness.protocol import format_request
from tachograph.errors import FormatError, ProofError, TachographError
from tachograph.merkle.checkpoint import parse_checkpoint, parse_size
from tachograph.merkle.note import Note, Signature, format_note, parse_note, parse_signatures

ANSWER_BYTES = 1 << 16
"""Longest answer that is read; one ML-DSA-44 signature line takes about 3.3 kB."""
TRIES = 3
"""How often a witness is asked; between two of them others may have moved it on."""
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """What became of one witness."""

    witness: str
    """Its name in the policy."""
    size: int | None
    """The size that it holds now, as far as known: the next time's guess."""
    reason: str | None
    """Why it did not cosign; None where it did."""


@dataclass(frozen=True)
class Collected:
    """The head with what was added to it."""

    note: str
    outcomes: tuple[Outcome, ...]
    """One a witness, in their order."""


def collect(
    note: str,
    prove: Callable[[int], Sequence[bytes]],
    witnesses: Sequence[PolicyWitness],
    *,
    sizes: Mapping[str, int] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Collected:
    """Return the signed head `note` with the cosignatures of those witnesses that gave one.

    `prove(old)` is the consistency proof from the tree of `old` leaves to the head; threads call
    it. `sizes` are guesses at what each witness holds, by name. Raises FormatError where `note` is
    no signed checkpoint.
    """
    parsed = parse_note(note)
    size = parse_checkpoint(parsed.text).size

    def ask(witness: PolicyWitness) -> tuple[Signature | None, Outcome]:
        guess = (sizes or {}).get(witness.name, 0)
        asker = _Asker(parsed, size, prove, witness, timeout_seconds)
        try:
            return asker.ask(min(guess, size))
        except TachographError as error:
            return None, Outcome(witness.name, asker.held, error.message)

    if not witnesses:
        return Collected(note, ())
    with ThreadPoolExecutor(len(witnesses)) as pool:
        results = list(pool.map(ask, witnesses))
    lines = [line for line, _ in results if line is not None]
    return Collected(merge(parsed, lines), tuple(outcome for _, outcome in results))


def merge(note: Note, lines: Sequence[Signature]) -> str:
    """Return the note with these signature lines in place of earlier ones by the same keys."""
    fresh = {(line.name, line.key_id) for line in lines}
    kept = [line for line in note.signatures if (line.name, line.key_id) not in fresh]
    return format_note(Note(note.text, (*kept, *lines)))


class _Asker:
    """One witness, while it is asked."""

    def __init__(
        self,
        note: Note,
        size: int,
        prove: Callable[[int], Sequence[bytes]],
        witness: PolicyWitness,
        timeout_seconds: float,
    ) -> None:
        self._note = note
        self._size = size
        self._prove = prove
        self._witness = witness
        self._timeout_seconds = timeout_seconds
        self.held: int | None = None

    def ask(self, old: int) -> tuple[Signature, Outcome]:
        """Return the witness's line. Raises TachographError where there is none."""
        for _ in range(TRIES):
            answered = self._post(old)
            if answered.status != 409:
                line = self._line(answered)
                return line, Outcome(self._witness.name, self._size, None)
            old = self._held_size(answered)
        raise ProofError("its size does not stand still", hint=_HINT)

    def _post(self, old: int) -> Answered:
        if self._witness.url is None:
            raise FormatError("the policy has no URL for it", hint="add the URL to its line")
        body = format_request(old, self._prove(old), format_note(self._note))
        url = self._witness.url.rstrip("/") + "/add-checkpoint"
        return post(url, body.encode(), limit=ANSWER_BYTES, timeout_seconds=self._timeout_seconds)

    def _held_size(self, answered: Answered) -> int:
        size = parse_size(answered.body[:32].decode("ascii", "replace").removesuffix("\n"))
        if size is None:
            raise FormatError("it names no size that it holds", hint=_HINT)
        self.held = size
        if size > self._size:
            raise ProofError(f"it holds a head of size {size}, beyond this one", hint=_HINT)
        return size

    def _line(self, answered: Answered) -> Signature:
        text = answered.body.decode("utf-8", "replace")
        if answered.status != 200:
            raise ProofError(f"it answers {answered.status}: {text[:200].strip()}", hint=_HINT)
        key = self._witness.key
        for line in parse_signatures(text):
            if (line.name, line.key_id) == (key.name, key.id):
                key.check(self._note.text, line.data)
                return line
        raise ProofError("its answer has no line by its key", hint=_HINT)


_HINT = "ask the witness's operator"
