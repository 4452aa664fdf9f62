"""What is drawn follows from every secret, and the chances are those of the notes."""

from __future__ import annotations

from itertools import combinations

import pytest

from tachograph.brake.said import beacon

SECRETS = {"alba": b"a" * 32, "brim": b"b" * 32}


def test_the_value_follows_from_every_secret_name_and_speaker() -> None:
    """Changing any of them changes it; the order of arrival does not."""
    value = beacon.value("b-1", SECRETS)
    assert value == beacon.value("b-1", dict(reversed(SECRETS.items())))
    assert value != beacon.value("b-2", SECRETS)
    assert value != beacon.value("b-1", {"alba": b"a" * 32})
    assert value != beacon.value("b-1", {"alba": b"b" * 32, "brim": b"a" * 32})


def test_draws_are_fair_and_without_repeat() -> None:
    """Over many seeds each number comes as often as another."""
    counts = [0] * 10
    for seed in range(2000):
        drawn = beacon.draw(seed.to_bytes(4, "big"), "r-1", 10, 3)
        assert len(set(drawn)) == 3
        for number in drawn:
            counts[number] += 1
    assert all(abs(count - 600) < 5 * (2000 * 0.3 * 0.7) ** 0.5 for count in counts)
    assert beacon.draw(b"x", "r-1", 4, 9) == (0, 1, 2, 3)


def test_detection_probability_is_that_of_counting() -> None:
    """Against all subsets."""
    subsets = list(combinations(range(8), 3))
    hits = sum(1 for subset in subsets if {0, 1} & set(subset))
    found = beacon.detection_probability(segments=8, bad=2, drawn=3)
    assert found == pytest.approx(hits / len(subsets))
    assert beacon.detection_probability(segments=8, bad=0, drawn=3) == 0.0
    assert beacon.detection_probability(segments=8, bad=6, drawn=3) == 1.0


def test_a_withheld_secret_lowers_the_chance() -> None:
    """It doubles the chance of escape; nothing is left after enough of them."""
    one = beacon.detection_probability(segments=100, bad=10, drawn=20)
    two = beacon.detection_probability(segments=100, bad=10, drawn=20, withheld=1)
    assert 1 - two == pytest.approx(2 * (1 - one))
    assert beacon.detection_probability(segments=100, bad=10, drawn=20, withheld=9) == 0.0


@pytest.mark.parametrize(("share", "draws"), [(0.1, 44), (0.05, 90), (0.01, 459), (0.001, 4603)])
def test_the_published_table(share: float, draws: int) -> None:
    """Draws for 99 % in docs/concepts/re-execution.md."""
    assert beacon.draws_needed(share=share, confidence=0.99) == draws
