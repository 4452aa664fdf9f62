"""How many states the protocol of a pause has, and that its properties hold in each of them.

    python bench/pause_states.py            # up to five parties, and seven: some minutes
    python bench/pause_states.py --quick    # three parties: half a minute

The worlds, the explorer and the oracle are those of tests/brake/machine; the machine is the one
that ledgers use. Seconds are CPU seconds. Properties: docs/concepts/pause.md.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "tests" / "brake" / "machine"
PROPERTIES = "S1-S5 S7-S9 S11 L1-L4 A2 A3 at each transition, S6 at each state, S10 at n = 3"


def main() -> None:
    """Explore, and print a row a world."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three parties only")
    quick = parser.parse_args().quick
    sys.path.insert(0, str(HERE))
    worlds = importlib.import_module("machine_worlds")
    print(f"{'n':>2} {'world':34} {'states':>8} {'transitions':>12} {'seconds':>8}")
    total = [0, 0, 0.0]
    for n in (3,) if quick else (3, 4, 5, 7):
        chosen = list(worlds.worlds(n))
        for world in [*chosen, *(worlds.the_others() if n == 3 else ())]:
            found = worlds.run(world, order=n == 3)
            row = (found.states, found.transitions, found.seconds)
            total = [before + one for before, one in zip(total, row, strict=True)]
            size = len(world.start.terms.parties)
            print(f"{size:2} {world.name:34} {row[0]:8,} {row[1]:12,} {row[2]:8.1f}", flush=True)
    print(f"   {'all':34} {total[0]:8,} {total[1]:12,} {total[2]:8.1f}")
    print(f"no property failed: {PROPERTIES}")


if __name__ == "__main__":
    main()
