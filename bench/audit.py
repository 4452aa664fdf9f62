"""What an audit costs: CPU and memory, for a register of many statements and a log of many entries.

    python bench/audit.py [--quick]

The register: an honest world of the red team, some days long; all twelve checks. The share of the
raw rate: how long cryptography alone takes for the very signatures that the audit verifies (of
statements, heads and witnesses; keys opened before), by how long the audit takes, by turns in one
process; the median. A table says where the rest goes. The log: entries of a busy loop, hashed,
parsed, and let go. Heads alone: bench/verify_rate.py.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bars import Bar, report
from tachograph import canon
from tachograph.brake.audit import audit
from tachograph.brake.bundle.bundle import Bundle, read_bundle
from tachograph.brake.bundle.leaves import Leaves
from tachograph.brake.bundle.log_copy import read_leaves
from tachograph.brake.checks import ALL
from tachograph.brake.machine import begin, step
from tachograph.brake.said.statement import read_envelope
from tachograph.brake.times import parse_time
from tachograph.cli import COLLECT_EVERY
from tachograph.ledger import kinds
from tachograph.merkle import ed25519
from tachograph.merkle.levels import Levels

MEMORY_MIB = 64
SHARE = 0.8
TURNS = 7


def main() -> int:
    """Exit 0 where memory stays bounded, honest worlds pass, and the rate is what it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    gc.set_threshold(COLLECT_EVERY)  # as the command does
    with tempfile.TemporaryDirectory(prefix="audit.") as folder:
        failed, share = statements(Path(folder) / "register", 12 if quick else 60)
        grown = entries(Path(folder) / "log", 10_000 if quick else 50_000)
    return report([
        Bar("failures in an honest bundle", "0", str(failed), failed == 0),
        Bar("a whole audit, share of the raw rate of its signatures", f">= {SHARE:.0%}",
            f"{share:.0%}", share >= SHARE),
        Bar("memory that a long log adds", f"<= {MEMORY_MIB} MiB", f"{grown:.0f} MiB",
            grown <= MEMORY_MIB),
    ])  # fmt: skip


def statements(folder: Path, hours: int) -> tuple[int, float]:
    """Audit a register of so many hours: how many checks failed, and the share."""
    world = new_world(3, hours=hours, paused=False)
    world.write(folder)
    bundle = read_bundle(folder, world.at)
    raw = signatures(bundle)
    found = audit(read_bundle(folder, world.at))
    shares, spent = [], []
    for _ in range(TURNS):
        limit = seconds(lambda: verify(raw))
        ours = seconds(lambda: audit(read_bundle(folder, world.at)))
        shares.append(limit / ours)
        spent.append(ours)
    count, share = len(bundle.posted), statistics.median(shares)
    rate = count / statistics.median(spent)
    print(f"{count} statements, {len(raw)} signatures, twelve checks: {rate:,.0f} statements and "
          f"{rate * len(raw) / count:,.0f} signatures a CPU second, {share:.0%} of the raw rate; "
          f"{share * count / len(raw):.0%} where only the statements' own count")  # fmt: skip
    whole, rest = 1e6 / rate, 1.0
    print("| part | of the audit | microseconds a statement |\n| --- | --- | --- |")
    for name, work, counts in parts(folder, bundle, raw):
        ours = statistics.median(
            seconds(work) / seconds(lambda: audit(read_bundle(folder, world.at)))
            for _ in range(TURNS)
        )
        rest -= ours if counts else 0.0
        print(f"| {name} | {ours:.0%} | {ours * whole:.0f} |", flush=True)
    print(f"| the rest: files, notes, bookkeeping | {rest:.0%} | {rest * whole:.0f} |")
    return len(found.failed), share


Raw = tuple[Ed25519PublicKey, bytes, bytes]
"""Opened key, signature, message."""


def signatures(bundle: Bundle) -> list[Raw]:
    """Every signature that an audit of the bundle verifies, as often as it does."""
    found: list[Raw] = []
    check = ed25519.check_signature

    def noted(key: bytes, message: bytes, signature: bytes) -> None:
        check(key, message, signature)
        found.append((Ed25519PublicKey.from_public_bytes(key), signature, message))

    ed25519.check_signature = noted
    try:
        audit(bundle)
    finally:
        ed25519.check_signature = check
    return found


def verify(raw: list[Raw]) -> None:
    """The signatures alone."""
    for key, signature, message in raw:
        key.verify(signature, message)


def parts(
    folder: Path, bundle: Bundle, raw: list[Raw]
) -> Iterator[tuple[str, Callable[[], object], bool]]:
    """What an audit does, piece by piece, each as often as it does it; False: a part of a part."""
    files = [[*read_leaves(bundle.folder, log.name, log.size)] for log in bundle.logs]
    envelopes = [posted.envelope for posted in bundle.posted]
    payloads = [read_envelope(envelope).payload for envelope in envelopes]

    def leaves() -> None:
        reader = Leaves()
        for log in files:
            for leaf in log:
                reader.read(leaf)

    def machine() -> None:
        state = begin(bundle.terms, bundle.document.id)
        for posted in bundle.posted:
            assert posted.statement is not None
            state, _ = step(state, parse_time(posted.time) or 0, posted.statement)

    def checks() -> None:
        for _, look in ALL:
            list(look(bundle))

    yield "signatures, by cryptography alone", lambda: verify(raw), True
    yield f"{sum(map(len, files))} leaves: JSON, canonical form, entries", leaves, True
    yield "their Merkle hashes", lambda: [hash_tree(log) for log in files], True
    yield "envelopes and statements", lambda: [*map(read_envelope, envelopes)], True
    yield "of which JSON and canonical form", lambda: [*map(canon.decode, payloads)], False
    yield "the machine", machine, True
    yield "the twelve checks, all read before", checks, True


def hash_tree(leaves: list[bytes]) -> bytes:
    """The root over the leaves."""
    levels = Levels()
    levels.extend(leaves)
    return levels.root()


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds that it takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def entries(folder: Path, count: int) -> float:
    """Read a log of so many entries; what it added to the process, in MiB."""
    world = new_world(3, hours=2, paused=False)
    world.run()
    log = world.logs[world.parties[0]]
    for number in range(count):
        log.record(world.now, "loop", kinds.FindingShared(f"r-{number}", "c-1", "a finding " * 8))
    world.write(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    read_bundle(folder, world.at)
    spent = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{log.size} entries in {spent:.2f} CPU s: {log.size / spent:.0f} a second")
    return grown


def new_world(seed: int, **choices: Any) -> Any:
    """A world of the red team, which is not installed, and whose name this folder has too."""
    folder = str(Path(__file__).resolve().parents[1] / "tests/brake")
    if sys.path[0] != folder:
        sys.path.insert(0, folder)
    return importlib.import_module("redteam.world").World(seed, **choices)


if __name__ == "__main__":
    sys.exit(main())
