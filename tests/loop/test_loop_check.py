"""The check: fresh secret inputs, one box, one answer."""

from __future__ import annotations

import time

import numpy as np
import pytest
from loop_toys import FAILING, FAST, SEED, WRONG, fresh, raw

from tachograph.errors import BoxError, HeldError, TaskError
from tachograph.loop.check import DETAIL_CHARACTERS
from tachograph.sandbox.inside.leftovers import descendants


def test_a_right_answer_passes_with_its_times(new_bench):
    """A candidate that is right passes, and what it took is known."""
    examiner = new_bench().examiner
    with examiner.draw(fresh()) as draw:
        answer = examiner.examine(FAST, draw)
    assert (answer.passed, answer.reason, answer.detail) == (True, "", "")
    assert answer.wall_seconds > 0
    assert answer.cpu_seconds > 0
    assert answer.setup_seconds > 0


def test_a_wrong_answer_says_what_was_expected(new_bench):
    """A refusal names both values."""
    examiner = new_bench().examiner
    with examiner.draw(fresh()) as draw:
        answer = examiner.examine(WRONG, draw)
        assert (answer.passed, answer.reason) == (False, "wrong")
        assert str(draw.expected) in answer.detail
        assert str(draw.expected + 1) in answer.detail


def test_a_failure_carries_its_log(new_bench):
    """What a failing candidate raised and printed reaches the proposer."""
    examiner = new_bench().examiner
    noisy = raw("print('about to fail', flush=True)\nraise ValueError('no')")
    with examiner.draw(fresh()) as draw:
        answer = examiner.examine(noisy, draw)
    assert (answer.passed, answer.reason, answer.wall_seconds) == (False, "failed", None)
    assert "ValueError: no" in answer.detail
    assert "about to fail" in answer.detail


def test_details_are_bounded(new_bench):
    """A candidate cannot fill the ledger with its words."""
    examiner = new_bench().examiner
    with examiner.draw(fresh()) as draw:
        answer = examiner.examine(raw("raise ValueError('word ' * 100_000)"), draw)
    assert not answer.passed
    assert 0 < len(answer.detail) <= DETAIL_CHARACTERS


def test_no_two_draws_are_alike(new_bench):
    """Inputs cannot be foreseen, not even by who knows everything before."""
    examiner = new_bench().examiner
    seen = set()
    for _ in range(8):
        with examiner.draw(fresh()) as draw:
            seen.add(draw.inputs["x"])
    assert len(seen) > 4


def test_both_sides_get_the_same_bytes(new_bench):
    """One draw, used twice, is the same input."""
    examiner = new_bench().examiner
    with examiner.draw(fresh()) as draw:
        answers = [examiner.examine(SEED, draw) for _ in range(2)]
    assert [answer.passed for answer in answers] == [True, True]


def test_a_draw_is_given_back(new_bench):
    """Its memory is gone when the draw is over."""
    examiner = new_bench().examiner
    with examiner.draw(fresh()) as draw:
        assert draw.sealed.descriptor >= 0
    assert draw.sealed.descriptor == -1


def test_the_seed_is_the_expectation_where_check_knows_none(new_bench):
    """Without `expected`, the seed's own output in a box is what is right."""
    bench = new_bench()
    examiner = bench.examiner
    examiner.check._expected = None
    with examiner.draw(fresh()) as draw:
        assert draw.expected == 2 * draw.inputs["x"]


def test_a_seed_that_fails_is_the_task_s_fault(new_bench):
    """The author is told, and no candidate is blamed."""
    bench = new_bench(seed=FAILING)
    bench.examiner.check._expected = None
    with pytest.raises(TaskError, match="the seed itself fails"), bench.examiner.draw(fresh()):
        pass


def test_cpu_of_candidates_adds_up(new_bench):
    """The CPU budget counts every call that came back."""
    examiner = new_bench().examiner
    with examiner.draw(fresh()) as draw:
        examiner.examine(SEED, draw)
        once = examiner.cpu_seconds
        examiner.examine(SEED, draw)
    assert 0 < once < examiner.cpu_seconds


def test_what_was_loaded_ends_where_it_is_not_called(new_bench):
    """Held back by the brake between the two, it does not go on by itself."""
    examiner = new_bench().examiner
    examiner.box.settle()
    zygote = examiner.box.process.pid
    before = descendants(zygote)

    def refused():
        if descendants(zygote) != before:
            raise HeldError("held", hint="")

    examiner.check_call = refused
    with pytest.raises(HeldError), examiner.loading(FAST), examiner.draw(fresh()) as draw:
        while descendants(zygote) == before:
            time.sleep(0.001)
        examiner.examine(FAST, draw)
    deadline = time.monotonic() + 10
    while descendants(zygote) != before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    examiner.check_call = list
    with examiner.loading(FAST), examiner.draw(fresh()) as draw:
        assert examiner.examine(FAST, draw).passed


def test_a_broken_box_is_no_answer(new_bench):
    """A zygote that was killed raises BoxError; the next call works."""
    examiner = new_bench().examiner
    with examiner.draw(fresh()) as draw:
        examiner.box.process.kill()
        examiner.box.process.wait()
        with pytest.raises(BoxError):
            examiner.examine(SEED, draw)
        assert examiner.examine(SEED, draw).passed


def test_equal_generators_draw_equal_inputs(new_bench):
    """The public example is the same for every proposer."""
    check = new_bench().examiner.check
    one, two = (check.draw(np.random.default_rng(5)) for _ in range(2))
    assert one == two
