"""Our trees, notes and witnesses beside those of Go's x/mod and of sigsum-go.

Needs foreign programs (interop_tools.py): --fetch obtains them, and without them the benchmark says
why it is skipped. Everything runs on the loopback. Run: python bench/interop.py --fetch
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import random
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bars import Bar, report
from interop_tools import Tools, UnavailableError, find
from tachograph.brake.heads.cosignature import CosignerKey
from tachograph.brake.heads.policy import check_policy, parse_policy
from tachograph.brake.wire.exchange import UnreachableError, post
from tachograph.brake.wire.web import running
from tachograph.brake.witness import Witness, add_log, collect, create_witness, witness_application
from tachograph.brake.witness.protocol import format_request
from tachograph.ledger import Ledger, kinds
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import SigningKey, VerifierKey, format_note, parse_note, sign_note
from tachograph.merkle.tree import prove_consistency, prove_inclusion

SEED = bytes(range(32))
STRANGER = bytes([7]) * 32
TREES = 40
LEAVES = 40
EXPECTED = {
    "first": 200, "growth": 200, "forged consistency": 422, "rollback": 409, "other root": 422,
    "wrong key": 403, "unknown origin": 404, "stale size": 409, "same again": 200, "goes on": 200,
}  # fmt: skip
"""Of each request, in this order, what the specification says; six of them are refused."""
GO_SETTINGS = {"GODEBUG": "httpmuxgo121=0"}
"""Debian builds sigsum-witness so that it answers 404 to everything without this."""


def main() -> int:
    """Print every comparison; 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--fetch", action="store_true", help="obtain the foreign programs first")
    parser.add_argument("--quick", action="store_true", help="the same: it is quick")
    try:
        tools = find(parser.parse_args().fetch)
    except UnavailableError as error:
        print(f"skipped: {error}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return report([
            *tree_bars(tools), note_bar(tools, Path(folder)), *witness_bars(tools, Path(folder)),
        ])  # fmt: skip


# Trees and notes, by x/mod.


def tree_bars(tools: Tools) -> list[Bar]:
    """Roots and both proofs of random trees."""
    chance = random.Random(5)
    asked, ours = [], []
    for _ in range(TREES):
        leaves = [chance.randbytes(chance.randrange(100)) for _ in range(chance.randrange(1, 700))]
        old, index = chance.randrange(1, len(leaves) + 1), chance.randrange(len(leaves))
        levels = Levels()
        levels.extend(leaves)
        ours.append({
            "root": text(levels.root()),
            "consistency": [*map(text, prove_consistency(old, len(leaves), levels.read))],
            "inclusion": [*map(text, prove_inclusion(index, len(leaves), levels.read))],
        })  # fmt: skip
        asked.append(json.dumps({"leaves": [*map(text, leaves)], "old": old, "index": index}))
    lines = reference(tools, "trees", given="\n".join(asked)).splitlines()
    theirs = [json.loads(line) for line in lines]
    bars = []
    for what in ("root", "consistency", "inclusion"):
        same = sum(one[what] == other[what] for one, other in zip(ours, theirs, strict=True))
        bars.append(Bar(f"random trees equal to x/mod's: {what}", f"{TREES} of {TREES}",
                        f"{same} of {TREES}", same == TREES))  # fmt: skip
    return bars


def note_bar(tools: Tools, folder: Path) -> Bar:
    """A ledger's signed head, opened by x/mod."""
    with Ledger.open(folder / "ledger", create=True, origin="example.com/log") as ledger:
        ledger.append([("loop", [], kinds.RunResumed(run="r-1"))])
        note, key = ledger.sign_head(), str(ledger.verifier)
    said = reference(tools, "open", key, given=note).strip()
    return Bar(
        "a ledger's head opened by x/mod", "example.com/log", said, said == "example.com/log"
    )


# Witnesses and their clients, by sigsum-go.


def witness_bars(tools: Tools, folder: Path) -> list[Bar]:
    """Either witness with either client, and a policy that wants both witnesses."""
    found = {}
    for whose in ("ours", "sigsum's"):
        for client in ("ours", "sigsum's"):
            place = folder / f"{whose} {client}".replace(" ", "-")
            with witness_of(whose, tools, place) as (url, key):
                found[whose, client] = (
                    submit_ours(url) if client == "ours" else submit_theirs(tools, url, key)
                )
    bars = []
    for (whose, client), told in found.items():
        agreed = sum(told.get(name) == status for name, status in EXPECTED.items())
        bars.append(Bar(f"{whose} witness, {client} client: answers as specified",
                        f"{len(EXPECTED)} of {len(EXPECTED)}",
                        f"{agreed} of {len(EXPECTED)}", agreed == len(EXPECTED)))  # fmt: skip
    return [*bars, policy_bar(tools, folder)]


def policy_bar(tools: Tools, folder: Path) -> Bar:
    """A head with cosignatures of both witnesses, as a policy wants it."""
    log = Log(SEED)
    with (
        witness_of("ours", tools, folder / "policy-ours") as (our_url, our_key),
        witness_of("sigsum's", tools, folder / "policy-theirs") as (their_url, their_key),
    ):
        policy = parse_policy(
            f"log {log.key.verifier}\nwitness a {our_key} {our_url}\n"
            f"witness b {their_key} {their_url}\ngroup both all a b\nquorum both\n"
        )
        collected = collect(log.head(27), lambda old: log.prove(old, 27), policy.witnesses)
        accepted = check_policy(policy, parse_note(collected.note))
    said = f"{len(accepted.cosigned)} cosignatures"
    return Bar("our log cosigned by both witnesses", "2 cosignatures", said, said[0] == "2")


class Log:
    """A log under the only kind of origin that sigsum-witness takes."""

    def __init__(self, seed: bytes, *, forked: int = LEAVES, origin: str | None = None) -> None:
        public = SigningKey("x", seed).verifier.public
        self.origin = f"sigsum.org/v1/tree/{hashlib.sha256(public).hexdigest()}"
        self.key = SigningKey(origin or self.origin, seed)
        self.levels = Levels()
        self.levels.extend(b"%d%s" % (at, b"!" * (at >= forked)) for at in range(LEAVES))

    def head(self, size: int) -> str:
        """The signed head at a size."""
        text = format_checkpoint(Checkpoint(self.key.name, size, self.levels.root(size)))
        return format_note(sign_note(text, self.key))

    def prove(self, old: int, size: int) -> list[bytes]:
        """The consistency proof."""
        return prove_consistency(old, size, self.levels.read)

    def request(self, old: int, size: int) -> bytes:
        """What submits the head."""
        return format_request(old, self.prove(old, size), self.head(size)).encode()


def submit_ours(url: str) -> dict[str, int]:
    """The scenario by our client: what was asked, and the answer's status."""
    log, fork = Log(SEED), Log(SEED, forked=3)
    wrong, unknown = Log(STRANGER, origin=log.origin), Log(STRANGER)
    asked = {
        "first": log.request(0, 10), "growth": log.request(10, 27),
        "forged consistency": fork.request(27, 35), "rollback": log.request(10, 20),
        "other root": fork.request(27, 27), "wrong key": wrong.request(27, 35),
        "unknown origin": unknown.request(27, 35), "stale size": log.request(0, 35),
        "same again": log.request(27, 27), "goes on": log.request(27, 40),
    }  # fmt: skip
    told = {}
    for name, body in asked.items():
        answered = post(f"{url}/add-checkpoint", body, limit=1 << 16)
        right = answered.status != 409 or answered.body == b"27\n"
        told[name] = answered.status if right else -1
    return told


def submit_theirs(tools: Tools, url: str, key: CosignerKey) -> dict[str, int]:
    """The same by sigsum-go, which also checks the cosignatures."""
    told = {}
    for line in reference(tools, "submit", url, key.public.hex(), SEED.hex()).splitlines():
        said = json.loads(line)
        right = said["Cosigned"] if said["Status"] == 200 else said["Body"] in ("", "27\n")
        told[said["Name"]] = said["Status"] if right else -1
    return told


@contextmanager
def witness_of(whose: str, tools: Tools, folder: Path) -> Iterator[tuple[str, CosignerKey]]:
    """A fresh witness that knows the log: its URL and its key."""
    folder.mkdir()
    log = Log(SEED).key.verifier
    if whose == "ours":
        create_witness(folder / "w", "example.net/witness")
        add_log(folder / "w", log)
        witness = Witness.open(folder / "w")
        with running(witness_application(witness)) as url:
            yield url, witness.verifier
    else:
        with sigsum_witness(tools, folder, log) as found:
            yield found


@contextmanager
def sigsum_witness(
    tools: Tools, folder: Path, log: VerifierKey
) -> Iterator[tuple[str, CosignerKey]]:
    """sigsum-witness as a process on the loopback."""
    key, log_key = folder / "key", folder / "log.pub"
    run(tools.keys, "generate", "-o", str(key))
    log_key.write_text(run(tools.keys, "from-hex", given=log.public.hex()))
    public = bytes.fromhex(run(tools.keys, "to-hex", "-k", f"{key}.pub").strip())
    name = f"sigsum.org/v1/witness/{hashlib.sha256(public).hexdigest()}"
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [tools.witness, "-k", key, "--log-key", log_key, "--state-file", folder / "state", address],
        env={**os.environ, **GO_SETTINGS}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"http://{address}")
        yield f"http://{address}", CosignerKey(name, public)
    finally:
        process.terminate()
        process.wait(20)


def wait_for(url: str) -> None:
    """Wait until somebody answers there, ten seconds at most."""
    for _ in range(100):
        try:
            post(url, b"", limit=1 << 16)
        except UnreachableError:
            time.sleep(0.1)
        else:
            return
    raise UnavailableError("sigsum-witness does not answer")


def reference(tools: Tools, *arguments: str, given: str = "") -> str:
    """What the reference program says."""
    return run(tools.reference, *arguments, given=given)


def run(program: Path, *arguments: str, given: str = "") -> str:
    """A program's output. Raises CalledProcessError."""
    done = subprocess.run(
        [program, *arguments], input=given, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def text(data: bytes) -> str:
    """In base64."""
    return base64.b64encode(data).decode()


if __name__ == "__main__":
    raise SystemExit(main())
