"""Edits of a module that every recipe needs: swap a function, add an import, add statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import libcst as cst


def swap_functions(module: cst.Module, nodes: Mapping[str, cst.FunctionDef]) -> cst.Module:
    """The module with these module-level functions replaced, by name."""
    body = [
        nodes.get(statement.name.value, statement)
        if isinstance(statement, cst.FunctionDef)
        else statement
        for statement in module.body
    ]
    return module.with_changes(body=body)


def preamble_length(module: cst.Module) -> int:
    """Statements at the top that must stay there: docstring, `from __future__`, imports."""
    count = 0
    for index, statement in enumerate(module.body):
        if not isinstance(statement, cst.SimpleStatementLine):
            break
        first = statement.body[0]
        is_docstring = index == 0 and isinstance(first, cst.Expr)
        if not is_docstring and not isinstance(first, cst.Import | cst.ImportFrom):
            break
        count = index + 1
    return count


def add_statements(module: cst.Module, text: str) -> cst.Module:
    """The module with these statements after its imports, unless the same text is there."""
    if text in module.code:
        return module
    added = cst.parse_module(text).body
    at = preamble_length(module)
    return module.with_changes(body=[*module.body[:at], *added, *module.body[at:]])


def append_statements(module: cst.Module, text: str) -> cst.Module:
    """The module with these statements at its end."""
    return module.with_changes(body=[*module.body, *cst.parse_module(text).body])


def add_import(module: cst.Module, line: str) -> cst.Module:
    """The module with this import line, unless it has it."""
    lines = {code_of(statement).strip() for statement in module.body[: preamble_length(module)]}
    return module if line in lines else add_statements(module, line + "\n")


def code_of(node: cst.CSTNode) -> str:
    """The source text of a node."""
    return cst.Module([]).code_for_node(node)


def statements(text: str) -> Sequence[cst.BaseStatement]:
    """Statements parsed from a text."""
    return list(cst.parse_module(text).body)
