"""From a module's text and an observed call to the text that replaces the function."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tachograph.loop.propose.recipes.observe import Description
from tachograph.loop.propose.recipes.specialise.arrays import (
    copy,
    materialise,
    number_code,
)
from tachograph.loop.propose.recipes.specialise.emit import tuple_code
from tachograph.loop.propose.recipes.specialise.inputs import Inputs
from tachograph.loop.propose.recipes.specialise.machine import Machine, Program
from tachograph.loop.propose.recipes.specialise.statements import Executor
from tachograph.loop.propose.recipes.specialise.values import (
    Array,
    BeyondError,
    Growing,
    Items,
    NeedStaticError,
    Ref,
    Scalar,
    Static,
    Table,
)

RESTARTS_MOST = 12
OPTIONS = 'cache=True, error_model="numpy", fastmath={"reassoc", "contract", "arcp", "nsz", "afn"}'

HASTY_FROM = 200
"""Lines from which compiling takes more than some seconds."""
HASTE = "numba.config.OPT = type(numba.config.OPT)(1)"

FAULTS = (RecursionError, KeyError, IndexError, TypeError, AttributeError, ValueError)
"""What evaluation of an odd program may run into."""

IS_ARRAY = '''
def _is_array(value, dtype, shape, writeable):
    """Whether it is an array that the compiled code was made for; None: any length."""
    return (
        type(value) is np.ndarray
        and value.dtype.name == dtype
        and value.ndim == len(shape)
        and value.flags.c_contiguous
        and value.flags.writeable == writeable
        and all(n is None or n == m for n, m in zip(shape, value.shape))
    )
'''


@dataclass(frozen=True)
class Shorter:
    """What a first attempt shows about a second one."""

    in_place: frozenset[Any] = frozenset()
    """Keys of residual functions that one place calls: they had better be written out there."""
    kernels: frozenset[str] = frozenset()
    """Bodies of loops that had better be functions."""


NOTHING_SHORTER = Shorter()


@dataclass(frozen=True)
class Specialised:
    """The replacement of one function."""

    plain_name: str
    """What the original function is to be called from now on."""
    source: str
    """The compiled function and the function of the old name, guarded."""
    shorter: Shorter
    """What would make the text shorter."""


def program_of(module: ast.Module) -> Program:
    """What names mean at module level. Names that are set twice mean nothing."""
    functions: dict[str, ast.FunctionDef] = {}
    constants: dict[str, ast.expr] = {}
    imports: dict[str, str] = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            functions[node.name] = node
        elif isinstance(node, ast.Import):
            imports.update({a.asname or a.name.split(".")[0]: a.name for a in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports.update({a.asname or a.name: f"{node.module}.{a.name}" for a in node.names})
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                constants.update(constants_of(target, node.value))
    for inner in ast.walk(module):
        if isinstance(inner, ast.Global):
            for name in inner.names:
                constants.pop(name, None)
    return Program(functions, constants, imports)


def constants_of(target: ast.expr, value: ast.expr) -> dict[str, ast.expr]:
    """`a = v` and `a, b = v`, one name at a time."""
    if isinstance(target, ast.Name):
        return {target.id: value}
    if isinstance(target, ast.Tuple):
        made: dict[str, ast.expr] = {}
        for place, each in enumerate(target.elts):
            item = ast.Subscript(value, ast.Constant(place), ast.Load())
            made.update(constants_of(each, item))
        return made
    return {}


def specialise(
    module: ast.Module,
    name: str,
    seen: Mapping[str, Description],
    *,
    real: str = "float64",
    fixed_up_to: int = 64,
) -> Specialised:
    """Specialise the module's function for one observed call.

    `real` is the dtype that stands for float64; lengths up to `fixed_up_to` become part of the
    guard. Raises BeyondError where the program or its arguments do not fit.
    """
    program = program_of(module)
    known: frozenset[str] = frozenset()
    for _ in range(RESTARTS_MOST):
        try:
            made = attempt(program, name, seen, real, fixed_up_to, known)
            return shortened(made, program, name, seen, real, fixed_up_to, known)
        except NeedStaticError as need:
            if not need.leaf.startswith("in_") or need.leaf in known:
                raise
            known |= {need.leaf}
        except FAULTS as error:
            raise BeyondError(f"{type(error).__name__}: {error}") from error
    raise BeyondError("too many numbers must be known")


def shortened(
    made: Specialised,
    program: Program,
    name: str,
    seen: Mapping[str, Description],
    real: str,
    fixed_up_to: int,
    known: frozenset[str],
) -> Specialised:
    """The same once more: single calls written out in place, repeated loops as functions."""
    if made.shorter == NOTHING_SHORTER:
        return made
    try:
        return attempt(program, name, seen, real, fixed_up_to, known, made.shorter)
    except (BeyondError, *FAULTS):
        return made


def attempt(
    program: Program,
    name: str,
    seen: Mapping[str, Description],
    real: str,
    fixed_up_to: int,
    known: frozenset[str],
    shorter: Shorter = NOTHING_SHORTER,
) -> Specialised:
    if name not in program.functions:
        raise BeyondError("not a plain function")
    node = program.functions[name]
    machine = Machine(program, real)
    machine.stem, machine.in_place = name, shorter.in_place
    machine.kernels.stem, machine.kernels.written = name, machine.written
    machine.kernels.wanted = shorter.kernels
    executor = Executor(machine)
    inputs = Inputs(machine, fixed_up_to, known)
    arguments = {parameter: inputs.value(parameter, item) for parameter, item in seen.items()}
    before = dict(machine.heap)
    with machine.frame({}):
        value = executor.run_in_place(node, arguments)
    if real != "float64" and machine.stored & set(inputs.names):
        raise BeyondError("arguments changed in place cannot be narrowed")
    outputs = Outputs(machine)
    result = outputs.code(value)
    changes = [
        line for path, ref in inputs.cells for line in written_back(outputs, path, ref, before)
    ]
    return assemble(node, inputs, outputs, result, changes)


class Outputs:
    """Leaves of the result, and the code that puts the result together again."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.codes: list[str] = []

    def leaf(self, code: str) -> str:
        self.codes.append(code)
        return f"made[{len(self.codes) - 1}]"

    def code(self, value: Any) -> str:
        """Code of the value in terms of `made`, the tuple of leaves."""
        builder = self.machine.builder
        if isinstance(value, Array):
            held = materialise(builder, value, "result")
            leaf = self.leaf(held.view or copy(builder, held, "result").view)
            is_narrow = self.machine.real != "float64" and value.dtype == self.machine.real
            return f"{leaf}.astype(np.float64)" if is_narrow else leaf
        if isinstance(value, Scalar):
            dtype = "float64" if value.dtype == self.machine.real else value.dtype
            leaf = self.leaf(value.code)
            dtype = "bool_" if dtype == "bool" else dtype
            return f"np.{dtype}({leaf})" if value.is_numpy else leaf
        if isinstance(value, Static):
            return static_code(value.value)
        if isinstance(value, Ref):
            return self.container(self.machine.at(value))
        raise BeyondError("a result of another kind")

    def container(self, content: Any) -> str:
        if isinstance(content, Growing):
            leaf = self.leaf(content.code)
            return f"[np.{content.dtype}(each) for each in {leaf}]" if content.is_numpy else leaf
        if isinstance(content, Table):
            pairs = [f"{static_code(key)}: {self.code(value)}" for key, value in content.items]
            return "{" + ", ".join(pairs) + "}"
        assert isinstance(content, Items)
        codes = ", ".join(self.code(item) for item in content.items)
        if content.kind == "list":
            return f"[{codes}]"
        return f"({codes},)" if len(content.items) == 1 else f"({codes})"


def static_code(value: Any) -> str:
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name}({number_code(value)})"
    if isinstance(value, float):
        return number_code(value)
    if value is None or isinstance(value, bool | int | str):
        return repr(value)
    raise BeyondError("a result of another kind")


def written_back(outputs: Outputs, path: str, ref: Ref, before: Mapping[int, Any]) -> list[str]:
    """Statements that change an argument container as the original function would have."""
    old, new = before[ref.at], outputs.machine.at(ref)
    if old is new:
        return []
    if isinstance(old, Table) and isinstance(new, Table):
        pairs = [(k, v) for k, v in new.items if old.get(k) is not v]
    elif isinstance(old, Items) and isinstance(new, Items) and len(old.items) == len(new.items):
        pairs = [(k, v) for k, v in enumerate(new.items) if old.items[k] is not v]
    else:
        raise BeyondError("an argument list that grows")
    return [f"{path}[{key!r}] = {outputs.code(value)}" for key, value in pairs]


def needed(written: Mapping[str, str], body: Sequence[str]) -> list[str]:
    """The functions that the body calls, and those that they call, callees first."""
    text = "\n".join(body)
    kept: list[str] = []
    for name, source in reversed(list(written.items())):
        if f"{name}(" in text:
            kept.insert(0, source)
            text += source
    return kept


def called_once(machine: Machine, functions: Sequence[str], body: Sequence[str]) -> frozenset[Any]:
    """Keys of the residual functions with a single call. The compiler works through a function once
    for itself and again for each level above it."""
    text = "\n".join([*functions, *body])
    return frozenset(
        key
        for key, made in machine.residuals.items()
        if made is not None and text.count(f"= {made.name}(") == 1
    )


def hasty(functions: Sequence[str], body: Sequence[str]) -> list[str]:
    """For much code: the compiler's first level only. Loops are vectorised all the same."""
    lines = len(body) + sum(source.count("\n") for source in functions)
    return [HASTE] if lines > HASTY_FROM else []


def guarded_call(inputs: Inputs, call: str, original: str, text: str) -> list[str]:
    """The call; where the compiled code may find that things are not as observed and has changed
    no argument by then, the original function takes over."""
    if "raise ValueError" not in text or inputs.machine.stored & set(inputs.names):
        return [f"    {call}"]
    return ["    try:", f"        {call}", "    except ValueError:", f"        return {original}"]


def assemble(
    node: ast.FunctionDef, inputs: Inputs, outputs: Outputs, result: str, changes: list[str]
) -> Specialised:
    """The text: compiled function, then the guarded one under the old name."""
    name, plain = node.name, f"_{node.name}_plain"
    compiled = f"_{name}_compiled"
    if not inputs.names:
        raise BeyondError("a function without arguments")
    types = ", ".join(inputs.types) + ("," if len(inputs.types) == 1 else "")
    builder = inputs.machine.builder
    body = [f" {line}" for line in [*builder.unveiled(inputs.arrays), *builder.source()]]
    functions = needed(inputs.machine.written, body)
    returned = [f" return {tuple_code(outputs.codes)}"] if outputs.codes else []
    parameters = ast.unparse(ast.arguments(
        posonlyargs=node.args.posonlyargs, args=node.args.args, kwonlyargs=node.args.kwonlyargs,
        kw_defaults=node.args.kw_defaults, defaults=node.args.defaults,
    ))  # fmt: skip
    names = [argument.arg for argument in node.args.posonlyargs + node.args.args]
    passed = [*names, *(f"{a.arg}={a.arg}" for a in node.args.kwonlyargs)]
    condition = "\n        and ".join(inputs.conditions) or "True"
    original = f"{plain}({', '.join(passed)})"
    text = "\n".join([*functions, *body])
    lines = [
        "", "", *hasty(functions, body), *functions, f"@numba.njit([({types})], {OPTIONS})",
        f"def {compiled}({', '.join(inputs.names)}):", *body, *returned,
        "" if body or returned else "    pass", "", f"def {name}({parameters}):",
        f"    if not (\n        {condition}\n    ):",
        f"        return {original}",
        *guarded_call(inputs, f"made = {compiled}({', '.join(inputs.passed)})", original, text),
        *(f"    {line}" for line in changes), f"    return {result}", "",
    ]  # fmt: skip
    return Specialised(
        plain,
        "\n".join(lines),
        Shorter(called_once(inputs.machine, functions, body), inputs.machine.kernels.repeated),
    )
