"""Pictures: every gauge of the first four draws, in both themes, for a page and for a file."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tachograph.errors import UsageError
from tachograph.gauges import Inputs, find, take
from tachograph.gauges.picture import (
    DARK,
    LIGHT,
    THEMES,
    canvas,
    factor_axis,
    inline_svg,
    save,
    to_svg,
)
from tachograph.gauges.reading import Reading
from tachograph.gauges.saturation import Options as SaturationOptions
from tachograph.gauges.synthetic import write_all

PHONE_PIXELS = 360
SMALLEST_LETTER_PIXELS = 8.0


@dataclass(frozen=True)
class Drawn:
    gauge: str
    reading: Reading


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Drawn]:
    """A reading of each gauge that has synthetic data."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_all(folder)
    options = {"saturation": SaturationOptions(se="score_se")}
    files = {"horizon": "runs", "trend": "values", "saturation": "scores"}
    return [
        Drawn(
            name, take(find(name), Inputs((folder / f"synthetic-{file}.csv",)), options.get(name))
        )
        for name, file in files.items()
    ]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_gauge_draws_well_formed_svg_in_both_themes(drawn: list[Drawn], theme):
    """One element, with the sentence for a screen reader, no font and no other file needed."""
    for each in drawn:
        svg = to_svg(find(each.gauge).plot(each.reading, theme), title=each.reading.sentence)
        root = ET.fromstring(svg)
        assert root.tag.endswith("svg")
        assert root.attrib["aria-label"] == each.reading.sentence
        assert "<text" not in svg
        assert "font-family" not in svg
        assert not re.search(r'href="(?!#)', svg)
        assert len(svg) < 120_000


def test_the_same_reading_draws_the_same_bytes(drawn: list[Drawn]):
    """No dates, no random ids."""
    for each in drawn:
        plot = find(each.gauge).plot
        one, two = (to_svg(plot(each.reading, LIGHT), title="t") for _ in range(2))
        assert one == two


def test_pictures_for_a_page_share_no_id_and_take_the_page_s_colours(drawn: list[Drawn]):
    """Ids carry the prefix; every colour of the theme is a variable."""
    ids: list[str] = []
    for each in drawn:
        figure = find(each.gauge).plot(each.reading, LIGHT)
        svg = inline_svg(figure, LIGHT, title="t", prefix=each.gauge)
        ET.fromstring(svg)
        found = re.findall(r'\bid="([^"]+)"', svg)
        assert all(name.startswith(f"{each.gauge}-") for name in found)
        assert set(re.findall(r'href="#([^"]+)"', svg)) <= set(found)
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(found)
        ids += found
        bare = re.findall(r":\s*(#[0-9a-f]{6})\b", svg)
        assert not set(bare) & set(LIGHT.variables().values())
        assert "var(--ink" in svg
        assert not re.search(r'<svg[^>]*\swidth="', svg)
    assert len(ids) == len(set(ids))


def test_letters_are_legible_on_a_phone(drawn: list[Drawn]):
    """At 360 pixels the smallest letters of every picture are 8 pixels high or more."""
    for each in drawn:
        figure = find(each.gauge).plot(each.reading, LIGHT)
        pixels_per_point = PHONE_PIXELS / (figure.get_size_inches()[0] * 72)
        figure.draw_without_rendering()
        texts = [text for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize"))
                 if text.get_text() and text.get_visible()]  # fmt: skip
        assert texts
        assert min(t.get_fontsize() for t in texts) * pixels_per_point >= SMALLEST_LETTER_PIXELS


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_stands_out_from_the_paper(theme):
    """Text 4.5 : 1 (WCAG 2.2, 1.4.3), marks 3 : 1 (1.4.11), and no two colours are the same."""
    for colour in (theme.ink, theme.muted):
        assert contrast(colour, theme.paper) >= 4.5
    for colour in theme.colours:
        assert contrast(colour, theme.paper) >= 3
    assert len(set(theme.variables().values())) == len(theme.variables())


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_only_two_kinds_of_file_are_drawn(tmp_path: Path):
    """Another ending is a wrong call, and so is a place where nothing can be written."""
    figure, _ = canvas(LIGHT)
    assert save(figure, tmp_path / "a.png", title="t").stat().st_size > 1000
    assert save(figure, tmp_path / "a.svg", title="t").read_text().startswith("<svg")
    with pytest.raises(UsageError, match="cannot draw"):
        save(figure, tmp_path / "a.pdf", title="t")
    with pytest.raises(UsageError, match="cannot write"):
        save(figure, tmp_path / "none" / "a.svg", title="t")


@pytest.mark.parametrize("values", [[1.9, 25.0], [1.05, 1.2], [0.4, 3.0], [1.0, 900.0], [1.0]])
def test_ticks_of_factors_have_room(values: list[float]) -> None:
    """None over another, 1 among them, whatever the span."""
    _, axes = canvas(LIGHT)
    factor_axis(axes, values)
    ticks = axes.get_xticks()
    low, high = axes.get_xlim()
    assert 1.0 in ticks
    assert np.all(np.diff(np.log(ticks)) > 0.1 * np.log(high / low))
