"""Attribution: the three shares, their order, and what is said where nobody can tell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import UsageError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.attribution import Options, compute, lines_of, merged, shares
from tachograph.gauges.git.paths import KINDS
from tachograph.gauges.git.rows import AUTHOR, BOT, MESSAGE, NOTED, REQUEST, History
from tachograph.gauges.picture import LIGHT
from tachograph.gauges.synthetic_history import LINES, MARKED, SHARES, write_repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_repository(tmp_path_factory.mktemp("git") / "made-up", 600)


def rows(*commits: tuple[int, int, int, int]) -> History:
    """Commits of production code: evidence, added lines, lines by AI, lines by people."""
    count = len(commits)
    wide = np.zeros((4, count, len(KINDS)), dtype=np.int64)
    for place, (_, added, ai, human) in enumerate(commits):
        wide[0, place, 0], wide[2, place, 0], wide[3, place, 0] = added, ai, human
    evidence = np.array([commit[0] for commit in commits], dtype=np.int64)
    narrow = np.zeros(count, dtype=np.int64)
    return History("t", narrow + 1_750_000_000, narrow, narrow - 1, evidence, *wide, ("a",), ())


def estimates(reading: Reading) -> dict[str, float | None]:
    return {each.name: each.value for each in reading.estimates}


def test_each_share_counts_what_it_says() -> None:
    history = rows(
        (AUTHOR, 100, 0, 0), (MESSAGE, 200, 0, 0), (NOTED, 300, 50, 150), (REQUEST, 100, 0, 0),
        (NOTED | MESSAGE, 100, 40, 30), (0, 200, 0, 0), (BOT, 10_000, 0, 0),
    )  # fmt: skip
    found = shares(lines_of(history, ("production",)))
    assert found is not None
    assert [round(1000 * share) for share in found] == [190, 520, 820]


evidence = st.sampled_from([0, AUTHOR, MESSAGE, REQUEST, NOTED, NOTED | MESSAGE, BOT])


@given(st.lists(st.tuples(evidence, st.integers(0, 500), st.floats(0, 1), st.floats(0, 1)),
                min_size=1, max_size=20))  # fmt: skip
def test_conservative_is_below_likely_is_below_the_bound(
    drawn: list[tuple[int, int, float, float]],
) -> None:
    """Whatever the evidence: 0 <= conservative <= likely <= upper <= 1."""
    commits = []
    for bits, added, part, rest in drawn:
        ai = int(added * part) if bits & NOTED else 0
        human = int((added - ai) * rest) if bits & NOTED else 0
        commits.append((bits, added, ai, human))
    found = shares(lines_of(rows(*commits), ("production",)))
    if found is not None:
        assert 0 <= found[0] <= found[1] + 1e-12 <= found[2] + 2e-12 <= 1 + 3e-12


def test_marks_of_a_made_up_history_give_its_true_share(repository: Path) -> None:
    """Half the way between the shares at its ends, of which four in five bear a mark."""
    found = take(find("attribution"), Inputs((repository,)), Options(fresh=True))
    likely = estimates(found)["share of lines by AI, likely"]
    expected = 100 * sum(SHARES) / 2 * MARKED
    assert likely == pytest.approx(expected, abs=5)
    assert found.n["lines"] == LINES * (600 - found.n["by automation"])
    assert estimates(found)["likely, marked Claude Code"] == pytest.approx(likely)
    tip = subprocess.run(["git", "-C", str(repository), "rev-parse", "HEAD"], check=True,
                         capture_output=True, text=True).stdout.strip()  # fmt: skip
    assert found.inputs[0].sha256 == tip


def test_no_evidence_at_all_is_no_share_of_zero() -> None:
    """Nothing marked is unknown: no figure, and no grid that looks like one."""
    found = compute((rows((0, 500, 0, 0)),), Options())
    assert not found.verdict.told and "bears any evidence" in found.verdict.reason
    assert all(each.value is None for each in found.estimates) and not found.grid


def test_few_lines_cannot_tell() -> None:
    found = compute((rows((MESSAGE, 20, 0, 0)),), Options())
    assert not found.verdict.told and "fewer than 100" in found.sentence


def test_sources_are_held_against_each_other() -> None:
    """Of 100 marked lines 80 are attested; of 240 attested lines a third is in marked commits."""
    history = rows((NOTED | MESSAGE, 100, 80, 0), (NOTED, 200, 160, 0))
    found = estimates(compute((history,), Options()))
    assert found["marks that line evidence confirms"] == pytest.approx(80)
    assert found["line evidence that marks find"] == pytest.approx(100 / 3)


def test_repositories_are_put_together_by_their_people() -> None:
    one = rows((MESSAGE, 100, 0, 0))
    other = rows((0, 300, 0, 0))
    both = merged((one, other))
    assert both.authors == ("a",) and len(both) == 2
    assert shares(lines_of(both, ("production",))) == (0.0, 0.25, 1.0)


def test_a_window_of_days_is_cut_out(repository: Path) -> None:
    """Early, agents do little; late, most."""
    halves = [
        take(find("attribution"), Inputs((repository,)), Options(until="2024-07-01", fresh=True)),
        take(find("attribution"), Inputs((repository,)), Options(since="2025-07-01", fresh=True)),
    ]
    early, late = (estimates(half)["share of lines by AI, likely"] for half in halves)
    assert early is not None and late is not None and early + 20 < late


def test_bad_days_are_refused() -> None:
    with pytest.raises(UsageError, match="since is 'soon'"):
        Options(since="soon")


def test_the_picture_has_a_point_for_each_quarter(repository: Path) -> None:
    found = take(find("attribution"), Inputs((repository,)), Options(fresh=True))
    axes = find("attribution").plot(found, LIGHT).axes[0]
    assert len(axes.lines[1].get_xdata()) == len(found.table("quarters").texts("quarter")) == 8
