"""Whole turns of an agent against a real server: tools, limits, crashes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from loop_toys import begin, make_task
from model_workbench import CANARIES
from scripted_server import Reply, Script, ScriptedServer, completion, error, in_turn

from tachograph.ledger import Ledger
from tachograph.ledger.kinds import FindingShared, ModelAnswered
from tachograph.loop.budget import Budget
from tachograph.loop.propose.agent import AgentLimits, AgentProposer
from tachograph.loop.propose.models import Endpoint, Prices, asking
from tachograph.loop.propose.models.prices import Price
from tachograph.loop.run import Run
from tachograph.loop.transcript import transcript
from tachograph.loop.turn import Loop

BETTER = "def answer(x, late):\n    return x + x\n"
WRONG = "def answer(x, late):\n    return x + 1\n"
Play = Callable[..., tuple[Run, ScriptedServer]]


def use(name: str, **arguments: str) -> Reply:
    """The model wants to use a tool."""
    return completion(None, tool_calls=[(name, json.dumps(arguments))])


def results(server: ScriptedServer) -> list[str]:
    """What the tools answered, as the server was told in its last request."""
    return [m["content"] for m in server.requests[-1]["messages"] if m["role"] == "tool"]


def outcomes(run: Run) -> list[str]:
    return [turn.ended.outcome if turn.ended else "open" for turn in run.archive.turns.values()]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "FIRST_WAIT_SECONDS", 0.01)


@pytest.fixture
def play(teller, serve, endpoint_of, new_bench, ledger, ledger_folder) -> Play:
    """A run of this server's agent; the run as it lies in the ledger, and the server."""

    def play(script: Script, budget: Budget | None = None,
             limits: AgentLimits | None = None) -> tuple[Run, ScriptedServer]:  # fmt: skip
        server = serve(script)
        bench = new_bench(metric="check")
        run = begin(ledger, ledger_folder, bench)
        proposer = AgentProposer(endpoint_of(server), teller, limits=limits)
        Loop(run, bench, [proposer], budget or Budget(trials=1)).drive()
        return Run.read(ledger, run.id, ledger_folder), server

    return play


def test_an_agent_reads_edits_runs_and_ends(play: Play) -> None:
    """What its copy holds when it ends is the proposal; its last words are the note."""
    script = "import toy\n\ndef main(**inputs):\n    return [toy.answer(**inputs), inputs['x']]\n"
    run, server = play(in_turn(
        use("read", path="toy.py"),
        use("write", path="toy.py", text="def answer(x, late):\n    return x\n"),
        use("edit", path="toy.py", search="return x", replace="return x + x"),
        use("run", script=script),
        completion("It adds instead of counting."),
    ))  # fmt: skip
    (record,) = run.archive.trials
    assert record.verdict == "kept" and record.proposed.note == "It adds instead of counting."
    assert run.candidate(record.id).files["toy.py"] == BETTER
    read, written, edited, ran = results(server)
    assert "def answer" in read and "now 2 lines" in written and "now 2 lines" in edited
    doubled, single = json.loads(ran.removeprefix("returned: "))
    assert doubled == 2 * single


def test_an_agent_asks_for_trials_and_shares_what_they_show(play: Play, ledger: Ledger) -> None:
    """A wrong version, then a right one; both are verdicts, and the turn is one."""
    seen: dict[str, Any] = {}

    def script(request: Mapping[str, Any]) -> Reply:
        told = [m["content"] for m in request["messages"] if m["role"] == "tool"]
        steps = [
            lambda: use("write", path="toy.py", text=WRONG),
            lambda: use("trial", label="adds one"),
            lambda: use("share", text="adding one is wrong", candidate=seen["wrong"]),
            lambda: use("findings"),
            lambda: use("write", path="toy.py", text=BETTER),
            lambda: use("trial", label="adds itself", note="a sum"),
            lambda: completion("done"),
        ]
        if len(told) == 2:
            seen["wrong"] = json.loads(told[1])["candidate"]
        return steps[len(told)]()

    run, server = play(script, Budget(trials=2))
    assert [r.verdict for r in run.archive.trials] == ["wrong", "kept"]
    assert [r.proposed.label for r in run.archive.trials] == ["adds one", "adds itself"]
    assert outcomes(run) == ["proposed"]
    findings = [e.body.text for e in ledger.entries(kinds=[FindingShared])]  # type: ignore[union-attr]
    assert findings == ["adding one is wrong"]
    assert "adding one is wrong" in results(server)[3]


def test_nonsense_is_answered_in_words(play: Play) -> None:
    """Unknown tools, missing and wrong arguments, other paths: none ends the turn."""
    run, server = play(in_turn(
        use("shell", command="ls"),
        use("read"),
        use("read", path="/etc/passwd"),
        use("write", path="../check.py", text="x"),
        use("edit", path="toy.py", search="nothing like it", replace=""),
        completion(None, tool_calls=[("write", '{"path": 7, "text": []}')]),
        completion(None, tool_calls=[("write", "{not json")]),
        use("read", path="toy.py", mode="binary"),
        use("run", script="def main(**inputs):\n    raise ValueError('no')\n"),
        use("trial", label="x", candidate="y"),
        use("show", candidate="c-nothing"),
        use("write", path="toy.py", text=BETTER),
        completion("done"),
    ))  # fmt: skip
    assert [r.verdict for r in run.archive.trials] == ["kept"]
    told = results(server)
    assert all(text.startswith("error:") for text in told[:8])
    assert told[8].startswith("failed:") and "ValueError" in told[8]
    assert told[9].startswith("error:") and "no candidate c-nothing" in told[10]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (AgentLimits(calls=2), "its calls ended the turn"),
        (AgentLimits(tokens=1000), "its tokens ended the turn"),
        (AgentLimits(seconds=1e-9), "its time ended the turn"),
    ],
)
def test_limits_end_a_turn_with_what_the_copy_holds(
    play: Play, limits: AgentLimits, reason: str
) -> None:
    run, server = play(in_turn(use("write", path="toy.py", text=BETTER), use("status")),
                       limits=limits)  # fmt: skip
    (record,) = run.archive.trials
    assert (record.verdict, record.proposed.note) == ("kept", reason)
    assert len(server.requests) == (2 if limits.calls == 2 else 1)


def test_trials_of_a_turn_are_counted(play: Play) -> None:
    texts = [WRONG.replace("+ 1", f"+ {n}") for n in (1, 2)]
    run, server = play(in_turn(
        use("write", path="toy.py", text=texts[0]), use("trial", label="one"),
        use("write", path="toy.py", text=texts[1]), use("trial", label="two"),
        use("write", path="toy.py", text=BETTER), completion("done"),
    ), Budget(trials=2), AgentLimits(trials=1))  # fmt: skip
    assert "1 trials are used up" in results(server)[3]
    assert [r.verdict for r in run.archive.trials] == ["wrong", "kept"]


def test_an_agent_that_does_nothing_is_told_so(play: Play) -> None:
    """Talk alone is malformed, and such turns in a row retire it."""
    run, _ = play(in_turn(completion("I would rather not.")))
    assert set(outcomes(run)) == {"malformed"} and not run.archive.trials
    assert "I would rather not." in next(iter(run.archive.turns.values())).ended.detail


def test_a_model_that_breaks_ends_the_turn_and_not_the_run(play: Play) -> None:
    run, _ = play(in_turn(error(400, "no tools here")))
    assert set(outcomes(run)) == {"failed"}


def test_a_spent_budget_hands_in_what_there_is(play: Play) -> None:
    """The call that might pass it is not made; the edit before it is the proposal."""
    run, server = play(in_turn(use("write", path="toy.py", text=BETTER)),
                       Budget(trials=1, tokens=40_000))  # fmt: skip
    (record,) = run.archive.trials
    assert (record.verdict, record.proposed.note) == ("kept", "the budget ended the turn")
    assert len(server.requests) < AgentLimits().calls


def test_a_turn_after_a_crash_pays_for_nothing_twice(
    teller, serve, endpoint_of, new_bench, ledger, ledger_folder
) -> None:
    """The run dies when the third answer is in the ledger; the turn goes on from there."""

    class Died(BaseException):
        pass

    server = serve(in_turn(
        use("write", path="toy.py", text=WRONG), use("trial", label="wrong"),
        use("write", path="toy.py", text=BETTER), completion("done"),
    ))  # fmt: skip
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    agent = AgentProposer(endpoint_of(server), teller)

    def die(entry: Any) -> None:
        if isinstance(entry.body, ModelAnswered) and entry.body.call == 3:
            raise Died

    run.listen = die
    with pytest.raises(Died):
        Loop(run, bench, [agent], Budget(trials=2)).drive()
    again = Run.read(ledger, run.id, ledger_folder)
    again.resume()
    Loop(again, bench, [agent], Budget(trials=2)).drive()
    assert len(server.requests) == 4
    assert [r.verdict for r in again.archive.trials] == ["wrong", "kept"]
    assert outcomes(again) == ["proposed"]
    (turn,) = again.archive.turns.values()
    said = [part.text for part in transcript(ledger.fetch, turn) if part.who == "assistant"]
    assert len(said) == 4 and said[-1] == "done"


def test_no_secret_gets_into_the_record(play: Play, ledger_folder: Path) -> None:
    """A script that looks for them finds none, and none lies in the ledger's folder."""
    look = "import os\n\ndef main(**inputs):\n    return dict(os.environ)\n"
    _, server = play(in_turn(use("run", script=look), use("write", path="toy.py", text=BETTER),
                             completion("done")))  # fmt: skip
    seen = results(server)[0]
    held = b"".join(p.read_bytes() for p in ledger_folder.rglob("*") if p.is_file())
    for value in CANARIES.values():
        assert value not in seen and value.encode() not in held


def test_a_turn_is_forecast_before_it_begins(teller, tmp_path: Path) -> None:
    """Calls read what was said before: twice the calls cost more than twice; a price makes USD."""
    task = make_task(tmp_path / "task")
    prices = Prices((("openai-api/*", Price(1.0, 10.0, 0.1, 2.0)),))
    endpoint = Endpoint("openai-api/local/scripted", "http://127.0.0.1:9/v1")
    few, many = (AgentProposer(endpoint, teller, prices, AgentLimits(calls=n)).forecast(task)
                 for n in (5, 10))  # fmt: skip
    assert many.turn_tokens > 2 * few.turn_tokens and "5 calls" in few.assumes
    assert few.turn_usd is not None and many.turn_usd is not None and many.turn_usd > few.turn_usd
    assert AgentProposer(endpoint, teller).forecast(task).turn_usd is None
