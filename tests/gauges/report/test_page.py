"""The page: every gauge in its place, all escaped, and commands that derive figures again."""

from __future__ import annotations

import re
import shlex
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tachograph.cli.gauge_line import options_of, parser_of
from tachograph.errors import NotFoundError
from tachograph.gauges import Inputs, Reading, find, take
from tachograph.gauges.reading import Estimate, Verdict
from tachograph.gauges.registry import names
from tachograph.gauges.report import Report, write
from tachograph.gauges.report.argument import PARTS, place
from tachograph.gauges.report.gather import Taken
from tachograph.gauges.report.page import command
from tachograph.gauges.synthetic import write_csv
from tachograph.gauges.synthetic_people import stages

DAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("made") / "stages of work.csv", stages())


@pytest.fixture(scope="module")
def bottleneck(table: Path) -> Reading:
    return take(find("bottleneck"), Inputs((table,)))


def page_of(*readings: Reading, warning: str = "") -> str:
    taken = {reading.gauge: Taken(reading, "entry 3 of 2026-11-25") for reading in readings}
    return write(Report("A title", DAY, "a test", taken, warning))


class Tags(HTMLParser):
    """Counts what is open, so that a tag left open is found."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in ("meta", "link", "br", "path", "use"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "use"):
            assert self.open.pop() == tag


def test_every_gauge_has_one_place() -> None:
    assert {place(name).key for name in names()} <= {part.key for part in PARTS}


def test_gauges_without_data_say_what_they_would_need() -> None:
    page = page_of()
    for name in names():
        gauge = find(name)
        assert f'id="g-{name}"' in page
        assert gauge.example.split(" --")[0].replace("'", "&#39;") in page
    assert page.count("It would need") == len(names())


def test_a_reading_shows_all_that_a_reader_needs(bottleneck: Reading) -> None:
    page = page_of(bottleneck)
    for text in (bottleneck.sentence, bottleneck.verdict.words, *bottleneck.caveats,
                 bottleneck.inputs[0].sha256, "entry 3 of 2026-11-25"):  # fmt: skip
        assert text.replace("'", "&#39;") in page
    assert "<svg" in page and "Under other choices" in page


def test_the_page_is_well_formed_with_ids_of_their_own(bottleneck: Reading) -> None:
    tags = Tags()
    tags.feed(page_of(bottleneck))
    tags.close()
    assert tags.open == [] and len(tags.ids) == len(set(tags.ids))


def test_the_page_needs_nothing_else(bottleneck: Reading) -> None:
    """No script, and no address to fetch from."""
    page = page_of(bottleneck)
    assert "<script" not in page
    addresses = re.findall(r'(?:src|href|xlink:href)="([^"]*)"|url\(([^)]*)\)', page)
    assert all((one or other).startswith("#") for one, other in addresses)


def test_text_from_outside_is_escaped(bottleneck: Reading) -> None:
    evil = "<script>alert(1)</script>"
    estimate = Estimate(name=evil, value=None, reason=evil)
    reading = Reading(gauge="bottleneck", version="0", question=evil, sentence=evil, n={evil: 1},
                      verdict=Verdict.cannot_tell(evil, evil), estimates=(estimate,),
                      caveats=(evil,), choices={"substitution": evil})  # fmt: skip
    page = write(Report(evil, DAY, evil, {"bottleneck": Taken(reading, evil)}, evil))
    assert "<script" not in page and "&lt;script&gt;" in page


def test_the_command_takes_the_same_reading_again(table: Path) -> None:
    """Parsed as the shell and the command line would, with a file name that has blanks."""
    gauge = find("bottleneck")
    reading = take(gauge, Inputs((table,)), gauge.options(substitution=-0.5, draws=300))
    words = shlex.split(command(gauge, reading))
    assert words[:3] == ["tacho", "gauge", "bottleneck"]
    parser = parser_of(gauge)
    given = parser.parse_args(words[3:])
    files = tuple(table.parent / path for path in given.files)
    assert take(gauge, Inputs(files), options_of(gauge, given)) == reading


def test_a_reading_by_another_version_keeps_its_words_without_a_picture(
    bottleneck: Reading,
) -> None:
    older = Reading(gauge="bottleneck", version="0", question="?", sentence="It was so.", n={},
                    verdict=Verdict(told=True, words="measured"))  # fmt: skip
    page = page_of(older)
    assert "It was so." in page and "<svg" not in page


def test_a_warning_stands_above_everything(bottleneck: Reading) -> None:
    page = page_of(bottleneck, warning="MADE UP")
    assert page.index("MADE UP") < page.index("<main>")


def test_the_same_readings_give_the_same_page(bottleneck: Reading) -> None:
    assert page_of(bottleneck) == page_of(bottleneck)


def test_an_unknown_gauge_is_refused() -> None:
    reading = Reading(gauge="nonsense", version="1", question="?", sentence="s", n={},
                      verdict=Verdict(told=True, words="measured"))  # fmt: skip
    with pytest.raises(NotFoundError):
        page_of(reading)
