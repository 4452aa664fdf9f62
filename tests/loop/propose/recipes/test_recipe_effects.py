"""Tests of what is concluded from a function's text."""

from __future__ import annotations

import ast

from tachograph.loop.propose.recipes.binding import is_ordinary
from tachograph.loop.propose.recipes.effects import OUTSIDE, FunctionFacts, ModuleFacts

SOURCE = """
import numpy as np

N = 3
TABLE = [1, 2]

def reads():
    return TABLE[0]

def makes(x):
    return np.exp(x) * N

def changes(x):
    x[0] = 1.0

def recursive(x):
    return recursive(x)

def f(x, n):
    a = np.zeros(n)
    b = a[1:]
    c = a * 2.0
    d = x.T
    e = len(x) * n
    root = np.sqrt
    changes(c)
    return b
"""


def facts() -> FunctionFacts:
    module = ast.parse(SOURCE)
    function = module.body[-1]
    assert isinstance(function, ast.FunctionDef)
    kinds = ({"x": {"kind": "array"}, "n": {"kind": "int"}},)
    return FunctionFacts(ModuleFacts(module), function, kinds)


def test_views_share_and_arithmetic_does_not() -> None:
    """`b` is a view of `a`, `d` of an argument; `c` is new until an unknown call gets it."""
    found = facts()
    assert found.group("a") == found.group("b")
    assert found.group("d") == found.group(OUTSIDE)
    assert found.group("c") == found.group(OUTSIDE)
    assert found.group("a") != found.group(OUTSIDE)


def test_scalars_are_followed() -> None:
    """Seen arguments, constants, lengths and arithmetic on them."""
    assert facts().scalars == {"n", "e"}


def test_a_function_under_a_local_name_is_known() -> None:
    """`root = np.sqrt` does not hide what `root(x)` does."""
    call = ast.parse("root(x)", mode="eval").body
    assert isinstance(call, ast.Call)
    assert facts().target(call) == "numpy.sqrt"


def test_functions_are_summed_up() -> None:
    """Pure, own, and reading globals that may change."""
    module = ModuleFacts(ast.parse(SOURCE))
    assert module.summary("makes") == (True, True, False)
    assert module.summary("reads").reads_globals
    assert not module.summary("changes").pure
    assert not module.summary("recursive").own


def test_scope_tricks_are_not_ordinary() -> None:
    """Closures, generators and their like are left to themselves."""
    for body in ("yield 1", "global x", "lambda: 1", "def g(): pass", "exec('')"):
        function = ast.parse(f"def f():\n    {body}\n").body[0]
        assert isinstance(function, ast.FunctionDef)
        assert not is_ordinary(function)
