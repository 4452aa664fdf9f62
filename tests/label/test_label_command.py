"""`tacho label`, then `tacho gauge sessions --labels`: the whole way, in processes of their own."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from label_workbench import MODEL, asks_for_class, transcript
from scripted_server import Reply, Request, ScriptedServer, completion

TACHO = Path(sys.executable).with_name("tacho")


def environment(folder: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LOCAL_API_KEY": "canary-local"}


def tacho(folder: Path, *words: str, expect: int = 0) -> str:
    done = subprocess.run([str(TACHO), *words], cwd=folder, capture_output=True, text=True,
                          timeout=120, check=False, env=environment(folder))  # fmt: skip
    assert done.returncode == expect, done.stderr + done.stdout
    return done.stdout


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Forty sessions: every second one asks for what the judge calls challenging."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for n in range(40):
        ask = "find out why it hangs" if n % 2 else "rename it"
        transcript(folder / f"{n}.jsonl", f"s-{n}", ask, f"thanks {n}", model="made-up-5")
    return folder


def script(request: Request) -> Reply:
    """Right about the class; every fourth session succeeded; one answer is prose."""
    shown = request["messages"][1]["content"]
    if asks_for_class(request):
        return completion(json.dumps({
            "class": "challenging" if "hangs" in shown else "routine", "why": "so"}))  # fmt: skip
    if "thanks 7\n" in shown + "\n":
        return completion("It went well.")
    won = int(any(f"thanks {n}\n" in shown + "\n" for n in range(0, 40, 4)))
    return completion(json.dumps({"success": won, "redirections": 0, "why": "so"}))


def test_labels_of_a_model_become_a_reading(logs: Path, tmp_path: Path):
    """Labelled, corrected against people's labels, read from the ledger; asked once."""
    prices = tmp_path / "prices.toml"
    prices.write_text(f'["{MODEL}"]\ninput = 1\noutput = 10\n')
    with ScriptedServer(script) as server:
        ask = ("label", "logs", "--model", MODEL, "--base-url", server.url, "--prices",
               "prices.toml", "--money", "5", "--parallel", "4", "--json")  # fmt: skip
        said = json.loads(tacho(tmp_path, *ask, expect=3))
        asked = len(server.requests)
        again = json.loads(tacho(tmp_path, *ask, expect=3))
    assert (said["sessions"], said["labelled"], asked) == (40, 39, 81)
    assert list(said["faults"]) == ["s-7"] and said["cost_usd"] == pytest.approx(81 * 0.002)
    assert again["spent_now"] == {"tokens": 0, "money_usd": 0.0} and len(server.requests) == 81
    rows = list(csv.DictReader((tmp_path / "labels.csv").read_text().splitlines()))
    assert rows[0]["judge"] == MODEL and rows[0]["prompt"] == said["prompt"]
    lost = next(row for row in rows if row["session"] == "s-7")
    assert (lost["class"], lost["success"]) == ("challenging", "") and "not JSON" in lost["fault"]

    (tmp_path / "people.csv").write_text(
        "session,human\n" + "".join(f"s-{n},{int(n % 4 == 0)}\n" for n in range(24))
    )
    options = ("logs", "--labels", "labels.csv", "--calibration", "people.csv")
    reading = json.loads(tacho(tmp_path, "gauge", "sessions", *options, "--json"))
    assert reading["estimates"][0]["value"] == pytest.approx(100 * 10 / 20 * 20 / 39)
    assert reading["n"]["calibration"] == 23
    assert f"Labels are the word of {MODEL} (rubric {said['prompt']})." in reading["caveats"]
    tacho(tmp_path, "ledger", "record", "sessions", *options)
    stored = json.loads(tacho(tmp_path, "gauge", "sessions", "--json"))
    assert stored == reading
    tacho(tmp_path, "ledger", "verify")
    tacho(tmp_path, "runs")


def test_what_cannot_be_asked_is_said(logs: Path, tmp_path: Path):
    """A wrong call, before anything is asked or written."""
    assert "rubric 1-" in tacho(tmp_path, "label", "--rubric")
    tacho(tmp_path, "label", "logs", expect=2)
    tacho(tmp_path, "label", "none", "--model", MODEL, expect=2)
    (tmp_path / "t.csv").write_text("session,model,success\na,m,1\n")
    tacho(tmp_path, "label", "t.csv", "--model", MODEL, expect=2)
    tacho(tmp_path, "label", "logs", "logs", "--model", MODEL, expect=2)
    assert not (tmp_path / "labels.csv").exists()


def test_a_kill_pays_for_nothing_twice(logs: Path, tmp_path: Path):
    """Killed while answers are on their way: the next call asks only for what was never asked."""

    def slow(request: Request) -> Reply:
        return replace(script(request), delay_seconds=0.2)

    with ScriptedServer(slow) as server:
        words = ["label", "logs", "--model", MODEL, "--base-url", server.url, "--parallel", "4"]
        first = subprocess.Popen([str(TACHO), *words], cwd=tmp_path, env=environment(tmp_path),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while len(server.requests) < 20 and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            first.kill()
            first.wait()
        assert 20 <= len(server.requests) < 80 and not (tmp_path / "labels.csv").exists()
        tacho(tmp_path, *words, expect=3)
        asked = [json.dumps(request["messages"]) for request in server.requests]
    assert len(asked) == 81
    rows = list(csv.DictReader((tmp_path / "labels.csv").read_text().splitlines()))
    assert len(rows) == 40 and sum(row["success"] != "" for row in rows) == 39
    tacho(tmp_path, "ledger", "verify")
