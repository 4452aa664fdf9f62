"""Strangers' bytes for every reader of strangers' bytes: no crash, no hang, no foreign exception.

Each reader gets true examples that were changed in a seeded random way: bits, pieces moved, doubled
or left out, pieces of others put in, numbers and separators made extreme. With --atheris (the
package of that name, if it is installed) libFuzzer follows the reader's branches instead. Bounded
in time: --seconds for each reader. Run: python bench/fuzz.py [--quick] [--only NAME...]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bars import Bar, report

if TYPE_CHECKING:
    from fuzz_targets import Target

SLOW_SECONDS = 1.0
"""CPU time of one input from which on it counts as a hang."""
LONGEST = 1 << 16
PIECES = (
    b"\n", b"\n\n", b" ", b"+", b"\xe2\x80\x94 ", b"0", b"-1", b"99999999999999999999", b"1e999",
    b"\\ud800", b"\x00", b"\x7f", b"\xff", b"\xc2\xa0", b"{", b"[" * 2000, b'"', b"=", b"\r",
    b"null", b"true", b"NaN", b"1_0", b"A" * 5000, b"\xd9\xa0", b"/", b"..", b"1979-05-27", b"#",
)  # fmt: skip

NUMBERS = (b"0", b"-1", b"00", b"9" * 30, b"9" * 5000, b"1.5", b"18446744073709551616")


def main() -> int:
    """Print what each reader did; 1 where one did what it may not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a second each")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these readers")
    parser.add_argument("--atheris", action="store_true", help="with libFuzzer, if it is there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    seconds = 1.0 if options.quick else options.seconds
    if options.child:
        return follow_branches(options.child, int(seconds))
    with tempfile.TemporaryDirectory() as folder:
        found = readers(Path(folder))
        chosen = {name: found[name] for name in options.only or found}
        if options.atheris and importlib.util.find_spec("atheris") is None:
            print("skipped: the package atheris is not installed")
            return 0
        if options.atheris:
            return report([by_atheris(name, seconds) for name in chosen])
        return report([by_chance(name, one, seconds, options.seed) for name, one in chosen.items()])


def by_chance(name: str, target: Target, seconds: float, seed: int) -> Bar:
    """Changed examples until the time is over."""
    chance = random.Random(f"{seed} {name}")
    for example in target.examples:
        assert target.takes(example), f"{name} refuses a true example"
    findings: list[str] = []
    count, taken, slowest = 0, 0, 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(findings) < 3:
        data = changed(target.examples, chance)
        start = time.process_time()
        try:
            taken += target.takes(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            findings.append(f"{type(error).__name__}: {error} on {data[:2000]!r}")
        slowest = max(slowest, time.process_time() - start)
        count += 1
    for finding in findings:
        print(f"{name}: {finding}", file=sys.stderr)
    said = f"{len(findings)} of {count:,} ({taken:,} taken), slowest {slowest * 1000:.0f} ms"
    return Bar(f"foreign exceptions or hangs: {name}", "0", said,
               not findings and slowest < SLOW_SECONDS)  # fmt: skip


def changed(examples: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the examples, changed at one to six places."""
    data = bytearray(chance.choice(examples))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        at, stop = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
        piece = bytes(data[at:stop][:200])
        match chance.randrange(7):
            case 0 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 1:
                data[at:at] = chance.choice(PIECES)
            case 2:
                del data[at : at + len(piece)]
            case 3:
                data[at:at] = piece * chance.choice((1, 1, 2, 70))
            case 4:
                data[at : at + chance.randrange(4)] = chance.choice(PIECES)
            case 5:
                other = chance.choice(examples)
                data[at:stop] = other[at:stop]
            case _:
                data = bytearray(another_number(bytes(data), chance))
    return bytes(data[:LONGEST])


def another_number(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one of their numbers made another."""
    numbers = list(re.finditer(rb"[0-9]+", data))
    if not numbers:
        return data
    one = chance.choice(numbers)
    fresh = chance.choice(
        (b"0", b"-1", b"00", b"9" * 30, b"9" * 5000, b"1.5", b"18446744073709551616")
    )
    return data[: one.start()] + fresh + data[one.end() :]


def by_atheris(name: str, seconds: float) -> Bar:
    """libFuzzer, in a process of its own, as it ends the process that it runs in."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", name, "--seconds", str(max(1, int(seconds)))],
        capture_output=True, text=True, timeout=seconds * 3 + 120,
    )  # fmt: skip
    counted = re.search(r"Done (\d+) runs", done.stderr)
    if done.returncode:
        print(f"{name}: {done.stderr[-3000:]}", file=sys.stderr)
    said = f"exit {done.returncode} after {counted.group(1) if counted else '?'} inputs"
    return Bar(f"findings of libFuzzer: {name}", "0", said, done.returncode == 0)


def follow_branches(name: str, seconds: int) -> int:
    """Run libFuzzer on one reader. Ends the process."""
    atheris = importlib.import_module("atheris")
    with tempfile.TemporaryDirectory() as folder:
        with atheris.instrument_imports(include=["tachograph"]):
            target = readers(Path(folder))[name]
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, example in enumerate(target.examples):
            (corpus / str(number)).write_bytes(example)

        def take(data: bytes) -> None:
            target.takes(data)

        bounds = [f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=2048"]
        atheris.Setup([sys.argv[0], *bounds, f"-max_len={LONGEST}", str(corpus)], take)
        atheris.Fuzz()
    return 0


def readers(folder: Path) -> dict[str, Target]:
    """All readers; imported here, so that libFuzzer can be there first."""
    from fuzz_targets import targets

    return targets(folder)


if __name__ == "__main__":
    raise SystemExit(main())
