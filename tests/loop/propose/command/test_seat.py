"""A seat's verbs: what an agent may ask, and that nothing it says is believed."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loop_toys import SEED, WRONG, correct, verdicts

from tachograph.loop.budget import Budget

GOOD, OTHER, THIRD = correct(3)


def trial_of(candidate, **texts):
    return {"verb": "trial", "files": dict(candidate.files), **texts}


def test_a_trial_ends_in_its_verdict(sit):
    """A right version is kept, a wrong one says why, and both stand in the ledger."""
    sitting = sit()
    answer = sitting.seat.answer(trial_of(GOOD, label="less work", note="no loop"))
    assert (answer["verdict"], answer["candidate"], answer["label"]) == (
        "kept", GOOD.id, "less work",
    )  # fmt: skip
    wrong = sitting.seat.answer(trial_of(WRONG))
    assert wrong["verdict"] == "wrong"
    assert wrong["detail"]
    assert verdicts(sitting.run) == ["kept", "wrong"]
    proposed = sitting.run.archive.records[GOOD.id].proposed
    assert (proposed.proposer, proposed.note, proposed.turn) == ("tester", "no loop", None)


def test_what_was_tried_costs_nothing(sit):
    """The same content again has its standing verdict told, even where the budget is spent."""
    seat = sit(Budget(trials=1)).seat
    first = seat.answer(trial_of(GOOD))
    assert seat.answer(trial_of(GOOD))["verdict"] == first["verdict"]
    assert seat.answer(trial_of(OTHER))["error"]["kind"] == "budget"


def test_the_board_is_read_and_written(sit):
    """A finding rests on a trial of the run, whose verdict we look up."""
    seat = sit().seat
    seat.answer(trial_of(GOOD))
    shared = seat.answer({"verb": "share", "text": "loops are slow", "candidate": GOOD.id})
    assert shared["shared"] == "loops are slow"
    (found,) = seat.answer({"verb": "findings"})["findings"]
    assert (found["text"], found["verdict"], found["proposer"]) == (
        "loops are slow", "kept", "tester",
    )  # fmt: skip
    unknown = seat.answer({"verb": "share", "text": "believe me", "candidate": "c-" + "0" * 32})
    assert unknown["error"]["kind"] == "usage"


def test_status_and_show_tell_what_was_tried(sit):
    """The best, the latest trials with what is left, and any candidate's files."""
    seat = sit(Budget(trials=5)).seat
    seat.answer(trial_of(GOOD))
    status = seat.answer({"verb": "status"})
    assert status["best"]["candidate"] == GOOD.id
    assert status["left"]["trials"] == 4
    shown = seat.answer({"verb": "show", "candidate": GOOD.id})
    assert shown["files"] == dict(GOOD.files)
    assert seat.answer({"verb": "show", "candidate": SEED.id})["files"] == dict(SEED.files)
    assert seat.answer({"verb": "show", "candidate": "../../ledger"})["error"]["kind"] == "usage"


BAD = {
    "no files": {"verb": "trial"},
    "a path for files": {"verb": "trial", "files": "/work"},
    "a list of files": {"verb": "trial", "files": ["toy.py"]},
    "bytes that are no text": {"verb": "trial", "files": {"toy.py": 1}},
    "half a character": {"verb": "trial", "files": {"toy.py": "\ud800"}},
    "half a character in a path": {"verb": "trial", "files": {"\ud800": "x"}},
    "a file more": {"verb": "trial", "files": dict(GOOD.files) | {"check.py": "x"}},
    "a file outside": {"verb": "trial", "files": {"../check.py": "x"}},
    "too much": {"verb": "trial", "files": {"toy.py": "#" * 5000}},
    "a verdict of its own": trial_of(GOOD) | {"verdict": "kept"},
    "a label that is a list": trial_of(GOOD) | {"label": ["x"]},
    "an unknown verb": {"verb": "keep", "candidate": GOOD.id},
    "a verb that is a list": {"verb": ["trial"]},
    "no verb": {},
    "no object": [1],
    "a share without a trial": {"verb": "share", "text": "x"},
    "an empty share": {"verb": "share", "text": "", "candidate": GOOD.id},
}


def test_what_is_no_question_is_refused_and_recorded_nowhere(sit):
    """Each has an answer, and leaves no trace in the run."""
    sitting = sit()
    before = sitting.run.ledger.size
    for name, question in BAD.items():
        answer = sitting.seat.answer(question)
        assert answer["error"]["kind"] == "usage", name
        json.dumps(answer)
    assert sitting.run.ledger.size == before


def test_labels_notes_and_findings_lose_what_could_redraw_a_screen(sit):
    """Control characters, line ends and what is too long are gone before anything is recorded."""
    sitting = sit()
    ugly = "\x1b[2J\x1b]0;kept\x07\r\nkept  c-1 9.99x\u202e \ud800" + "x" * 900
    answer = sitting.seat.answer(trial_of(GOOD, label=ugly, note=ugly))
    assert answer["verdict"] == "kept"
    sitting.seat.answer({"verb": "share", "text": ugly, "candidate": GOOD.id})
    proposed = sitting.run.archive.records[GOOD.id].proposed
    (_, shared) = sitting.run.archive.findings[0]
    for text, most in ((proposed.label, 60), (proposed.note, 500), (shared.text, 600)):
        assert text.isprintable()
        assert len(text) <= most


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
verbs = st.sampled_from(["brief", "trial", "findings", "share", "status", "show"]) | anything


@pytest.fixture(scope="module")
def nobody():
    """A seat that may be asked anything but never reaches a desk."""
    from tachograph.loop.propose.command import Seat

    class NoDesk:
        def __getattr__(self, name):
            raise AssertionError(f"reached the desk's {name}")

    return Seat(None, NoDesk(), "words", "nobody")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries({}, optional={
    "verb": verbs, "files": anything, "label": anything, "text": anything, "candidate": anything,
}))  # fmt: skip
def test_no_question_breaks_the_seat(nobody, question):
    """Whatever is asked, the check of a question answers or lets it pass; it never raises."""
    from tachograph.errors import UsageError
    from tachograph.loop.propose.command.seat import candidate_of

    try:
        verb, texts = nobody.checked(question)
        assert all(text.isprintable() for text in texts.values())
        if verb == "trial":
            candidate_of(question.get("files"))
    except UsageError as error:
        assert error.message
