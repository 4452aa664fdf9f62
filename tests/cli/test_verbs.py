"""Help lists what there is, and a command imports its own file alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tachograph.cli import verbs

CLI = Path(verbs.__file__).parent


@pytest.mark.parametrize("name", verbs.VERBS)
def test_each_line_is_the_commands_own(name: str) -> None:
    """What `tacho --help` says of a command is the first sentence of that command's help."""
    assert verbs.load(name).get_short_help_str(1000) == verbs.VERBS[name][1]


def test_no_verb_is_forgotten() -> None:
    """Every verb and noun that a file of the folder makes is listed."""
    listed = {file for file, _ in verbs.VERBS.values()}
    parts = {path.stem for path in CLI.glob("brake_*.py")}
    for path in CLI.glob("*.py"):
        text = path.read_text()
        if "def add_to(app" in text and path.stem not in parts | {"verbs"}:
            assert path.stem in listed
            for name in verbs.VERBS:
                assert f'command("{name}"' not in text or verbs.VERBS[name][0] == path.stem
            made = text.count("app.command(")
            assert made == sum(file == path.stem for file, _ in verbs.VERBS.values()), path.stem


def test_help_imports_no_verb() -> None:
    """Neither help nor a wrong call needs any of their files."""
    code = (
        "import sys\nfrom tachograph.cli.app import app\n"
        "try: app(['--help'], standalone_mode=False)\nexcept SystemExit: pass\n"
        "print(*[name for name in sys.modules if name.startswith('tachograph.')], sep='\\n')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {line.removeprefix("tachograph.cli.") for line in ended.stdout.splitlines()}
    assert "verbs" in loaded
    assert not loaded & {file for file, _ in verbs.VERBS.values()}
