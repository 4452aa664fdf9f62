"""The ledger's key never signs two histories, and kept heads are held against it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tachograph.errors import DamagedError, FormatError, ProofError
from tachograph.ledger import Ledger, kinds
from tachograph.ledger.heads import format_head, load_head, parse_head, save_head
from tachograph.ledger.store import Head
from tachograph.merkle.note import SigningKey, format_note, parse_note, sign_note

KEY = SigningKey("example.com/log", bytes(range(32)))
OTHER = SigningKey("example.com/other", bytes(range(32)))
HEAD = Head(5, bytes(32))


def fill(ledger: Ledger, run: str, count: int = 10) -> None:
    """Record something."""
    ledger.append([("test", (), kinds.RunResumed(run))] * count)


def test_heads_come_back_from_their_note() -> None:
    """A head signed by the key reads back; by another key, or altered, it does not."""
    note = format_head(HEAD, KEY)
    assert parse_head(note, KEY.verifier) == HEAD
    with pytest.raises(ProofError):
        parse_head(note, OTHER.verifier)
    with pytest.raises(ProofError):
        parse_head(note.replace("\n5\n", "\n6\n"), KEY.verifier)
    with pytest.raises(FormatError):
        parse_head(format_note(sign_note("example.com/log\n05\n", KEY)), KEY.verifier)


def test_a_head_of_another_origin_is_refused() -> None:
    """A note that the key signed about another log is no head of this one."""
    elsewhere = parse_note(format_head(HEAD, OTHER)).text
    with pytest.raises(ProofError, match=r"a head of example\.com/other"):
        parse_head(format_note(sign_note(elsewhere, KEY)), KEY.verifier)


def test_the_newest_head_is_kept_beside_the_ledger(ledger: Ledger, folder: Path) -> None:
    """The file `head` holds what was signed last."""
    assert load_head(folder) is None
    for run in ("r-1", "r-2"):
        fill(ledger, run)
        assert ledger.sign_head() == load_head(folder)


def test_what_no_head_covers_is_counted(ledger: Ledger) -> None:
    """Entries after the last signed head, the entry that holds it not counted."""
    fill(ledger, "r-1", 3)
    assert ledger.verify().unsigned == 3
    ledger.sign_head()
    assert ledger.verify().unsigned == 0
    fill(ledger, "r-2", 2)
    assert ledger.verify().unsigned == 2


def test_a_database_put_back_signs_no_second_history(folder: Path) -> None:
    """After ledger.db was put back and grew again, signing and verifying both refuse."""
    with Ledger.open(folder, create=True) as ledger:
        fill(ledger, "r-1")
    shutil.copy(folder / "ledger.db", folder / "ledger.old")
    with Ledger.open(folder) as ledger:
        fill(ledger, "r-2")
        ledger.sign_head()
    shutil.copy(folder / "ledger.old", folder / "ledger.db")
    with Ledger.open(folder) as ledger:
        for _ in range(2):
            with pytest.raises(DamagedError, match="no longer begins"):
                ledger.sign_head()
            with pytest.raises(DamagedError, match="signed before"):
                ledger.verify()
            fill(ledger, "r-3", count=20)


def test_a_head_kept_elsewhere_shows_a_folder_put_back(folder: Path, tmp_path: Path) -> None:
    """Whoever kept a signed head sees that a ledger restored as a whole lost entries."""
    with Ledger.open(folder, create=True) as ledger:
        fill(ledger, "r-1")
    shutil.copytree(folder, tmp_path / "old")
    with Ledger.open(folder) as ledger:
        fill(ledger, "r-2")
        kept = ledger.sign_head()
        assert ledger.verify(held=[kept]).heads == 1
    with Ledger.open(tmp_path / "old") as old:
        assert old.verify().size == 10
        with pytest.raises(DamagedError, match="covers 20 entries, there are 10"):
            old.verify(held=[kept])
        fill(old, "r-3", count=20)
        with pytest.raises(DamagedError, match="a root that the entries do not have"):
            old.verify(held=[kept])


def test_rubbish_in_the_head_file_is_refused(ledger: Ledger, folder: Path) -> None:
    """A damaged head file is not taken for no head."""
    fill(ledger, "r-1")
    note = ledger.sign_head()
    for rubbish in (b"", b"\xff\xfe", note.encode()[:-2]):
        (folder / "head").write_bytes(rubbish)
        with pytest.raises(DamagedError):
            ledger.verify()
    save_head(folder, note)
    assert ledger.verify().heads == 1
