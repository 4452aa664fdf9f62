"""From a rewritten syntax tree back to text: only the statements that differ are printed anew.

Comments and layout outside them stay. Proven by tests/loop/propose/recipes/test_recipe_corpus.py.
Not covered: texts with carriage returns, form feeds or a byte order mark, and statements that share
a line; `patched` answers None there.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

BODIES = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class Edit:
    """Bytes `start` to `end` of the text become `text`."""

    start: int
    end: int
    text: str


def patched(text: str, old: Sequence[ast.stmt], new: Sequence[ast.stmt]) -> str | None:
    """The text with the statements `old` turned into `new`; None where it cannot be done by lines.

    `old` carries the positions of the text; `new` may be any tree.
    """
    if any(mark in text for mark in ("\r", "\f", "\ufeff")):
        return None
    data = text.encode()
    starts = [0]
    for line in data.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    edits = differences(data, starts, old, new)
    if edits is None:
        return None
    for edit in sorted(edits, key=lambda edit: -edit.start):
        data = data[: edit.start] + edit.text.encode() + data[edit.end :]
    return data.decode()


def differences(
    data: bytes, starts: list[int], old: Sequence[ast.stmt], new: Sequence[ast.stmt]
) -> list[Edit] | None:
    """The edits of one list of statements; compound ones of the same head are gone into."""
    head = 0
    while head < min(len(old), len(new)) and same(old[head], new[head]):
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and same(old[-1 - tail], new[-1 - tail]):
        tail += 1
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    if not before:
        return inserted(data, starts, old, head, after)
    pairs = partners(before, after)
    if not pairs:
        return whole(data, starts, before, after)
    edits: list[Edit] = []
    at_old = at_new = 0
    for i, j in [*pairs, (len(before), len(after))]:
        parts = [differences(data, starts, before[at_old:i], after[at_new:j])] if i > at_old else []
        if i == at_old and j > at_new:
            place = (before[i:] or before[-1:])[0]
            if i == len(before):
                parts.append(behind(data, starts, place, after[at_new:j]))
            else:
                parts.append(ahead(data, starts, place, after[at_new:j]))
        if i < len(before):
            parts += inside(data, starts, before[i], after[j])
        for part in parts:
            if part is None:
                return None
            edits += part
        at_old, at_new = i + 1, j + 1
    return edits


def partners(before: Sequence[ast.stmt], after: Sequence[ast.stmt]) -> list[tuple[int, int]]:
    """Which compound statements continue as which: those whose head did not change, in order.

    Equal simple statements are partners, too, so that they are left as they stand.
    """
    found: list[tuple[int, int]] = []
    at = 0
    for i, statement in enumerate(before):
        for j in range(at, len(after)):
            other = after[j]
            if same(statement, other) or (is_compound(statement) and same_head(statement, other)):
                found.append((i, j))
                at = j + 1
                break
    return found


def inside(data: bytes, starts: list[int], old: ast.stmt, new: ast.stmt) -> list[list[Edit] | None]:
    return [
        differences(data, starts, getattr(old, field), getattr(new, field))
        for field in BODIES
        if isinstance(getattr(old, field, None), list)
    ]


def is_compound(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.For | ast.While | ast.If | ast.FunctionDef)


def same(old: ast.stmt, new: ast.stmt) -> bool:
    return old is new or ast.dump(old) == ast.dump(new)


def same_head(old: ast.stmt, new: ast.stmt) -> bool:
    """Equal but for what is in their bodies; a body that appears or vanishes is a difference."""
    if type(old) is not type(new):
        return False
    heads = []
    for statement in (old, new):
        head = copy.copy(statement)
        for field in BODIES:
            if isinstance(getattr(head, field, None), list):
                setattr(head, field, [ast.Pass()] if getattr(head, field) else [])
        heads.append(ast.dump(head))
    return heads[0] == heads[1]


def span(starts: list[int], first: ast.stmt, last: ast.stmt) -> tuple[int, int]:
    line = first.lineno
    if isinstance(first, ast.FunctionDef) and first.decorator_list:
        line = first.decorator_list[0].lineno
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    start = starts[line - 1] + first.col_offset
    return start, starts[last.end_lineno - 1] + last.end_col_offset


def whole(
    data: bytes, starts: list[int], before: Sequence[ast.stmt], after: Sequence[ast.stmt]
) -> list[Edit] | None:
    """Every statement of `before` replaced: one by one where as many follow, else together."""
    if not after:
        return removed(data, starts, before)
    if len(before) == len(after):
        together = [([old], [new]) for old, new in zip(before, after, strict=True)]
    else:
        together = [(list(before), list(after))]
    edits = []
    for olds, news in together:
        if all(same(old, new) for old, new in zip(olds, news, strict=False)) and len(news) == 1:
            continue
        start, end = span(starts, olds[0], olds[-1])
        indent = indent_of(data, start)
        if indent is None or not ends_line(data, end) or crowded(olds):
            return None
        edits.append(Edit(start, end, printed(news, indent).lstrip()))
    return edits


def removed(data: bytes, starts: list[int], before: Sequence[ast.stmt]) -> list[Edit] | None:
    """The lines taken out."""
    start, end = span(starts, before[0], before[-1])
    indent = indent_of(data, start)
    if indent is None or not ends_line(data, end):
        return None
    line_end = data.find(b"\n", end)
    line_end = len(data) if line_end < 0 else line_end + 1
    return [Edit(start - len(indent.encode()), line_end, "")]


def inserted(
    data: bytes, starts: list[int], old: Sequence[ast.stmt], at: int, new: Sequence[ast.stmt]
) -> list[Edit] | None:
    if not new:
        return []
    if not old:
        return None
    if at < len(old):
        return ahead(data, starts, old[at], new)
    return behind(data, starts, old[-1], new)


def ahead(
    data: bytes, starts: list[int], place: ast.stmt, new: Sequence[ast.stmt]
) -> list[Edit] | None:
    start, _ = span(starts, place, place)
    indent = indent_of(data, start)
    if indent is None:
        return None
    return [Edit(start, start, printed(new, indent).lstrip() + "\n" + indent)]


def behind(
    data: bytes, starts: list[int], place: ast.stmt, new: Sequence[ast.stmt]
) -> list[Edit] | None:
    start, end = span(starts, place, place)
    indent = indent_of(data, start)
    if indent is None or not ends_line(data, end):
        return None
    line_end = data.find(b"\n", end)
    line_end = len(data) if line_end < 0 else line_end
    return [Edit(line_end, line_end, "\n" + printed(new, indent))]


def indent_of(data: bytes, start: int) -> str | None:
    """What stands before a statement on its line, if that is blank and the statement is not glued
    to the line before it."""
    line = data[data.rfind(b"\n", 0, start) + 1 : start]
    if line.strip() or data[:start].rstrip(b" \t").endswith(b"\\\n"):
        return None
    return line.decode()


def ends_line(data: bytes, end: int) -> bool:
    """Whether nothing but a comment follows on the line."""
    line_end = data.find(b"\n", end)
    rest = data[end : line_end if line_end >= 0 else len(data)].strip()
    return not rest or rest.startswith(b"#")


def crowded(statements: Sequence[ast.stmt]) -> bool:
    """Whether two of them share a line."""
    return any(one.end_lineno == other.lineno for one, other in pairwise(statements))


def printed(statements: Sequence[ast.stmt], indent: str) -> str:
    """Their text, indented; literals over several lines are not to be met here."""
    lines: list[str] = []
    for statement in statements:
        lines += ast.unparse(ast.fix_missing_locations(statement)).split("\n")
    return "\n".join(indent + line if line else line for line in lines)
