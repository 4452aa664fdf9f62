"""The gauges: CPU seconds of a horizon with its bootstrap, and of reading an Inspect log.

    python bench/gauges.py
    python bench/gauges.py --quick

The horizon runs with the published bootstrap (`--resample nested`) on the reference runs where they
lie beside the checkout (`../shared/data`, or TACHOGRAPH_DATA), else on synthetic ones of the same
size. What the published pipeline took for the same bootstrap on the reference runs stands in the
reference data; it is not run here. The Inspect log is written by Inspect with made-up samples, and
read by both readers in turn in one process.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

from bars import Bar, report
from tachograph.gauges.curves import Method, replicates
from tachograph.gauges.read.eval_log import read_eval_log
from tachograph.gauges.read.outcomes import read_outcomes
from tachograph.gauges.suite import build
from tachograph.gauges.synthetic import runs, write_csv

BESIDE = Path(__file__).parents[2] / "shared" / "data"
PUBLISHED_CPU_SECONDS = 73.62
"""1,000 bootstraps x 11 agents by the published code (horizon/expected_lambda1e-5/timing.txt)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    options = parser.parse_args(arguments)
    repeats = 3 if options.quick else 7
    with tempfile.TemporaryDirectory() as folder:
        bars = [*horizon_bars(Path(folder), repeats), *log_bars(Path(folder), repeats)]
    return report(bars)


def horizon_bars(folder: Path, repeats: int) -> list[Bar]:
    """The bootstrap alone, and the whole process."""
    data = Path(os.environ.get("TACHOGRAPH_DATA", BESIDE)) / "horizon"
    path, published = data / "runs_2025-01-28.jsonl", PUBLISHED_CPU_SECONDS
    if path.is_file():
        timing = (data / "expected_lambda1e-5" / "timing.txt").read_text()
        published = float(re.findall(r"bootstrap [\d.]+/([\d.]+)", timing)[0])
    else:
        print("no reference data: synthetic runs of the same size")
        path = write_csv(folder / "runs.csv", runs(agents=11, families=36, tasks=83, repeats=8))
    suite = build(read_outcomes([path]))
    method = Method(1e-5, "invsqrt", "logistic")

    def bootstrap() -> None:
        assert sum(len(rows) for rows in replicates(suite, method, (0.5, 0.8), 1000, 0,
                                                       "nested")) == 22  # fmt: skip

    alone = best(bootstrap, repeats)
    whole = min(process_seconds(path) for _ in range(repeats))
    print(f"1,000 bootstraps x {len(suite.agents)} agents: {alone:.3f} CPU s, published "
          f"{published:.1f} CPU s: 1/{published / alone:.0f}")  # fmt: skip
    print(f"whole process, reading and grid included: {whole:.2f} CPU s")
    return [
        Bar("1,000 bootstraps x 11 agents against the published pipeline", "<= 1/100 of its CPU",
            f"1/{published / alone:.0f} ({alone:.3f} CPU s)", alone <= published / 100),
        Bar("tacho gauge horizon --resample nested, whole process", "<= 2 CPU s",
            f"{whole:.2f} CPU s", whole <= 2),
    ]  # fmt: skip


def log_bars(folder: Path, repeats: int) -> list[Bar]:
    """The same log by both readers, in turn."""
    try:
        from inspect_ai.log import read_eval_log as inspect_read
    except ImportError:
        print("inspect_ai is not installed: its reader cannot be measured (extra `models`)")
        return []
    sys.path.append(str(Path(__file__).parents[1] / "tests" / "gauges"))
    write_inspect_log = import_module("inspect_logs").write_inspect_log

    bars = []
    for samples, messages in ((200, 2), (200, 41)):
        path = write_inspect_log(folder, samples, messages)
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(repeats):
            ours.append(seconds(partial(read_whole, path)))
            theirs.append(seconds(partial(inspect_read, str(path), header_only=False)))
        share = min(ours) / min(theirs)
        print(f"{samples} samples x {messages} messages: ours {min(ours) * 1000:.1f} ms, "
              f"inspect_ai {min(theirs) * 1000:.0f} ms CPU")  # fmt: skip
        bars.append(
            Bar(f".eval summaries, {samples} samples x {messages} messages, against "
                "read_eval_log(header_only=False)", "<= 1/10 of its CPU",
                f"1/{1 / share:.0f}", share <= 0.1)
        )  # fmt: skip
    return bars


def read_whole(path: Path) -> int:
    """How many samples the log has."""
    return len(list(read_eval_log(path)))


def best(work: Callable[[], object], repeats: int) -> float:
    """The least CPU seconds of several."""
    return min(seconds(work) for _ in range(repeats))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def process_seconds(path: Path) -> float:
    """CPU seconds of `tacho gauge horizon --resample nested` in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "from tachograph.cli import main; main()"
    subprocess.run([sys.executable, "-c", code, "gauge", "horizon", "--resample", "nested",
                    str(path)], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
