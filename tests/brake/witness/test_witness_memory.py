"""A witness's memory: whatever breaks, no second history is signed, no cosignature forgotten."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from faults import How, broken
from logs import Log

from tachograph.brake.heads.cosignature import check_cosignatures
from tachograph.brake.heads.fork import check_fork, parse_fork
from tachograph.brake.witness import Witness, create_witness
from tachograph.brake.witness.memory import Memory, slot_name
from tachograph.errors import DamagedError, StoreError, WorldError
from tachograph.merkle.note import Note, parse_note, parse_signatures

LOG = Log(40)
FORK = Log(40, forked=3)
STEPS = 7
"""Steps of one write (make the file, write it, sync it, rename it, remove what is left of the other
name, sync the folder), and one."""


def cosigned(witness: Witness, old: int, new: int, log: Log = LOG) -> bool:
    """Whether the witness cosigns the step; a cosignature that it gives is checked."""
    answer = witness.add_checkpoint(log.request(old, new))
    if answer.status != 200:
        return False
    note = Note(log.text(new), parse_signatures(answer.body))
    return bool(check_cosignatures(note, [witness.verifier]))


def held(witness: Witness) -> int:
    """The size that the witness says it holds."""
    answer = witness.add_checkpoint(LOG.request(39, 40))
    assert answer.status == 409
    return int(answer.body)


def test_the_steps_of_a_write_are_broken_below(witness: Witness) -> None:
    """One cosignature takes six steps to the disk: those that the tests below break."""
    assert cosigned(witness, 0, 5)
    with broken(0, "lost") as steps:
        assert cosigned(witness, 5, 10)
    assert steps.count == STEPS - 1


@pytest.mark.parametrize("how", ["lost", "kept"])
@pytest.mark.parametrize("at", range(1, STEPS + 1))
def test_a_broken_first_write_signs_nothing(
    folder: Path, witness: Witness, at: int, how: How
) -> None:
    """Likewise at the first head, which has one step more; no mark is left without a head."""
    with broken(at, how) as steps, pytest.raises(StoreError):
        witness.add_checkpoint(LOG.request(0, 10))
    assert steps.count >= at
    size = held(witness)
    assert size in (0, 10)
    assert not cosigned(witness, 10, 10, FORK)
    assert cosigned(Witness.open(folder), size, 10)
    assert not cosigned(witness, 10, 10, FORK)


@pytest.mark.parametrize("how", ["lost", "kept"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("at", range(1, STEPS))
def test_a_broken_write_signs_nothing(
    folder: Path, witness: Witness, at: int, how: How, error: int
) -> None:
    """A step that fails, done or not, gives no cosignature; afterwards one history goes on."""
    assert cosigned(witness, 0, 5)
    with broken(at, how, error) as steps, pytest.raises(StoreError):
        witness.add_checkpoint(LOG.request(5, 10))
    assert steps.count >= at
    size = held(witness)
    assert size in (5, 10)
    again = Witness.open(folder)
    # Whether or not the write came through, the other history is refused from either size.
    assert not cosigned(again, 5, 10, FORK)
    assert not cosigned(again, 10, 10, FORK)
    assert cosigned(again, size, 10)
    assert [path.name for path in (folder / "heads").iterdir() if path.name[0] == "."] == []


CHILD = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from faults import broken
from logs import Log
from tachograph.brake.heads.fork import check_fork, parse_fork
from tachograph.brake.witness import Witness, create_witness
witness = Witness.open(Path({folder!r}))
log = Log(40)
with broken({at}, {how!r}):
    print(witness.add_checkpoint(log.request(5, 10)).status, flush=True)
"""


@pytest.mark.parametrize("how", ["killed", "killed after"])
@pytest.mark.parametrize("at", range(1, STEPS))
def test_a_kill_at_each_step(folder: Path, witness: Witness, at: int, how: How) -> None:
    """Killed before or after any step, the process has said nothing, and the next one goes on."""
    assert cosigned(witness, 0, 5)
    path = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    code = CHILD.format(path=path, folder=str(folder), at=at, how=how)
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (child.returncode, child.stdout) == (-9, "")
    size = held(witness)
    assert size == (10 if (at, how) >= (4, "killed after") else 5)
    assert not cosigned(witness, 10, 10, FORK)
    assert cosigned(witness, size, 10)


def test_threads_take_turns(folder: Path) -> None:
    """Of many at once that would sign different steps from one size, one does; the rest get 409."""
    logs = [Log(40, forked=at) for at in range(1, 9)]
    start = threading.Barrier(len(logs))

    def submit(log: Log) -> int:
        witness = Witness.open(folder)
        start.wait()
        return witness.add_checkpoint(log.request(0, 20)).status

    with ThreadPoolExecutor(len(logs)) as pool:
        statuses = sorted(pool.map(submit, logs))
    assert statuses == [200] + [409] * (len(logs) - 1)


def test_processes_take_turns(folder: Path) -> None:
    """A process waits as long as another holds the slot, and sees what that one wrote."""
    memory = Memory(folder / "heads")
    path = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    code = CHILD.format(path=path, folder=str(folder), at=0, how="lost")
    with memory.slot(LOG.key.name):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1.5)
        (folder / "heads" / slot_name(LOG.key.name)).write_text(
            f"time 1\n\n{LOG.head(5)}", encoding="utf-8"
        )
    assert child.communicate(timeout=20)[0] == "200\n"
    assert held(Witness.open(folder)) == 10


@pytest.mark.parametrize(
    "text",
    ["", "time 5\n", f"time 05\n\n{LOG.head(5)}", f"{LOG.head(5)}", "time 5\n\nx\n\n— a b\n"],
)
def test_a_damaged_memory_signs_nothing(folder: Path, witness: Witness, text: str) -> None:
    """A memory that does not parse is not taken for a first meeting."""
    path = folder / "heads" / slot_name(LOG.key.name)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DamagedError):
        witness.add_checkpoint(LOG.request(0, 10))
    path.write_bytes(b"\xff")
    with pytest.raises(DamagedError):
        witness.add_checkpoint(LOG.request(0, 10))


def test_two_roots_of_one_size_are_kept_as_a_proof(folder: Path, witness: Witness) -> None:
    """Who submits a second history of a held size hands over the proof; a failed proof is none."""
    assert cosigned(witness, 0, 20)
    assert not cosigned(witness, 20, 30, FORK)
    assert not (folder / "forks").exists()
    assert not cosigned(witness, 20, 20, FORK)
    assert not cosigned(witness, 20, 20, Log(40, forked=4))
    (path,) = (folder / "forks").iterdir()
    fork = parse_fork(path.read_text(encoding="utf-8"))
    assert fork.heads == (LOG.head(20), FORK.head(20))
    assert check_fork(fork, [LOG.key.verifier]).keys == (LOG.key.verifier,)
    assert cosigned(witness, 20, 30)


def test_a_deleted_head_is_missed(folder: Path, witness: Witness) -> None:
    """Who deletes a head, to get a witness going again, does not make it sign another history."""
    assert not cosigned(witness, 5, 10)
    assert cosigned(witness, 0, 5)
    (folder / "heads" / slot_name(LOG.key.name)).unlink()
    with pytest.raises(DamagedError, match="was there and is gone"):
        Witness.open(folder).add_checkpoint(FORK.request(0, 10))


def test_a_lost_memory_is_no_new_witness(folder: Path, witness: Witness) -> None:
    """Without its heads, a witness with a key does not start, and making it again makes none."""
    assert cosigned(witness, 0, 5)
    shutil.rmtree(folder / "heads")
    create_witness(folder, witness.verifier.name)
    with pytest.raises(DamagedError, match="all that was cosigned"):
        Witness.open(folder)


def timed(witness: Witness, now: float) -> Witness:
    """The witness with a clock that stands at `now`."""
    witness._clock = lambda: now
    return witness


def test_times_never_run_back(folder: Path, witness: Witness) -> None:
    """A clock set back a little repeats the newest time; set back far, it signs nothing."""
    answer = timed(witness, 10_000.9).add_checkpoint(LOG.request(0, 5))
    written = (folder / "heads" / slot_name(LOG.key.name)).read_text(encoding="utf-8")
    assert written.startswith("time 10000\n")
    assert timed(witness, 9_950).add_checkpoint(LOG.request(5, 5)).body == answer.body
    with pytest.raises(WorldError, match="clock"):
        timed(witness, 9_000).add_checkpoint(LOG.request(5, 10))
    assert held(timed(witness, 10_001)) == 5
    with pytest.raises(WorldError, match="clock"):
        timed(witness, -5).add_checkpoint(LOG.request(5, 10))


def test_a_clock_before_1970_is_no_clock(witness: Witness) -> None:
    """Also at the first head, no time below 1 is stated."""
    answer = timed(witness, 0).add_checkpoint(LOG.request(0, 5))
    note = Note(LOG.text(5), parse_signatures(answer.body))
    assert check_cosignatures(note, [witness.verifier])[0].time_seconds == 1


def test_the_newest_cosignature_can_be_had_again(witness: Witness) -> None:
    """What was cosigned last is given again, the log's signature and ours, byte for byte."""
    name = slot_name(LOG.key.name)
    assert witness.latest(name) is None
    witness.add_checkpoint(LOG.request(0, 5))
    answer = witness.add_checkpoint(LOG.request(5, 12))
    assert witness.latest(name) == LOG.head(12) + answer.body
    assert parse_note(LOG.head(12) + answer.body).text == LOG.text(12)
