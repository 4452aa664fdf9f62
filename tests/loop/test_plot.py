"""The picture of a run, drawn from the entries of a real ledger."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from tachograph.errors import UsageError
from tachograph.ledger import Body, Entry, Ledger
from tachograph.ledger.kinds import (
    CandidateDropped,
    CandidateKept,
    CandidateProposed,
    RunOpened,
    TrialTimed,
)
from tachograph.loop.archive import Archive
from tachograph.loop.plot import MARKS, RUG, draw, plain_scale, plot, ticks
from tachograph.loop.progress import FATES, LABEL_CHARACTERS, Yardstick, legible, points

RUN = "r-1"
LABELS = [
    "numba/forward",
    "hoist invariant",
    "sort once",
    "a name that is very much too long to fit",
]


def opened() -> list[Body]:
    """A run with its seed."""
    return [
        RunOpened(RUN, "pairwise", "d", "c-seed", "goal", {}, 1, {}, {}, ["recipes"]),
        CandidateProposed(RUN, "c-seed", [], "seed", "seed", "", {}),
    ]


def raced(candidate: str, against: str, verdict: str, ratio: float) -> TrialTimed:
    """A race against the best of its time."""
    return TrialTimed(RUN, candidate, against, "screen", verdict, ratio, ratio / 1.02,
                      ratio * 1.02, 5, ratio, 0.0, 0.1, [])  # type: ignore[arg-type]  # fmt: skip


def trial(number: int, parent: str, fate: str, ratio: float | None, standing: float) -> list[Body]:
    """All entries of one trial; `standing` is the speed-up of its parent."""
    name = f"c-{number}"
    label = LABELS[number % len(LABELS)]
    found: list[Body] = [CandidateProposed(RUN, name, [parent], "recipes", label, "", {})]
    if ratio is not None:
        found.append(raced(name, parent, "faster" if fate == "kept" else "same", ratio))
    if fate == "kept":
        best = standing * (ratio or 1.0)
        return [*found, CandidateKept(RUN, name, best, best / 1.02, best * 1.02)]
    return [*found, CandidateDropped(RUN, name, fate)]


def story(trials: int, seed: int = 5) -> list[Body]:
    """A run with trials of every fate."""
    rng = random.Random(seed)
    found, parent, standing = opened(), "c-seed", 1.0
    for number in range(trials):
        fate = rng.choice([*FATES, "refused"])
        unraced = FATES.get(fate, "failed") in RUG
        ratio = None if unraced else rng.uniform(1.05, 1.5) if fate == "kept" else 0.97
        found += trial(number, parent, fate, ratio, standing)
        if fate == "kept" and ratio:
            parent, standing = f"c-{number}", standing * ratio
    return found


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger", create=True) as found:
        yield found


def recorded(ledger: Ledger, bodies: list[Body]) -> list[Entry]:
    """The bodies as entries that a real ledger gives back."""
    ledger.append([("loop", [], body) for body in bodies])
    return list(ledger.entries(run=RUN))


@pytest.mark.parametrize("trials", [0, 1, 8, 300])
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_run_of_any_length_is_drawn(
    ledger: Ledger, tmp_path: Path, trials: int, suffix: str
) -> None:
    """From no trial to 300, as a picture that its format's readers accept."""
    path = plot(recorded(ledger, story(trials)), tmp_path / f"picture{suffix}")
    data = path.read_bytes()
    if suffix == ".png":
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert int.from_bytes(data[16:20], "big") == 1600
    else:
        assert ElementTree.fromstring(data).tag.endswith("svg")


def test_the_same_entries_give_the_same_file(ledger: Ledger, tmp_path: Path) -> None:
    """A picture can be derived again from the ledger, byte by byte."""
    entries = recorded(ledger, story(30))
    for suffix in (".png", ".svg"):
        first, second = (plot(entries, tmp_path / f"{n}{suffix}").read_bytes() for n in "ab")
        assert first == second


def test_a_race_against_another_reference_is_put_on_the_seeds_scale(ledger: Ledger) -> None:
    """1.5 times a candidate that stands at 2 is 3; its interval moves along."""
    bodies = opened() + trial(0, "c-seed", "kept", 2.0, 1.0) + trial(1, "c-0", "same", 1.5, 2.0)
    found = points(Archive.of(recorded(ledger, bodies)))
    assert [p.height for p in found] == pytest.approx([2.0, 3.0])
    assert found[1].low == pytest.approx(3.0 / 1.02)
    assert (found[0].parent, found[1].parent) == ("c-seed", "c-0")


def test_a_trial_without_a_race_has_no_height(ledger: Ledger) -> None:
    """What was wrong, failed or broke is on the rug; nothing is drawn at or below zero."""
    archive = Archive.of(recorded(ledger, story(60)))
    found = points(archive)
    assert {p.fate for p in found if p.height is None} == set(RUG)
    above, below = draw(archive).axes
    marks = [marks for marks in above.collections if isinstance(marks, PathCollection)]
    heights = [height for mark in marks for _, height in mark.get_offsets().tolist()]
    assert sorted(heights) == sorted(p.height for p in found if p.height is not None)
    assert min(heights) > 0.9
    assert [text.get_text() for text in below.get_yticklabels()] == list(RUG.values())


def test_a_win_that_proved_wrong_is_drawn_as_wrong(ledger: Ledger) -> None:
    """A candidate that was fast in its first race and wrong in the second has no speed-up."""
    bodies = opened() + trial(0, "c-seed", "wrong", 9.0, 1.0)
    found = points(Archive.of(recorded(ledger, bodies)))
    assert [(p.fate, p.height) for p in found] == [("wrong", None)]


def test_unfinished_trials_are_not_drawn(ledger: Ledger) -> None:
    """A trial without a verdict has no place yet."""
    bodies = [*story(3), CandidateProposed(RUN, "c-9", ["c-seed"], "recipes", "x", "", {})]
    assert len(points(Archive.of(recorded(ledger, bodies)))) == 3


@pytest.mark.parametrize("trials", [20, 300])
def test_labels_hide_neither_each_other_nor_leave_the_picture(ledger: Ledger, trials: int) -> None:
    """Names of kept changes stand apart, inside the axes; those without room are left out."""
    figure = draw(Archive.of(recorded(ledger, story(trials))))
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert boxes
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert all(axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 for box in boxes)


def test_the_title_says_task_trials_and_best(ledger: Ledger) -> None:
    """Task, number of trials, and the best ratio with its interval; or that there is none."""
    bodies = opened()
    title = draw(Archive.of(recorded(ledger, bodies))).axes[0].get_title(loc="left")
    assert title == "pairwise: 0 trials, not begun"
    more = trial(0, "c-seed", "same", 1.0, 1.0)
    title = draw(Archive.of(recorded(ledger, more))).axes[0].get_title(loc="left")
    assert title == "pairwise: 1 trial, nothing beat the seed"
    more = trial(1, "c-seed", "kept", 2.0, 1.0)
    title = draw(Archive.of(recorded(ledger, more))).axes[0].get_title(loc="left")
    assert title == "pairwise: 2 trials, best 2×  (1.96 to 2.04)"


def test_fates_differ_in_shape_and_in_colour_or_row() -> None:
    """No meaning by colour alone."""
    assert len({mark.shape for mark in MARKS.values()}) == len(MARKS)
    raced_marks = [mark for fate, mark in MARKS.items() if fate not in RUG]
    assert len({mark.colour for mark in raced_marks}) == len(raced_marks)


def test_untrusted_labels_are_made_legible(ledger: Ledger, tmp_path: Path) -> None:
    """Control characters, formulas, foreign glyphs and great length cannot spoil the picture."""
    assert legible("two\nlines\x1b[31m") == "two lines?[31m"
    assert legible("火 $\\frac{") == "? $\\frac{"
    assert len(legible("x" * 500)) == LABEL_CHARACTERS
    bodies = [
        *opened(),
        CandidateProposed(RUN, "c-0", ["c-seed"], "p", "火 $\\frac{ <b>&\x00", "", {}),
        CandidateKept(RUN, "c-0", 2.0, 1.9, 2.1),
    ]
    plot(recorded(ledger, bodies), tmp_path / "a.svg")


@pytest.mark.parametrize(
    ("bottom", "top"), [(0.95, 1.12), (0.9, 1.7), (0.5, 3.0), (0.5, 80.0), (0.01, 2e4)]
)
def test_ticks_are_round_apart_and_hold_one(bottom: float, top: float) -> None:
    """The scale is readable from a few per cent to many thousand times."""
    found = ticks(bottom, top)
    assert 1.0 in [round(tick, 9) for tick in found]
    assert 3 <= len(found) <= 14
    assert all(b > a for a, b in pairwise(found))


def test_what_cannot_be_drawn_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    """Another file format, or entries in which no run opens."""
    with pytest.raises(UsageError):
        plot(recorded(ledger, story(1)), tmp_path / "picture.gif")
    with pytest.raises(UsageError):
        plot([], tmp_path / "picture.png")


def test_lines_of_one_height_share_a_label() -> None:
    """A seed that stands at the floor is not written over it."""
    axes = Figure().subplots()
    lines = (("floor", 0.0), ("ceiling", 1.0))
    plain_scale(axes, Yardstick("gap", 0.01, is_ratio=False, lines=lines), 0.0, 1.0)
    assert [text.get_text() for text in axes.texts] == ["floor, seed", "ceiling"]
