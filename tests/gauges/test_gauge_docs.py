"""What the pages say is what the gauges do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tachograph.gauges import Inputs, find, take
from tachograph.gauges.registry import names
from tachograph.gauges.synthetic import write_all

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "gauges.md").read_text()
SECTIONS = re.split(r"^## ", REFERENCE, flags=re.M)[1:]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda text: text.split("\n")[0])
def test_a_section_is_a_gauge_with_its_question_and_a_command(section: str):
    """Question, data, formula, intervals, caveats, command; no gauge that there is not."""
    name = section.split("\n")[0]
    gauge = find(name)
    assert name in names()
    assert gauge.question in section
    for part in ("*Data.*", "*Formula.*", "*Intervals.*", "*Caveats.*", f"tacho gauge {name} "):
        assert part in section, part


def test_every_gauge_has_a_section():
    """None is left out."""
    assert {section.split("\n")[0] for section in SECTIONS} == set(names())


def test_the_guide_shows_what_the_command_prints(tmp_path: Path):
    """On the synthetic data that it names."""
    write_all(tmp_path)
    reading = take(find("horizon"), Inputs((tmp_path / "synthetic-runs.csv",)))
    assert reading.sentence in (DOCS / "guides" / "read-a-gauge.md").read_text()
