"""A workspace: what its walls cost a command, and whether what it holds in stays in.

    python bench/workspace.py --quick

Commands in a workspace and the same commands without one, in turn, so that the machine's noise
meets both; `true`, which does nothing, shows the walls' own cost. Then a file of 1 MiB read and
written, and the CPU that watching over a command of ten seconds takes. Then every attack of
`tacho box probe` on workspaces, at the levels that can be had here.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bars import Bar, report
from tachograph.sandbox.levels import LevelError
from tachograph.sandbox.probe import attack_workspace
from tachograph.sandbox.staging import Staging
from tachograph.sandbox.workspace import Workspace

EXEC_MS, OPEN_MS, WATCH_SHARE = 25.0, 500.0, 0.03
SYSTEM_PYTHON = Path("/usr/bin/python3")
MIB = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures and the bars; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, a shorter watch")
    quick = parser.parse_args(arguments).quick
    return report([*costs(20 if quick else 100, 3.0 if quick else 10.0), walls()])


def costs(repeats: int, watch_seconds: float) -> list[Bar]:
    """Opening, a command, files, watching."""
    ground = Staging(Path("/var/tmp"))
    opening = [timed(lambda: Workspace.open(ground.path).close()) for _ in range(5)]
    with Workspace.open(ground.path) as workspace:
        inside, plain = [], []
        for _ in range(repeats):
            inside.append(timed(lambda: workspace.exec(["true"])))
            plain.append(timed(lambda: subprocess.run(["true"], check=True)))
        writing = timed(lambda: workspace.write("file", bytes(MIB)))
        reading = timed(lambda: workspace.read("file"))
        before = own_cpu_seconds()
        workspace.exec(["sleep", str(watch_seconds)])
        watching = (own_cpu_seconds() - before) / watch_seconds
    ground.close()
    added = statistics.median(inside) - statistics.median(plain)
    opened = statistics.median(opening)
    print(f"open and close {opened:.0f} ms; `true` {statistics.median(inside):.1f} ms inside, "
          f"{statistics.median(plain):.1f} ms outside; 1 MiB written in {writing:.0f} ms, read in "
          f"{reading:.0f} ms; watching takes {watching:.1%} of a core")  # fmt: skip
    return [
        Bar("a command in a workspace, beyond its own time", f"<= {EXEC_MS:.0f} ms",
            f"{added:.1f} ms", added <= EXEC_MS),
        Bar("a workspace opened and closed", f"<= {OPEN_MS:.0f} ms", f"{opened:.0f} ms",
            opened <= OPEN_MS),
        Bar("CPU of watching over a command", f"<= {WATCH_SHARE:.0%} of a core",
            f"{watching:.1%}", watching <= WATCH_SHARE),
    ]  # fmt: skip


def walls() -> Bar:
    """Every attack at every level."""
    tried, through = 0, []
    for level, python in (("A", Path(sys.executable)), ("B", SYSTEM_PYTHON)):
        try:
            for attempt in attack_workspace(level, python):  # type: ignore[arg-type]
                tried += 1
                if attempt.result == "got through":
                    through.append(f"{level}/{attempt.attack}")
        except LevelError as error:
            print(f"level {level}: {error.reason}")
    print(f"{tried} attacks; got through: {', '.join(through) or 'none'}")
    return Bar("attacks on workspaces that get through", "0", str(len(through)),
               tried > 0 and not through)  # fmt: skip


def timed(action: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    action()
    return 1e3 * (time.perf_counter() - began)


def own_cpu_seconds() -> float:
    """Of this process, children not counted."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
