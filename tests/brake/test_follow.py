"""Following a register: each statement once and in order, through every accident and every lie."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults import How, broken
from hypothesis import given, settings
from hypothesis import strategies as st
from parties import document, say

from tachograph.brake.agreed.document import Document
from tachograph.brake.heads.cosignature import CosigningKey
from tachograph.brake.heads.fork import check_fork, parse_fork
from tachograph.brake.heads.policy import parse_policy
from tachograph.brake.logs import fetch
from tachograph.brake.logs.commitment import redacted_key
from tachograph.brake.logs.host import cosigner
from tachograph.brake.logs.publish import WholeLog, publish
from tachograph.brake.logs.redact import RedactedLog, Redaction, choose
from tachograph.brake.logs.source import FolderSource, Source
from tachograph.brake.wire.exchange import UnreachableError
from tachograph.brake.wire.follow import Follower, ForkError, StaleError
from tachograph.errors import (
    EvidenceError,
    FormatError,
    ProofError,
    StoreError,
    TachographError,
    WorldError,
)
from tachograph.ledger import Ledger, entry, kinds
from tachograph.ledger.kinds import RegisterContradicted, RegisterHeard, StatementCopied
from tachograph.merkle.note import Note, format_note, parse_note
from tachograph.merkle.tile import WIDTH, Tile


class Register:
    """A register in a folder, and the folder that is published of it."""

    def __init__(self, home: Path) -> None:
        self.home, self.host = home, home / "public"
        self.ledger = Ledger.open(home, create=True, origin="example.org/register")
        self.agreement = document(self.ledger.verifier)
        self.said: list[str] = []

    def take(self, count: int, by: str = "aurora", reason: str = "a visit") -> None:
        """Take in some statements of one speaker, and other entries between them."""
        drafts = []
        for _ in range(count):
            number = len(self.said)
            self.said.append(say(self.agreement, by, number, reason=f"{reason} {number}"))
            drafts.append(("register", (), kinds.StatementPosted(self.said[-1])))
            drafts.append(("test", (), kinds.RunResumed("noise")))
        self.ledger.append(drafts)

    def publish(self) -> FolderSource:
        """Bring the folder up to date."""
        publish(WholeLog(self.ledger), self.home, self.host)
        return FolderSource(self.host)

    def twin(self, home: Path) -> Register:
        """Another folder with the same key and the same past: it can go on differently."""
        shutil.copytree(self.home, home)
        other = Register(home)
        other.said = list(self.said)
        return other


class Through:
    """A source whose answers pass through somebody's hands."""

    def __init__(
        self,
        source: Source,
        checkpoint: Callable[[bytes], bytes] = lambda data: data,
        tile: Callable[[Tile, bytes], bytes] = lambda tile, data: data,
    ) -> None:
        self._source, self._checkpoint, self._tile = source, checkpoint, tile

    def checkpoint(self) -> bytes:
        return self._checkpoint(self._source.checkpoint())

    def tile(self, tile: Tile) -> bytes:
        return self._tile(tile, self._source.tile(tile))


class Mine:
    """One's own ledger and its follower."""

    def __init__(self, home: Path, agreement: Document, quiet_seconds: float = 600) -> None:
        self.home = home
        self.ledger = Ledger.open(home, create=True)
        self.follower = Follower(self.ledger, home, agreement.terms, quiet_seconds=quiet_seconds)

    def copies(self) -> list[str]:
        """The envelopes that were copied, in order."""
        found = [one.body for one in self.ledger.entries(kinds=[StatementCopied])]
        return [body.envelope for body in found if isinstance(body, StatementCopied)]

    def refuses(
        self, source: Source, error: type[TachographError], match: str | None = None
    ) -> None:
        """A step fails so, and leaves no copy and no head behind."""
        wanted = [StatementCopied, RegisterHeard]
        before = [one.seq for one in self.ledger.entries(kinds=wanted)]
        with pytest.raises(error, match=match):
            self.follower.step(source)
        assert [one.seq for one in self.ledger.entries(kinds=wanted)] == before

    def evidence(self) -> list[RegisterContradicted]:
        """Forks that were recorded."""
        found = [one.body for one in self.ledger.entries(kinds=[RegisterContradicted])]
        return [body for body in found if isinstance(body, RegisterContradicted)]


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    made = Register(tmp_path / "register")
    yield made
    made.ledger.close()


@pytest.fixture
def mine(tmp_path: Path, register: Register) -> Iterator[Mine]:
    made = Mine(tmp_path / "mine", register.agreement)
    yield made
    made.ledger.close()


# Growing.


def test_each_statement_comes_once_and_in_order(register: Register, mine: Mine) -> None:
    """Through many steps, bundles and readers that begin anew."""
    for round_, count in enumerate((1, 0, 150, 3)):
        register.take(count)
        source = register.publish()
        if round_ == 2:
            mine.follower = Follower(mine.ledger, mine.home, register.agreement.terms)
        heard = mine.follower.step(source)
        assert (heard.copied, mine.copies()) == (count, register.said)
    assert register.ledger.size > WIDTH


def test_a_register_without_entries_is_heard(register: Register, mine: Mine) -> None:
    """Its signed head of no entries is news, once."""
    source = register.publish()
    assert mine.follower.step(source).recorded
    assert not mine.follower.step(source).recorded


def test_what_brings_nothing_new_is_recorded_now_and_then(register: Register, mine: Mine) -> None:
    """A head heard again is an entry only after a while: freshness without noise."""
    register.take(1)
    source = register.publish()
    now = time.time()
    assert mine.follower.step(source, now=now).recorded
    size = mine.ledger.size
    assert not mine.follower.step(source, now=now + 60).recorded
    assert mine.follower.step(source, now=now + 700).recorded
    assert mine.ledger.size == size + 1


def test_a_large_gap_is_taken_in_steps(
    register: Register, mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In several appends, each proven by the head; the head is heard only with the last."""
    monkeypatch.setattr(fetch, "STEP_BUNDLES", 1)
    register.take(300)
    source = register.publish()
    assert mine.follower.step(source).copied == 300
    assert mine.copies() == register.said
    kinds_ = [one.kind for one in mine.ledger.entries()]
    assert kinds_[0] == "RegisterSeen" and kinds_.count("RegisterHeard") == 1
    assert kinds_[-1] == "RegisterHeard"


# Accidents.


def test_cut_off_at_any_fetch_it_goes_on_later(
    register: Register, mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is cut at each fetch in turn: nothing half is left, nothing comes twice."""
    monkeypatch.setattr(fetch, "STEP_BUNDLES", 1)
    register.take(100)
    mine.follower.step(register.publish())
    register.take(200)
    source = register.publish()
    at = 0
    while True:
        at += 1
        left = at

        def cut(*given: object) -> bytes:
            nonlocal left
            left -= 1
            if not left:
                raise UnreachableError("cut", hint="again")
            data = given[-1]
            assert isinstance(data, bytes)
            return data

        follower = Follower(mine.ledger, mine.home, register.agreement.terms)
        try:
            follower.step(Through(source, cut, cut))
        except UnreachableError:
            assert mine.copies() == register.said[: len(mine.copies())]
            continue
        break
    assert at > 8
    assert mine.copies() == register.said
    assert [one.kind for one in mine.ledger.entries()].count("RegisterHeard") == 2


def break_write(register: Register, folder: Path, at: int, how: How) -> bool:
    """Two steps of a follower, one write of which breaks; whether there was such a write."""
    mine = Mine(folder, register.agreement, quiet_seconds=0)
    source = FolderSource(register.host)
    try:
        with broken(at, how) as steps:
            mine.follower.step(source)
            mine.follower.step(source)
    except StoreError as error:
        assert error.hint
    assert mine.copies() == register.said[: len(mine.copies())]
    Follower(mine.ledger, folder, register.agreement.terms).step(source)
    assert mine.copies() == register.said
    mine.ledger.verify()
    mine.ledger.close()
    return steps.count >= at


@pytest.mark.parametrize("how", ["lost", "kept"])
def test_a_write_that_breaks_loses_and_doubles_nothing(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: How
) -> None:
    """Some of the many below, for every day."""
    monkeypatch.setattr(fetch, "STEP_BUNDLES", 1)
    register.take(300)
    register.publish()
    for at in (3, 11, 21, 30):
        assert break_write(register, tmp_path / f"at-{at}", at, how)


@pytest.mark.long
@pytest.mark.parametrize("how", ["lost", "kept"])
def test_whatever_write_breaks_nothing_is_lost_or_doubled(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: How
) -> None:
    """Each write of the follower in turn: lost, or done and denied."""
    monkeypatch.setattr(fetch, "STEP_BUNDLES", 1)
    register.take(300)
    register.publish()
    at = 1
    while break_write(register, tmp_path / f"at-{at}", at, how):
        at += 1
    assert at > 30


def test_a_register_that_is_behind_is_late_and_no_liar(
    register: Register, mine: Mine, tmp_path: Path
) -> None:
    """An older head of the same history: nothing is recorded, nobody accused."""
    register.take(3)
    register.publish()
    shutil.copytree(register.host, tmp_path / "old")
    register.take(3)
    mine.follower.step(register.publish())
    mine.refuses(Through(FolderSource(tmp_path / "old"), tile=of(register)), StaleError, "had")
    assert not mine.evidence()


def of(register: Register) -> Callable[[Tile, bytes], bytes]:
    """The tiles of another folder."""
    return lambda tile, _: FolderSource(register.host).tile(tile)


# Lies.


def fork(register: Register, tmp_path: Path, common: int, ours: int, theirs: int) -> Register:
    """A twin that went on with other statements."""
    register.take(common)
    twin = register.twin(tmp_path / "twin")
    register.take(ours)
    twin.take(theirs, reason="another")
    return twin


@pytest.mark.parametrize(("ours", "theirs"), [(2, 2), (2, 5), (100, 300), (5, 2), (300, 100)])
def test_a_second_history_is_kept_as_evidence(
    register: Register, mine: Mine, tmp_path: Path, ours: int, theirs: int
) -> None:
    """Same size, larger, smaller: refused, and kept once, with a proof that a stranger checks."""
    twin = fork(register, tmp_path, 3, ours, theirs)
    mine.follower.step(register.publish())
    for _ in range(3):
        mine.refuses(twin.publish(), ForkError, "two histories")
    (evidence,) = mine.evidence()
    for note in (evidence.held, evidence.offered):
        assert parse_note(note).text.startswith("example.org/register\n")
    assert parse_note(evidence.held).text != parse_note(evidence.offered).text
    (proof,) = (mine.home / "forks").iterdir()
    fork_ = parse_fork(proof.read_text())
    assert mine.ledger.fetch(evidence.proof) == proof.read_bytes()
    assert check_fork(fork_, [register.ledger.verifier]).keys == (register.ledger.verifier,)
    assert mine.copies() == register.said
    register.take(1)
    assert mine.follower.step(register.publish()).copied == 1
    twin.ledger.close()


def test_another_history_after_an_interrupted_step_is_found(
    register: Register, mine: Mine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half copied from one history, then shown another: the head of the first half was kept."""
    monkeypatch.setattr(fetch, "STEP_BUNDLES", 1)
    twin = fork(register, tmp_path, 0, 300, 400)
    calls = 0

    def cut(tile: Tile, data: bytes) -> bytes:
        nonlocal calls
        calls += tile.level == "entries"
        if calls == 3:
            raise UnreachableError("cut", hint="again")
        return data

    with pytest.raises(UnreachableError):
        mine.follower.step(Through(register.publish(), tile=cut))
    assert 0 < len(mine.copies()) < 300
    mine.refuses(twin.publish(), ForkError, "two histories")
    assert len(mine.evidence()) == 1
    mine.follower.step(FolderSource(register.host))
    assert mine.copies() == register.said
    twin.ledger.close()


@pytest.mark.parametrize(
    ("level", "lost"), [(0, False), ("entries", False), (0, True), (1, True), ("entries", True)]
)
def test_a_changed_byte_anywhere_is_refused_and_nobody_accused(
    register: Register, mine: Mine, level: int | str, lost: bool
) -> None:
    """A wrong hash or entry is the fault of whoever answers: it is no proof against the signer."""
    register.take(130)
    mine.follower.step(register.publish())
    register.take(400)
    source = register.publish()
    if lost:
        shutil.rmtree(mine.home / "registers")

    def change(tile: Tile, data: bytes) -> bytes:
        if tile.level != level:
            return data
        at = len(data) // 3
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    mine.refuses(Through(source, tile=change), EvidenceError)
    assert not mine.evidence()
    assert mine.follower.step(source).copied == 400


def test_a_head_by_another_key_is_refused(register: Register, mine: Mine, tmp_path: Path) -> None:
    """Whoever answers in the register's place needs its key."""
    register.take(1)
    register.publish()
    with Ledger.open(tmp_path / "other", create=True, origin="example.org/register") as other:
        other.append([("test", (), kinds.RunResumed("x"))])
        publish(WholeLog(other), tmp_path / "other", tmp_path / "other-host")
    mine.refuses(FolderSource(tmp_path / "other-host"), ProofError, "no known key")


def test_a_statement_that_is_withheld_is_missed(tmp_path: Path) -> None:
    """A register that publishes itself redacted may not withhold what it is there for."""
    made = Register(tmp_path / "register")
    made.agreement = document(redacted_key(made.ledger.verifier))
    made.take(2)
    choose(made.ledger, made.home, Redaction(frozenset(), frozenset({"StatementPosted"})))
    publish(RedactedLog(made.ledger, made.home), made.home, made.host)
    mine = Mine(tmp_path / "mine", made.agreement)
    mine.refuses(FolderSource(made.host), FormatError, "withholds statement")
    made.ledger.close()
    mine.ledger.close()


def test_a_redacted_register_is_followed(tmp_path: Path) -> None:
    """Statements in the open, the rest withheld: what is followed is the published log."""
    made = Register(tmp_path / "register")
    made.agreement = document(redacted_key(made.ledger.verifier))
    made.take(2)
    choose(made.ledger, made.home, Redaction(frozenset({"StatementPosted"})))
    publish(RedactedLog(made.ledger, made.home), made.home, made.host)
    mine = Mine(tmp_path / "mine", made.agreement)
    assert mine.follower.step(FolderSource(made.host)).copied == 2
    assert mine.copies() == made.said
    made.ledger.close()
    mine.ledger.close()


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_whatever_answers_only_our_own_errors_come(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Noise in place of any answer, cut and lengthened ones: an error of our tree, and no harm."""
    folder = tmp_path_factory.mktemp("fuzz")
    register = Register(folder / "register")
    register.take(2)
    source = register.publish()
    mine = Mine(folder / "mine", register.agreement)

    def spoil(*given_: object) -> bytes:
        good = given_[-1]
        assert isinstance(good, bytes)
        return data.draw(
            st.one_of(
                st.binary(max_size=200),
                st.integers(0, len(good)).map(lambda at: good[:at]),
                st.binary(min_size=1, max_size=50).map(lambda more: good + more),
                st.just(good),
            )
        )

    try:
        mine.follower.step(Through(source, spoil, spoil))
    except (EvidenceError, WorldError):
        assert not mine.copies() and not mine.evidence()
    mine.follower.step(source)
    assert mine.copies() == register.said
    register.ledger.close()
    mine.ledger.close()


# Witnesses.


WITNESSES = {name: CosigningKey(f"example.net/{name}", name.encode() * 16) for name in ("w1", "w2")}


def witnessed(register: Register, tmp_path: Path) -> tuple[Mine, Source]:
    """A follower who asks for both witnesses, and the register that asks them."""
    lines = "".join(f"witness {name} {key.verifier}\n" for name, key in WITNESSES.items())
    register.agreement = document(
        register.ledger.verifier, witnesses=f"{lines}group both all w1 w2\nquorum both\n"
    )
    register.take(2)
    return Mine(tmp_path / "witnessed", register.agreement), register.publish()


def cosigned(ages_seconds: dict[str, float]) -> Callable[[bytes], bytes]:
    """Put cosignatures of these ages under a checkpoint."""

    def put(data: bytes) -> bytes:
        note = parse_note(data.decode())
        lines = [
            WITNESSES[name].cosign(note.text, int(time.time() - age))
            for name, age in ages_seconds.items()
        ]
        return format_note(Note(note.text, (*note.signatures, *lines))).encode()

    return put


def test_a_quorum_that_saw_it_lately_is_needed(register: Register, tmp_path: Path) -> None:
    """Too few witnesses are refused; an old head is not fresh, whoever plays it again."""
    mine, source = witnessed(register, tmp_path)
    day = 86_400
    mine.refuses(source, ProofError, "w1")
    mine.refuses(Through(source, cosigned({"w1": 0})), ProofError, "w2")
    mine.refuses(Through(source, cosigned({"w1": 0, "w2": 2 * day})), StaleError, "w2")
    mine.refuses(Through(source, cosigned({"w1": 0, "w2": -day})), StaleError, "w2")
    assert mine.follower.step(Through(source, cosigned({"w1": 0, "w2": day / 2}))).copied == 2
    mine.ledger.close()


def test_a_register_that_dates_forward_is_not_followed(
    register: Register, mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a year would run out in it: an exit's notice, a sunset, everybody's heartbeats."""
    register.take(2)
    mine.follower.step(register.publish())
    monkeypatch.setattr(entry, "now", lambda: "2199-01-01T00:00:00.000000Z")
    register.take(1)
    monkeypatch.undo()
    mine.refuses(register.publish(), ProofError, match="which is to come")
    assert len(mine.copies()) == 2


def test_strangers_signatures_are_not_recorded(register: Register, tmp_path: Path) -> None:
    """Whoever is in between may add lines under a head; the ledger does not grow by them."""
    mine, source = witnessed(register, tmp_path)
    strangers = [CosigningKey(f"example.net/s{n}", bytes([n]) * 32) for n in range(50)]

    def add(data: bytes) -> bytes:
        note = parse_note(cosigned({"w1": 0, "w2": 0})(data).decode())
        lines = [one.cosign(note.text, 1) for one in strangers]
        return format_note(Note(note.text, (*lines, *note.signatures))).encode()

    mine.follower.step(Through(source, add))
    (heard,) = [one.body for one in mine.ledger.entries(kinds=[RegisterHeard])]
    assert isinstance(heard, RegisterHeard)
    names = {line.name for line in parse_note(heard.note).signatures}
    assert names == {"example.org/register", "example.net/w1", "example.net/w2"}
    mine.ledger.close()


def test_without_its_witnesses_the_register_keeps_its_old_checkpoint(
    register: Register, tmp_path: Path
) -> None:
    """A head that no quorum cosigned is not put in place of one that followers accept."""
    register.take(1)
    source = register.publish()
    before = source.checkpoint()
    register.take(1)
    lines = "".join(
        f"witness {name} {key.verifier} http://127.0.0.1:9\n" for name, key in WITNESSES.items()
    )
    policy = parse_policy(f"{lines}group both all w1 w2\nquorum both\n")
    told: list[str] = []
    with pytest.raises(WorldError, match="too few witnesses"):
        publish(
            WholeLog(register.ledger), register.home, register.host,
            cosigner(policy, lambda outcome: told.append(outcome.witness)),
        )  # fmt: skip
    assert source.checkpoint() == before
    assert told == ["w1", "w2"]
