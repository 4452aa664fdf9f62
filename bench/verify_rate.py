"""Verifying heads with seven cosignatures, as a share of the raw rate of verifying signatures.

A head is a log's signature and seven cosignatures: text to verdict, the policy's quorum included.
The limit: the same eight signatures checked by cryptography alone, keys opened before. Both take
turns in one process, in CPU seconds; the figure is the median of the turns' ratios.
Run: python bench/verify_rate.py [--quick]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bars import Bar, report
from tachograph.brake.heads.cosignature import CosigningKey
from tachograph.brake.heads.policy import Policy, check_policy, parse_policy
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.note import Note, SigningKey, format_note, parse_note

WITNESSES = 7
SHARE = 0.8
Raw = tuple[Ed25519PublicKey, bytes, bytes]
"""Opened key, signature, message."""


def main() -> int:
    """Print the share; 1 where it is below the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer heads and turns")
    quick = parser.parse_args().quick
    heads, turns = (50, 7) if quick else (200, 25)
    policy, notes, raw = material(heads)
    verify(policy, notes)
    shares, rates = [], []
    for _ in range(turns):
        limit = seconds(lambda: verify_raw(raw))
        ours = seconds(lambda: verify(policy, notes))
        shares.append(limit / ours)
        rates.append(len(raw) / ours)
    share = statistics.median(shares)
    print(f"signatures a CPU second: {statistics.median(rates):,.0f}, "
          f"heads: {statistics.median(rates) / (WITNESSES + 1):,.0f}")  # fmt: skip
    return report([
        Bar(f"verifying heads with {WITNESSES} cosignatures, share of the raw rate",
            f">= {SHARE:.0%}", f"{share:.0%}", share >= SHARE),
    ])  # fmt: skip


def material(heads: int) -> tuple[Policy, list[str], list[Raw]]:
    """Distinct heads under one policy, and the signatures in them."""
    log = SigningKey("example.com/log", bytes(range(32)))
    witnesses = [CosigningKey(f"w{at}.example/witness", bytes([at + 1]) * 32)
                 for at in range(WITNESSES)]  # fmt: skip
    lines = [f"witness w{at} {key.verifier}\n" for at, key in enumerate(witnesses)]
    names = " ".join(f"w{at}" for at in range(WITNESSES))
    policy = parse_policy(
        f"log {log.verifier}\n{''.join(lines)}group all-of-them all {names}\nquorum all-of-them\n"
    )
    notes, raw = [], []
    for size in range(1, heads + 1):
        text = format_checkpoint(Checkpoint(log.name, size, size.to_bytes(32, "big")))
        cosigned = [key.cosign(text, 1_700_000_000 + size) for key in witnesses]
        signed = log.sign(text)
        notes.append(format_note(Note(text, (signed, *cosigned))))
        raw.append((opened(log.verifier.public), signed.data, text.encode()))
        for key, line in zip(witnesses, cosigned, strict=True):
            message = f"cosignature/v1\ntime {1_700_000_000 + size}\n{text}".encode()
            raw.append((opened(key.verifier.public), line.data[8:], message))
    return policy, notes, raw


def opened(public: bytes) -> Ed25519PublicKey:
    """The key, as cryptography wants it."""
    return Ed25519PublicKey.from_public_bytes(public)


def verify(policy: Policy, notes: list[str]) -> None:
    """Text to verdict, for each head."""
    for note in notes:
        check_policy(policy, parse_note(note))


def verify_raw(raw: list[Raw]) -> None:
    """The signatures alone."""
    for key, signature, message in raw:
        key.verify(signature, message)


def seconds(work: Callable[[], None]) -> float:
    """CPU seconds that it takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    raise SystemExit(main())
