"""Watching: honest growth is followed, two histories become a proof, and strangers do no harm."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tachograph.brake.heads.fork import (
    Fork,
    TwoHistories,
    TwoRoots,
    check_fork,
    format_fork,
    join_heads,
    parse_fork,
)
from tachograph.brake.logs.http_source import HttpSource
from tachograph.brake.logs.source import FolderSource
from tachograph.brake.wire.serve import log_application
from tachograph.brake.wire.web import application, running
from tachograph.brake.witness.memory import slot_name
from tachograph.brake.witness.watch import Watch, kept_heads, watch_application
from tachograph.errors import DamagedError, NotFoundError
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import SigningKey, format_note, sign_note
from tachograph.merkle.tile import format_path, format_tile, new_tiles, tile_nodes

KEY = SigningKey("example.com/log", bytes(range(32)))
OTHER = SigningKey("example.org/log", bytes(range(1, 33)))
SIZE = 600


def tree(forked: int = SIZE) -> Levels:
    """A log's tree; from `forked` on it has other leaves."""
    levels = Levels()
    levels.extend(b"%d%s" % (at, b"!" * (at >= forked)) for at in range(SIZE))
    return levels


HONEST, FORKED = tree(), tree(300)


def head(size: int, levels: Levels = HONEST, key: SigningKey = KEY) -> str:
    """A signed head."""
    return format_note(
        sign_note(format_checkpoint(Checkpoint(key.name, size, levels.root(size))), key)
    )


def publish(folder: Path, size: int, levels: Levels = HONEST, key: SigningKey = KEY) -> str:
    """Lay a log's hash tiles and its head into a folder; the folder's name."""
    for tile in new_tiles(0, size):
        if tile.level != "entries":
            path = folder / format_path(tile)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(format_tile(levels.read(tile_nodes(tile))))
    (folder / "checkpoint").write_text(head(size, levels, key), encoding="utf-8")
    return str(folder)


def watch(folder: Path, *urls: str, peers: tuple[str, ...] = ()) -> Watch:
    """A watcher of logs that lie in folders."""
    keys = [KEY.verifier, OTHER.verifier]
    return Watch(folder, keys, urls, peers, open_source=lambda url: FolderSource(Path(url)))


def seen(watcher: Watch) -> list[str]:
    """What one round heard."""
    return [sighting.what for sighting in watcher.round()]


def accused(watcher: Watch) -> list[str]:
    """Who the watcher's proofs accuse, as a stranger checks them."""
    found = []
    for name, text in watcher.forks().items():
        proven = check_fork(parse_fork(text), [KEY.verifier, OTHER.verifier])
        assert slot_name(proven.heads[0].origin) == name
        found += [key.name for key in proven.keys]
    return found


def test_honest_growth_is_followed(tmp_path: Path) -> None:
    """Each new head is compared with the kept one; a watcher that starts again remembers."""
    url = publish(tmp_path / "log", 5)
    watcher = watch(tmp_path / "watch", url)
    assert seen(watcher) == ["new"]
    assert seen(watcher) == ["same"]
    for size in (256, 257, 600):
        publish(tmp_path / "log", size)
        assert seen(watch(tmp_path / "watch", url)) == ["new"]
    publish(tmp_path / "log", 300)
    assert seen(watcher) == ["older"]
    assert watcher.heads() == head(600)
    assert watcher.forks() == {}


@pytest.mark.parametrize(("first", "second"), [(400, 400), (400, 600), (301, 512), (600, 400)])
def test_a_log_that_changes_its_history_is_proven_so(
    tmp_path: Path, first: int, second: int
) -> None:
    """From what the watcher kept and what it is shown now, a proof for strangers is made."""
    url = publish(tmp_path / "log", first)
    watcher = watch(tmp_path / "watch", url)
    assert seen(watcher) == ["new"]
    publish(tmp_path / "log", second, FORKED)
    if first > second:
        # The older history's tiles are still there, as a host that keeps files has them.
        publish(tmp_path / "log", first)
        (tmp_path / "log/checkpoint").write_text(head(second, FORKED), encoding="utf-8")
    assert seen(watcher) == ["fork"]
    assert accused(watcher) == [KEY.name]
    assert watcher.heads() == head(first)
    assert seen(watcher) == ["fork"]
    # Both heads are evidence for an audit, the one that is not kept as the newest too.
    assert set(kept_heads(tmp_path / "watch")) == {head(first), head(second, FORKED)}


def test_a_log_that_hides_its_tiles_is_unproven(tmp_path: Path) -> None:
    """Without hashes that lead to the signed root there is no proof, and no pass either."""
    url = publish(tmp_path / "log", 400)
    watcher = watch(tmp_path / "watch", url)
    assert seen(watcher) == ["new"]
    publish(tmp_path / "log", 600)
    (tmp_path / "log/checkpoint").write_text(head(600, FORKED), encoding="utf-8")
    (sighting,) = watcher.round()
    assert (sighting.what, sighting.size) == ("unproven", 600)
    assert watcher.heads() == head(400)
    for path in (tmp_path / "log/tile/0").glob("00?"):
        path.unlink()
    assert seen(watcher) == ["unproven"]


def test_split_views_meet(tmp_path: Path) -> None:
    """Two watchers who are shown two histories prove it once they talk; a third learns it."""
    with ExitStack() as stack:
        urls = []
        one = watch(tmp_path / "one", publish(tmp_path / "view one", 400))
        urls.append(stack.enter_context(running(watch_application(one))))
        two_log = publish(tmp_path / "view two", 600, FORKED)
        two = watch(tmp_path / "two", two_log, peers=(urls[0],))
        urls.append(stack.enter_context(running(watch_application(two))))
        assert seen(one) == ["new"]
        assert seen(two) == ["new", "fork"]
        assert accused(two) == [KEY.name]
        one_again = watch(tmp_path / "one", str(tmp_path / "view one"), peers=(urls[1],))
        # The shorter history's watcher cannot make the proof, and takes it from the other.
        assert "fork" in seen(one_again)
        assert accused(one_again) == [KEY.name]
        late = watch(tmp_path / "late", peers=(urls[0],))
        assert "fork" in seen(late)


def test_the_shorter_view_finds_out_when_it_has_grown(tmp_path: Path) -> None:
    """A head that cannot be compared yet is kept, also over a new start, and proves the fork."""
    two = watch(tmp_path / "two", publish(tmp_path / "view two", 500, FORKED))
    assert seen(two) == ["new"]
    one_log = publish(tmp_path / "view one", 400)
    with running(watch_application(two)) as url:
        assert seen(watch(tmp_path / "one", one_log, peers=(url,))) == ["new", "unproven"]
    alone = watch(tmp_path / "one", one_log)
    assert seen(alone) == ["same"]
    assert kept_heads(tmp_path / "one") == [head(400), head(500, FORKED)]
    publish(tmp_path / "view one", 600)
    assert seen(alone) == ["new", "fork"]
    assert accused(alone) == [KEY.name]
    assert seen(alone) == ["same"]


@pytest.mark.parametrize("order", [1, -1])
def test_who_else_claims_to_publish_a_log_hides_nothing(tmp_path: Path, order: int) -> None:
    """Another log that shows a copy of the head, and no hashes, stops no comparison."""
    url = publish(tmp_path / "log", 400)
    copied = tmp_path / "copied"
    copied.mkdir()
    (copied / "checkpoint").write_text(head(400), encoding="utf-8")
    watcher = watch(tmp_path / "watch", *[str(copied), url][::order])
    assert sorted(seen(watcher)) == ["new", "same"]
    publish(tmp_path / "log", 600, FORKED)
    assert sorted(seen(watcher)) == ["fork", "same"]


def test_what_could_not_be_compared_waits_for_its_key(tmp_path: Path) -> None:
    """A watcher that is started without a log's key leaves that log's evidence alone."""
    watcher = watch(tmp_path / "watch", publish(tmp_path / "log", 400))
    assert seen(watcher) == ["new"]
    assert watcher.hear(head(500), "a letter").what == "unproven"
    other = publish(tmp_path / "other", 5, HONEST, OTHER)
    narrow = Watch(
        tmp_path / "watch", [OTHER.verifier], [other],
        open_source=lambda url: FolderSource(Path(url)),
    )  # fmt: skip
    assert seen(narrow) == ["new"]
    assert head(500) in kept_heads(tmp_path / "watch")


def test_a_head_that_turns_out_honest_is_let_go(tmp_path: Path) -> None:
    """What could not be compared, and then is of the one history, accuses nobody."""
    watcher = watch(tmp_path / "watch", publish(tmp_path / "log", 400))
    assert seen(watcher) == ["new"]
    assert watcher.hear(head(500), "a letter").what == "unproven"
    publish(tmp_path / "log", 600)
    assert seen(watcher) == ["new", "older"]
    assert (watcher.forks(), seen(watcher)) == ({}, ["same"])


def test_logs_are_followed_over_http(tmp_path: Path) -> None:
    """A served log grows, and then shows another history: the same answers as from files."""
    folder = tmp_path / "log"
    publish(folder, 400)
    with running(log_application(folder)) as url:
        watcher = Watch(tmp_path / "watch", [KEY.verifier], [url], open_source=HttpSource)
        assert seen(watcher) == ["new"]
        publish(folder, 500)
        assert seen(watcher) == ["new"]
        publish(folder, 600, FORKED)
        assert seen(watcher) == ["fork"]
        shutil.rmtree(folder / "tile")
        (folder / "checkpoint").write_text(head(590), encoding="utf-8")
        assert seen(watcher) == ["unproven"]
    assert seen(watcher) == ["unreachable"]
    assert accused(watcher) == [KEY.name]


def test_watchers_of_one_history_agree(tmp_path: Path) -> None:
    """A head that only another watcher has seen yet is compared and kept."""
    one = watch(tmp_path / "one", publish(tmp_path / "log", 600))
    assert seen(one) == ["new"]
    with running(watch_application(one)) as url:
        two = watch(tmp_path / "two", publish(tmp_path / "slow", 400), peers=(url,))
        publish(tmp_path / "slow", 600)
        (tmp_path / "slow/checkpoint").write_text(head(400), encoding="utf-8")
        assert seen(two) == ["new", "new"]
        assert two.heads() == head(600)
        assert two.forks() == one.forks() == {}


HONEST_PAIR = format_fork(Fork((head(300), head(400)), TwoHistories(bytes(32), (bytes(32),) * 9)))


def signed_by_another(levels: Levels) -> str:
    """A head under the log's name that another watched log's key signed, under its own name."""
    text = format_checkpoint(Checkpoint(KEY.name, 500, levels.root(500)))
    return format_note(sign_note(text, OTHER))


LIES = {
    "proof by another log's key": (
        head(300),
        format_fork(Fork((signed_by_another(HONEST), signed_by_another(FORKED)), TwoRoots())),
    ),
    "no head": ("nothing\n", ""),
    "unsigned": (head(300).replace("\n300\n", "\n301\n"), ""),
    "by a stranger": (head(300, FORKED, SigningKey(KEY.name, bytes(32))), ""),
    "another log": (head(300, HONEST, SigningKey("else", bytes(32))), ""),
    "too long": ("x" * (1 << 21), ""),
    "false proof": (head(300), HONEST_PAIR),
    "proof by a stranger": (
        head(300),
        format_fork(
            Fork((head(500), head(500, FORKED, SigningKey(KEY.name, bytes(32)))), TwoRoots())
        ),
    ),
    "noise as proof": (head(300), "tachograph-fork@v1\n"),
}


@pytest.mark.parametrize("name", LIES)
def test_strangers_frame_nobody(tmp_path: Path, name: str) -> None:
    """Whatever another watcher says, no honest log is accused and no kept head is lost."""
    heads, proof = LIES[name]

    async def say(request: Request) -> Response:
        if request.url.path == "/heads":
            return PlainTextResponse(heads)
        if request.url.path == "/forks":
            return PlainTextResponse(f"{slot_name(KEY.name)}\n" if proof else "")
        return PlainTextResponse(proof)

    with running(application([Route("/{path:path}", say)])) as url:
        watcher = watch(tmp_path / "watch", publish(tmp_path / "log", 400), peers=(url,))
        assert set(seen(watcher)) <= {"new", "refused", "older", "unreachable"}
    assert watcher.forks() == {}
    assert watcher.heads() == head(400)


def test_who_is_away_stops_nobody(tmp_path: Path) -> None:
    """A log and a watcher that do not answer are said, and the others are asked."""
    url = publish(tmp_path / "log", 400)
    watcher = watch(tmp_path / "watch", str(tmp_path / "none"), url, peers=("http://127.0.0.1:1",))
    assert seen(watcher) == ["unreachable", "new", "unreachable"]


def test_two_logs_are_two(tmp_path: Path) -> None:
    """Each log has its own head; the text of both comes apart again."""
    urls = [
        publish(tmp_path / "one", 400),
        publish(tmp_path / "two", 500, FORKED, OTHER),
    ]
    watcher = watch(tmp_path / "watch", *urls)
    assert seen(watcher) == ["new", "new"]
    assert watcher.heads() == join_heads([head(400), head(500, FORKED, OTHER)])
    assert watcher.forks() == {}


def test_a_damaged_memory_is_no_first_meeting(tmp_path: Path) -> None:
    """A kept head that does not parse stops the watcher, and is not replaced."""
    url = publish(tmp_path / "log", 400)
    watcher = watch(tmp_path / "watch", url)
    assert seen(watcher) == ["new"]
    path = tmp_path / "watch/heads" / slot_name(KEY.name)
    path.write_text("time 1\n", encoding="utf-8")
    with pytest.raises(DamagedError):
        watcher.round()
    with pytest.raises(DamagedError):
        kept_heads(tmp_path / "watch")
    with pytest.raises(NotFoundError, match="no watcher"):
        kept_heads(tmp_path / "log")
    assert path.read_text(encoding="utf-8") == "time 1\n"
