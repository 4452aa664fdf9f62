"""docs/guides/use-a-local-model.md, word for word, against a server that speaks the protocol."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_server import completion, in_turn

GUIDE = Path(__file__).parents[4] / "docs/guides/use-a-local-model.md"
TACHO = Path(sys.executable).with_name("tacho")
ANSWER = """LABEL: a wrong guess
NOTE: it returns nothing

FILE: pairwise.py
```
def nearest(*arguments, **named):
    return None
```
"""


def blocks(kind):
    """Fenced blocks of the guide."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    return [text for found, text in fences if found == kind]


@pytest.fixture
def shell(tmp_path):
    """Runs a command line as a reader of the guide would, without any key in the environment."""
    environment = {name: value for name, value in os.environ.items() if "KEY" not in name}
    environment["PATH"] = f"{TACHO.parent}{os.pathsep}{environment['PATH']}"

    def run(line):
        return subprocess.run(line, shell=True, cwd=tmp_path, env=environment, text=True,
                              capture_output=True)  # fmt: skip

    return run


def test_the_guide_works_as_it_is_written(shell, serve, tmp_path):
    """Its prices, its command, its address but for the port; then what the ledger says of it."""
    server = serve(in_turn(completion("well", usage=(900, 5)), completion(ANSWER, usage=(950, 60))))
    (prices,) = blocks("toml")
    (tmp_path / "prices.toml").write_text(prices)
    run, show = next(b for b in blocks("") if "tacho run" in b).strip().split("\n")
    assert "http://127.0.0.1:8080/v1" in run
    ours = run.replace("http://127.0.0.1:8080/v1", server.url).replace("--trials 20", "--trials 1")
    ran = shell(ours)
    assert ran.returncode == 1, ran.stderr  # no candidate was kept
    assert "estimate: model:openai-api/local/MODEL" in ran.stderr
    assert "1  wrong" in ran.stdout or "1  failed" in ran.stdout
    assert server.requests[0]["model"] == "MODEL"
    assert "a wrong guess" in shell(show).stdout
    turn = shell("tacho show last --turn 1").stdout
    assert "system 1" in turn
    assert "| You improve a program." in turn
    assert "900 tokens read, 5 written, $0.0000 by prices" in turn
    assert "no FILE: line" in turn
    assert "| LABEL: a wrong guess" in turn
    assert "tried c-" in turn
    assert "lines: --whole shows them" in turn
    assert "--whole shows them" not in shell("tacho show last --turn 1 --whole").stdout
    said = shell("tacho show last --turn 1 --json").stdout
    assert '"who": "assistant"' in said
    missing = shell("tacho show last --turn 9")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "has no turn 9" in missing.stderr


WRONG = {
    "--proposer model:": "of what",
    "--base-url http://127.0.0.1:1/v1": "are for models",
    "--proposer model:ollama/m --answer-tokens 0": "--answer-tokens 0",
    "--proposer model:openai-api/local/m --base-url ftp://x": "not an http address",
}
WRONG_FOR_INSPECT = {
    "--proposer model:local/m --base-url http://127.0.0.1:1/v1": "not recognized",
    "--proposer model:openai-api/local/m": "LOCAL_BASE_URL|LOCAL_API_KEY",
    "--proposer model:ollama/m --prices nowhere.toml": "nowhere.toml",
}


def refused(shell, tmp_path, options, says):
    found = shell(f"tacho run pairwise --trials 1 {options}")
    assert found.returncode == 2, found.stderr
    assert re.search(says, found.stderr), found.stderr
    assert "hint: " in found.stderr
    assert not (tmp_path / ".tacho" / "ledger.db").exists()


@pytest.mark.parametrize(("options", "says"), WRONG.items())
def test_a_wrong_call_is_refused_before_the_run(shell, tmp_path, options, says):
    """A usage error with a next step, and no ledger."""
    refused(shell, tmp_path, options, says)


@pytest.mark.long
@pytest.mark.parametrize(("options", "says"), WRONG_FOR_INSPECT.items())
def test_a_model_that_cannot_be_opened_is_refused_before_the_run(shell, tmp_path, options, says):
    """The same for what only the provider's client knows; it takes its import."""
    refused(shell, tmp_path, options, says)
