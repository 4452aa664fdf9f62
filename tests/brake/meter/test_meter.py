"""The meter: beats and windows without gaps, whatever happens to it, its clock and its way out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from metered_world import NAME, World, beats, check_gapless, statements, windows

from tachograph.brake.meter import compare
from tachograph.brake.meter.journal import Journal
from tachograph.errors import DamagedError, UsageError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import CandidateKept, RegisterHeard, RunClosed, StatementPosted
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.note import SigningKey, format_note, sign_note

TACHO = [sys.executable, "-c", "from tachograph.cli import main; main()"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Nothing has happened in it."""
    found = World(tmp_path)
    yield found
    found.close()


def test_it_beats_and_reports_what_was_busy(world: World) -> None:
    """A window tells all of the devices' time; what is not idle counts as training."""
    meter = world.meter()
    for _ in range(12):
        world.pass_by(10, cpu=8)
        meter.tick()
    found = world.statements()
    check_gapless(found)
    told = windows(found)
    assert [window.device_seconds for window in told] == [{"training": 48.0, "idle": 192.0}] * 2
    assert told[0].energy_joules is None and told[0].gpu_seconds == {}
    assert told[0].flop == {} and told[0].runs == {}
    assert len(beats(found)) == 13
    assert {beat.clock_off_seconds for beat in beats(found)} == {0.0}
    assert meter.wait_seconds() == 10


def test_flop_are_an_upper_bound_where_a_peak_is_declared(world: World) -> None:
    """Busy seconds times the peak, and no less."""
    meter = world.meter(peak_flop_per_second=1e10)
    world.pass_by(60, cpu=30)
    meter.tick()
    assert windows(world.statements())[-1].flop == {"training": 30e10}


def test_what_no_run_accounts_for_is_a_run_that_nobody_told_of(world: World) -> None:
    """Runs come to all that is training; none explains more than the window in which it tells."""
    meter = world.meter(peak_flop_per_second=1e10)
    told = []
    for cpu, body in (
        (30, CandidateKept("r-1", "c-1", None, None, None, cpu_seconds=20.0)),
        (30, None),
        (10, RunClosed("r-1", "trials", None, cpu_seconds=99.0)),
    ):
        if body:
            world.ledger.append([("loop", [], body)])
        world.pass_by(60, cpu=cpu)
        meter.tick()
        told.append(windows(world.statements())[-1].runs)
    assert told == [{"r-1": 20e10, "undeclared": 10e10}, {"undeclared": 30e10}, {"r-1": 10e10}]


def test_no_more_is_busy_than_there_is(world: World) -> None:
    """Ticks are rounded; a window is not passed."""
    meter = world.meter()
    world.pass_by(60, cpu=1000)
    meter.tick()
    (window,) = windows(world.statements())
    assert window.device_seconds == {"training": 240.0, "idle": 0.0}


def test_who_was_away_says_so_and_hides_nothing(world: World) -> None:
    """A restart goes on with the next number; the hole counts as training at full capacity."""
    first = world.meter()
    world.pass_by(60, cpu=1)
    first.tick()
    first.journal.close()
    world.pass_by(1000, cpu=4000)
    second = world.meter()
    world.pass_by(60, cpu=1)
    second.tick()
    found = world.statements()
    check_gapless(found)
    (away,) = [window for window in windows(found) if window.away_seconds]
    assert away.away_seconds == pytest.approx(1000)
    assert away.device_seconds == {"training": pytest.approx(4000)}
    (beat,) = [beat for beat in beats(found) if beat.away_seconds]
    assert beat.away_seconds == pytest.approx(1000) and beat.beat == 2
    compared = compare(world.ledger, NAME)
    assert compared.away == pytest.approx(1000) and not compared.agrees


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_clock_that_is_set_shows(world: World, step: float) -> None:
    """Windows go on by the meter's own count; each beat tells how far the clock is off."""
    meter = world.meter()
    world.pass_by(30)
    world.wall += step
    meter.tick()
    for _ in range(6):
        world.pass_by(10)
        meter.tick()
    found = world.statements()
    check_gapless(found)
    first, *others = beats(found)
    assert first.clock_off_seconds == 0
    assert {beat.clock_off_seconds for beat in others} == {step}


def test_a_clock_set_back_before_a_restart_makes_no_overlap(world: World) -> None:
    """The next window begins where the last one ended."""
    first = world.meter()
    world.pass_by(60)
    first.tick()
    first.journal.close()
    world.wall -= 7200
    second = world.meter()
    world.pass_by(60)
    second.tick()
    found = world.statements()
    check_gapless(found)
    assert beats(found)[-1].clock_off_seconds == pytest.approx(-7200)


def test_its_beacon_is_the_registers_head_and_never_its_own_ledgers(world: World) -> None:
    """A root over what the ledger withholds would let outsiders try out what that is."""
    meter = world.meter()
    register = SigningKey("register", b"r" * 32)
    note = format_note(
        sign_note(format_checkpoint(Checkpoint("register", 7, b"\x07" * 32)), register)
    )
    world.ledger.append([("follower", (), RegisterHeard("register", note))])
    world.pass_by(60)
    meter.tick()
    world.ledger.append([("follower", (), RegisterHeard("another", "no note"))])
    world.pass_by(60)
    meter.tick()
    before, after = world.statements()[0], world.statements()[-1]
    assert (before.beacon, after.beacon) == ("", "07" * 32)


def test_what_cannot_be_handed_over_waits(world: World) -> None:
    """In order; nothing is lost, and nothing is said twice."""
    meter = world.meter()
    world.fails = True
    for _ in range(7):
        world.pass_by(10)
        meter.tick()
    assert meter.late == "the way is cut" and len(world.statements()) == 1
    meter.journal.close()
    meter = world.meter()
    world.fails = False
    world.pass_by(10)
    meter.tick()
    check_gapless(world.statements())
    assert meter.late == "" and len(world.statements()) == meter.journal.said


def test_a_journal_that_was_put_back_is_noticed(world: World, tmp_path: Path) -> None:
    """It would say other things under numbers that were used: none of them is handed over."""
    world.meter().journal.close()
    shutil.copytree(world.home, tmp_path / "kept")
    meter = world.meter()
    world.pass_by(60)
    meter.tick()
    meter.journal.close()
    count = len(world.statements())
    world.home = tmp_path / "kept"
    world.pass_by(60)
    with pytest.raises(DamagedError, match="put back"):
        world.meter()
    assert len(list(world.ledger.entries(kinds=[StatementPosted]))) == count


def test_one_process_at_a_time(world: World) -> None:
    """And no other meter in its folder."""
    meter = world.meter()
    with pytest.raises(UsageError, match="another meter runs"):
        Journal.open(world.home, NAME)
    meter.journal.close()
    with pytest.raises(UsageError, match="is the folder of meter hall-meter"):
        Journal.open(world.home, "another")


def test_its_key_is_not_the_ledgers(world: World) -> None:
    """Whoever has the one cannot speak as the other."""
    meter = world.meter()
    assert meter.journal.key.verifier.public != world.ledger.verifier.public


def started(folder: Path, *more: str) -> subprocess.Popen[str]:
    """The real command, beating often."""
    return subprocess.Popen(
        [*TACHO, "brake", "meter", "--site", "hall", "--key", folder / "meter", "--ledger",
         folder / "ledger", "--interval", "0.02", "--window", "0.05", *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(folder: Path, count: int) -> None:
    """Until the meter has handed that many statements over."""
    deadline = time.monotonic() + 60
    with Ledger.open(folder / "ledger") as ledger:
        while len(list(ledger.entries(kinds=[StatementPosted]))) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_kill_9_at_any_moment_leaves_no_gap(tmp_path: Path) -> None:
    """Killed again and again; in the end all is there, once, and in order."""
    Ledger.open(tmp_path / "ledger", create=True).close()
    for number in range(1, 5):
        meter = started(tmp_path)
        wait_for(tmp_path, 7 * number)
        os.kill(meter.pid, signal.SIGKILL)
        meter.communicate()
    meter = started(tmp_path, "--json")
    wait_for(tmp_path, 40)
    meter.terminate()
    said, talk = meter.communicate(timeout=60)
    assert meter.returncode == 0, talk
    assert "measures machine: CPU " in talk
    with Ledger.open(tmp_path / "meter") as home, Ledger.open(tmp_path / "ledger") as ledger:
        found = statements(ledger, home.verifier)
        home.verify()
    check_gapless(found)
    assert json.loads(said)["statements"] == len(found)
    assert len([beat for beat in beats(found) if beat.away_seconds]) == 4
