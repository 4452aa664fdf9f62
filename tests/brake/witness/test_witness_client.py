"""Collecting cosignatures: whatever some witnesses do, the others' arrive."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from logs import Log
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tachograph.brake.heads.cosignature import CosigningKey, check_cosignatures
from tachograph.brake.heads.policy import PolicyWitness
from tachograph.brake.wire.web import application, running
from tachograph.brake.witness import (
    Witness,
    add_log,
    collect,
    create_witness,
    witness_application,
)
from tachograph.merkle.note import format_signatures, parse_note

LOG = Log(40)
BAD = CosigningKey("bad.example/witness", bytes(range(9, 41)))


@contextmanager
def honest(tmp_path: Path, *names: str) -> Iterator[list[PolicyWitness]]:
    """Running witnesses that know the log."""
    with ExitStack() as stack:
        found = []
        for name in names:
            create_witness(tmp_path / name, f"{name}.example/witness")
            add_log(tmp_path / name, LOG.key.verifier)
            witness = Witness.open(tmp_path / name)
            url = stack.enter_context(running(witness_application(witness)))
            found.append(PolicyWitness(name, witness.verifier, url))
        yield found


@contextmanager
def saying(*answers: Response) -> Iterator[PolicyWitness]:
    """A witness that says these things in turn, the last for ever."""
    rest = list(answers)

    async def say(request: Request) -> Response:
        await request.body()
        return rest.pop(0) if len(rest) > 1 else rest[0]

    with running(application([Route("/add-checkpoint", say, methods=["POST"])])) as url:
        yield PolicyWitness("bad", BAD.verifier, url)


def test_all_cosign_as_the_log_grows(tmp_path: Path) -> None:
    """Witnesses that hold different sizes are all brought to the newest head."""
    with honest(tmp_path, "a", "b", "c") as witnesses:
        collect(LOG.head(7), lambda old: LOG.prove(old, 7), witnesses[:2])
        first = collect(LOG.head(30), lambda old: LOG.prove(old, 30), witnesses, sizes={"a": 7})
        again = collect(first.note, lambda old: LOG.prove(old, 30), witnesses)
    keys = [witness.key for witness in witnesses]
    for collected in (first, again):
        assert [one.reason for one in collected.outcomes] == [None] * 3
        note = parse_note(collected.note)
        assert len(note.signatures) == 4
        assert {one.key for one in check_cosignatures(note, keys)} == set(keys)


def test_a_witness_that_is_further_is_said(tmp_path: Path) -> None:
    """An older head is not cosigned, and the size that the witness holds is known afterwards."""
    with honest(tmp_path, "a") as witnesses:
        collect(LOG.head(30), lambda old: LOG.prove(old, 30), witnesses)
        collected = collect(LOG.head(20), lambda old: LOG.prove(old, 20), witnesses)
    assert collected.note == LOG.head(20)
    assert collected.outcomes[0].size == 30
    assert "size 30" in (collected.outcomes[0].reason or "")


SPOILERS = {
    "not a line": Response("sorry\n"),
    "not utf-8": Response(b"\xff\xff\n"),
    "empty": Response(""),
    "too long": Response("x" * 100_000),
    "by another key": Response(
        format_signatures([CosigningKey("x", bytes(32)).cosign(LOG.text(30), 5)])
    ),
    "of another head": Response(format_signatures([BAD.cosign(LOG.text(29), 5)])),
    "refused": Response("no\n", 422),
    "moved": Response("", 302, {"Location": "http://127.0.0.1:1/"}),
    "size for ever": Response("3\n", 409),
    "no size": Response("three\n", 409),
    "huge size": Response("9" * 30_000, 409),
    "beyond": Response("31\n", 409),
}


@pytest.mark.parametrize("name", SPOILERS)
def test_a_bad_witness_costs_only_itself(tmp_path: Path, name: str) -> None:
    """Whatever one says, the head is as good as without it."""
    with honest(tmp_path, "a") as witnesses, saying(SPOILERS[name]) as bad:
        collected = collect(LOG.head(30), lambda old: LOG.prove(old, 30), [bad, *witnesses])
    note = parse_note(collected.note)
    assert [line.name for line in note.signatures] == [LOG.key.name, "a.example/witness"]
    assert collected.outcomes[0].reason
    assert collected.outcomes[1].reason is None


def test_only_the_line_of_the_right_key_is_taken(tmp_path: Path) -> None:
    """Lines by others beside the right one are left out: by strangers, and in the log's name."""
    lines = [
        CosigningKey("x", bytes(32)).cosign(LOG.text(30), 5),
        LOG.key.sign("something else\n"),
        BAD.cosign(LOG.text(30), 5),
    ]
    with saying(Response(format_signatures(lines))) as witness:
        collected = collect(LOG.head(30), lambda old: LOG.prove(old, 30), [witness])
    assert parse_note(collected.note).signatures[1:] == (lines[2],)


def test_who_does_not_answer_costs_its_time_only(tmp_path: Path) -> None:
    """A witness that takes connections and says nothing, and one that is away."""
    with socket.create_server(("127.0.0.1", 0)) as mute, honest(tmp_path, "a") as witnesses:
        port = mute.getsockname()[1]
        silent = PolicyWitness("mute", BAD.verifier, f"http://127.0.0.1:{port}")
        away = PolicyWitness("away", BAD.verifier, "http://127.0.0.1:1")
        nowhere = PolicyWitness("nowhere", BAD.verifier, None)
        collected = collect(
            LOG.head(30), lambda old: LOG.prove(old, 30), [silent, away, nowhere, *witnesses],
            timeout_seconds=1.0,
        )  # fmt: skip
    assert [one.reason is None for one in collected.outcomes] == [False, False, False, True]
    assert len(parse_note(collected.note).signatures) == 2
