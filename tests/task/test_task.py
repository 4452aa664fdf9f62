"""What a task is: its digest, the program it makes of a candidate, the candidates it lets pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from tachograph.task import Candidate, Task, load
from tachograph.task.scoring import Scoring

Write = Callable[..., Path]


def test_digest_does_not_depend_on_where_the_folder_lies(write: Write, tmp_path: Path) -> None:
    """The same task at another place is the same task."""
    first = load(write())
    other = tmp_path / "elsewhere"
    first.folder.rename(other)
    assert load(other).digest == first.digest


def test_digest_ignores_how_the_toml_is_spelt(write: Write) -> None:
    """A comment, or a default that is written out, changes nothing."""
    plain = load(write())
    toml = "# comment\nsource_kib = 64\n" + (plain.folder / "task.toml").read_text()
    assert load(write(toml)).digest == plain.digest


CHANGES = [
    {"name": "other"}, {"goal": "Otherwise."}, {"seed": Candidate({"double.py": "#"})},
    {"fixed": {"a.py": ""}}, {"entry": "double:other"}, {"build": ("make",)}, {"run": ("./a",)},
    {"libraries": ("numpy",)}, {"hidden": ("numpy",)}, {"source_kib": 65},
    {"rtol": 0.1}, {"atol": 0.1}, {"metric": "check"}, {"check_source": "#"},
    {"scoring": Scoring()}, {"work": "inference"},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_digest_covers_every_defining_field(write: Write, change: dict[str, object]) -> None:
    """Whatever the judge or the candidate sees is part of the digest."""
    task = load(write())
    assert dataclasses.replace(task, **change).digest != task.digest  # type: ignore[arg-type]


def test_digest_covers_every_limit(write: Write) -> None:
    """Each field of the limits is part of the digest."""
    task = load(write())
    digests = {task.digest}
    for field in dataclasses.fields(task.limits):
        doubled = {field.name: 2 * getattr(task.limits, field.name)}
        limits = dataclasses.replace(task.limits, **doubled)
        digests.add(dataclasses.replace(task, limits=limits).digest)
    assert len(digests) == 1 + len(dataclasses.fields(task.limits))


def test_every_field_is_defining_or_a_place() -> None:
    """A new field must be put into the digest, or into this list."""
    places = {"folder", "check", "python"}
    covered = {next(iter(change)) for change in CHANGES} | {"limits"}
    assert {field.name for field in dataclasses.fields(Task)} == covered | places


def test_program_holds_candidate_and_fixed_files(write: Write) -> None:
    """The box gets the candidate's text, the fixed files, and nothing of the check."""
    folder = write(fixed__toml="")
    toml = (folder / "task.toml").read_text() + 'fixed = ["tool.py"]\n'
    task = load(write(toml, tool__py="A = 1\n"))
    program = task.program(Candidate({"double.py": "changed"}))
    assert dict(program.files) == {"double.py": "changed", "tool.py": "A = 1\n"}
    assert program.entry == "double:double"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"double.py": "#", "check.py": "#"}, "not an editable file: 'check.py'"),
        ({}, "editable file is missing: 'double.py'"),
        ({"double.py": "é" * 40_000}, "78.1 KiB of source; the task allows 64 KiB"),
        ({"double.py": "#" * 64 * 1024}, None),
    ],
)
def test_refusal(write: Write, files: dict[str, str], reason: str | None) -> None:
    """A candidate holds exactly the editable files, within the bound on their size in bytes."""
    assert load(write()).refusal(Candidate(files)) == reason


def test_candidates_are_named_by_content() -> None:
    """Order does not matter, every byte does."""
    one = Candidate({"a.py": "1", "b.py": "2"})
    assert one.id == Candidate({"b.py": "2", "a.py": "1"}).id
    assert one.id != Candidate({"a.py": "1", "b.py": "2 "}).id
    assert one.id != Candidate({"a.py": "2", "b.py": "1"}).id
    assert one.source_bytes == 2
