"""From the name of a built-in task, or a folder, to a `Task`.

docs/reference/task-toml.md says every key. Nothing of the task is run here. Proven by
tests/task/test_load.py. Not covered: whether the seed passes its own check (`tacho task check`).
"""

from __future__ import annotations

import ast
import dataclasses
import re
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any, cast

from tachograph.errors import NotFoundError, TaskError
from tachograph.sandbox.limits import Limits
from tachograph.task.candidate import Candidate
from tachograph.task.read import Table, parse_toml, read_text
from tachograph.task.scoring import KEYS as SCORE_KEYS
from tachograph.task.scoring import Scoring, read_scoring
from tachograph.task.task import Metric, Task, Work

BUILTIN = Path(__file__).parent / "builtin"
KEYS = (
    "name", "goal", "source", "editable", "fixed", "entry", "build", "run", "check",
    "python", "libraries", "hidden", "source_kib", "limits", "compare", "metric", "work",
)  # fmt: skip
LIMIT_DEFAULTS = dataclasses.asdict(Limits())
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
METRICS = ("time", "check", "score")
WORKS = ("training", "inference")
DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def builtin_names() -> list[str]:
    """The built-in tasks, sorted."""
    return sorted(path.parent.name for path in BUILTIN.glob("*/task.toml"))


def load(name_or_path: str | Path) -> Task:
    """Read a task, strictly.

    A text without a slash that is the name of a built-in task means that task; all else is a
    folder. Raises NotFoundError where there is no such folder, and TaskError, naming file and key,
    where the task is wrong.
    """
    builtin = isinstance(name_or_path, str) and name_or_path in builtin_names()
    folder = BUILTIN / name_or_path if builtin else Path(name_or_path)
    if not folder.is_dir():
        near = get_close_matches(str(name_or_path), builtin_names(), n=1, cutoff=0.7)
        hint = f"give a folder with a task.toml, or one of: {', '.join(builtin_names())}"
        raise NotFoundError(
            f"no task {str(name_or_path)!r}", hint=f"did you mean {near[0]!r}?" if near else hint
        )
    return _read(folder.resolve())


def _read(folder: Path) -> Task:
    toml = parse_toml(folder / "task.toml", KEYS)
    check = _inside(toml, "check", folder, toml.text("check", "check.py"))
    check_source = read_text(check)
    metric, scoring = _metric(toml)
    _require(check, check_source, ("draw", "score") if metric == "score" else ("draw",))
    seed, fixed = _read_sources(toml, folder, check)
    entry, build, run = _read_start(toml, {**seed, **fixed})
    tolerance = toml.table("compare", ("rtol", "atol"))
    task = Task(
        name=_name(toml),
        folder=folder,
        goal=_goal(toml, folder),
        seed=Candidate(seed),
        fixed=fixed,
        entry=entry,
        build=build,
        run=run,
        python=_python(toml, folder),
        libraries=_modules(toml, "libraries"),
        hidden=_modules(toml, "hidden"),
        limits=_limits(toml.table("limits", tuple(LIMIT_DEFAULTS))),
        source_kib=toml.whole("source_kib", 64),
        rtol=tolerance.number("rtol", 1e-6, zero=True),
        atol=tolerance.number("atol", 1e-9, zero=True),
        metric=metric,
        scoring=scoring,
        work=cast(Work, toml.choice("work", WORKS)),
        check=check,
        check_source=check_source,
    )
    if reason := task.refusal(task.seed):
        raise toml.fault("source_kib", f"the seed has {reason}", "raise source_kib")
    return task


def _name(toml: Table) -> str:
    name = toml.text("name")
    if not NAME.fullmatch(name):
        raise toml.fault("name", f"not a name: {name!r}", "lower-case letters, digits and dashes")
    return name


def _goal(toml: Table, folder: Path) -> str:
    goal = toml.text("goal")
    if not goal.endswith(".md"):
        return goal
    text = read_text(_inside(toml, "goal", folder, goal))
    if not text.strip():
        raise toml.fault("goal", f"{goal} is empty", "say in prose what is to be improved")
    return text


def _read_sources(toml: Table, folder: Path, check: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The editable and the fixed files, path to text."""
    source = (folder / toml.text("source", ".")).resolve()
    if not source.is_dir():
        raise toml.fault("source", f"no folder {source}", "the folder where the files lie")
    editable, fixed = toml.texts("editable"), toml.texts("fixed", ())
    if not editable:
        raise toml.fault("editable", "empty", 'name the files to improve: editable = ["a.py"]')
    listed: set[PurePosixPath] = set()
    for key, names in (("editable", editable), ("fixed", fixed)):
        for name in names:
            path = _inside(toml, key, source, name)
            if PurePosixPath(name) in listed:
                raise toml.fault(key, f"{name!r} is listed twice", "list each file once")
            if path in (check, folder / "task.toml"):
                raise toml.fault(key, f"{name!r} is the judge's own file", "leave it out")
            listed.add(PurePosixPath(name))
    return (
        {name: read_text(source / name) for name in editable},
        {name: read_text(source / name) for name in fixed},
    )


def _inside(toml: Table, key: str, folder: Path, name: str) -> Path:
    """The regular file of this plain relative path, no part of which is a symbolic link."""
    plain = PurePosixPath(name)
    if plain.is_absolute() or ".." in plain.parts or str(plain) != name or "\\" in name:
        raise toml.fault(
            key,
            f"{name!r} is not a plain path below {folder}",
            "write a path such as 'code/fit.py'",
        )
    path = folder
    for part in plain.parts:
        path = path / part
        if path.is_symlink():
            raise toml.fault(key, f"{name!r} goes through a symbolic link", "name the file itself")
    if not path.is_file():
        raise toml.fault(key, f"no file {path}", "create it, or mend the path")
    return path


def _read_start(toml: Table, files: dict[str, str]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """How to start a candidate: (entry, build, run)."""
    if "entry" not in toml:
        if "run" not in toml:
            raise toml.fault("entry", "missing", 'add entry = "module:function", or build and run')
        return "", toml.texts("build", ()), toml.texts("run")
    for key in ("build", "run"):
        if key in toml:
            raise toml.fault(key, "given beside entry", "keep one of the two ways to start")
    entry = toml.text("entry")
    module, _, function = entry.partition(":")
    if not DOTTED.fullmatch(module) or not function.isidentifier():
        raise toml.fault("entry", f"not module:function: {entry!r}", 'write "train:train"')
    path = module.replace(".", "/") + ".py"
    if path not in files:
        raise toml.fault("entry", f"{path} is not among the files", f"add {path!r} to editable")
    if function not in _top_level_names(toml, path, files[path]):
        raise toml.fault("entry", f"{path} has no function {function!r}", "mend the name")
    return entry, (), ()


def _top_level_names(toml: Table, path: str, text: str) -> set[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise toml.fault("entry", f"{path} does not parse: {error}", "mend the seed") from error
    return _names(tree.body)


def _names(body: list[ast.stmt]) -> set[str]:
    """Names that running these statements binds, branches included."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name) for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.If | ast.Try):
            found |= _names(node.body) | _names(node.orelse)
    return found


def _require(path: Path, text: str, functions: tuple[str, ...]) -> None:
    try:
        names = _names(ast.parse(text).body)
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) else ""
        raise TaskError(f"{path}{line}: does not parse: {error}", hint="mend check.py") from error
    for name in functions:
        if name not in names:
            form, hint = (FORMS if "score" not in functions else SCORE_FORMS)[name]
            raise TaskError(f"{path}: no function {form}", hint=hint)


FORMS = {"draw": ("draw(rng)", "def draw(rng): return {'argument name': value, ...}")}
SCORE_FORMS = {
    "draw": ("draw(rng, split)", "def draw(rng, split): return {'argument name': value}, answer"),
    "score": ("score(output, answer)", "def score(output, answer): return a float"),
}


def _metric(toml: Table) -> tuple[Metric, Scoring | None]:
    table = toml.table("metric", SCORE_KEYS)
    if table.choice("kind", METRICS) == "score":
        return "score", read_scoring(table)
    return cast(Metric, toml.table("metric", ("kind",)).choice("kind", METRICS)), None


def _python(toml: Table, folder: Path) -> Path | None:
    if "python" not in toml:
        return None
    # Not resolved: a virtual environment is known by the path of its link to the interpreter.
    path = (folder / toml.text("python")).absolute()
    if not path.is_file() or not path.stat().st_mode & 0o111:
        raise toml.fault("python", f"no program {path}", "python = '.venv/bin/python'")
    return path


def _modules(toml: Table, key: str) -> tuple[str, ...]:
    modules = toml.texts(key, ())
    for name in modules:
        if not DOTTED.fullmatch(name):
            raise toml.fault(key, f"not a module name: {name!r}", 'such as ["numpy"]')
    return modules


def _limits(table: Table) -> Limits:
    """Every field of Limits, by the type of its default."""
    values: dict[str, Any] = {
        key: table.whole(key, default) if isinstance(default, int) else table.number(key, default)
        for key, default in LIMIT_DEFAULTS.items()
    }
    return Limits(**values)
