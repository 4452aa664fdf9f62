"""What the faces of the brake's folders show is what happens; the pages name what there is."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import tachograph.brake
import tachograph.brake.machine

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/concepts/pause.md").read_text()


@pytest.mark.parametrize("module", [tachograph.brake, tachograph.brake.machine],
                         ids=lambda module: module.__name__)  # fmt: skip
def test_the_examples_run(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the repository's root."""
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert tried and not failed


def test_the_page_names_checks_and_tests_that_there_are() -> None:
    """Each property is shown by something that exists."""
    oracle = (ROOT / "tests/brake/machine/machine_oracle.py").read_text()
    for name in re.findall(r"`(_\w+)`", PAGE):
        assert f"def {name}(" in oracle
    for name in re.findall(r"`(test_\w+\.py)`", PAGE):
        assert list((ROOT / "tests").rglob(name)), name
    rows = re.findall(r"^\| ([SLAB]\d+) \|", PAGE, re.M)
    assert rows == [
        *(f"S{n}" for n in range(1, 12)),
        "L1",
        "L2",
        "L3",
        "L4",
        "A1",
        "A2",
        "A3",
        "B1",
    ]


def test_the_page_counts_the_planted_faults() -> None:
    """The number in the prose is the number in the test."""
    mutants = (ROOT / "tests/brake/machine/test_machine_mutants.py").read_text()
    listed = mutants[mutants.index("MUTANTS: ") : mutants.index("@pytest.mark.parametrize")]
    planted = re.findall(r"^    \(\w", listed, re.M)
    assert f"{len(planted)} faults are planted" in PAGE


def test_every_state_is_on_the_diagram() -> None:
    """All names, and no other in capitals."""
    drawn = set(re.findall(r"\b([A-Z]{4,}(?:_[A-Z]+)*)\b", PAGE.split("```")[1]))
    assert drawn == {
        "NORMAL", "CLARIFY", "CHALLENGE", "TRIGGER_PENDING", "PAUSED", "LIFT_REVIEW",
        "RESUME_STAGED", "BREACH_REVIEW",
    }  # fmt: skip
