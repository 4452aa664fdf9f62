"""Every attack of the probe, at every level that protects, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from box_tools import SYSTEM_PYTHON, python_for

from tachograph.sandbox.attacks import exhaust, reach, settle
from tachograph.sandbox.probe import ALLOWED, NEVER, names, probe

ORDINARY_UID = 54_321
IN_BOX = [f"box/{name}" for name in names(reach) + names(exhaust)]
IN_WORKSPACE = [f"workspace/{name}" for name in names(reach) + names(settle) + names(exhaust)
                if name not in ALLOWED]  # fmt: skip
ATTACKS = IN_BOX + IN_WORKSPACE
LONG = [pytest.param(name, marks=pytest.mark.long) for name in IN_WORKSPACE]
"""Two seconds of CPU more for each level and user."""
PROBE_AS_JSON = """
import json, sys
from dataclasses import asdict
from tachograph.sandbox.probe import probe
report = probe(sys.argv[1], places=[sys.argv[2]])
print(json.dumps({"missing": report.missing, "attempts": [asdict(a) for a in report.attempts]}))
"""
OPEN_WITHOUT_WALLS = (
    "box/tcp", "box/udp", "box/unix_socket", "box/abstract_socket", "box/socket_pair",
    "box/read_file", "box/write_file", "box/make_file", "box/change_mode", "box/change_time",
    "box/cut_file", "box/see_processes", "box/read_process", "box/signal_process",
    "box/limit_process", "box/trace_process", "box/fork", "box/run_program", "box/outlive",
    "box/find_files", "workspace/tcp", "workspace/read_file", "workspace/write_file",
    "workspace/read_judge", "workspace/keeper_environment", "workspace/keeper_memory",
    "workspace/keeper_descriptors", "workspace/keeper_root", "workspace/end_keeper",
    "workspace/change_program", "workspace/link_in", "workspace/event_socket",
)  # fmt: skip


@cache
def as_ourselves(level: str, place: str) -> dict[str, Any]:
    """The report at a level, by attack."""
    report = probe(level, python_for(level), [place])  # type: ignore[arg-type, list-item]
    return {"missing": report.missing} | {
        f"{a.place}/{a.attack}": asdict(a) for a in report.attempts
    }


@cache
def as_an_ordinary_user(level: str, place: str, source: Path) -> dict[str, Any]:
    """The same, by another process under a uid that is not root."""
    ended = subprocess.run(
        [str(SYSTEM_PYTHON), "-c", PROBE_AS_JSON, level, place], check=True, capture_output=True,
        user=ORDINARY_UID, group=ORDINARY_UID, extra_groups=[], cwd="/",
        env={"PYTHONPATH": str(source), "HOME": "/", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    answer = json.loads(ended.stdout)
    return {"missing": answer["missing"]} | {
        f"{a['place']}/{a['attack']}": a for a in answer["attempts"]
    }


def held(report: dict[str, Any], attack: str) -> None:
    """Fails where the attack got through; skips where the level cannot be had."""
    if report["missing"]:
        pytest.skip(str(report["missing"]))
    assert report[attack]["result"] == "blocked", report[attack]["detail"]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("level", ["A", "B"])
def test_walls_hold(level: str, attack: str) -> None:
    """No attack gets through at a level that protects."""
    held(as_ourselves(level, attack.partition("/")[0]), attack)


@pytest.mark.parametrize("attack", [*IN_BOX, *LONG])
@pytest.mark.parametrize("level", ["A", "B"])
def test_walls_hold_for_an_ordinary_user(level: str, attack: str, public_source: Path) -> None:
    """Nor does one where judge and candidate share an ordinary uid."""
    if os.getuid() != 0:
        pytest.skip("the tests already run as an ordinary user")
    if not SYSTEM_PYTHON.exists():
        pytest.skip(f"{SYSTEM_PYTHON} is not there, and ours may be unreadable for others")
    held(as_an_ordinary_user(level, attack.partition("/")[0], public_source), attack)


@pytest.mark.parametrize("attack", OPEN_WITHOUT_WALLS)
def test_attacks_are_real(attack: str) -> None:
    """Without walls the same attack gets through, and the probe says so."""
    assert as_ourselves("D", attack.partition("/")[0])[attack]["result"] == "got through"


def test_a_level_that_cannot_be_had_is_reported_with_its_cure() -> None:
    """The report names the level, the reason and the way to get it."""
    report = probe("C")
    assert not report.attempts
    assert "to get C: use a Mac" in report.missing["C"]


def test_the_report_says_what_no_level_protects_from() -> None:
    """Side channels and kernel faults are listed, not passed over."""
    assert any("side channels" in line for line in NEVER)
