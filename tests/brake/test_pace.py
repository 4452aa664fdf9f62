"""A token bucket each: who asks too often waits, and nobody else does."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.brake.wire.pace import Pace, TooOftenError, network


def granted(pace: Pace, who: str, times: int) -> int:
    """How many of so many are let in."""
    let_in = 0
    for _ in range(times):
        try:
            pace.take(who)
        except TooOftenError:
            continue
        let_in += 1
    return let_in


def test_a_burst_and_then_the_rate() -> None:
    """As many at once as the bucket holds, then as it fills; idling saves up one bucket at most."""
    now = [0.0]
    pace = Pace(burst=3, an_hour=7200, clock=lambda: now[0])
    assert granted(pace, "a", 10) == 3
    now[0] = 1.0
    assert granted(pace, "a", 10) == 2
    now[0] = 1e6
    assert granted(pace, "a", 10) == 3
    assert granted(pace, "b", 2) == 2


def test_the_wait_that_is_told_suffices_and_is_needed() -> None:
    """After it one more is let in, a moment before it is not."""
    now = [0.0]
    pace = Pace(burst=1, an_hour=600, clock=lambda: now[0])
    pace.take("a")
    with pytest.raises(TooOftenError) as late:
        pace.take("a")
    now[0] = late.value.wait_seconds - 0.01
    assert granted(pace, "a", 1) == 0
    now[0] = late.value.wait_seconds
    assert granted(pace, "a", 2) == 1


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from("abc")), max_size=60))
def test_no_run_of_requests_passes_the_bound(steps: list[tuple[float, str]]) -> None:
    """Of each, from the beginning: burst + rate x time; a clock that goes back adds none."""
    now = [0.0]
    pace = Pace(burst=4, an_hour=360, clock=lambda: now[0])
    let_in = dict.fromkeys("abc", 0)
    for seconds, who in steps:
        now[0] += seconds - 1.0
        let_in[who] += granted(pace, who, 3)
        assert let_in[who] <= 4 + sum(max(0.0, s - 1.0) for s, _ in steps) * 0.1 + 1e-6


def test_a_crowd_takes_bounded_memory() -> None:
    """The bucket used longest ago is forgotten; one in use is not."""
    pace = Pace(burst=2, an_hour=1, most=10, clock=lambda: 0.0)
    assert granted(pace, "flooder", 2) == 2
    for number in range(1000):
        granted(pace, f"stranger {number}", 1)
        assert granted(pace, "flooder", 1) == 0
    assert len(pace._buckets) == 10


def test_threads_share_one_bucket() -> None:
    """No token is taken twice."""
    pace, found = Pace(burst=500, an_hour=1), []
    threads = [
        threading.Thread(target=lambda: found.append(granted(pace, "a", 200))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == 500


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("testclient", "other", False),
    ],
)
def test_whose_bucket_an_address_has(one: str, other: str, same: bool) -> None:
    """IPv4 each, IPv6 by site."""
    assert (network(one) == network(other)) is same
