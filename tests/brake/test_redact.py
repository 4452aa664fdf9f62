"""Bodies stay home: what is published tells nothing of them, and an opening tells just one."""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tachograph.brake.logs import redact
from tachograph.brake.logs.commitment import (
    Commitment,
    Opening,
    check_opening,
    format_opening,
    parse_leaf,
    parse_opening,
    redacted_key,
)
from tachograph.brake.logs.publish import publish
from tachograph.brake.logs.redact import DEFAULT, RedactedLog, Redaction, choose, parse_redaction
from tachograph.brake.logs.source import FolderSource, hashes, leaves
from tachograph.errors import DamagedError, FormatError, NotFoundError, ProofError, UsageError
from tachograph.ledger import Entry, Ledger, kinds
from tachograph.ledger.entry import encode
from tachograph.ledger.heads import parse_head
from tachograph.merkle.levels import Levels
from tachograph.merkle.tree import leaf_hash, root

VERDICTS = ("better", "worse", "same")
"""A body of low entropy: three guesses are all there are."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(home, create=True, origin="example.org/lab") as opened:
        yield opened


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return tmp_path / "host"


def closed(reason: str) -> tuple[str, tuple[int, ...], kinds.RunClosed]:
    return ("loop", (), kinds.RunClosed("r-1", reason, None))


def held(reason: str) -> tuple[str, tuple[int, ...], kinds.WorkHeld]:
    return ("loop", (), kinds.WorkHeld(reason))


def published(host: Path, ledger: Ledger) -> list[Entry | Commitment]:
    """The leaves that lie there, under a root that the redacted log's key signed."""
    source = FolderSource(host)
    head = parse_head(source.checkpoint().decode(), redacted_key(ledger.verifier))
    assert root(head.size, hashes(source, head.size)) == head.root
    found = list(leaves(source, 0, head.size, head.size))
    levels = Levels()
    levels.extend(found)
    assert levels.root() == head.root
    return [parse_leaf(leaf) for leaf in found]


def test_the_policy_says_what_leaves_the_house(ledger: Ledger, home: Path, host: Path) -> None:
    """One kind whole, one by name, the rest hidden; the choice itself is there to read."""
    ledger.append([closed("secret"), held("a visit"), ("loop", (), kinds.RunResumed("r-1"))])
    choose(ledger, home, Redaction(frozenset({"WorkHeld"}), frozenset({"RunClosed"})))
    publish(RedactedLog(ledger, home), home, host)
    found = published(host, ledger)
    assert [type(leaf).__name__ for leaf in found] == [
        "Commitment", "Entry", "Commitment", "Entry",
    ]  # fmt: skip
    assert [leaf.kind for leaf in found] == ["RunClosed", "WorkHeld", None, "RedactionChosen"]
    assert [leaf.seq for leaf in found] == [0, 1, 2, 3]
    assert [leaf.time for leaf in found] == [ledger.get(seq).time for seq in range(4)]
    assert found[1] == ledger.get(1)


def files(host: Path) -> bytes:
    """All bytes that were published."""
    return b"\n".join(path.read_bytes() for path in sorted(host.rglob("*")) if path.is_file())


def guesses_confirmed(ledger: Ledger, host: Path, seq: int) -> set[str]:
    """Which guesses of a withheld entry what was published confirms.

    The guesser knows every other entry, and looks for any hash that a guess leads to.
    """
    everything = files(host)
    true = ledger.get(seq)
    confirmed = set()
    for reason in VERDICTS:
        body = kinds.RunClosed("r-1", reason, None)
        guess = encode(Entry(true.seq, true.time, true.actor, true.parents, body))
        data = list(ledger.leaves())
        data[seq] = guess
        levels = Levels()
        levels.extend(data)
        hints = [hashlib.sha256(guess).digest(), leaf_hash(guess)]
        hints += [levels.root(size) for size in range(seq + 1, len(data) + 1)]
        hints += [
            hash_
            for level in range(len(data).bit_length())
            for hash_ in levels.read([(level, index) for index in range(len(data) >> level)])
            if hash_ not in Levels_without(ledger, seq)
        ]
        for hint in hints:
            if any(form in everything for form in (hint, hint.hex().encode(),
                                                   base64.b64encode(hint))):  # fmt: skip
                confirmed.add(reason)
    return confirmed


def Levels_without(ledger: Ledger, seq: int) -> set[bytes]:  # noqa: N802 - reads as a noun
    """Leaf hashes of the other entries: that those are there confirms nothing."""
    return {leaf_hash(data) for place, data in enumerate(ledger.leaves()) if place != seq}


def test_a_withheld_body_cannot_be_tried_out(ledger: Ledger, home: Path, host: Path) -> None:
    """With three guesses and all other entries known, nothing published confirms any guess."""
    ledger.append([held("open"), closed("worse"), held("open too")])
    ledger.sign_head()
    choose(ledger, home, DEFAULT)
    publish(RedactedLog(ledger, home), home, host)
    publish(RedactedLog(ledger, home), home, host)
    assert len(published(host, ledger)) > 3
    assert guesses_confirmed(ledger, host, 1) == set()


def test_the_ledgers_own_root_would_confirm_a_guess(
    ledger: Ledger, home: Path, host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guesser of the test above is no straw man: were HeadSigned published, it would win."""
    monkeypatch.setattr(redact, "_NEVER", frozenset())
    ledger.append([held("open"), closed("worse"), held("open too")])
    ledger.sign_head()
    choose(ledger, home, Redaction(DEFAULT.whole | {"HeadSigned"}))
    publish(RedactedLog(ledger, home), home, host)
    assert guesses_confirmed(ledger, host, 1) == {"worse"}


def test_an_opening_shows_one_entry(ledger: Ledger, home: Path, host: Path) -> None:
    """It shows what was withheld, survives its file, and its salt opens no other leaf."""
    ledger.append([closed("worse"), closed("worse")])
    choose(ledger, home, DEFAULT)
    log = RedactedLog(ledger, home)
    publish(log, home, host)
    first, second, _ = published(host, ledger)
    opening = parse_opening(format_opening(log.open(0)))
    assert isinstance(first, Commitment) and isinstance(second, Commitment)
    assert check_opening(first, opening) == ledger.get(0)
    assert first.commitment != second.commitment
    for other in (Opening(1, opening.salt, encode(ledger.get(1))), Opening(1, *vars_of(opening))):
        with pytest.raises(ProofError):
            check_opening(second, other)


def vars_of(opening: Opening) -> tuple[bytes, bytes]:
    return opening.salt, opening.data


def test_a_false_opening_is_refused(ledger: Ledger, home: Path, host: Path) -> None:
    """Another body, salt or number than what was committed to; and a lie in the leaf itself."""
    ledger.append([closed("worse")])
    choose(ledger, home, Redaction(frozenset(), frozenset({"RunClosed"})))
    log = RedactedLog(ledger, home)
    publish(log, home, host)
    leaf = published(host, ledger)[0]
    assert isinstance(leaf, Commitment)
    good = log.open(0)
    other = ledger.get(0)
    better = encode(Entry(0, other.time, other.actor, (), kinds.RunClosed("r-1", "better", None)))
    false = [
        Opening(0, good.salt, better),
        Opening(0, bytes(32), good.data),
        Opening(1, good.salt, good.data),
        Opening(0, good.salt[:31], good.data),
    ]
    for opening in false:
        with pytest.raises(ProofError):
            check_opening(leaf, opening)
    for lie in (
        Commitment(0, leaf.time, "RunOpened", leaf.commitment),
        Commitment(0, "2026-01-01T00:00:00.000000Z", leaf.kind, leaf.commitment),
    ):
        with pytest.raises(ProofError):
            check_opening(lie, good)


def test_what_would_show_more_is_not_opened(ledger: Ledger, home: Path) -> None:
    """A HeadSigned entry has the root over everything withheld."""
    ledger.append([closed("worse")])
    ledger.sign_head()
    choose(ledger, home, DEFAULT)
    with pytest.raises(UsageError, match="cannot be opened"):
        RedactedLog(ledger, home).open(1)
    with pytest.raises(FormatError, match="cannot be published"):
        parse_redaction('whole = ["HeadSigned"]')


def test_there_is_one_history(ledger: Ledger, home: Path, host: Path, tmp_path: Path) -> None:
    """Derived again, in one go and after more policies, the leaves are the same bytes."""
    choose(ledger, home, DEFAULT)
    for round_ in range(4):
        ledger.append([closed("same")] * 90 + [held("x")])
        if round_ == 2:
            choose(ledger, home, Redaction(frozenset({"RunClosed"})))
        publish(RedactedLog(ledger, home), home, host)
    publish(RedactedLog(ledger, home), home, tmp_path / "again")
    names = [
        path.relative_to(tmp_path / "again")
        for path in (tmp_path / "again").rglob("*")
        if path.is_file()
    ]
    assert len(names) > 5
    for name in names:
        assert (host / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    kinds_of = [leaf.kind for leaf in published(host, ledger)]
    assert kinds_of.count("RunClosed") == 90 and kinds_of.count("WorkHeld") == 3


def test_nothing_new_publishes_the_same(ledger: Ledger, home: Path, host: Path) -> None:
    """What publishing itself records is no reason to publish again."""
    ledger.append([closed("same")])
    choose(ledger, home, DEFAULT)
    first = publish(RedactedLog(ledger, home), home, host)
    size = ledger.size
    for _ in range(3):
        assert publish(RedactedLog(ledger, home), home, host).note == first.note
    assert ledger.size == size
    ledger.append([closed("same")])
    assert publish(RedactedLog(ledger, home), home, host).size == size + 1


def test_another_secret_signs_no_second_history(ledger: Ledger, home: Path, host: Path) -> None:
    """A secret that was lost and made anew is refused, and so is a missing one."""
    ledger.append([closed("same")])
    choose(ledger, home, DEFAULT)
    publish(RedactedLog(ledger, home), home, host)
    (home / redact.SECRET).write_text("00" * 32 + "\n")
    with pytest.raises(DamagedError, match="not the secret"):
        RedactedLog(ledger, home)
    (home / redact.SECRET).unlink()
    with pytest.raises(NotFoundError, match="missing"):
        RedactedLog(ledger, home)


def test_a_ledger_put_back_signs_no_second_history(
    ledger: Ledger, home: Path, host: Path, tmp_path: Path
) -> None:
    """The whole ledger restored from a copy and gone on: the host's checkpoint is ahead."""
    choose(ledger, home, DEFAULT)
    shutil.copytree(home, tmp_path / "copy")
    ledger.append([closed("same")] * 5)
    publish(RedactedLog(ledger, home), home, host)
    with Ledger.open(tmp_path / "copy") as restored:
        restored.append([closed("better")] * 9)
        with pytest.raises(DamagedError, match="published before"):
            publish(RedactedLog(restored, tmp_path / "copy"), tmp_path / "copy", host)


def test_a_policy_is_needed(ledger: Ledger, home: Path) -> None:
    """Without a recorded choice there is no redacted log."""
    with pytest.raises(NotFoundError, match="no redaction"):
        RedactedLog(ledger, home)


@pytest.mark.parametrize(
    "text",
    ["whole = [", 'whole = "WorkHeld"', "whole = [1]", 'whole = ["Nothing"]', "hole = []",
     "a." * 5000 + "b = 1"],
)  # fmt: skip
def test_a_policy_that_says_nothing_clear_is_refused(text: str) -> None:
    """No TOML, no list, no names of kinds, an unknown key."""
    with pytest.raises(FormatError):
        parse_redaction(text)


def test_the_secret_is_its_owners(ledger: Ledger, home: Path) -> None:
    """Nobody else may read it."""
    choose(ledger, home, DEFAULT)
    assert (home / redact.SECRET).stat().st_mode & 0o777 == 0o600
