"""What is shown so that a program runs: itself and what it runs on, never what lies beside it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tachograph.loop.propose.command.reach import shown_for


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_program_of_the_system_is_there_already():
    """Nothing more is shown for it."""
    assert shown_for(Path("/bin/sh")) == []


def test_a_script_is_shown_alone(tmp_path):
    """It may lie beside the ledger."""
    script = program(tmp_path / "agent.sh")
    (tmp_path / ".tacho").mkdir()
    assert shown_for(script) == [script.resolve()]


def test_a_link_is_followed(tmp_path):
    """As native installers lay it: a link in ~/.local/bin to a version."""
    real = program(tmp_path / "share" / "claude" / "versions" / "2")
    link = tmp_path / "bin" / "claude"
    link.parent.mkdir()
    link.symlink_to(real)
    assert shown_for(link) == [real.resolve()]


def test_a_node_script_is_shown_with_its_modules_and_its_node(tmp_path, monkeypatch):
    """As npm lays it: the outermost node_modules, and node where it is no system's."""
    node = program(tmp_path / "node" / "bin" / "node", "not a script")
    monkeypatch.setenv("PATH", str(node.parent), prepend=os.pathsep)
    modules = tmp_path / "lib" / "node_modules"
    script = program(modules / "@openai" / "codex" / "bin" / "codex.js", "#!/usr/bin/env node\n")
    link = tmp_path / "bin" / "codex"
    link.parent.mkdir()
    link.symlink_to(script)
    assert shown_for(link) == [modules.resolve(), node.resolve()]


def test_a_python_program_is_shown_with_its_environment(tmp_path):
    """The virtual environment, and the installation that it was made from."""
    base = tmp_path / "python"
    program(base / "bin" / "python3.12", "elf")
    (base / "lib" / "python3.12").mkdir(parents=True)
    environment = tmp_path / "tools"
    python = environment / "bin" / "python"
    script = program(environment / "bin" / "mini", f"#!{python}\n")
    python.symlink_to(base / "bin" / "python3.12")
    (environment / "pyvenv.cfg").write_text(f"home = {base / 'bin'}\nversion = 3.12\n")
    assert set(shown_for(script)) == {environment, base}


def test_this_very_environment_can_be_shown():
    """The real thing."""
    shown = shown_for(Path(sys.prefix) / "bin" / "pytest")
    assert Path(sys.prefix) in shown


@pytest.mark.parametrize("line", ["#!", "#! /usr/bin/env\n", "#!/usr/bin/env -S\n", "\0\xff"])
def test_an_odd_first_line_is_passed_over(line, tmp_path):
    """The program is shown; what it would need is not known."""
    assert shown_for(program(tmp_path / "odd", line)) == [(tmp_path / "odd").resolve()]
