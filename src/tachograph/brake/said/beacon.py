"""A public random value that nobody chooses alone, and what is drawn from it.

Speakers promise secrets (their hashes), and reveal them when all that the value is to choose among
has been committed. One honest promise among them makes the value unforeseeable. Whoever reveals
last can withhold, and so choose between two values: each withheld secret is named and counted, and
the chance of detection is lowered for it (`detection_probability`). Proven by
tests/brake/test_brake_beacon.py. Not covered: punishing who withholds, which is for the panel.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

SECRET_BYTES = 32


def commitment(secret: bytes) -> str:
    """Return what is promised."""
    return hashlib.sha256(secret).hexdigest()


def value(name: str, secrets: Mapping[str, bytes]) -> bytes:
    """Return the value of the round of that name from the revealed secrets, by speaker."""
    mixed = hashlib.sha256(f"tachograph beacon\n{name}\n".encode())
    for speaker in sorted(secrets):
        mixed.update(hashlib.sha256(speaker.encode()).digest() + secrets[speaker])
    return mixed.digest()


def numbers(seed: bytes, purpose: str, below: int) -> Sequence[int]:
    """Return all numbers below `below` in the order that the seed gives them."""
    keys = [
        hashlib.sha256(seed + f"\n{purpose}\n{number}".encode()).digest() for number in range(below)
    ]
    return sorted(range(below), key=keys.__getitem__)


def draw(seed: bytes, purpose: str, below: int, count: int) -> tuple[int, ...]:
    """Return `count` different numbers below `below`, or all of them, in order."""
    return tuple(sorted(numbers(seed, purpose, below)[: max(0, count)]))


def detection_probability(*, segments: int, bad: int, drawn: int, withheld: int = 0) -> float:
    """Chance that at least one of `bad` segments is among `drawn` of `segments`.

    Hypergeometric. Each withheld secret lets its owner take the better of two draws: the chance of
    escape is at most 2**withheld times as large (union bound).
    """
    if bad <= 0 or drawn <= 0:
        return 0.0
    if drawn + bad > segments:
        return 1.0
    escape = math.comb(segments - bad, drawn) / math.comb(segments, drawn)
    return max(0.0, 1.0 - escape * 2.0**withheld)


def draws_needed(*, share: float, confidence: float) -> int:
    """Draws that find a violation in `share` of very many segments with this chance.

    ln(1 - confidence) / ln(1 - share), rounded up.
    """
    return math.ceil(math.log(1.0 - confidence) / math.log(1.0 - share))
