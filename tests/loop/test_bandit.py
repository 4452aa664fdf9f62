"""The bandit: effort moves to whoever gains most per cost."""

from __future__ import annotations

import math
import random
from collections import Counter

from loop_history import RUN, folded, kept

from tachograph.ledger.kinds import CandidateProposed, ModelAnswered, TurnBegun, TurnEnded
from tachograph.loop.bandit import HOUR_USD, TOKEN_USD, Outcome, beliefs, choose, outcomes

DIGEST = "0a" * 32


def turn(number, proposer, ratio=None, usd=0.0, tokens=0, seconds=0.0):
    """A turn whose candidate was kept at this ratio, or that brought nothing."""
    candidate = f"c-{number}" if ratio else None
    bodies = [TurnBegun(RUN, number, 1, proposer, "c-seed", "", 0)]
    if usd or tokens:
        bodies.append(ModelAnswered(RUN, number, 1, "m", DIGEST, DIGEST, tokens, 0, usd, "prices",
                                    1.0, tokens, usd if usd else None))  # fmt: skip
    if candidate:
        bodies.append(CandidateProposed(RUN, candidate, ["c-seed"], proposer, "", "", {}, number))
    bodies.append(TurnEnded(RUN, number, "proposed" if candidate else "duplicate", candidate, "",
                            seconds))  # fmt: skip
    return [*bodies, kept(candidate, ratio)] if candidate else bodies


def history(*turns):
    return folded(*[body for each in turns for body in each])


def test_a_turn_gains_what_it_is_better_than_the_best_before():
    """The second keeper is worth its step, not its whole height."""
    found = outcomes(history(turn(1, "a", 2.0), turn(2, "b", 3.0), turn(3, "a")))
    gains = [each.gain for each in found]
    assert math.isclose(gains[0], math.log(2.0))
    assert math.isclose(gains[1], math.log(1.5))
    assert gains[2] == 0.0


def test_money_tokens_and_time_are_one_cost():
    """Money where it is known, else tokens at a usual price; and the machine's time."""
    money, tokens, seconds = outcomes(
        history(turn(1, "a", usd=0.5, tokens=10), turn(2, "b", tokens=2000),
                turn(3, "c", seconds=1800.0))
    )  # fmt: skip
    assert math.isclose(money.cost_usd, 0.5)
    assert math.isclose(tokens.cost_usd, 2000 * TOKEN_USD)
    assert math.isclose(seconds.cost_usd, HOUR_USD / 2)


def test_the_judges_time_is_a_cost_too():
    """Entries here are a second apart: the trial took one from its proposal to its verdict."""
    (found,) = outcomes(history(turn(1, "a", 2.0)))
    assert 0 < found.cost_usd < 3 * HOUR_USD / 3600


def test_a_turn_that_is_not_over_says_nothing_yet():
    """Neither one that is thought about nor one whose candidate waits."""
    begun, proposed, ended, _ = turn(2, "a", 2.0)
    assert outcomes(history(turn(1, "a"), [begun])) == outcomes(history(turn(1, "a")))
    assert len(outcomes(history([begun, proposed, ended]))) == 0


def test_a_new_proposer_is_believed_to_be_as_good_as_the_team():
    """With the weight of one turn."""
    found = beliefs([Outcome("a", 0.7, 1.0)] * 4, ["a", "b"])
    assert found["b"] == (1.0, 1.0)
    assert found["a"][0] > 4 and found["a"][1] > 4


def test_old_turns_fade():
    """What gained long ago counts for less than what gained just now."""
    idle = [Outcome("b", 0.0, 1.0)] * 50
    early = beliefs([Outcome("a", 1.0, 1.0), *idle], ["a"])["a"]
    late = beliefs([*idle, Outcome("a", 1.0, 1.0)], ["a"])["a"]
    assert early[0] - 1 < (late[0] - 1) / 2


def shares(archive, proposers, draws=400):
    rng = random.Random(1)
    return Counter(choose(archive, proposers, rng) for _ in range(draws))


def side_by_side(good, bad):
    """So many turns of each, at the same cost; those of `bad` come first and gain nothing."""
    losses = [turn(number, "bad", seconds=60) for number in range(1, bad + 1)]
    gains = [turn(number, "good", 1.05 ** (number - bad), seconds=60)
             for number in range(bad + 1, bad + good + 1)]  # fmt: skip
    return history(*losses, *gains)


def test_effort_moves_to_whoever_gains():
    """Of two that cost the same, the one that gains gets most turns."""
    assert shares(side_by_side(good=4, bad=4), ["good", "bad"])["good"] > 300


def test_what_gained_nothing_long_ago_has_another_turn():
    """Its old turns have faded, so that it is not left out for good."""
    found = shares(side_by_side(good=100, bad=4), ["good", "bad"])
    assert 10 < found["bad"] < 200


def test_effort_moves_to_whoever_is_cheaper():
    """Of two that gain the same, the one that costs a tenth."""
    turns = []
    for n in range(1, 17):
        turns.append(turn(n, "dear" if n % 2 else "cheap", 1.1**n, usd=1.0 if n % 2 else 0.1))
    assert shares(history(*turns), ["dear", "cheap"])["cheap"] > 300


def test_without_history_all_have_their_turns():
    """Nobody is left out before anything is known."""
    found = shares(history(), ["a", "b", "c"])
    assert min(found.values()) > 90


def test_the_choice_is_a_function_of_history_and_draws():
    """The same twice; one proposer costs no draw."""
    archive, rng = history(turn(1, "a", 2.0), turn(2, "b")), random.Random(4)
    before = rng.getstate()
    assert choose(archive, ["a"], rng) == "a"
    assert rng.getstate() == before
    one = [choose(archive, ["a", "b"], random.Random(f"7:{n}")) for n in range(50)]
    assert one == [choose(archive, ["a", "b"], random.Random(f"7:{n}")) for n in range(50)]
    assert set(one) == {"a", "b"}
