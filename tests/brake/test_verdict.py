"""Results, and cells of the table: not assessed never becomes a pass."""

from __future__ import annotations

import itertools

import pytest

from tachograph.brake.verdict import AuditReport, Check, CheckResult, Outcome, worst

CHECK = Check("V4", "gapless record", "completeness", "missing records", ("the meter is declared",))
OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "not-assessed")


def report(*results: CheckResult) -> AuditReport:
    """A report of one party."""
    return AuditReport("id", "2026-11-25T12:00:00.000000Z", ("alba",), results, ())


@pytest.mark.parametrize("outcomes", list(itertools.product(OUTCOMES, repeat=3)))
def test_a_cell_is_a_pass_only_where_all_of_it_passed(outcomes: tuple[Outcome, ...]):
    """Over all triples: fail wins, then not assessed."""
    if "fail" in outcomes:
        assert worst(outcomes) == "fail"
    elif "not-assessed" in outcomes:
        assert worst(outcomes) == "not-assessed"
    else:
        assert worst(outcomes) == "pass"


def test_a_cell_without_results_is_not_assessed():
    """Nothing looked is not nothing found."""
    assert worst([]) == "not-assessed"
    assert report().outcome("V4", "alba") == "not-assessed"


def test_correctness_and_completeness_stay_apart():
    """A result that is about both counts in both."""
    found = report(
        CHECK.passed("alba", "ok", about="correctness"), CHECK.failed("alba", "a gap")
    )  # fmt: skip
    assert found.outcome("V4", "alba", "correctness") == "pass"
    assert found.outcome("V4", "alba", "completeness") == "fail"
    assert found.outcome("V4", "alba") == "fail"
    both = report(CHECK.passed("alba", "ok", about="both"))
    assert both.outcome("V4", "alba", "correctness") == "pass"
    assert both.outcome("V4", "alba", "completeness") == "pass"


def test_the_smallest_run_that_could_hide_is_the_largest_bound():
    """What one site bounds tightly another may not."""
    found = report(
        CHECK.passed("alba", "site one", smallest_hidden_flop=1e20),
        CHECK.passed("alba", "site two", smallest_hidden_flop=3e22),
        CHECK.passed("brim", "another's", smallest_hidden_flop=9e30),
    )
    assert found.smallest_hidden_flop == {"alba": 3e22}
    assert report().smallest_hidden_flop == {"alba": None}


def test_only_a_pass_has_a_probability():
    """What failed was found; what was not assessed was not looked for."""
    assert CHECK.passed("alba", "ok", probability=0.9).detection_probability == 0.9
    assert CHECK.failed("alba", "a gap").detection_probability is None
    assert CHECK.not_assessed("alba", "no meter").detection_probability is None


def test_a_reason_is_one_line_whatever_strangers_put_into_it():
    """No line of theirs passes for one of the report, and none steers a terminal."""
    spec = Check("V0", "example", "correctness", "nothing", ())
    told = spec.failed("alba", "no\n  V1 alba: pass\x1b[2J\x9b2J\u202e", evidence=["a\nb"])
    assert told.reason.isprintable() and told.evidence[0].isprintable()
    assert "V1 alba: pass" in told.reason
