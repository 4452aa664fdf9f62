"""A model's answer becomes exactly what it says, or an error that says what to mend."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tachograph.loop.propose.model.answer import (
    DIVIDER,
    MARKERS,
    REPLACE,
    SEARCH,
    AnswerError,
    read_answer,
)

FILES = {"a.py": "one = 1\ntwo = 2\nthree = 3\n", "lib/b.py": "x\ny\nx\n", "c.py": "last line"}


def whole(path, text, ticks="```"):
    return f"FILE: {path}\n{ticks}python\n{text}{ticks}\n"


def pair(search, replace):
    return f"{SEARCH}\n{search}{DIVIDER}\n{replace}{REPLACE}\n"


def fault(answer):
    with pytest.raises(AnswerError) as raised:
        read_answer(answer, FILES)
    return str(raised.value)


def test_a_whole_file_with_what_is_said_about_it():
    """Label, note and finding may stand anywhere outside of blocks; other files stay."""
    answer = "I think.\n\nLABEL: faster\nNOTE: it is\n\n" + whole("a.py", "one = 2\n") + \
        "\nFINDING: two is slow\nDone.\n"  # fmt: skip
    change = read_answer(answer, FILES)
    assert change.files == {**FILES, "a.py": "one = 2\n"}
    assert (change.label, change.note, change.finding) == ("faster", "it is", "two is slow")


def test_blocks_over_several_files_apply_in_order():
    """Inside a fence or not; each block sees what the one before left."""
    answer = ("FILE: a.py\n" + pair("one = 1\n", "one = 10\nnew = 0\n") + "and then\n"
              + pair("new = 0\n", "") + "FILE: lib/b.py\n```python\n" + pair("y\n", "z\n")
              + "```\n### FILE: `c.py`\n" + pair("last line\n", "the end\n"))  # fmt: skip
    change = read_answer(answer, FILES)
    assert change.files == {"a.py": "one = 10\ntwo = 2\nthree = 3\n", "lib/b.py": "x\nz\nx\n",
                            "c.py": "the end"}  # fmt: skip
    assert change.label == "changes a.py, lib/b.py, c.py"


def test_a_longer_fence_holds_a_shorter_one():
    """A file may hold fences of its own."""
    text = '"""\n```\nexample\n```\n"""\n'
    assert read_answer(whole("a.py", text, "````"), FILES).files["a.py"] == text


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("", "no FILE: line"),
        ("I would use a matrix product.", "no FILE: line"),
        (whole("d.py", "x\n"), "'d.py' is not an editable file"),
        (whole("../a.py", "x\n"), "is not an editable file"),
        (whole("./a.py", "x\n"), "is not an editable file"),
        (whole("/etc/passwd", "x\n"), "is not an editable file"),
        ("FILE: a.py\nno block\n", "nothing under its FILE: line"),
        ("FILE: a.py\nFILE: c.py\n```\nx\n```\n", "nothing under its FILE: line"),
        ("```python\nprint(1)\n```\n" + whole("a.py", "x\n"), "without a FILE: line"),
        (whole("a.py", "x\n```\nmore\n"), "without a FILE: line|never closed"),
        (whole("a.py", "x\n") + "For example:\n```\ny\n```\n", "without a FILE: line"),
        ("FILE: a.py\n```python\none = 1\n", "never closed"),
        (whole("a.py", "x\n") + whole("a.py", "y\n"), "given whole and once more"),
        (whole("a.py", "x\n") + "FILE: a.py\n" + pair("x\n", "y\n"), "given whole and once more"),
        ("FILE: lib/b.py\n" + pair("x\n", "z\n"), "is at 2 places"),
        ("FILE: a.py\n" + pair("one  = 1\n", "z\n"), "is nowhere in"),
        ("FILE: a.py\n" + pair("ne = 1\n", "z\n"), "is nowhere in"),
        ("FILE: a.py\n" + pair("", "z\n"), "matches anywhere"),
        ("FILE: a.py\n" + pair("\n", "z\n"), "matches anywhere"),
        (pair("one = 1\n", "z\n"), "stands alone"),
        ("FILE: a.py\n" + REPLACE, "stands alone"),
        (f"FILE: a.py\n{SEARCH}\none = 1\n{REPLACE}\n", "must be followed by"),
        (f"FILE: a.py\n{SEARCH}\none = 1\n{DIVIDER}\n{DIVIDER}\n{REPLACE}\n", "must be followed"),
        (f"FILE: a.py\n{SEARCH}\none = 1\n{DIVIDER}\ntwo\n", "must be followed by"),
        (f"FILE: a.py\n```\n{REPLACE}\n```\n", "without <<<<<<< SEARCH"),
        ("FILE: a.py\n```\nstray\n" + pair("one = 1\n", "z\n") + "```\n", "between"),
        ("FILE: a.py\n" + pair("one = 1\n", "one = 1\n") * 201, "more than 200 blocks"),
    ],
)
def test_what_is_malformed_is_said(answer, says):
    """No guess: the error names the place, so that one repair can mend it."""
    with pytest.raises(AnswerError, match=says):
        read_answer(answer, FILES)


def test_what_is_said_is_one_bounded_line():
    """Labels reach screens and other models' prompts."""
    answer = f"LABEL: {'long ' * 99}\nNOTE: a\x1b[2Jb\u202e\n" + whole("a.py", "x\n")
    change = read_answer(answer, FILES)
    assert len(change.label) <= 80
    assert change.note == "a[2Jb"


@pytest.mark.parametrize(
    "answer",
    ["FILE:" + "* " * 500_000, "`" * 1_000_000, "*" * 1_000_000 + "LABEL", " " * 1_000_000 + "x",
     "FILE: a.py\n" + (SEARCH + "\n") * 50_000, ("FILE: a.py\n```\n") * 30_000,
     "FILE: a.py\n" + pair("one = 1\n", "one = 1\n") * 20_000],
    ids=range(7),
)  # fmt: skip
def test_no_answer_takes_long(answer):
    """One made to be slow is read in time that grows with its length alone."""
    began = time.process_time()
    fault(answer)
    assert time.process_time() - began < 5


# -- properties ------------------------------------------------------------------------------------

LINE = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=20)
PIECES = st.sampled_from([
    SEARCH, DIVIDER, REPLACE, "```", "````", "```python", "FILE: a.py", "FILE: lib/b.py",
    "FILE: nowhere", "LABEL: l", "NOTE: n", "one = 1", "two = 2", "x", "y", "", "last line",
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES | LINE, max_size=40))
def test_no_answer_breaks_it(lines):
    """A change of the editable files and no others, or an AnswerError."""
    try:
        change = read_answer("\n".join(lines), FILES)
    except AnswerError as error:
        assert str(error)
        return
    assert change.files.keys() == FILES.keys()
    assert change.label.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_it(text):
    """The same for text of any kind."""
    with contextlib.suppress(AnswerError):
        assert read_answer(text, FILES).files.keys() == FILES.keys()


PLAIN = LINE.filter(lambda line: line.rstrip() not in MARKERS)


@settings(max_examples=200, deadline=None)
@given(st.lists(PLAIN, min_size=1, max_size=12))
def test_a_whole_file_comes_back_as_it_was_written(lines):
    """Under a fence longer than any in it, whatever it holds but markers."""
    text = "\n".join(lines) + "\n"
    longest = max((len(line) - len(line.strip("`")) for line in lines), default=0)
    ticks = "`" * max(3, longest + 1, *(line.count("`") + 1 for line in lines))
    assert read_answer(whole("a.py", text, ticks), FILES).files["a.py"] == text


@settings(max_examples=200, deadline=None)
@given(st.lists(PLAIN, min_size=1, max_size=12), st.lists(PLAIN, max_size=4), st.data())
def test_a_block_replaces_its_only_place(lines, new, data):
    """The result is the file with these lines exchanged; where the place is not one, an error."""
    start = data.draw(st.integers(0, len(lines) - 1))
    end = data.draw(st.integers(start + 1, len(lines)))
    old = lines[start:end]
    file = "\n".join(lines)
    answer = "FILE: a.py\n" + pair("".join(f"{line}\n" for line in old),
                                   "".join(f"{line}\n" for line in new))  # fmt: skip
    places = sum(lines[at : at + len(old)] == old for at in range(len(lines)))
    if places == 1 and any(line.strip() for line in old):
        expected = "\n".join([*lines[:start], *new, *lines[end:]])
        assert read_answer(answer, {"a.py": file}).files["a.py"] == expected
    else:
        with pytest.raises(AnswerError):
            read_answer(answer, {"a.py": file})
