"""What recipes work on: a candidate's sources, parsed once, with what was observed of them.

Sources that do not parse are passed over. Proven by test_recipes_workpiece.py and
test_recipe_corpus.py in tests/loop/propose/recipes.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import libcst as cst

from tachograph.loop.propose.recipes.observe import Observation, Seen, module_name


class LateFiles(Mapping[str, str]):
    """Files that are written when they are first read: of the variants that are found, most are
    never proposed.
    """

    def __init__(self, write: Callable[[], Mapping[str, str]]) -> None:
        self._write = write

    @cached_property
    def _files(self) -> Mapping[str, str]:
        return self._write()

    def __getitem__(self, path: str) -> str:
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(frozen=True)
class Variant:
    """One rewrite of a whole candidate."""

    label: str
    """`recipe/function@code` or `recipe/function/site@code`; code: a digest of the old text."""
    note: str
    files: Mapping[str, str]
    share: float = 1.0
    """Part of the run's time that it may touch, 0 to 1."""


@dataclass(frozen=True)
class Function:
    """One module-level function."""

    path: str
    name: str
    node: cst.FunctionDef
    syntax: ast.FunctionDef
    seen: Seen | None
    share: float
    """Own part of the run's time."""
    total_share: float
    """The same with what it calls."""

    @cached_property
    def text(self) -> str:
        """Its source, decorators included."""
        return ast.unparse(self.syntax)

    @property
    def is_plain(self) -> bool:
        """Without decorators: nothing has been done to it yet."""
        return not self.syntax.decorator_list


@dataclass(frozen=True)
class Workpiece:
    """A candidate's files, entry and observation."""

    files: Mapping[str, str]
    entry: str
    observation: Observation
    threads: int = 1
    """Cores that the task allows."""

    @cached_property
    def modules(self) -> dict[str, tuple[cst.Module, ast.Module]]:
        """Path to concrete and abstract syntax, for each file that parses."""
        found = {}
        for path, text in self.files.items():
            if path.endswith(".py"):
                parsed = parse(text)
                if parsed is not None:
                    found[path] = parsed
        return found

    @cached_property
    def functions(self) -> list[Function]:
        """Module-level functions, most own time first; ties in the order of the text."""
        found = [function for path in sorted(self.modules) for function in self._functions_of(path)]
        return sorted(found, key=lambda function: -function.share)

    def _functions_of(self, path: str) -> list[Function]:
        concrete, abstract = self.modules[path]
        nodes = {node.name: node for node in abstract.body if isinstance(node, ast.FunctionDef)}
        found = []
        for statement in concrete.body:
            if isinstance(statement, cst.FunctionDef) and statement.name.value in nodes:
                name = statement.name.value
                key = f"{module_name(path)}:{name}"
                found.append(
                    Function(
                        path=path,
                        name=name,
                        node=statement,
                        syntax=nodes[name],
                        seen=self.observation.functions.get(key),
                        share=self.observation.share(key),
                        total_share=self.observation.total_share(key),
                    )
                )
        return found

    @cached_property
    def entry_function(self) -> Function | None:
        """The function that the task calls, where it is a module-level one in these files."""
        module, _, name = self.entry.partition(":")
        for function in self.functions:
            if function.name == name and module_name(function.path) == module:
                return function
        return None

    def in_file(self, path: str) -> dict[str, Function]:
        """The functions of one file, by name."""
        return {function.name: function for function in self.functions if function.path == path}

    def with_module(self, path: str, module: cst.Module) -> dict[str, str]:
        """All files, this one replaced."""
        return {**self.files, path: module.code}

    def variant(
        self, recipe: str, function: Function, files: Mapping[str, str], note: str, site: str = ""
    ) -> Variant:
        """A variant that rewrites one function."""
        where = f"{function.name}/{site}" if site else function.name
        label = f"{recipe}/{where}@{digest(function.text)}"
        return Variant(label, note, files, function.share)


def parse(text: str) -> tuple[cst.Module, ast.Module] | None:
    """Both syntax trees of a text, or None where it is not Python."""
    try:
        return cst.parse_module(text), ast.parse(text)
    except (cst.ParserSyntaxError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def compiles(files: Mapping[str, str]) -> bool:
    """Whether every Python file is one that the interpreter accepts."""
    try:
        for path, text in files.items():
            if path.endswith(".py"):
                compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def digest(text: str) -> str:
    """Six hex digits that change with the code."""
    return hashlib.sha256(text.encode()).hexdigest()[:6]
