"""`tacho brake watch`: follow other parties' published logs."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from tachograph.cli.brake_witness import Keys, PolicyAt, known_keys, read_policy
from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson
from tachograph.cli.output import remark, tell, tell_json
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from tachograph.brake.logs.source import Source
    from tachograph.brake.witness.watch import Sighting, Watch

FOLDER = Path(".tacho-watch")


def add_to(app: typer.Typer) -> None:
    """Put the verb of this file on `tacho brake`."""
    app.command("watch", epilog="Example: tacho brake watch URL --key VKEY --once")(watch)


def watch(
    urls: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer reads it at run time
        typer.Argument(metavar="URL...", help="Published logs: URLs, or folders."),
    ] = None,
    key: Keys = None,
    policy: PolicyAt = None,
    peers: Annotated[
        Optional[list[str]],  # noqa: UP045 - likewise
        typer.Option("--peer", metavar="URL", help="Another watcher to talk to; any number."),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where heads and proofs are kept.")
    ] = FOLDER,
    once: Annotated[bool, typer.Option("--once", help="Ask everyone once, and end.")] = False,
    seconds: Annotated[float, typer.Option("--every", help="Seconds between rounds.")] = 60.0,
    port: Annotated[
        Optional[int],  # noqa: UP045 - likewise
        typer.Option("--port", help="Answer other watchers on this port; 0 takes a free one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Follow published logs, tell other watchers, and prove it where one signs two histories."""
    from tachograph.brake.wire.web import running
    from tachograph.brake.witness.watch import Watch, watch_application
    from tachograph.merkle.note import ED25519

    published = list(urls or [])
    if policy is not None:
        published += [log.url for log in read_policy(policy).logs if log.url is not None]
    if not published and not peers:
        raise UsageError("nobody to ask", hint="name a log's URL, or --peer URL")
    keys = [one for one in known_keys(key, policy) if one.algorithm == ED25519]
    watcher = Watch(folder, keys, published, peers or (), open_source=source)
    with ExitStack() as stack:
        if port is not None:
            app = watch_application(watcher)
            remark(f"telling at {stack.enter_context(running(app, port=port))}")
        while True:
            heard = watcher.round()
            report(heard, watcher, as_json)
            if once:
                raise typer.Exit(verdict(heard, watcher))
            time.sleep(seconds)


def source(url: str) -> Source:
    """What reads a published log: over HTTP, or from a folder here."""
    from tachograph.brake.logs.http_source import HttpSource
    from tachograph.brake.logs.source import FolderSource

    return HttpSource(url) if url.startswith(("http://", "https://")) else FolderSource(Path(url))


def report(heard: list[Sighting], watcher: Watch, as_json: bool) -> None:
    """One round."""
    if as_json:
        tell_json({"heard": [asdict(one) for one in heard], "forks": sorted(watcher.forks())})
        return
    for one in heard:
        size = "" if one.size is None else f" {one.size}"
        detail = f" ({one.detail})" if one.detail else ""
        tell(f"{one.what:12}{one.origin or '?'}{size} from {one.source}{detail}")
    for name in sorted(watcher.forks()):
        tell(f"two histories: tacho brake fork {watcher.path(name)} --key VKEY")


def verdict(heard: list[Sighting], watcher: Watch) -> Exit:
    """No where a fork is kept; unknown where somebody could not be asked or compared."""
    if watcher.forks():
        return Exit.NO
    open_ends = {"unreachable", "unproven", "refused"}
    return Exit.UNKNOWN if open_ends & {one.what for one in heard} else Exit.YES
