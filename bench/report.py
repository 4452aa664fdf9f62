"""The demonstration report in a real browser: console, axe, phone width, paper, size.

    python bench/report.py [--pictures DIR]

Needs chromium and npm on the PATH; installs playwright-core and axe-core into a temporary folder.
Says why and ends with 3 where it cannot. `--pictures` keeps screenshots and the printed page.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bars import Bar, report
from tachograph.gauges.report import demonstrate, write

SCRIPT = Path(__file__).with_name("report.mjs")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("playwright-core@1.64.1", "axe-core@4")
MOST_BYTES = 2_000_000


def main() -> int:
    """Measure; 0 where every bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--quick", action="store_true", help="the same: it is quick")
    given = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    npm, node = shutil.which("npm"), shutil.which("node")
    if not (browser and npm and node):
        print("cannot tell: chromium, node and npm must be on the PATH", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        pictures = (given.pictures or Path(folder)).resolve()
        pictures.mkdir(parents=True, exist_ok=True)
        page = Path(folder) / "report.html"
        page.write_text(write(demonstrate(datetime.now(UTC).date())), encoding="utf-8")
        subprocess.run([npm, "install", "--silent", "--no-save", "--prefix", folder, *PACKAGES],
                       check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        done = subprocess.run([node, str(SCRIPT), str(page), str(pictures), folder], check=True,
                              capture_output=True, text=True,
                              env={**os.environ, "CHROMIUM": browser})  # fmt: skip
        views = json.loads(done.stdout)
        size = page.stat().st_size
    for view in views:
        print(f"{view['width']:5} px {view['colorScheme']:6} console {len(view['messages'])}, "
              f"axe passes {view['passes']}, violations {len(view['violations'])}, "
              f"{max(0, view['over'])} px too wide")  # fmt: skip
        for text in (*view["messages"], *view["violations"]):
            print(f"        {text}")
    told, faults, over = (sum(len(v["messages"]) for v in views),
                          sum(len(v["violations"]) for v in views),
                          max(max(0, v["over"]) for v in views))  # fmt: skip
    return report([
        Bar("report: console messages and fetches", "0", str(told), told == 0),
        Bar("report: accessibility violations (axe)", "0", str(faults), faults == 0),
        Bar("report: too wide at 360, 768, 1200 px", "0 px", f"{over} px", over == 0),
        Bar("report: size", "< 2 MB", f"{size / 1e6:.2f} MB", size < MOST_BYTES),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
