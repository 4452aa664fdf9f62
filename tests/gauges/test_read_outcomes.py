"""Runs from every form they come in, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tachograph.errors import FormatError
from tachograph.gauges.read.outcomes import Outcome, read_outcomes

HEADER = "agent,task,family,human_minutes,success"


def write(folder: Path, text: str, name: str = "runs.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_row_a_run_and_a_row_a_count_are_the_same(tmp_path: Path):
    """Counts say what single runs say."""
    one = write(tmp_path, f"{HEADER}\na,t,f,5,1\na,t,f,5,0\n")
    many = write(tmp_path, "agent,task,family,human_minutes,runs,successes\na,t,f,5,2,1\n", "n.csv")
    assert sum(o.runs for o in read_outcomes([one])) == 2
    assert read_outcomes([many]) == [Outcome("a", "t", "f", 5.0, 2, 1.0)]


def test_the_published_form_is_read_as_it_is(tmp_path: Path):
    """METR's names; the binarized score wins over the raw one."""
    row = ('{"alias":"A","task_id":"f/t","task_family":"f","human_minutes":5.5,'
           '"score":0.3,"score_binarized":0,"human_source":"baseline"}\n')  # fmt: skip
    path = write(tmp_path, row, "r.jsonl")
    assert read_outcomes([path]) == [Outcome("A", "f/t", "f", 5.5, 1, 0.0, None, timed=True)]


def test_lengths_may_come_from_a_table_of_tasks(tmp_path: Path):
    """Runs that do not say how long their tasks are are looked up."""
    runs = write(tmp_path, "agent,task,success,release_date\na,t,1,2025-01-02\n")
    tasks = write(tmp_path, "task,human_minutes,family\nt,30,f\n", "tasks.csv")
    (found,) = read_outcomes([runs], tasks)
    assert (found.human_minutes, found.family) == (30.0, "f")
    assert found.release_date == date(2025, 1, 2)


@pytest.mark.parametrize(
    ("rows", "where", "what"),
    [
        ("a,t,f,0,1\n", ":2:", "not above 0"),
        ("a,t,f,-3,1\n", ":2:", "not above 0"),
        ("a,t,f,nan,1\n", ":2:", "not a finite number"),
        ("a,t,f,1e12,1\n", ":2:", "longer than"),
        ("a,t,f,5,2\n", ":2:", "not between 0 and 1"),
        ("a,t,f,5,-1\n", ":2:", "not between 0 and 1"),
        ("a,t,f,5,\n", ":2:", "success"),
        (",t,f,5,1\n", ":2:", "agent"),
        ("a,t,f,5,1\na,t,f,6,1\n", ":3:", "elsewhere (5.0, 'f')"),
        ("a,t,f,5,1\na,t,g,5,1\n", ":3:", "elsewhere"),
        ("a,t,f,5,1\na,t,f,5\n", ":3:", "4 fields"),
    ],
)
def test_bad_runs_are_refused_with_file_and_line(tmp_path: Path, rows: str, where: str, what: str):
    """Never a number."""
    path = write(tmp_path, f"{HEADER}\n{rows}")
    with pytest.raises(FormatError) as error:
        read_outcomes([path])
    assert f"{path}{where}" in error.value.message
    assert what in error.value.message


def test_more_successes_than_runs_are_refused(tmp_path: Path):
    """Counts are checked against each other."""
    path = write(tmp_path, "agent,task,human_minutes,runs,successes\na,t,5,2,3\n")
    with pytest.raises(FormatError, match=r"runs\.csv:2: successes: not between 0 and 2"):
        read_outcomes([path])


def test_more_runs_than_there_can_be_are_refused(tmp_path: Path):
    """A column of seconds or ids is no count."""
    path = write(tmp_path, "agent,task,human_minutes,runs,successes\na,t,5,1e12,3\n")
    with pytest.raises(FormatError, match=r"runs\.csv:2: runs: more than 1,000,000,000"):
        read_outcomes([path])


def test_two_release_dates_of_one_agent_are_refused(tmp_path: Path):
    """Mixed-up files are found."""
    path = write(tmp_path, f"{HEADER},release_date\na,t,f,5,1,2025-01-01\na,t,f,5,1,2025-01-02\n")
    with pytest.raises(FormatError, match="two different release dates"):
        read_outcomes([path])
