"""The red team against the audit: what is caught, what is missed, whom it accuses falsely.

    python bench/redteam.py                # every evasion and twin in 3 worlds, 24 honest worlds
    python bench/redteam.py --full         # 20 worlds each, 300 honest ones: some tens of minutes
    python bench/redteam.py --row 37       # one row of the table
    python bench/redteam.py --write        # put the tables into docs/concepts/audit.md

The table of evasions is tests/brake/redteam. A cheat is caught where every check that the table
names fails for the one who cheats; a false alarm is a failure of any check in a world in which
nobody cheats, or for somebody who does not. Counted per check, and never as one accuracy.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bars import Bar, report
from tachograph.brake.audit import CHECKS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/concepts/audit.md"
BEGIN, END = "<!-- red team: begin -->", "<!-- red team: end -->"


def red_team(module: str) -> Any:
    """A module of tests/brake/redteam, which is not installed."""
    folder = str(ROOT / "tests/brake")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(f"redteam.{module}")


def try_all(table: Any, worlds: int, honest: int, row: int | None) -> tuple[list[Any], list[Any]]:
    """Every cheat, and every twin and honest world, in that many worlds."""
    trial = red_team("trial")
    cheats, alone = [], []
    for case in table.cases:
        if row in (None, case.row):
            cheats += [trial.try_case(case, 10_000 * case.row + n) for n in range(worlds)]
    for twin in table.twins:
        if row in (None, twin.row):
            alone += [trial.try_twin(twin, 500_000 + 10_000 * twin.row + n) for n in range(worlds)]
    if row is None:
        alone += [trial.try_honest(1_000_000 + n) for n in range(honest)]
    return cheats, alone


def per_check(table: Any, cheats: Sequence[Any], alone: Sequence[Any]) -> list[str]:
    """The confusion table: a line for each check."""
    wanted = {(case.row, case.name): case for case in table.cases}
    caught: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for tried in cheats:
        case = wanted[tried.row, tried.name]
        for check in (*case.caught_by, *case.not_assessed):
            (missed if check in tried.missed else caught)[check] += 1
    alarms = Counter(check for tried in alone for check in tried.failed)
    lines = [
        "| Check | caught | missed | false alarms, of honest bundles | upper bound, 95 % |",
        "| --- | --- | --- | --- | --- |",
    ]
    for check in CHECKS:
        count = alarms[check.id]
        bound = upper_bound(count, len(alone))
        lines.append(
            f"| {check.id} {check.title} | {caught[check.id]} | {missed[check.id]} "
            f"| {count} of {len(alone)} | {bound:.1%} |"
        )
    return lines


def upper_bound(count: int, trials: int) -> float:
    """Upper 95 % bound of a share (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    return float(beta.ppf(0.95, count + 1, max(trials - count, 1))) if trials else 1.0


def per_row(table: Any, cheats: Sequence[Any], alone: Sequence[Any]) -> list[str]:
    """A line for each evasion."""
    lines = [
        "| Row | Evasion | Must be caught by | Caught | Twins left alone |",
        "| --- | --- | --- | --- | --- |",
    ]
    for case in sorted(table.cases, key=lambda case: case.row):
        mine = [tried for tried in cheats if (tried.row, tried.name) == (case.row, case.name)]
        twins = [tried for tried in alone if tried.row == case.row]
        if not mine:
            continue
        good = sum(not tried.missed for tried in mine)
        left = sum(not tried.failed for tried in twins)
        lines.append(
            f"| {case.row} | {case.name} | {expectation(case)} | {good} of {len(mine)} "
            f"| {left} of {len(twins)} |"
        )
    return lines


def expectation(case: Any) -> str:
    """What the table asks of the audit."""
    if case.unseen:
        return f"nothing can; listed as “{case.unseen}”"
    parts = [*case.caught_by, *(f"{check} says not assessed" for check in case.not_assessed)]
    return ", ".join(parts)


def bars(cheats: Sequence[Any], alone: Sequence[Any]) -> list[Bar]:
    """The figures that the project promises."""
    missed = [tried for tried in cheats if tried.missed]
    framed = [tried for tried in cheats if tried.framed]
    alarms = [tried for tried in alone if tried.failed]
    share = len(alarms) / max(len(alone), 1)
    return [
        Bar("evasions missed", "0", f"{len(missed)} of {len(cheats)}", not missed),
        Bar("others accused", "0", f"{len(framed)} of {len(cheats)}", not framed),
        Bar("honest bundles accused", "<= 1 %", f"{len(alarms)} of {len(alone)}", share <= 0.01),
    ]


def main() -> int:
    """Exit 0 where all bars are met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="20 worlds each, 300 honest ones")
    parser.add_argument("--quick", action="store_true", help="one world each, 20 honest ones")
    parser.add_argument("--row", type=int, help="only this row of the table")
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
    options = parser.parse_args()
    table = red_team("table").load()
    worlds, honest = (20, 300) if options.full else (1, 20) if options.quick else (3, 24)
    cheats, alone = try_all(table, worlds, honest, options.row)
    lines = [
        *per_check(table, cheats, alone), "",
        f"{len(cheats)} bundles of cheats and {len(alone)} honest ones, of which "
        f"{sum(tried.row == 0 for tried in alone)} are plain worlds and the others benign twins.",
        "",
        *per_row(table, cheats, alone),
    ]  # fmt: skip
    print("\n".join(lines))
    for tried in (*(t for t in cheats if t.missed or t.framed), *(t for t in alone if t.failed)):
        print(f"!! row {tried.row} {tried.name}, seed {tried.seed}: missed {tried.missed}, "
              f"framed {tried.framed}, {tried.reasons}")  # fmt: skip
    if options.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")
    return report(bars(cheats, alone))


if __name__ == "__main__":
    sys.exit(main())
