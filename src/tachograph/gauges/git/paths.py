"""What kind of file a path is: production code, tests, docs, generated, or other data.

By the path alone, and by what `.gitattributes` of the newest commit marks as generated or vendored.
Proven by tests/gauges/git/test_paths.py. Not covered: what a file holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Literal, get_args

Kind = Literal["production", "test", "docs", "generated", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SUFFIXES = (
    "bash c cc clj cpp cs css cu cuh cxx dart el elm erl ex exs f f90 fs go gradle groovy "
    "h hh hpp hs html java jl js jsx kt kts less lisp lua m mjs ml mli mm mojo nim nix "
    "php pl pm proto ps1 py pyi pyx r rb rs s sass scala scm scss sh sql svelte swift tcl "
    "tf ts tsx vb vim vue wgsl zig zsh "
)
CODE = frozenset(SUFFIXES.split())
CODE_NAMES = frozenset({"makefile", "dockerfile", "cmakelists.txt", "rakefile", "justfile"})
PROSE = frozenset(("adoc", "asciidoc", "markdown", "md", "mdx", "org", "rst", "tex", "txt"))
TEST = re.compile(
    r"(^|/)(tests?|testing|spec|specs|__tests__|testdata|fixtures|e2e|conftest\.py)(/|$)"
    r"|(^|/)test_[^/]*$|_test\.[a-z]+$|\.(test|spec)\.[a-z]+$|tests?\.(java|kt|cs|swift|scala)$"
)
GENERATED = re.compile(
    r"(^|/)(vendor|third_party|node_modules|dist|generated|__generated__|__snapshots__)(/|$)"
    r"|(^|/)(package-lock\.json|yarn\.lock|pnpm-lock\.yaml|cargo\.lock|poetry\.lock|uv\.lock"
    r"|pipfile\.lock|go\.sum|composer\.lock|gemfile\.lock|bun\.lockb?)$"
    r"|\.(min\.js|min\.css|pb\.go|pb\.cc|pb\.h|snap|lock|map|ipynb)$|_pb2(_grpc)?\.pyi?$"
)
DOCS = re.compile(r"(^|/)(docs?|documentation)(/|$)|(^|/)(readme|changelog|license|copying)[^/]*$")


def kind_of(path: str) -> Kind:
    """The kind of one path, as git writes it."""
    lower = path.lower()
    if GENERATED.search(lower):
        return "generated"
    name = lower.rpartition("/")[2]
    suffix = name.rpartition(".")[2] if "." in name else ""
    is_code = suffix in CODE or name in CODE_NAMES
    if TEST.search(lower):
        return "test"
    if suffix in PROSE or (DOCS.search(lower) and not is_code):
        return "docs"
    return "production" if is_code else "other"


def classifier(attributes: str) -> Callable[[str], int]:
    """From path to place in KINDS, each path looked at once; `attributes`: a .gitattributes."""
    marked = [re.compile(_pattern(words[0])) for line in attributes.splitlines()
              if (words := line.split()) and not words[0].startswith("#")
              and any(w in MARKS for w in words[1:])]  # fmt: skip

    @cache
    def place(path: str) -> int:
        if any(pattern.search(path) for pattern in marked):
            return KINDS.index("generated")
        return KINDS.index(kind_of(path))

    return place


MARKS = frozenset({
    "linguist-generated", "linguist-generated=true", "linguist-vendored", "linguist-vendored=true",
})  # fmt: skip


def _pattern(glob: str) -> str:
    """A .gitattributes pattern as a regular expression over whole paths."""
    anchored = "/" in glob.rstrip("/")
    body = ""
    for part in re.findall(r"\*\*/|/\*\*|\*\*|\*|\?|[^*?]+", glob.strip("/")):
        body += {"**/": "(.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(
            part, re.escape(part)
        )
    return f"^{body}($|/)" if anchored else f"(^|/){body}($|/)"
