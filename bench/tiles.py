"""Static tiles against their bars: proofs from disk, memory, and how fast a ledger is published.

A ledger of a million 64-byte leaves is published into a folder, then a reader that has nothing but
that folder proves inclusion of leaves drawn at random, each proof checked against the signed root.
The bar is on CPU time, system calls included, which a busy machine does not change; wall time is
printed beside it. Files come from the page cache. Run: python bench/tiles.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bars import Bar, report
from tachograph.brake.logs.publish import WholeLog, publish
from tachograph.brake.logs.source import FolderSource, hashes, leaves
from tachograph.ledger import Ledger
from tachograph.ledger.heads import parse_head
from tachograph.ledger.store import SqliteStore
from tachograph.ledger.write import write_leaves
from tachograph.merkle.note import parse_verifier_key
from tachograph.merkle.tree import check_inclusion, leaf_hash, prove_inclusion

LEAF_BYTES = 64
PROOFS = 5_000
P99_MS = 1.0
MEMORY_MB = 32
"""Most that proving may add to what the interpreter and the imports take."""


def main() -> int:
    """Print every figure with its bar; return 1 where one is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer leaves and proofs")
    parser.add_argument("--read", nargs=2, metavar=("DIR", "KEY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        return read(Path(options.read[0]), options.read[1])
    size = 100_000 if options.quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        key = build(Path(folder), size)
        command = [sys.executable, __file__, "--read", f"{folder}/host", key]
        return subprocess.run(command, check=False).returncode


def build(folder: Path, size: int) -> str:
    """A ledger of so many leaves, published; prints how fast. Returns its key."""
    Ledger.open(folder / "ledger", create=True).close()
    store = SqliteStore(folder / "ledger/ledger.db")
    for start in range(0, size, 50_000):
        batch = [at.to_bytes(LEAF_BYTES, "big") for at in range(start, min(start + 50_000, size))]
        with store.begin() as transaction:
            write_leaves(transaction.head(), batch, transaction)
    store.close()
    with Ledger.open(folder / "ledger") as ledger:
        for name in ("published anew", "published again"):
            wall, cpu = time.perf_counter(), time.process_time()
            done = publish(Quick(ledger), folder / "ledger", folder / "host")
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            new = done.size - done.before
            print(f"{name}: {new:,} entries, {done.files:,} files in {wall:.1f} s, "
                  f"{cpu:.1f} of them CPU ({new / wall:,.0f} a second)")  # fmt: skip
        return str(ledger.verifier)


class Quick(WholeLog):
    """A log whose leaves are no entries: only the last, HeadSigned, is one."""

    def begin(self) -> None:
        """Sign once: to look whether the last entry is a head would parse a leaf."""
        if not self._note:
            self._note = self._ledger._sign("bench").note
            self.size = self.known = parse_head(self._note, self.verifier).size


def read(folder: Path, key: str) -> int:
    """Prove from the folder; 1 where a bar is missed."""
    before = resident_mb()
    source = FolderSource(folder)
    head = parse_head(source.checkpoint().decode(), parse_verifier_key(key))
    rng = random.Random(7)
    asked = [rng.randrange(head.size) for _ in range(PROOFS)]
    read_nodes = hashes(source, head.size)
    wall, cpu = [], []
    for index in asked:
        wall_start, start = time.perf_counter(), time.thread_time()
        proof = prove_inclusion(index, head.size, read_nodes)
        cpu.append(1e3 * (time.thread_time() - start))
        wall.append(1e3 * (time.perf_counter() - wall_start))
        leaf = leaf_hash(index.to_bytes(LEAF_BYTES, "big"))
        check_inclusion(leaf=leaf, index=index, size=head.size, proof=proof, root=head.root)
    grown = resident_mb() - before
    assert next(leaves(source, 5, 6, head.size)) == (5).to_bytes(LEAF_BYTES, "big")
    for name, took in (("CPU", cpu), ("wall", wall)):
        print(f"inclusion proof from disk at {head.size:,}, {name}: median "
              f"{quantile(took, 0.5):.3f} ms, p99 {quantile(took, 0.99):.3f} ms, "
              f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    p99 = quantile(cpu, 0.99)
    bars = [
        Bar(f"inclusion proof from disk at {head.size:,}, p99", f"<= {P99_MS:g} ms CPU",
            f"{p99:.3f} ms", p99 <= P99_MS),
        Bar("memory that proving adds", f"<= {MEMORY_MB} MB", f"{grown:.1f} MB",
            grown <= MEMORY_MB),
    ]  # fmt: skip
    return int(report(bars) > 0)


def resident_mb() -> float:
    """Memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


if __name__ == "__main__":
    raise SystemExit(main())
