"""A register and a follower as commands, in processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from parties import PARTIES, document, key, say

from tachograph.brake.agreed.document import Document, format_document, sign_document
from tachograph.brake.agreement import adopt
from tachograph.brake.wire.exchange import Answered, post
from tachograph.ledger import Ledger, kinds

TACHO = [sys.executable, "-c", "from tachograph.cli import main; main()"]


def tacho(*words: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """One command, ended."""
    return subprocess.run(
        [*TACHO, *map(str, words)], capture_output=True, text=True, input=stdin, check=False
    )


@contextmanager
def serving(*words: object, before: str = "") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`tacho serve`, as long as the block runs; its URL. `before`: Python that runs first."""
    python, flag, main = TACHO
    process = subprocess.Popen(
        [python, flag, f"{before}\n{main}", "serve", *map(str, words)],
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+[0-9]", line)
        assert found, line
        yield found[0], process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def agreement(tmp_path: Path) -> Document:
    """Signed by all; its register is a ledger of its own, and the first party has one."""
    with (
        Ledger.open(tmp_path / "register", create=True, origin="example.org/register") as register,
        Ledger.open(tmp_path / "mine", create=True, origin="example.org/mine") as mine,
    ):
        made = document(register.verifier, log=str(mine.verifier))
        for name in (*PARTIES, "veritas", "judge"):
            made = sign_document(made, key(name))
        adopt(mine, format_document(made))
    (tmp_path / "agreement.note").write_text(format_document(made))
    return made


def test_commands_from_end_to_end(agreement: Document, tmp_path: Path) -> None:
    """Serve, post, post again, follow, kill -9, serve again, follow on."""
    words = (tmp_path / "register", "--agreement", tmp_path / "agreement.note", "--port", 0,
             "--refresh", 0.2)  # fmt: skip
    statement = tmp_path / "statement.json"
    follow = ("brake", "follow", "--ledger", tmp_path / "mine", "--once", "--json")
    with serving(*words) as (url, process):
        statement.write_text(say(agreement, "aurora", 0) + "\n")
        first = tacho("brake", "post", url, statement)
        assert (first.returncode, first.stdout.split(":")[0]) == (0, "recorded")
        again = tacho("brake", "post", url, "-", stdin=say(agreement, "aurora", 0))
        assert (again.returncode, again.stdout.split(":")[0]) == (0, "known")
        gap = tacho("brake", "post", url, "-", stdin=say(agreement, "aurora", 2))
        assert (gap.returncode, gap.stdout) == (1, "")
        assert "waits for 1" in gap.stderr
        process.send_signal(signal.SIGKILL)
    with serving(*words) as (url, process):
        heard = tacho(*follow, url)
        assert heard.returncode == 0, heard.stderr
        assert json.loads(heard.stdout)["copied"] == 1
        convicted = tacho("brake", "post", url, "-",
                          stdin=say(agreement, "aurora", 0, reason="another"))  # fmt: skip
        assert (convicted.returncode, convicted.stdout.split(":")[0]) == (1, "equivocation")
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    with serving(tmp_path / "register/public", "--port", 0) as (url, _):
        assert tacho(*follow, url).returncode == 0
    unheard = tacho(*follow, url)
    assert (unheard.returncode, json.loads(unheard.stdout)["error"]["kind"]) == (3, "unreachable")
    with Ledger.open(tmp_path / "mine") as mine:
        copied = [one.body for one in mine.entries(kinds=[kinds.StatementCopied])]
        assert [body.envelope for body in copied if isinstance(body, kinds.StatementCopied)] == [
            say(agreement, "aurora", 0),
            say(agreement, "aurora", 0, reason="another"),
        ]
        mine.verify()


def test_the_served_door_has_a_pace_for_each_speaker(agreement: Document, tmp_path: Path) -> None:
    """With room for two statements instead of 600: the third is put off, and nobody else's."""
    fewer = "import tachograph.brake.wire.intake as door; door.KEY_BURST, door.KEY_AN_HOUR = 2, 36"
    words = (tmp_path / "register", "--agreement", tmp_path / "agreement.note", "--port", 0)
    with serving(*words, before=fewer) as (url, _):
        said = [say(agreement, "aurora", number) for number in range(3)]
        answers = [posted(f"{url}/statements", one.encode()) for one in said]
        assert [answer.status for answer in answers] == [201, 201, 429]
        assert 0 < answers[2].retry_seconds <= 100
        other = say(agreement, "crux", 0).encode()
        assert posted(f"{url}/statements", other).status == 201


def posted(url: str, body: bytes) -> Answered:
    """One request, not repeated."""
    return post(url, body, limit=1 << 14)


def test_a_register_needs_the_agreement_that_names_it(agreement: Document, tmp_path: Path) -> None:
    """Another ledger does not take statements in the register's place."""
    refused = tacho("serve", tmp_path / "mine", "--agreement", tmp_path / "agreement.note")
    assert refused.returncode == 2
    assert "the agreement's register is example.org/register+" in refused.stderr


def test_a_ledger_is_not_served_whole_by_accident(agreement: Document, tmp_path: Path) -> None:
    """Without a word about what leaves the house, nothing does."""
    refused = tacho("serve", tmp_path / "mine")
    assert refused.returncode == 2
    assert "say what leaves the house" in refused.stderr
    assert not (tmp_path / "mine/public/checkpoint").exists()
