"""The ledger against the limit of the machine, as ratios within one run.

The limit: hashing one 64-byte leaf and one node with CPython's SHA-256, in the plainest list
comprehension. CPU seconds, except where the disk is waited for; limit and candidate alternate, and
each line is the median of the repeats. Run: python bench/ledger.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from bars import Bar, report
from tachograph.ledger import Ledger, kinds, objects
from tachograph.ledger.read import Nodes
from tachograph.ledger.store import SqliteStore
from tachograph.ledger.write import write_leaves
from tachograph.merkle.levels import Levels
from tachograph.merkle.tree import fold, peaks, prove_inclusion

BATCH = 1_000
LEAF_BYTES = 64
PROOFS = 2_000
OBJECT_BYTES = (4 << 10, 64 << 10, 1 << 20)
WRITER_THREADS = 8


def main() -> int:
    """Print every ratio with its bar; return 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer leaves and repeats")
    quick = parser.parse_args().quick
    leaves = 60_000 if quick else 200_000
    repeats = 3 if quick else 7
    missed = append_ratios(leaves, repeats)
    missed += proof_ratios(1_000_000, repeats)
    entry_rate(2_000 if quick else 20_000)
    object_homes(8 if quick else 40)
    return 1 if missed else 0


def append_ratios(leaves: int, repeats: int) -> int:
    """Appending 64-byte leaves, in memory and durable, as shares of the hash limit."""
    data = [os.urandom(LEAF_BYTES) for _ in range(leaves)]
    batches = [data[at : at + BATCH] for at in range(0, leaves, BATCH)]
    limits, memory, durable = [], [], []
    for _ in range(repeats):
        limits.append(cpu_seconds(hash_limit, data))
        memory.append(cpu_seconds(append_in_memory, batches))
        with tempfile.TemporaryDirectory() as folder:
            durable.append(cpu_seconds(append_durably, Path(folder), batches))
    limit = statistics.median(limits)
    print(f"hash limit: {leaves / limit:,.0f} leaves per CPU second (leaf hash and node hash)")
    return share("append in memory", limits, memory, leaves, bar=0.50) + share(
        f"append durably, batches of {BATCH:,}", limits, durable, leaves, bar=0.25
    )


def proof_ratios(size: int, repeats: int) -> int:
    """Inclusion proofs from the store, as multiples of stored levels in plain lists."""
    levels = Levels()
    rng = random.Random(7)
    minimum, stored, first = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        store_leaves(Path(folder), size, levels)
        lists = [
            levels.read([(level, index) for index in range(size >> level)])
            for level in range(size.bit_length())
        ]
        with Ledger.open(folder) as ledger:
            for _ in range(repeats):
                asked = [rng.randrange(size) for _ in range(PROOFS)]
                minimum.append(cpu_seconds(look_up_all, lists, asked, size))
                stored.append(cpu_seconds(prove_all, ledger, asked, size))
                first.append(cpu_seconds(prove_first, ledger, asked, size))
            edge = [0, 1, size // 3, size - 2, size - 1]
            expected = look_up_all(lists, edge, size)
            assert expected == prove_all(ledger, edge, size) == prove_first(ledger, edge, size)
    micros = statistics.median(first) / PROOFS * 1e6
    print(f"inclusion proof at {size:,}, nothing of the tree in memory: {micros:.0f} us")
    return multiple(f"inclusion proof at {size:,}", minimum, stored, PROOFS, bar=3.0)


def entry_rate(count: int) -> None:
    """Whole entries: dataclass to canonical bytes to disk, through Ledger.append."""
    body = kinds.TrialTimed(
        run="r-20261123-1", candidate="c-" + "0" * 32, against="c-" + "1" * 32, stage="screen",
        verdict="faster", ratio=1.234567, low=1.2, high=1.27, pairs=64, cpu_ratio=1.23,
        contention=0.02, wall_seconds=0.0123, flags=[],
    )  # fmt: skip
    drafts = [("loop", (), body)] * BATCH
    with tempfile.TemporaryDirectory() as folder, Ledger.open(folder, create=True) as ledger:
        spent = cpu_seconds(lambda: [ledger.append(drafts) for _ in range(count // BATCH)])
        read = cpu_seconds(lambda: sum(1 for _ in ledger.entries()))
        check = cpu_seconds(ledger.verify)
    print(f"entries appended durably: {count / spent:,.0f} per CPU second")
    print(f"entries read and checked: {count / read:,.0f} per CPU second")
    print(f"entries verified: {count / check:,.0f} per CPU second")


def object_homes(repeats: int) -> None:
    """One object and the entry that names it, durable: wall ms as a row and as a file, by turns."""
    limits = {"row": WRITER_THREADS * max(OBJECT_BYTES), "file": -1}
    print(f"an object and its entry, durable: {'row':>8} {'file':>8} ms; "
          f"{WRITER_THREADS} threads: {'row':>6} {'file':>6} a second")  # fmt: skip
    before = objects.SMALL_BYTES
    for size in OBJECT_BYTES:
        took: dict[str, list[float]] = {home: [] for home in limits}
        rate: dict[str, float] = {}
        with tempfile.TemporaryDirectory() as folder, Ledger.open(folder, create=True) as ledger:
            for _ in range(repeats):
                for home, objects.SMALL_BYTES in limits.items():
                    took[home].append(1e3 * wall_seconds(append_objects, ledger, size, 1))
            for home, objects.SMALL_BYTES in limits.items():
                each = max(repeats // 4, 2)
                spent = wall_seconds(append_side_by_side, ledger, size, each)
                rate[home] = WRITER_THREADS * each / spent
        row, file = (statistics.median(took[home]) for home in limits)
        print(f"{size // 1024:>21,} KiB         {row:>8.1f} {file:>8.1f}               "
              f"{rate['row']:>6.0f} {rate['file']:>6.0f}")  # fmt: skip
    objects.SMALL_BYTES = before


# What is measured.


def hash_limit(data: Sequence[bytes]) -> None:
    """One leaf hash and one node hash for each leaf."""
    leaves = [sha256(b"\x00" + leaf).digest() for leaf in data]
    [sha256(b"\x01" + left + right).digest() for left, right in zip(leaves, leaves, strict=True)]


def append_in_memory(batches: Sequence[Sequence[bytes]]) -> None:
    """Grow a tree in memory and take its root after each batch."""
    levels = Levels()
    for batch in batches:
        levels.extend(batch)
        levels.root()


def append_durably(folder: Path, batches: Sequence[Sequence[bytes]]) -> None:
    """Write each batch in a transaction of its own, synchronised before the next."""
    SqliteStore.create(folder / "ledger.db")
    store = SqliteStore(folder / "ledger.db")
    for batch in batches:
        with store.begin() as transaction:
            write_leaves(transaction.head(), batch, transaction)
    store.close()


def store_leaves(folder: Path, size: int, levels: Levels) -> None:
    """Fill a ledger's store, and the same tree in memory."""
    Ledger.open(folder, create=True).close()
    store = SqliteStore(folder / "ledger.db")
    for start in range(0, size, 50_000):
        batch = [at.to_bytes(LEAF_BYTES, "big") for at in range(start, min(start + 50_000, size))]
        levels.extend(batch)
        with store.begin() as transaction:
            write_leaves(transaction.head(), batch, transaction)
    store.close()


def prove_all(ledger: Ledger, asked: Sequence[int], size: int) -> list[list[bytes]]:
    """Prove from the store that each is in the tree of `size` leaves."""
    return [ledger.prove_inclusion(index, size) for index in asked]


def prove_first(ledger: Ledger, asked: Sequence[int], size: int) -> list[list[bytes]]:
    """The same by a reader that has just been opened: no block of the tree is in memory."""
    return [prove_inclusion(index, size, Nodes(ledger._store).read) for index in asked]


def look_up_all(
    lists: Sequence[Sequence[bytes]], asked: Sequence[int], size: int
) -> list[list[bytes]]:
    """The same proofs from lists."""
    return [look_up(lists, index, size) for index in asked]


def look_up(lists: Sequence[Sequence[bytes]], index: int, size: int) -> list[bytes]:
    """The stored-levels minimum: one list look-up a level, and the right edge's node hashes."""
    proof = []
    last = size - 1
    level = 0
    while last:
        sibling = index ^ 1
        if sibling < last or (sibling == last and sibling < len(lists[level])):
            proof.append(lists[level][sibling])
        elif sibling == last:
            proof.append(fold([lists[at][node] for at, node in peaks(size, sibling << level)]))
        index >>= 1
        last >>= 1
        level += 1
    return proof


def append_objects(ledger: Ledger, size: int, count: int) -> None:
    """Put fresh objects, each named by an append of its own."""
    for _ in range(count):
        digest = ledger.put(os.urandom(size))
        ledger.append([("bench", (), kinds.ReadingTaken("bench", digest))])


def append_side_by_side(ledger: Ledger, size: int, count: int) -> None:
    """The same by several threads at once."""
    with ThreadPoolExecutor(WRITER_THREADS) as pool:
        begun = [pool.submit(append_objects, ledger, size, count) for _ in range(WRITER_THREADS)]
        for work in begun:
            work.result()


# How it is measured.


def cpu_seconds(work: Callable[..., object], *inputs: object) -> float:
    """CPU time of one call, user and system."""
    start = time.process_time()
    work(*inputs)
    return time.process_time() - start


def wall_seconds(work: Callable[..., object], *inputs: object) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work(*inputs)
    return time.perf_counter() - start


def share(
    name: str, limits: Sequence[float], times: Sequence[float], count: int, *, bar: float
) -> int:
    """Print how near the limit it comes; 1 where below the bar."""
    ratio = statistics.median(a / b for a, b in zip(limits, times, strict=True))
    rate = count / statistics.median(times)
    print(f"{name}: {rate:,.0f} per CPU second")
    return report([Bar(name, f">= {bar:.0%} of the hash limit", f"{ratio:.0%}", ratio >= bar)])


def multiple(
    name: str, minimum: Sequence[float], times: Sequence[float], count: int, *, bar: float
) -> int:
    """Print how many times the minimum it costs; 1 where above the bar."""
    ratio = statistics.median(b / a for a, b in zip(minimum, times, strict=True))
    micros = statistics.median(times) / count * 1e6
    print(f"{name}: {micros:.0f} us")
    return report([Bar(name, f"<= {bar:g}x the least", f"{ratio:.1f}x", ratio <= bar)])


if __name__ == "__main__":
    raise SystemExit(main())
