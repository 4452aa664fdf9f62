"""Bundles: what is read, what is refused and set down, what openings show."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from redteam.world import World

from tachograph.brake.bundle.bundle import read_bundle
from tachograph.brake.logs.commitment import Opening, commit, format_commitment, format_opening
from tachograph.brake.said.records import SiteDeclared
from tachograph.errors import FormatError, NotFoundError, ProofError
from tachograph.ledger import Entry, kinds
from tachograph.ledger.entry import encode


def test_what_an_honest_world_published_is_all_there(world: World, tmp_path: Path):
    """Logs, statements, heads and objects, by what they are."""
    bundle = read_bundle(world.write(tmp_path / "bundle"), world.at)
    assert not bundle.refused
    assert [subject for subject, _ in bundle.expected_logs] == ["agreement", *world.parties]
    assert bundle.register is not None and bundle.register.size == world.register.size
    assert len(bundle.posted) == len(bundle.valid) > 50
    assert {said.site for _, said in bundle.said(SiteDeclared)} == {
        site.name for party in bundle.terms.parties for site in party.sites
    }
    digest = next(iter(world.objects))
    assert bundle.fetch(digest) == world.objects[digest]
    assert bundle.fetch("0" * 64) is None
    assert bundle.heads.of(world.register.key.name)


def test_an_object_that_does_not_hash_to_its_name_is_not_there(world: World, tmp_path: Path):
    """Content is addressed by its hash, and nothing else vouches for it."""
    folder = world.write(tmp_path / "bundle")
    digest = hashlib.sha256(b"the report").hexdigest()
    (folder / "objects" / digest).write_bytes(b"another report")
    assert read_bundle(folder, world.at).fetch(digest) is None


def test_without_an_agreement_there_is_nothing_to_audit(world: World, tmp_path: Path):
    """A missing or broken agreement is an error, and no verdict."""
    folder = world.write(tmp_path / "bundle")
    note = folder / "agreement.note"
    text = note.read_text()
    note.write_text(text.replace("byzantine = 1", "byzantine = 9", 1))
    with pytest.raises((FormatError, ProofError)):
        read_bundle(folder, world.at)
    note.unlink()
    with pytest.raises(NotFoundError, match=r"agreement\.note is missing"):
        read_bundle(folder, world.at)


def test_one_log_that_cannot_be_read_does_not_hide_the_others(world: World, tmp_path: Path):
    """It is set down as refused; the rest is read."""
    folder = world.write(tmp_path / "bundle")
    (folder / "logs" / world.parties[0] / "checkpoint").write_text("nothing\n")
    bundle = read_bundle(folder, world.at)
    assert [refused.where for refused in bundle.refused] == [f"logs/{world.parties[0]}"]
    assert bundle.log_of(world.parties[0]) is None
    assert bundle.log_of(world.parties[1]) is not None


def withheld(world: World, body: kinds.Body) -> tuple[Path, Entry, bytes]:
    """A world whose first party withholds one more entry; its file name, entry and salt."""
    world.run()
    party = world.parties[0]
    log = world.logs[party]
    entry = Entry(log.size, world.at, "loop", (), body)
    salt = b"s" * 32
    log.add(format_commitment(commit(entry, encode(entry), salt, named=True)))
    return Path(f"openings/{party}/{entry.seq}.json"), entry, salt


def test_a_withheld_entry_counts_once_it_is_opened(world: World, tmp_path: Path):
    """Before: it is there, and nobody knows what it says. After: it is an entry like any other."""
    file, entry, salt = withheld(world, kinds.RunResumed(run="r-12345678"))
    folder = world.write(tmp_path / "bundle")
    log = read_bundle(folder, world.at).log_of(world.parties[0])
    assert log is not None and [one.seq for one in log.withheld] == [entry.seq]
    (folder / file).parent.mkdir(parents=True)
    (folder / file).write_bytes(format_opening(Opening(entry.seq, salt, encode(entry))))
    log = read_bundle(folder, world.at).log_of(world.parties[0])
    assert log is not None and not log.withheld and not log.faults
    assert log.entries[-1] == entry


def test_a_false_opening_is_a_fault(world: World, tmp_path: Path):
    """Whoever opens something else than was committed to is told so."""
    file, entry, salt = withheld(world, kinds.RunResumed(run="r-12345678"))
    other = encode(Entry(entry.seq, entry.time, "loop", (), kinds.RunResumed(run="r-87654321")))
    folder = world.write(tmp_path / "bundle")
    (folder / file).parent.mkdir(parents=True)
    (folder / file).write_bytes(format_opening(Opening(entry.seq, salt, other)))
    log = read_bundle(folder, world.at).log_of(world.parties[0])
    assert log is not None and [fault.seq for fault in log.faults] == [entry.seq]


def test_forged_heads_are_no_heads(world: World, tmp_path: Path):
    """Only what the log's own key signed counts, and only a quorum gives it a time."""
    world.run()
    origin = world.register.key.name
    head = world.register.head(5)
    world.held = [head, head.replace("register.example", "other.example")]
    bundle = read_bundle(world.write(tmp_path / "bundle"), world.at)
    mine = [one for one in bundle.heads.of(origin) if one.where.startswith("held/")]
    assert [(one.checkpoint.size, one.time_seconds) for one in mine] == [(5, None)]
    assert not bundle.heads.of("other.example/ledger")


def test_a_head_whose_lines_come_twice_is_still_evidence(world: World, tmp_path: Path):
    """Else a log could sign a second history so that nobody's copy of it counts."""
    world.run()
    fork = world.register.branch(5)
    fork.record(world.now, "register", kinds.RunResumed(run="r-1"))
    note = fork.head()
    world.held = [note + note.rpartition("\n\n")[2]]
    bundle = read_bundle(world.write(tmp_path / "bundle"), world.at)
    assert "held/0000" in [head.where for head in bundle.heads.of(fork.key.name)]


def test_the_median_of_a_quorum_is_the_time(world: World, tmp_path: Path):
    """One slow witness moves nothing."""
    world.run()
    time = world.now
    text = world.register.head(5, world.witnesses[1:], time)
    slow = world.register.head(5, world.witnesses[:1], time - 86_400)
    world.held = [text + slow.rstrip("\n").rpartition("\n")[2] + "\n"]
    bundle = read_bundle(world.write(tmp_path / "bundle"), world.at)
    (mine,) = [one for one in bundle.heads.of(world.register.key.name) if "held/" in one.where]
    assert mine.time_seconds == int(time)
