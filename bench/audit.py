"""What an audit costs: CPU and memory, for a register of many statements and a log of many entries.

    python bench/audit.py [--quick]

The register: an honest world of the red team, some days long; all twelve checks. Its statements are
parsed, canonical to the byte, verified, and run through the machine; the share of the raw rate of
verifying signatures says how much of the time that is not. The log: entries of a busy loop, hashed,
parsed, and let go. Heads alone: bench/verify_rate.py.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bars import Bar, report
from tachograph.brake.audit import audit
from tachograph.brake.bundle.bundle import read_bundle
from tachograph.ledger import kinds
from tachograph.merkle import ed25519

MEMORY_MIB = 64


def main() -> int:
    """Exit 0 where memory stays bounded and honest worlds pass."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="audit.") as folder:
        failed = statements(Path(folder) / "register", 12 if quick else 60)
        grown = entries(Path(folder) / "log", 10_000 if quick else 50_000)
    return report([
        Bar("failures in an honest bundle", "0", str(failed), failed == 0),
        Bar("memory that a long log adds", f"<= {MEMORY_MIB} MiB", f"{grown:.0f} MiB",
            grown <= MEMORY_MIB),
    ])  # fmt: skip


def statements(folder: Path, hours: int) -> int:
    """Audit a register of so many hours; how many checks failed."""
    world = new_world(3, hours=hours, paused=False)
    world.write(folder)
    began = time.process_time()
    bundle = read_bundle(folder, world.at)
    found = audit(bundle)
    spent = time.process_time() - began
    rate = len(bundle.posted) / spent
    share = rate / raw_rate()
    print(f"{len(bundle.posted)} statements in {spent:.2f} CPU s, twelve checks: {rate:.0f} a "
          f"second, {share:.0%} of the raw rate of signatures")  # fmt: skip
    return len(found.failed)


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


def raw_rate(count: int = 2000) -> float:
    """Signatures that are verified in a CPU second, and nothing else done."""
    seed = b"1" * ed25519.SEED_BYTES
    key, message = ed25519.public_key(seed), b"m" * 300
    signature = ed25519.sign(seed, message)
    began = time.process_time()
    for _ in range(count):
        ed25519.check_signature(key, message, signature)
    return count / (time.process_time() - began)


if __name__ == "__main__":
    sys.exit(main())
