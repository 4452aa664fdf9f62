"""What each proposer brought and took, in words and in plain data."""

from __future__ import annotations

import math

from loop_history import OPENED, RUN, dropped, entries, kept
from loop_history import SEED as SEED_PROPOSED

from tachograph.ledger.kinds import (
    CandidateProposed,
    FindingShared,
    ModelAnswered,
    RunResumed,
    TurnBegun,
    TurnEnded,
)
from tachograph.loop.archive import Archive
from tachograph.loop.tally import (
    is_team,
    paid_text,
    tallies,
    tally_text,
    team_caption,
    team_data,
)
from tachograph.loop.team import Team

DIGEST = "0a" * 32


def answer(turn, tokens, usd):
    return ModelAnswered(RUN, turn, 1, "m", DIGEST, DIGEST, tokens, 0, usd, "prices", 1.0, tokens,
                         usd)  # fmt: skip


def archive_of(*bodies):
    return Archive.of(entries(OPENED, SEED_PROPOSED, *bodies))


def some_history():
    team = Team(seats=2).plain() | {"proposers": ["recipes", "model:m"]}
    return archive_of(
        RunResumed(RUN, team),
        TurnBegun(RUN, 1, 1, "model:m", "c-seed", "", 0), answer(1, 1200, 0.02),
        CandidateProposed(RUN, "c-1", ["c-seed"], "model:m", "", "", {}, 1),
        TurnEnded(RUN, 1, "proposed", "c-1", "", 2.5), kept("c-1", 2.0),
        TurnBegun(RUN, 2, 2, "model:m", "c-1", "", 0), answer(2, 300, None),
        TurnEnded(RUN, 2, "malformed", None, "no code", 1.5),
        TurnBegun(RUN, 3, 1, "recipes", "c-1", "", 0),
        CandidateProposed(RUN, "c-2", ["c-1"], "hand", "", "", {}), dropped("c-2", "wrong"),
        FindingShared(RUN, "c-2", "do not"),
    )  # fmt: skip


def test_everybody_is_counted():
    """The team in its order, then who was beside it."""
    recipes, model, hand = tallies(some_history())
    assert (recipes.proposer, recipes.turns, recipes.thinking) == ("recipes", 0, 1)
    assert (model.turns, model.candidates, model.kept) == (2, 1, 1)
    assert (model.tokens, model.money_usd, model.unpriced) == (1500, 0.02, True)
    assert math.isclose(model.gain, math.log(2.0))
    assert (hand.proposer, hand.candidates, hand.kept) == ("hand", 1, 0)


def test_in_words():
    """What went wrong is named, and a price that is not known is not 0."""
    archive = some_history()
    assert tally_text(tallies(archive)[1], archive).split("  ")[-1].strip() == (
        "2 turns, 1 candidate, 1 kept, 1 malformed, 4 s, 1,500 tokens, 0.02 USD, "
        "some at a price not known"
    )
    assert paid_text(archive) == "1,500 tokens, 0.02 USD, some at a price not known"


def test_one_unpaid_proposer_in_one_seat_is_no_team():
    """Then there is nothing to add to the trials."""
    assert not is_team(archive_of())
    assert paid_text(archive_of()) == ""
    assert is_team(some_history())


def test_a_picture_says_who_sat_there():
    """On one line; nothing where one proposer sat alone."""
    assert team_caption(archive_of()) == ""
    assert team_caption(some_history()) == (
        "2 seats of recipes, model:m; 1 finding; 1,500 tokens, 0.02 USD, some at a price not known"
    )


def test_plain_data_carries_the_board():
    """With the verdicts looked up."""
    data = team_data(some_history())
    assert (data["seats"], data["tokens"]) == (2, 1500)
    assert [each["proposer"] for each in data["tallies"]] == ["recipes", "model:m", "hand"]
    assert data["tallies"][1]["money_usd"] is None
    assert data["findings"] == [
        {"text": "do not", "candidate": "c-2", "verdict": "wrong", "proposer": "loop"}
    ]
