"""The ledger from outside: append, read, prove, sign, verify."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tachograph.errors import (
    DamagedError,
    FormatError,
    NotFoundError,
    ProofError,
    StoreError,
    UsageError,
)
from tachograph.ledger import Ledger, entry, kinds
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import check_note, parse_note
from tachograph.merkle.proof import check_proof, parse_proof
from tachograph.merkle.tree import (
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_inclusion,
)


def resumed(run: str = "r-1") -> Any:
    """A small draft."""
    return ("test", (), kinds.RunResumed(run))


def test_appended_entries_are_returned_and_read_back(ledger: Ledger) -> None:
    """Entries get their places in order, and reading gives the same entries."""
    first = ledger.append([resumed("r-1"), resumed("r-2")])
    second = ledger.append([("test", [0, 1], kinds.RunClosed("r-1", "trials", "c-1"))])
    assert [one.seq for one in first + second] == [0, 1, 2]
    assert second[0].parents == (0, 1)
    assert list(ledger.entries()) == first + second
    assert ledger.get(2) == second[0]
    assert ledger.size == 3


def test_leaves_are_the_bytes_of_the_entries(ledger: Ledger) -> None:
    """What is published is what is hashed."""
    ledger.append([resumed(f"r-{number}") for number in range(100)])
    expected = [entry.encode(one) for one in ledger.entries()]
    assert list(ledger.leaves()) == expected
    assert list(ledger.leaves(60, 70)) == expected[60:70]
    levels = Levels()
    levels.extend(ledger.leaves(0, 90))
    assert levels.root() == ledger.root(90)


def test_an_empty_append_records_nothing(ledger: Ledger) -> None:
    """No drafts, no entry."""
    assert ledger.append([]) == []
    assert ledger.size == 0


def test_reopening_finds_everything(folder: Path) -> None:
    """A ledger is what lies in its folder."""
    with Ledger.open(folder, create=True, origin="example.com/log") as ledger:
        digest = ledger.put(b"content")
        reading = ("gauge", (), kinds.ReadingTaken("share/1", digest))
        ledger.append([reading, *[resumed()] * 299])
        root = ledger.root()
    with Ledger.open(folder, create=True, origin="example.com/other") as again:
        assert (again.size, again.root(), again.fetch(digest)) == (300, root, b"content")
        assert again.verifier.name == "example.com/log"


def test_opening_without_create_makes_nothing(folder: Path) -> None:
    """A missing ledger is not found, and still missing afterwards."""
    with pytest.raises(NotFoundError):
        Ledger.open(folder)
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_a_store_error(folder: Path) -> None:
    """A file in the way is told as such."""
    folder.write_text("in the way")
    with pytest.raises(StoreError):
        Ledger.open(folder, create=True)


@pytest.mark.parametrize(
    "bad",
    [
        ("", (), kinds.RunResumed("r")),
        ("test", (5,), kinds.RunResumed("r")),
        ("test", (0,), kinds.RunResumed("r")),
        ("test", (), kinds.RunResumed(7)),  # type: ignore[arg-type]
        ("test", (), kinds.RunResumed("\ud800")),
        ("test", (), kinds.RunResumed("x" * 70_000)),
    ],
)
def test_a_bad_draft_spoils_its_whole_append(ledger: Ledger, bad: Any) -> None:
    """All drafts of an append are recorded or none, and the next append goes on."""
    with pytest.raises(FormatError):
        ledger.append([("test", (), kinds.RunResumed("r")), bad][::-1])
    assert ledger.size == 0
    assert ledger.append([resumed()])[0].seq == 0


def test_an_object_is_put_before_it_is_named(ledger: Ledger) -> None:
    """An entry that names an object nobody put is refused; after putting it is taken."""
    reading = ("gauge", (), kinds.ReadingTaken("share/1", "0a" * 32))
    with pytest.raises(NotFoundError, match="0a0a"):
        ledger.append([reading])
    digest = ledger.put(b"content")
    ledger.append([("gauge", (), kinds.ReadingTaken("share/1", digest))])
    assert ledger.fetch(digest) == b"content"
    assert ledger.verify().objects == 1


def test_a_bad_append_does_not_harm_its_neighbours(ledger: Ledger) -> None:
    """Of many threads at once, those with bad drafts fail and all others get gapless places."""
    places, refused = [], []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for _ in range(10):
            try:
                name = "" if number % 2 else "test"
                places.extend(one.seq for one in ledger.append([(name, (), kinds.RunResumed("r"))]))
            except FormatError:
                refused.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == list(range(40))
    assert len(refused) == 40
    assert ledger.verify().size == 40


def test_every_entry_is_proven_at_every_size(ledger: Ledger) -> None:
    """Proofs from the store check against roots from the store, at sizes past and present."""
    ledger.append([resumed(f"r-{number}") for number in range(150)])
    entries = list(ledger.entries())
    for size in (1, 2, 63, 64, 65, 128, 150):
        for seq in {0, size // 2, size - 1}:
            check_inclusion(
                leaf=leaf_hash(entry.encode(entries[seq])),
                index=seq,
                size=size,
                proof=ledger.prove_inclusion(seq, size),
                root=ledger.root(size),
            )
        check_consistency(
            old=size,
            new=150,
            old_root=ledger.root(size),
            new_root=ledger.root(),
            proof=ledger.prove_consistency(size),
        )


def test_proofs_keep_up_with_another_writer(ledger: Ledger, folder: Path) -> None:
    """What a ledger remembers of the tree does not hide what was completed since."""
    levels = Levels()
    with Ledger.open(folder) as other:
        for number in range(70):
            other.append([resumed(f"r-{number}")] * (number * number % 173))
            levels.extend(other.leaves(levels.size))
            size = levels.size
            for seq in {0, size // 3, size - 1} if size else ():
                assert ledger.prove_inclusion(seq) == prove_inclusion(seq, size, levels.read)
            assert ledger.root(size) == levels.root()
    assert ledger.size > 4096


@pytest.mark.parametrize("size", [4, -1])
def test_sizes_that_never_were_are_refused(ledger: Ledger, size: int) -> None:
    """Nothing is proven about a future."""
    ledger.append([resumed()] * 3)
    for ask in (ledger.root, lambda size: ledger.prove_inclusion(0, size)):
        with pytest.raises(UsageError):
            ask(size)
    with pytest.raises(UsageError):
        ledger.prove_consistency(1, size)


def test_signing_twice_gives_one_head(ledger: Ledger) -> None:
    """A head is signed once, recorded, and signed anew only after something else was recorded."""
    ledger.append([resumed()])
    first = ledger.sign_head()
    assert ledger.sign_head() == first
    assert [one.kind for one in ledger.entries()] == ["RunResumed", "HeadSigned"]
    ledger.append([resumed()])
    assert ledger.sign_head() != first
    assert ledger.verify().heads == 2


def test_a_signed_head_checks_outside(ledger: Ledger) -> None:
    """Note tools read the head with the ledger's public key."""
    ledger.append([resumed()])
    root = ledger.root()
    note = parse_note(ledger.sign_head())
    assert check_note(note, [ledger.verifier]) == (ledger.verifier,)
    checkpoint = parse_checkpoint(note.text)
    assert (checkpoint.origin, checkpoint.size) == (ledger.verifier.name, 1)
    assert checkpoint.root == root == ledger.root(1)


def test_one_file_proves_an_entry(ledger: Ledger) -> None:
    """The proof of an entry uses a head that covers it, signing one only where there is none."""
    ledger.append([resumed(f"r-{number}") for number in range(5)])
    for seq in (4, 0):
        text = ledger.prove(seq)
        checkpoint = check_proof(
            parse_proof(text),
            data=entry.encode(ledger.get(seq)),
            origin=ledger.verifier.name,
            keys=[ledger.verifier],
        )
        assert checkpoint.size == 5
    assert ledger.size == 6
    assert parse_checkpoint(parse_note(parse_proof(ledger.prove(5)).head).text).size == 6
    with pytest.raises(NotFoundError):
        ledger.prove(99)


def test_a_proof_of_another_entry_does_not_check(ledger: Ledger) -> None:
    """One entry's proof is no other's."""
    ledger.append([resumed("r-1"), resumed("r-2")])
    with pytest.raises(ProofError):
        check_proof(
            parse_proof(ledger.prove(0)),
            data=entry.encode(ledger.get(1)),
            origin=ledger.verifier.name,
            keys=[ledger.verifier],
        )


def test_a_lost_key_signs_nothing(ledger: Ledger, folder: Path) -> None:
    """Without the key, or with another's, no head is recorded."""
    ledger.append([resumed()])
    (folder / "key").unlink()
    with pytest.raises(NotFoundError):
        ledger.sign_head()
    (folder / "key").write_text("PRIVATE+KEY+rubbish\n")
    with pytest.raises(DamagedError):
        ledger.sign_head()
    assert ledger.size == 1
