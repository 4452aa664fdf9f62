"""The demonstration: says on every level that it is made up, and opens in a real browser."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from tachograph.gauges.registry import names
from tachograph.gauges.report import demonstrate, write
from tachograph.gauges.report.demo import OF_REPOSITORIES, TABLES

MOST_BYTES = 2_000_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
)  # fmt: skip


@pytest.fixture(scope="module")
def page() -> str:
    return write(demonstrate(date(2026, 11, 25)))


def test_every_gauge_with_made_up_data_is_read(page: str) -> None:
    shown = set(TABLES) | set(OF_REPOSITORIES)
    assert shown <= set(names())
    assert page.count("made up for this page") == len(shown)


def test_it_says_that_it_is_made_up(page: str) -> None:
    assert "DEMONSTRATION" in page and "made-up" in page


def test_it_is_small(page: str) -> None:
    assert len(page.encode()) < MOST_BYTES


def test_it_opens_in_a_browser_without_a_complaint(page: str, tmp_path: Path) -> None:
    """No console message, and the whole page is there."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium on the PATH")
    path = tmp_path / "report.html"
    path.write_text(page)
    done = subprocess.run(
        [browser, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    assert "<h1>A demonstration</h1>" in done.stdout and "</footer>" in done.stdout
