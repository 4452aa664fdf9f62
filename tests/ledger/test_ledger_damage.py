"""Whatever is damaged is named; nothing damaged is returned."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tachograph.errors import DamagedError, FormatError, TachographError
from tachograph.ledger import Ledger, Verification, blocks, entry, kinds, objects
from tachograph.ledger.store import SqliteStore
from tachograph.ledger.write import write_leaves
from tachograph.merkle.tree import fold, leaf_hash

SIZE = 151
FILES = [b"file 0", b"file 1", bytes(objects.SMALL_BYTES + 1)]
"""Two lie in the store, and one beside it."""


@pytest.fixture
def damaged(folder: Path) -> Callable[..., Ledger]:
    """Opens a ledger of 151 entries, two heads and three objects after some SQL was run on it."""
    with Ledger.open(folder, create=True) as ledger:
        ledger.append([("test", (), kinds.RunResumed(f"r-{number}")) for number in range(70)])
        files = {f"{number}.py": ledger.put(content) for number, content in enumerate(FILES)}
        ledger.sign_head()
        proposed = kinds.CandidateProposed("r-1", "c-1", [], "hand", "", "", files)
        ledger.append([("test", (), proposed)] * 79)
        ledger.sign_head()
    opened: list[Ledger] = []

    def run(statement: str = "SELECT 1", *values: object) -> Ledger:
        with sqlite3.connect(folder / "ledger.db") as connection:
            connection.execute(statement, values)
        connection.close()
        opened.append(Ledger.open(folder))
        return opened[-1]

    yield run  # type: ignore[misc]
    for ledger in opened:
        ledger.close()


def test_an_intact_ledger_verifies(damaged: Callable[..., Ledger]) -> None:
    """The ledger that the other tests damage is good, and the report counts what was checked."""
    report = damaged().verify()
    assert (report.size, report.heads, report.objects) == (SIZE, 2, len(FILES))


@pytest.mark.parametrize("seq", [0, 63, 64, 100, 150])
def test_a_changed_entry_is_named(damaged: Callable[..., Ledger], seq: int) -> None:
    """A changed byte is found by reading that entry, by reading past it, and by verifying."""
    ledger = damaged(
        "UPDATE entry SET data = CAST(replace(data, 'e', 'f') AS BLOB) WHERE seq = ?", seq
    )
    named = f"entry {seq} is damaged"
    with pytest.raises(DamagedError, match=named):
        ledger.get(seq)
    with pytest.raises(DamagedError, match=named):
        list(ledger.entries(run="no such run"))
    with pytest.raises(DamagedError, match=named):
        ledger.verify()
    assert len(list(zip(range(seq), ledger.entries(), strict=False))) == seq
    if seq < 150:
        assert ledger.get(150).seq == 150


@pytest.mark.parametrize("seq", [0, 64, 150])
def test_a_missing_entry_is_named(damaged: Callable[..., Ledger], seq: int) -> None:
    """A removed row is missed wherever it was, also by a reader that filters."""
    ledger = damaged("DELETE FROM entry WHERE seq = ?", seq)
    for read in (lambda: ledger.get(seq), lambda: list(ledger.entries(run="x")), ledger.verify):
        with pytest.raises(DamagedError, match=f"entry {seq} is missing"):
            read()


def test_two_entries_that_changed_places_are_noticed(damaged: Callable[..., Ledger]) -> None:
    """Order is part of the record."""
    damaged("UPDATE entry SET seq = 1000 WHERE seq = 5")
    damaged("UPDATE entry SET seq = 5 WHERE seq = 6")
    ledger = damaged("UPDATE entry SET seq = 6 WHERE seq = 1000")
    with pytest.raises(DamagedError, match="entry 5 is damaged"):
        ledger.verify()


def loosen(folder: Path) -> None:
    """Let every column of the store hold any type, as a damaged schema might."""
    connection = sqlite3.connect(folder / "ledger.db")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_schema SET sql = replace(sql, ' BLOB NOT NULL', '')")
    connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '')")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("value", ["text", None, 7])
@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE entry SET data = ? WHERE seq = 7", "entry 7"),
        ("UPDATE object SET data = ?", "object .*; entry 71 names it"),
    ],
)
def test_a_row_of_another_type_is_damage(
    damaged: Callable[..., Ledger], folder: Path, statement: str, named: str, value: object
) -> None:
    """Text, a number or nothing in place of bytes is refused by name, never a crash."""
    loosen(folder)
    ledger = damaged(statement, value)
    with pytest.raises(DamagedError, match=named):
        ledger.verify()


def test_an_entry_forged_together_with_its_leaf_is_noticed(
    damaged: Callable[..., Ledger], folder: Path
) -> None:
    """Whoever changes an entry and its stored hash still meets the rest of the tree."""
    with Ledger.open(folder) as ledger:
        forged = entry.encode(ledger.get(7)).replace(b"r-7", b"r-8")
        block = bytearray(ledger._store.blocks([0])[0])
    block[7 * 32 : 8 * 32] = leaf_hash(forged)
    damaged("UPDATE entry SET data = ? WHERE seq = 7", forged)
    ledger = damaged("UPDATE block SET data = ? WHERE key = 0", bytes(block))
    with pytest.raises(DamagedError, match="block 0x0"):
        ledger.verify()


def test_a_whole_forged_history_fails_its_signed_heads(
    damaged: Callable[..., Ledger], folder: Path
) -> None:
    """Whoever rewrites everything below the signatures, tree and head included, meets those."""
    with Ledger.open(folder) as ledger:
        leaves = [entry.encode(one) for one in ledger.entries()]
    leaves[7] = leaves[7].replace(b"r-7", b"r-8")
    damaged("UPDATE entry SET data = ? WHERE seq = 7", leaves[7])
    forged = blocks.grow(0, b"".join(map(leaf_hash, leaves)), {})
    for key, block in forged.items():
        damaged("UPDATE block SET data = ? WHERE key = ?", block, key)
    root = blocks.read_nodes([(7, 0), (4, 8), (2, 36), (1, 74), (0, 150)], forged)
    ledger = damaged("UPDATE head SET root = ?", fold(root))
    with pytest.raises(DamagedError, match="entry 70 has a root that the entries do not have"):
        ledger.verify()


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE head SET size = 100", "store's head has a root"),
        ("UPDATE head SET size = 152", "entry 151 is missing"),
        ("UPDATE head SET root = zeroblob(32)", "store's head has a root"),
        ("UPDATE head SET root = zeroblob(31)", "head is damaged"),
        ("DELETE FROM head", "lost its head"),
        ("DELETE FROM block WHERE key = 0", "lost part of the tree"),
        ("DELETE FROM block WHERE key = 1 << 48", "lost part of the tree"),
        ("UPDATE block SET data = zeroblob(4032) WHERE key = 1", "entry 64"),
        ("UPDATE block SET data = zeroblob(4032) WHERE key = 1 << 48", "block 0x1000000000000"),
        ("UPDATE block SET data = zeroblob(31) WHERE key = 0", "entry 0"),
    ],
)
def test_damage_to_the_tree_is_named(
    damaged: Callable[..., Ledger], statement: str, named: str
) -> None:
    """Blocks and the head are derived again, too."""
    ledger = damaged(statement)
    with pytest.raises(DamagedError, match=named):
        ledger.verify()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE head SET root = zeroblob(32)",
        "DELETE FROM block WHERE key = 2",
        "UPDATE block SET data = zeroblob(4032) WHERE key = 1 << 48",
    ],
)
def test_nothing_is_appended_to_a_damaged_edge(
    damaged: Callable[..., Ledger], statement: str
) -> None:
    """A writer that finds a tree that does not lead to its head refuses, and changes nothing."""
    ledger = damaged(statement)
    with pytest.raises(DamagedError):
        ledger.append([("test", (), kinds.RunResumed("r"))])
    assert ledger.size == SIZE


@pytest.mark.parametrize("spoil", ["change", "cut", "remove"])
def test_a_damaged_object_is_named_with_its_entry(
    damaged: Callable[..., Ledger], folder: Path, spoil: str
) -> None:
    """Verifying names the object and the first entry that needs it: where it is a file."""
    path = folder / "objects" / hashlib.sha256(FILES[2]).hexdigest()
    ledger = damaged()
    if spoil == "remove":
        path.unlink()
    else:
        path.write_bytes(FILES[2][1:] if spoil == "cut" else FILES[2].replace(b"\0", b"1"))
    with pytest.raises(DamagedError, match=rf"{path.name}.*entry 71 names it"):
        ledger.verify()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE object SET data = CAST('file 2' AS BLOB) WHERE digest = ?",
        "UPDATE object SET data = CAST('file' AS BLOB) WHERE digest = ?",
        "UPDATE object SET digest = zeroblob(32) WHERE digest = ?",
        "DELETE FROM object WHERE digest = ?",
    ],
)
def test_a_damaged_object_in_the_store_is_named_with_its_entry(
    damaged: Callable[..., Ledger], statement: str
) -> None:
    """The same where it is a row."""
    digest = hashlib.sha256(FILES[1])
    ledger = damaged(statement, digest.digest())
    with pytest.raises(DamagedError, match=rf"{digest.hexdigest()}.*entry 71 names it"):
        ledger.verify()


def test_an_unknown_kind_is_not_called_damage(damaged: Callable[..., Ledger], folder: Path) -> None:
    """An intact entry of a later version says to read it with that version."""
    store = SqliteStore(folder / "ledger.db")
    later = entry.encode(entry.Entry(SIZE, entry.now(), "test", (), kinds.RunResumed("r")))
    with store.begin() as transaction:
        leaf = later.replace(b"RunResumed", b"RunRevived")
        write_leaves(transaction.head(), [leaf], transaction)
    store.close()
    ledger = damaged()
    with pytest.raises(FormatError, match="entry 151 cannot be read: unknown kind") as caught:
        ledger.verify()
    assert "newer" in caught.value.hint


def answer(folder: Path) -> Verification | None:
    """What verifying says; None where it refuses."""
    try:
        with Ledger.open(folder) as ledger:
            return ledger.verify()
    except TachographError:
        return None


def test_any_flipped_bit_of_the_file_is_harmless_or_refused(
    damaged: Callable[..., Ledger], folder: Path
) -> None:
    """Of 150 single flipped bits, none leads to another answer or to a foreign error."""
    good = damaged().verify()
    path = folder / "ledger.db"
    data = path.read_bytes()
    rng = random.Random(20261123)
    refused = 0
    for _ in range(150):
        bad = bytearray(data)
        bad[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(bad)
        found = answer(folder)
        assert found in (good, None)
        refused += found is None
    assert refused > 50


def test_a_cut_file_is_refused(damaged: Callable[..., Ledger], folder: Path) -> None:
    """A database cut at any page does not verify; with a page cut short, no answer is wrong."""
    good = damaged().verify()
    path = folder / "ledger.db"
    data = path.read_bytes()
    for length in range(0, len(data), 512):
        path.write_bytes(data[:length])
        assert answer(folder) in ([None] if length % 4096 == 0 else [None, good])
