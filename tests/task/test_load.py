"""Strict reading of task folders."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tachograph.errors import NotFoundError, TaskError
from tachograph.sandbox import Limits
from tachograph.task import builtin_names, load

Write = Callable[..., Path]

TOML = """\
name = "double"
goal = "Make it fast."
editable = ["double.py"]
entry = "double:double"
check = "check.py"
"""


def with_line(line: str) -> str:
    """The small task.toml with one more line, or with the line of that key replaced."""
    key = line.partition(" =")[0]
    kept = [old for old in TOML.splitlines() if not old.startswith(f"{key} =")]
    # Tables must stand at the end, keys at the start.
    return "\n".join([*kept, line] if line.startswith("[") else [line, *kept]) + "\n"


def without(key: str) -> str:
    """The small task.toml without the line of this key."""
    return "".join(line for line in TOML.splitlines(True) if not line.startswith(key))


def test_small_task_loads_with_the_defaults(write: Write) -> None:
    """What task.toml does not say has the documented value."""
    folder = write()
    task = load(folder)
    assert (task.name, task.goal, task.entry) == ("double", "Make it fast.", "double:double")
    assert dict(task.seed.files) == {"double.py": (folder / "double.py").read_text()}
    assert (task.fixed, task.build, task.run, task.libraries) == ({}, (), (), ())
    assert (task.python, task.source_kib, task.metric) == (None, 64, "time")
    assert (task.rtol, task.atol, task.limits) == (1e-6, 1e-9, Limits())
    assert task.folder == folder.resolve()


def test_every_key_is_read(write: Write) -> None:
    """Each key of task.toml reaches its field."""
    toml = (
        'name = "double"\ngoal = "goal.md"\nsource = "."\neditable = ["double.py"]\n'
        'fixed = ["tool.py"]\nentry = "double:double"\ncheck = "check.py"\n'
        f'python = "{sys.executable}"\nlibraries = ["numpy", "os.path"]\nsource_kib = 8\n'
        "[limits]\nwall_seconds = 2.5\nmemory_mib = 512\nthreads = 2\n"
        '[compare]\nrtol = 0\natol = 1e-3\n[metric]\nkind = "check"\n'
    )
    task = load(write(toml, goal__md="Prose.\n", tool__py="A = 1\n"))
    assert task.goal == "Prose.\n"
    assert task.fixed == {"tool.py": "A = 1\n"}
    assert task.python == Path(sys.executable)
    assert task.libraries == ("numpy", "os.path")
    assert task.source_kib == 8
    assert task.limits == Limits(wall_seconds=2.5, memory_mib=512, threads=2)
    assert (task.rtol, task.atol, task.metric) == (0.0, 1e-3, "check")


def test_commands_stand_in_for_an_entry(write: Write) -> None:
    """A program in another language says how to build and run it."""
    toml = without("entry") + 'build = ["gcc", "-O2", "-o", "p", "p.c"]\nrun = ["./p", "-x"]\n'
    task = load(write(toml))
    assert task.entry == ""
    assert task.build == ("gcc", "-O2", "-o", "p", "p.c")
    assert task.run == ("./p", "-x")


def test_sources_may_lie_outside_the_task_folder(write: Write) -> None:
    """`source = ".."` makes a task out of a project's own file."""
    folder = write(with_line('source = ".."'))
    (folder.parent / "double.py").write_text("def double(x): return 2 * x\n")
    assert load(folder).seed.files["double.py"] == "def double(x): return 2 * x\n"


def test_line_ends_are_kept(write: Write) -> None:
    """A file reaches the box with the bytes that it has on disk."""
    task = load(write(double__py=b"def double(x):\r\n    return x + x\r\n"))
    assert task.seed.files["double.py"] == "def double(x):\r\n    return x + x\r\n"


@pytest.mark.parametrize("name", builtin_names())
def test_builtin_tasks_load(name: str) -> None:
    """Every built-in task is found by its name, which is the name that it gives itself."""
    assert load(name).name == name


def test_a_path_is_never_a_builtin_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`./pairwise` is a folder here, whatever is built in."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError):
        load("./pairwise")


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    """Whoever types pairwize meant pairwise."""
    with pytest.raises(NotFoundError) as refused:
        load("pairwize")
    assert refused.value.hint == "did you mean 'pairwise'?"


def test_unknown_name_lists_the_builtin_tasks() -> None:
    """The hint says what there is."""
    with pytest.raises(NotFoundError) as caught:
        load("pairwize")
    assert "pairwise" in caught.value.hint


BAD_TOML = {
    "not toml": ("name = ", "task.toml", "Invalid value"),
    "misspelt key": (with_line('editabel = ["double.py"]'), "editabel", "did you mean 'editable'?"),
    "unknown key": (with_line("zzz = 1"), "zzz: unknown key", "keys: name"),
    "misspelt limit": (
        with_line("[limits]\nwall_second = 3"), "limits.wall_second", "did you mean 'wall_s"),
    "no name": (without("name"), "name: missing", 'name = "..."'),
    "bad name": (with_line('name = "My Task"'), "name: not a name", "lower-case"),
    "name of another type": (with_line("name = 3"), "name: not a text", "write name"),
    "no goal": (without("goal"), "goal: missing", "add goal"),
    "empty goal": (with_line('goal = " "'), "goal: not a text", "write goal"),
    "absent goal file": (with_line('goal = "goal.md"'), "goal: no file", "create it"),
    "no editable": (without("editable"), "editable: missing", "add editable"),
    "empty editable": (with_line("editable = []"), "editable: empty", "name the files"),
    "editable is a text": (
        with_line('editable = "double.py"'), "editable: not a list", "write editable = ["),
    "editable holds a number": (with_line("editable = [1]"), "editable: not a list", "write"),
    "absent file": (with_line('editable = ["a.py"]'), "editable: no file", "create it"),
    "file listed twice": (
        with_line('editable = ["double.py", "double.py"]'), "listed twice", "once"),
    "file editable and fixed": (with_line('fixed = ["double.py"]'), "listed twice", "once"),
    "file outside": (
        with_line('editable = ["../task/double.py"]'), "not a plain path", "code/fit.py"),
    "absolute file": (with_line('editable = ["/etc/passwd"]'), "not a plain path", "code/fit.py"),
    "path that is not plain": (
        with_line('editable = ["./double.py"]'), "not a plain path", "code/fit.py"),
    "folder as a file": (with_line('editable = ["."]'), "editable: no file", "create it"),
    "the check is editable": (
        with_line('editable = ["double.py", "check.py"]'), "the judge's own file", "leave it out"),
    "the check is shown": (with_line('fixed = ["check.py"]'), "the judge's own file", "leave"),
    "task.toml is shown": (with_line('fixed = ["task.toml"]'), "the judge's own file", "leave"),
    "absent source": (with_line('source = "src"'), "source: no folder", "where the files lie"),
    "absent check": (with_line('check = "judge.py"'), "check: no file", "create it"),
    "check outside": (with_line('check = "../check.py"'), "check: '../check.py'", "such as"),
    "no entry": (without("entry"), "entry: missing", "module:function"),
    "entry of no form": (with_line('entry = "double"'), "not module:function", "train:train"),
    "entry in no file": (with_line('entry = "other:double"'), "other.py is not among", "editable"),
    "entry without its function": (
        with_line('entry = "double:triple"'), "no function 'triple'", "mend the name"),
    "entry and run": (with_line('run = ["./p"]'), "run: given beside entry", "keep one"),
    "build without run": (
        without("entry") + 'build = ["make"]\n', "entry: missing", "build and run"),
    "empty word in run": (
        without("entry") + 'run = [""]\n', "run: not a list of texts", "write run"),
    "absent python": (with_line('python = "venv/bin/python"'), "python: no program", ".venv"),
    "python is no program": (with_line('python = "double.py"'), "python: no program", ".venv"),
    "library of no name": (with_line('libraries = ["a-b"]'), "not a module name", "numpy"),
    "source_kib is zero": (with_line("source_kib = 0"), "source_kib: not a whole", "= 64"),
    "source_kib is true": (with_line("source_kib = true"), "source_kib: not a whole", "= 64"),
    "limits is no table": (with_line("limits = 3"), "limits: not a table", "[limits]"),
    "limit of another type": (
        with_line("[limits]\nmemory_mib = 1.5"), "limits.memory_mib: not a whole", "= 2048"),
    "negative limit": (
        with_line("[limits]\nwall_seconds = -1"), "limits.wall_seconds: not a finite", "= 10"),
    "endless limit": (
        with_line("[limits]\nwall_seconds = inf"), "limits.wall_seconds: not a finite", "= 10"),
    "limit that is no number": (
        with_line("[limits]\nwall_seconds = nan"), "limits.wall_seconds: not a finite", "= 10"),
    "negative tolerance": (with_line("[compare]\nrtol = -1e-6"), "compare.rtol", "1e-06"),
    "misspelt tolerance": (with_line("[compare]\nrtoll = 1"), "compare.rtoll", "'rtol'"),
    "unknown metric": (with_line('[metric]\nkind = "memory"'), "metric.kind: not known", "'time'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TOML)
def test_bad_task_toml_is_refused(write: Write, case: str) -> None:
    """The error names the file and the key, and the hint says the fix."""
    toml, message, hint = BAD_TOML[case]
    with pytest.raises(TaskError) as caught:
        load(write(toml))
    assert "task.toml" in caught.value.message
    assert message in caught.value.message
    assert hint in caught.value.message + caught.value.hint
    assert caught.value.hint


BAD_FILES: dict[str, tuple[dict[str, str | bytes], str]] = {
    "binary seed": ({"double__py": b"x = 1\0"}, "double.py: a binary file"),
    "seed in another encoding": ({"double__py": "# é".encode("latin-1")}, "double.py: not UTF-8"),
    "seed that does not parse": ({"double__py": "def double(x:\n"}, "double.py does not parse"),
    "check without draw": ({"check__py": "def drew(rng): ...\n"}, "check.py: no function draw"),
    "check that does not parse": ({"check__py": "\ndef draw(:\n"}, "check.py:2: does not parse"),
    "draw only inside a function": (
        {"check__py": "def f():\n    def draw(rng): ...\n"}, "check.py: no function draw"),
    "seed over its own bound": (
        {"double__py": "def double(x): ...\n" + "#" * 66_000}, "the seed has 64.5 KiB"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_are_refused(write: Write, case: str) -> None:
    """The error names the file."""
    files, message = BAD_FILES[case]
    with pytest.raises(TaskError) as caught:
        load(write(**files))
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("key", ["editable", "fixed", "check", "goal"])
def test_symbolic_links_are_refused(write: Write, key: str) -> None:
    """A link could show the candidate a file that was never meant for it."""
    value = '"link.md"' if key == "goal" else '"link.py"' if key == "check" else '["link.py"]'
    folder = write(with_line(f"{key} = {value}"))
    target = folder / "double.py"
    (folder / ("link.md" if key == "goal" else "link.py")).symlink_to(target)
    with pytest.raises(TaskError, match=f"{key}: .* goes through a symbolic link"):
        load(folder)


def test_a_linked_folder_on_the_way_is_refused(write: Write, tmp_path: Path) -> None:
    """Every part of a path counts."""
    folder = write(with_line('fixed = ["code/a.py"]'))
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("")
    (folder / "code").symlink_to(tmp_path / "code")
    with pytest.raises(TaskError, match="symbolic link"):
        load(folder)


def test_a_folder_without_task_toml_is_refused(tmp_path: Path) -> None:
    """The error names the file that should be there."""
    with pytest.raises(TaskError, match=r"task\.toml: no such file"):
        load(tmp_path)


def test_loading_runs_nothing_of_the_task(write: Write, tmp_path: Path) -> None:
    """Neither the seed nor the check is executed."""
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    load(write(double__py=trap + "def double(x): ...\n", check__py=trap + "def draw(rng): ...\n"))
    assert not (tmp_path / "ran").exists()


def test_entry_may_be_bound_by_other_statements(write: Write) -> None:
    """An assignment, an import, or a branch binds the function as well as a def."""
    for text in ("double = print\n", "from os import nice as double\n", "if True:\n  double = 1\n"):
        assert load(write(double__py=text)).entry == "double:double"
