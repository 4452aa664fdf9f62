"""A model judges sessions: strictly read, bounded, resumable, never paid for twice."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from adopted import adopted, trigger
from label_workbench import asks_for_class, says, transcript
from scripted_server import ScriptedServer, completion, error, in_turn

from tachograph.gauges.logs.words import read_words
from tachograph.label.rubric import CLASS as CLASS_QUESTION
from tachograph.label.rubric import prompt
from tachograph.label.table import write_labels
from tachograph.ledger.kinds import ModelAnswered, ModelFailed, WorkHeld, WorkRefused
from tachograph.loop.budget import Budget

CLASS = json.dumps({"class": "regular", "why": "so"})
OUTCOME = json.dumps({"success": 1, "redirections": 1, "why": "so"})


@pytest.fixture
def words(tmp_path: Path):
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("a", "b"):
        transcript(logs / f"{name}.jsonl", name, f"mend {name}", "no, the other one")
    return read_words(logs)


def test_two_questions_give_a_label_with_its_cost(judge_of, words, ledger):
    """Class, success, redirections; 100 tokens read and 10 written, twice, at the table's price."""
    with ScriptedServer(says("regular", 1, 1)) as server:
        (first, second) = judge_of(server).labels(words)
    assert (first.session, first.difficulty, first.success, first.redirections) == (
        "a", "regular", 1, 1,
    )  # fmt: skip
    assert first.cost_usd == pytest.approx(2 * (100 + 10 * 10) / 1e6) and not first.faults
    assert second.whole and len(server.requests) == 4
    bodies = [entry.body for entry in ledger.entries(kinds=[ModelAnswered])]
    assert len({body.run for body in bodies}) == 4 and all(b.turn == 1 for b in bodies)


def test_the_class_is_judged_from_the_request_alone(judge_of, words):
    """Nothing of the outcome, and not which model worked."""
    with ScriptedServer(says("regular", 1)) as server:
        judge_of(server).labels(words)
    for request in server.requests:
        text = json.dumps(request["messages"])
        assert "made-up-5" not in text
        assert ("the other one" not in text) == asks_for_class(request)


def test_answers_are_never_paid_twice(judge_of, words):
    """The same sessions again, alone or among others: nothing is asked, the labels are the same."""
    with ScriptedServer(says("regular", 1)) as server:
        first = judge_of(server).labels(words)
        judge = judge_of(server)
        assert all(judge.answered(each) for each in words)
        assert judge.labels(words[1:]) == first[1:]
        assert judge.labels(words, parallel=2) == first
        assert judge.shelf.spending.tokens == 0
    assert len(server.requests) == 4


def test_a_malformed_answer_is_repaired_once(judge_of, words):
    """The second question says what was wrong with the first."""
    with ScriptedServer(in_turn(completion("It is regular."), completion(CLASS),
                                completion(OUTCOME))) as server:  # fmt: skip
        label = judge_of(server).label(words[0])
    assert label.whole and not label.faults
    assert "That is no answer" in server.requests[1]["messages"][-1]["content"]
    assert len(server.requests) == 3


def test_a_twice_malformed_answer_is_no_label(judge_of, words, tmp_path):
    """Unlabelled with the reason, in the table too; the other question still counts."""
    with ScriptedServer(in_turn(completion("routine"), completion('{"class": "easy", "why": ""}'),
                                completion(OUTCOME))) as server:  # fmt: skip
        label = judge_of(server).label(words[0])
        again = judge_of(server).label(words[0])
    assert label.difficulty is None and label.success == 1 and not label.whole
    assert label.faults == ("class: class is none of routine, regular, challenging, open-ended, "
                            "unclear",)  # fmt: skip
    assert again == label and len(server.requests) == 3
    write_labels(tmp_path / "labels.csv", [label], judge="j", prompt="1-x")
    assert (tmp_path / "labels.csv").read_text().splitlines()[1].startswith("a,,1,1,j,1-x,")


def test_unclear_is_no_label_and_no_zero(judge_of, words):
    """The judge's own word for that it cannot tell."""
    with ScriptedServer(says("unclear", "unclear", 1)) as server:
        label = judge_of(server).label(words[0])
    assert (label.difficulty, label.success, label.redirections) == (None, None, 1)
    assert label.faults == ("class: unclear, says the judge", "outcome: unclear, says the judge")


def test_a_budget_is_not_passed(judge_of, words):
    """What was asked is kept; the rest says why it has no label; a larger budget goes on there."""
    with ScriptedServer(says("regular", 1)) as server:
        bound = replace(judge_of(server).call, messages=prompt(CLASS_QUESTION, words[0]))
        tokens = bound.most_input_tokens + bound.most_output_tokens
        poor = judge_of(server, Budget(tokens=tokens)).labels(words)
        asked = len(server.requests)
        rich = judge_of(server).labels(words)
    assert asked == 1 and len(server.requests) == 4
    assert "might pass the budget" in poor[1].faults[0]
    assert all(label.whole for label in rich)


def test_a_server_that_is_down_ends_the_asking(judge_of, words, ledger):
    """After some sessions in a row; what failed is recorded."""
    with ScriptedServer(lambda request: error(401)) as server:
        labels = judge_of(server).labels([*words, *words])
    assert not any(label.success for label in labels)
    assert len(server.requests) == 3
    assert sum(isinstance(e.body, ModelFailed) for e in ledger.entries(kinds=[ModelFailed])) == 3
    assert all("rejected" in label.faults[0] for label in labels)


def test_an_answer_that_was_cut_is_malformed(judge_of, words):
    """Also where what there is of it would do."""
    cut = completion(CLASS, finish="length")
    with ScriptedServer(in_turn(cut, cut, completion(OUTCOME))) as server:
        label = judge_of(server).label(words[0])
    assert label.faults == ("class: it is not whole (it ended by max_tokens)",)


@pytest.mark.parametrize(("inference", "asked"), [("goes-on", 4), ("stops", 0)])
def test_a_pause_that_stops_inference_stops_the_judge(judge_of, words, ledger, inference, asked):
    """Refused once, on the record, and nothing is asked; where inference goes on, so does it."""
    document = adopted(ledger, "[pause]", f'inference = "{inference}"', "")
    trigger(ledger, document)
    time.sleep(0.05)
    with ScriptedServer(says("regular", 1)) as server:
        labels = judge_of(server).labels(words)
    assert len(server.requests) == asked
    refused = [entry.body for entry in ledger.entries(kinds=[WorkRefused])]
    if asked:
        assert all(label.whole for label in labels) and not refused
        return
    (body,) = refused
    assert (body.work, body.state) == ("inference", "PAUSED") and body.run.startswith("label-")
    assert labels[1].faults[0].startswith("class: held by the brake, PAUSED")


def test_answers_that_are_there_take_no_leave(judge_of, words, ledger):
    """A label read from the ledger is no work; a hold of one's own leaves inference alone."""
    ledger.append([("a", (), WorkHeld("a visit"))])
    with ScriptedServer(says("regular", 1)) as server:
        first = judge_of(server).labels(words)
        trigger(ledger, adopted(ledger, "[pause]", 'inference = "stops"', ""))
        time.sleep(0.05)
        assert judge_of(server).labels(words) == first
    assert not list(ledger.entries(kinds=[WorkRefused]))
