"""Quorums that pass keep their promises: shown by enumeration of all who could vote."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from tachograph.brake.agreed.quorum import (
    check_quorums,
    in_force,
    least_lift,
    least_veto,
    majority_everywhere,
    most,
    spans_blocs,
    suggested,
)
from tachograph.brake.agreed.terms import Faults
from tachograph.brake.agreed.text import parse_terms
from tachograph.errors import FormatError

FAULTS = [(n, Faults(f, s)) for n in range(2, 13) for f in range(4) for s in range(4)
          if n > 3 * f + 2 * s]  # fmt: skip


@pytest.mark.parametrize(("n", "faults"), FAULTS, ids=str)
def test_a_lift_quorum_exists_and_any_two_share_an_honest_party(n: int, faults: Faults) -> None:
    """The rule n > 3f + 2s is what makes room for one."""
    lift = least_lift(n, faults)
    assert lift <= most(n, faults)
    assert 2 * lift - n > faults.byzantine  # two lifts overlap in more than f
    assert not 2 * (lift - 1) - n > faults.byzantine  # and one less would not do


def test_without_room_for_one_there_is_none() -> None:
    """Where n <= 3f + 2s, the least lift is more than can be counted on."""
    for n in range(2, 13):
        for f in range(4):
            for s in range(4):
                if n <= 3 * f + 2 * s and f + s:
                    assert least_lift(n, Faults(f, s)) > most(n, Faults(f, s))


def test_the_protocols_examples() -> None:
    """n = 7 with f = s = 1, and n = 5 with f = 1."""
    assert (least_lift(7, Faults(1, 1)), most(7, Faults(1, 1)), least_veto(7)) == (5, 5, 6)
    assert (least_lift(5, Faults(1, 0)), most(5, Faults(1, 0)), least_veto(5)) == (4, 4, 4)


@pytest.mark.parametrize("n", range(3, 20))
def test_what_is_suggested_passes(n: int) -> None:
    """For any number of parties and verifiers."""
    from agreements import agreement

    for verifiers in (1, 2, 3, 5):
        faults, quorums = suggested(n, verifiers)
        check_quorums(agreement(n, faults, quorums, verifiers))


def test_no_bloc_alone_has_a_majority_everywhere() -> None:
    """By all subsets of seven parties in three blocs."""
    blocs = {name: name[0] for name in ("a1", "a2", "a3", "b1", "b2", "c1", "c2")}
    for size in range(len(blocs) + 1):
        for voters in combinations(blocs, size):
            votes, counts = Counter(v[0] for v in voters), Counter(blocs.values())
            expected = all(2 * votes[bloc] > counts[bloc] for bloc in counts)
            assert majority_everywhere(voters, blocs, blocs) == expected
            assert spans_blocs(voters, blocs) == (len(votes) > 1)
    assert not majority_everywhere(["a1", "a2"], ["a1", "a2", "a3"], blocs)  # one bloc is left


def test_quorums_follow_those_who_count() -> None:
    """Never below safety, never above what was agreed."""
    from pathlib import Path

    text = (Path(__file__).parents[2] / "examples/agreement/agreement.toml").read_text()
    terms = parse_terms(text)
    for counted in range(1, 8):
        now = in_force(terms, counted)
        assert 2 * now.lift > counted + terms.faults.byzantine
        assert now.lift <= max(terms.quorums.lift, least_lift(counted, terms.faults))
        assert now.trigger > terms.faults.byzantine and now.veto >= least_veto(counted)
    assert in_force(terms, 7) == terms.quorums


def test_a_panel_that_cannot_decide_is_refused() -> None:
    """An even number, or all in conflict with one party."""
    from pathlib import Path

    text = (Path(__file__).parents[2] / "examples/agreement/agreement.toml").read_text()
    with pytest.raises(FormatError, match="in conflict with aurora"):
        parse_terms(text.replace("conflicts = []", 'conflicts = ["aurora"]'))
    head, _, _ = text.rpartition("[[panel]]")
    with pytest.raises(FormatError, match="panel: 2 members"):
        parse_terms(head)
