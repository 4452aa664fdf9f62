"""A run is written as a log that Inspect reads back, and that leads to every entry of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalLog, EvalSample, read_eval_log, read_eval_log_sample_summaries
from scripted import FAST, WRONG, toy
from typer.testing import CliRunner

from tachograph.cli.app import app
from tachograph.inspect.export import export
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import (
    BoxFailed,
    CandidateDropped,
    CandidateKept,
    CandidateScored,
    CommandBegun,
    CommandEnded,
    ModelAnswered,
    ModelFailed,
    TrialChecked,
    TrialTimed,
    TurnBegun,
    TurnEnded,
)
from tachograph.loop.budget import Budget
from tachograph.loop.clock import Rules
from tachograph.loop.propose.models.call import (
    Answer,
    Call,
    Message,
    Recorded,
    ToolUse,
    Usage,
    encode_answer,
    encode_request,
)
from tachograph.loop.propose.protocol import Proposal
from tachograph.loop.run import Run
from tachograph.task import Candidate, load

MODEL, AGENT = "model:mock/m", "command:robot"
BROKEN = "def answer(x):\n    return 1 / 0  # <script>alert(1)</script>\n"


class History:
    """A run as it would have been recorded, without boxes."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        task = load(toy(folder / "toy"))
        self.run = Run.open(ledger, folder, task, Budget(trials=9), Rules(), box={"level": "A"},
                            proposers=[MODEL, AGENT])  # fmt: skip
        self.seed = task.seed.id
        self.id = self.run.id

    def put(self, data: bytes) -> str:
        return self.run.ledger.put(data)

    def begin(self, turn: int, proposer: str) -> None:
        self.run.record(TurnBegun(self.id, turn, 1, proposer, self.seed, "", 1), actor=proposer)

    def ask(self, turn: int, number: int, call: Call, answer: Answer,
            before: Recorded | None) -> Recorded:  # fmt: skip
        request = self.put(encode_request("mock/m", call, before))
        found = self.put(encode_answer(answer))
        used = answer.usage
        self.run.record(ModelAnswered(
            self.id, turn, number, "mock/m", request, found, used.input_tokens,
            used.output_tokens, used.cost_usd, "provider" if used.cost_usd else "unknown", 1.5, 99,
            used.cost_usd,
        ), actor=MODEL)  # fmt: skip
        return Recorded(request, found, call, answer)

    def propose(self, turn: int, text: str, label: str, proposer: str) -> str:
        candidate = Candidate({"toy.py": text})
        self.run.append([self.run.draft_proposal(Proposal(candidate, label, "a note"), [self.seed],
                                                 proposer, turn)])  # fmt: skip
        return candidate.id

    def end(self, turn: int, outcome: Any, candidate: str | None, detail: str = "") -> None:
        self.run.record(TurnEnded(self.id, turn, outcome, candidate, detail, 2.0))


def a_model_keeps(history: History) -> str:
    """Turn 1: a tool, a failed call, thoughts, and a kept candidate."""
    history.begin(1, MODEL)
    first = Call((Message("system", "be brief"), Message("user", "make it faster")))
    use = ToolUse("u1", "read", {"path": "toy.py"})
    before = history.ask(1, 1, first, Answer(Message("assistant", "", (use,)), "tool_calls",
                         Usage(100, 10, cost_usd=0.25), reasoning="hm"), None)  # fmt: skip
    second = Call((*before.conversation, Message("tool", "x = 1", answers="u1", name="read")))
    request = history.put(encode_request("mock/m", second, before))
    history.run.record(ModelFailed(history.id, 1, 2, "mock/m", request, "timeout", "too late", 9.0,
                                   77, None), actor=MODEL)  # fmt: skip
    history.ask(1, 2, second, Answer(Message("assistant", "done"), "stop", Usage()), before)
    kept = history.propose(1, FAST, "less to do", MODEL)
    history.end(1, "proposed", kept)
    history.run.record_about(
        TrialChecked(history.id, kept, True, "", "", 1, 0.1, 0.1, 0.1),
        TrialTimed(history.id, kept, history.seed, "screen", "faster", 4.0, 3.5, 4.5, 5, 4.0, 0.0,
                   0.02, []),
        CandidateKept(history.id, kept, 4.0, 3.5, 4.5),
    )  # fmt: skip
    return kept


def others_fail(history: History) -> list[str]:
    """Turn 2: nothing readable. Turn 3: an agent, two wrong candidates. Turn 4: a broken box."""
    history.begin(2, MODEL)
    history.ask(2, 1, Call((Message("user", "again"),)),
                Answer(Message("assistant", "no code"), "stop", Usage(7, 3)), None)  # fmt: skip
    history.end(2, "malformed", None, "the answer holds no file")
    history.begin(3, AGENT)
    history.run.record(CommandBegun(history.id, 3, "robot --fast", "robot 1", [], "A", None),
                       actor=AGENT)  # fmt: skip
    wrong = [history.propose(3, WRONG, "off by one", AGENT),
             history.propose(3, BROKEN, "divides", AGENT)]  # fmt: skip
    history.run.record(CommandEnded(
        history.id, 3, "exited", 0, "", history.put(b"I did <b>this</b>"), False, 5, 6, None, 11,
        None, 3.0, 1.0), actor=AGENT)  # fmt: skip
    history.end(3, "proposed", wrong[-1])
    for each, why in zip(wrong, ("wrong", "failed"), strict=True):
        history.run.record_about(
            TrialChecked(history.id, each, False, why, "ZeroDivisionError", 1, None, None, None),
            CandidateDropped(history.id, each, why),
        )  # fmt: skip
    history.begin(4, MODEL)
    broke = history.propose(4, FAST + "# again\n", "the same again", MODEL)
    history.end(4, "proposed", broke)
    history.run.record_about(BoxFailed(history.id, broke, "check", "no memory"),
                             CandidateDropped(history.id, broke, "box-failed"))  # fmt: skip
    return [*wrong, broke]


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """The run, on a real ledger."""
    with Ledger.open(tmp_path / "ledger", create=True) as ledger:
        made = History(ledger, tmp_path / "ledger")
        made.kept = a_model_keeps(made)
        made.others = others_fail(made)
        made.run.close("budget spent: trials")
        yield made


@pytest.fixture
def log(history: History, tmp_path: Path) -> EvalLog:
    """Its log, as Inspect reads it."""
    assert export(history.run, tmp_path / "run.eval") == 5
    return read_eval_log(str(tmp_path / "run.eval"))


def by_id(log: EvalLog) -> dict[str, EvalSample]:
    """The samples, by candidate or turn; their own ids begin with a number."""
    return {str(sample.id).partition(" ")[2]: sample for sample in log.samples or ()}


def test_each_trial_and_each_barren_turn_is_a_sample(history: History, log: EvalLog) -> None:
    """The log's head says what was run, and how it ended."""
    assert list(by_id(log)) == [history.kept, "turn-2", *history.others]
    assert (log.status, log.eval.task, log.eval.run_id) == ("success", "toy", history.id)
    assert log.eval.model == f"{MODEL}, {AGENT}"
    assert log.eval.metadata is not None
    assert log.eval.metadata["ledger"] == history.run.ledger.verifier.name


def test_verdicts_are_scores_and_what_was_not_settled_has_none(
    history: History, log: EvalLog
) -> None:
    """A broken box is no failure of the candidate's; nor is a wrong answer a ratio of 0."""
    scores = {name: (sample.scores or {})["tachograph"] for name, sample in by_id(log).items()}
    assert scores[history.kept].value == {"kept": 1.0, "ratio": 4.0}
    wrong, _, broke = history.others
    assert scores[wrong].value["kept"] == 0.0
    assert math.isnan(scores[wrong].value["ratio"])
    assert scores[wrong].reason == "wrong"
    for name, reason in ((broke, "box-failed"), ("turn-2", "malformed")):
        assert math.isnan(scores[name].value)
        assert scores[name].reason == reason
    assert log.results is not None
    best, kept = log.results.scores
    assert (kept.metrics["mean"].value, kept.scored_samples, kept.unscored_samples) == (1 / 3, 3, 2)
    assert [best.metrics[name].value for name in ("value", "low", "high")] == [4.0, 3.5, 4.5]


def test_everything_leads_to_the_ledger(history: History, log: EvalLog) -> None:
    """Every entry of the run but those of its frame is named by a sample, and is what it says."""
    named: set[int] = set()
    for name, sample in by_id(log).items():
        for seq, event in zip(sample.metadata["entries"], sample.events, strict=True):
            entry = history.run.ledger.get(seq)
            assert event.event == "info"
            assert event.data["entry"] == seq
            assert event.source == f"{entry.kind}, entry {seq}"
            assert event.data["actor"] == entry.actor
            if entry.kind != "TurnEnded":
                assert getattr(entry.body, "candidate", name) == name
        named |= set(sample.metadata["entries"])
    rest = [e.kind for e in history.run.ledger.entries(run=history.id) if e.seq not in named]
    assert rest == ["RunOpened", "CandidateProposed", "RunClosed"]


def test_conversations_stand_once_with_tools_and_thoughts(history: History, log: EvalLog) -> None:
    """A coding agent's as it printed it; a second trial of a turn repeats none."""
    samples = by_id(log)
    said = samples[history.kept].messages
    assert [message.role for message in said] == [
        "system", "user", "assistant", "tool", "assistant", "assistant"]  # fmt: skip
    assert said[2].tool_calls[0].arguments == {"path": "toy.py"}
    assert said[2].content[0].reasoning == "hm"
    assert said[3].tool_call_id == "u1"
    assert "timeout" in said[4].text
    first, second, _ = (samples[name].messages for name in history.others)
    assert "robot --fast" in first[0].text
    assert "I did <b>this</b>" in first[0].text
    assert second[0].role == "user"
    assert "-    for _ in range(400000):" in second[1].text


def test_usage_is_the_providers(history: History, log: EvalLog) -> None:
    """By model; calls whose provider said nothing are counted apart."""
    samples = by_id(log)
    used = samples[history.kept].model_usage["mock/m"]
    assert (used.input_tokens, used.output_tokens, used.total_cost) == (100, 10, 0.25)
    assert samples[history.kept].metadata["calls_without_token_counts"] == 1
    assert samples[history.others[0]].model_usage[AGENT].total_tokens == 11
    assert log.stats.model_usage["mock/m"].total_tokens == 120


def test_summaries_are_readable_without_samples(history: History, tmp_path: Path) -> None:
    """As Inspect's own list does it."""
    export(history.run, tmp_path / "run.eval")
    found = read_eval_log_sample_summaries(str(tmp_path / "run.eval"))
    ids = [str(summary.id).partition(" ")[2] for summary in found]
    assert ids == [history.kept, "turn-2", *history.others]


def test_a_scored_runs_exact_figures_stay_in_the_ledger(history: History, tmp_path: Path) -> None:
    """A log may be shown to whoever proposes next; it says what they were told."""
    scored = CandidateScored(history.id, history.kept, "visible", ["visible-1"], [0.123456789], [],
                             [], 0.1)  # fmt: skip
    history.run.record_about(scored)
    export(history.run, tmp_path / "run.json")
    text = (tmp_path / "run.json").read_text()
    assert "CandidateScored" in text
    assert "0.123456789" not in text


def test_the_verb_says_what_it_wrote(history: History, tmp_path: Path) -> None:
    """And refuses what is no log's name, or cannot be written."""
    ledger = ["--ledger", str(tmp_path / "ledger")]
    out = tmp_path / "out.eval"
    told = CliRunner().invoke(app, ["export", "last", "--inspect", str(out), "--json", *ledger])
    assert json.loads(told.stdout) == {"run": history.id, "log": str(out), "samples": 5}
    for wrong in ("out.txt", "nowhere/out.eval"):
        refused = CliRunner().invoke(app, ["export", "last", "--inspect", wrong, *ledger])
        assert refused.exit_code != 0
    assert not (tmp_path / "out.txt").exists()
