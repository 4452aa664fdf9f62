"""A ledger as static files: whole, incremental, and true to what was signed."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tachograph.brake.logs.publish import WholeLog, publish
from tachograph.brake.logs.source import FolderSource, hashes, leaves
from tachograph.errors import DamagedError, ProofError, StoreError
from tachograph.ledger import Ledger, kinds
from tachograph.ledger.heads import parse_head
from tachograph.merkle.tile import format_path, new_tiles, parse_path
from tachograph.merkle.tree import check_inclusion, leaf_hash, prove_inclusion, root


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(home, create=True) as opened:
        yield opened


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """The folder that a file host serves."""
    return tmp_path / "host"


def fill(ledger: Ledger, count: int) -> None:
    """Append entries."""
    first = ledger.size
    ledger.append(
        [("test", (), kinds.RunResumed(f"r-{seq}")) for seq in range(first, first + count)]
    )


def files(host: Path) -> dict[str, bytes]:
    """Every file below the host's folder."""
    return {
        str(path.relative_to(host)): path.read_bytes() for path in host.rglob("*") if path.is_file()
    }


def check(host: Path, ledger: Ledger) -> int:
    """What lies there is a whole log of this ledger's beginning; returns its size."""
    source = FolderSource(host)
    head = parse_head(source.checkpoint().decode(), ledger.verifier)
    assert root(head.size, hashes(source, head.size)) == head.root == ledger.root(head.size)
    published = list(leaves(source, 0, head.size, head.size))
    assert published == list(ledger.leaves(0, head.size))
    return head.size


@pytest.mark.parametrize("count", [0, 1, 255, 256, 700])
def test_a_ledger_is_published_whole(count: int, ledger: Ledger, home: Path, host: Path) -> None:
    """The folder holds the checkpoint and exactly the tiles of the specification."""
    if count:
        fill(ledger, count)
    published = publish(WholeLog(ledger), home, host)
    assert (published.size, published.before) == (count, 0)
    assert check(host, ledger) == count
    wanted = {format_path(tile) for tile in new_tiles(0, count)}
    assert files(host).keys() == {"checkpoint"} | wanted
    assert published.files == len(wanted)


def test_every_entry_proves_from_the_files_alone(ledger: Ledger, home: Path, host: Path) -> None:
    """Who has only the files proves inclusion of any entry in the signed head."""
    fill(ledger, 600)
    publish(WholeLog(ledger), home, host)
    source = FolderSource(host)
    head = parse_head(source.checkpoint().decode(), ledger.verifier)
    read = hashes(source, head.size)
    for index in (0, 255, 256, 511, 599):
        (leaf,) = leaves(source, index, index + 1, head.size)
        proof = prove_inclusion(index, head.size, read)
        check_inclusion(
            leaf=leaf_hash(leaf), index=index, size=head.size, proof=proof, root=head.root
        )


def test_only_new_tiles_are_written(ledger: Ledger, home: Path, host: Path) -> None:
    """Publishing again touches no file that was there, but the checkpoint; tiles never change."""
    rng = random.Random(7)
    seen: dict[str, bytes] = {}
    for _ in range(8):
        fill(ledger, rng.randrange(1, 300))
        published = publish(WholeLog(ledger), home, host)
        now = files(host)
        del now["checkpoint"]
        assert all(seen.get(name, data) == data for name, data in now.items())
        assert published.files == len(now.keys() - seen.keys())
        assert published.files == len(list(new_tiles(published.before, published.size)))
        seen |= now
        assert check(host, ledger) == published.size


def test_nothing_new_writes_nothing(ledger: Ledger, home: Path, host: Path) -> None:
    """Where nothing was recorded, the same checkpoint stands and the ledger does not grow."""
    fill(ledger, 3)
    first = publish(WholeLog(ledger), home, host)
    size = ledger.size
    again = publish(WholeLog(ledger), home, host)
    assert (again.note, again.files, ledger.size) == (first.note, 0, size)


def test_partial_tiles_go_when_the_full_ones_have_come(
    ledger: Ledger, home: Path, host: Path
) -> None:
    """A reader who still asks for the partial tile gets the first part of the full one."""
    fill(ledger, 200)
    publish(WholeLog(ledger), home, host)
    source = FolderSource(host)
    partials = list(new_tiles(0, 200))
    before = [source.tile(tile) for tile in partials]
    fill(ledger, 200)
    publish(WholeLog(ledger), home, host)
    assert not (host / format_path(partials[0])).exists()
    assert [source.tile(tile) for tile in partials] == before


def test_a_half_written_publication_is_finished(ledger: Ledger, home: Path, host: Path) -> None:
    """Tiles that a killed publisher left without a checkpoint are written again, longer."""
    fill(ledger, 300)
    publish(WholeLog(ledger), home, host)
    (host / "checkpoint").unlink()
    fill(ledger, 300)
    assert publish(WholeLog(ledger), home, host).before == 0
    assert check(host, ledger) == 601


def test_a_ledger_put_back_to_an_older_state_signs_nothing(
    ledger: Ledger, home: Path, host: Path, tmp_path: Path
) -> None:
    """The whole folder restored from a copy, and gone on differently: the host's head says so."""
    fill(ledger, 10)
    shutil.copytree(home, tmp_path / "copy")
    fill(ledger, 10)
    publish(WholeLog(ledger), home, host)
    held = (host / "checkpoint").read_bytes()
    with Ledger.open(tmp_path / "copy") as restored:
        fill(restored, 30)
        with pytest.raises(DamagedError, match="published before"):
            publish(WholeLog(restored), tmp_path / "copy", host)
    assert (host / "checkpoint").read_bytes() == held


def test_anothers_folder_is_left_alone(
    ledger: Ledger, home: Path, host: Path, tmp_path: Path
) -> None:
    """A folder whose checkpoint is of another log is refused and keeps it."""
    fill(ledger, 5)
    publish(WholeLog(ledger), home, host)
    held = files(host)
    with Ledger.open(tmp_path / "other", create=True) as other:
        fill(other, 9)
        with pytest.raises(ProofError):
            publish(WholeLog(other), tmp_path / "other", host)
    assert files(host) == held


def test_damaged_tiles_are_found_before_they_are_built_on(
    ledger: Ledger, home: Path, host: Path
) -> None:
    """A partial tile that was changed on the host is named, and no checkpoint is put over it."""
    fill(ledger, 20)
    publish(WholeLog(ledger), home, host)
    tile = host / "tile/0/000.p/20"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    fill(ledger, 20)
    held = (host / "checkpoint").read_bytes()
    with pytest.raises(DamagedError, match="other tiles"):
        publish(WholeLog(ledger), home, host)
    assert (host / "checkpoint").read_bytes() == held


def test_a_place_that_cannot_be_written_is_said(ledger: Ledger, home: Path, host: Path) -> None:
    """A file where the folder should be is the world's fault, with a next step."""
    host.write_text("taken")
    with pytest.raises(StoreError, match="cannot be written"):
        publish(WholeLog(ledger), home, host)


def test_files_have_the_specifications_names(ledger: Ledger, home: Path, host: Path) -> None:
    """Nothing lies there but the checkpoint and names that parse as tiles, readable to all."""
    fill(ledger, 520)
    publish(WholeLog(ledger), home, host)
    for path in host.rglob("*"):
        if path.is_file() and path.name != "checkpoint":
            parse_path(path.relative_to(host).as_posix())
        assert os.access(path, os.R_OK) and path.stat().st_mode & 0o044 == 0o044
