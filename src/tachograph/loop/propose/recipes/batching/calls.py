"""Calls of NumPy, of `math`, of builtins and of methods, for all rounds at once."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tachograph.loop.propose.recipes.batching.expressions import Expressions
from tachograph.loop.propose.recipes.batching.frame import COUNT, Coded, rank_of
from tachograph.loop.propose.recipes.batching.values import (
    NUMBER,
    Array,
    CannotBatchError,
    Cut,
    Fields,
    Row,
    Shape,
)
from tachograph.loop.propose.recipes.pure_calls import NUMPY_ELEMENTWISE, NUMPY_REDUCING

FROM_MATH = {"fabs": "abs", "atan2": "arctan2", "pow": "power", "asin": "arcsin", "acos": "arccos"}
LIKE = ("zeros_like", "ones_like", "empty_like", "full_like")
MAKERS = ("zeros", "ones", "empty", "full")
MATRICES = ("eye", "identity", "tri")


class Calls(Expressions):
    """Every call but those of the program's own functions."""

    def call(self, node: ast.Call) -> Coded:
        target = self.facts.target(node)
        module, _, name = target.rpartition(".")
        if target.startswith("own:"):
            return self.own_call(target[4:], node)
        if module == "math":
            return self._elementwise_call(FROM_MATH.get(name, name), node)
        if module == "numpy":
            return self._numpy(name, node)
        if target.startswith(".") and isinstance(node.func, ast.Attribute):
            return self._method(name, node.func.value, node)
        return self._builtin(target, node)

    def own_call(self, name: str, node: ast.Call) -> Coded:
        raise NotImplementedError

    def _elementwise_call(self, name: str, node: ast.Call) -> Coded:
        if name not in NUMPY_ELEMENTWISE or node.keywords or not node.args:
            raise CannotBatchError(f"call of {name}")
        codes, value = self.lined_up([self.array(item) for item in node.args])
        return f"{self.np}.{name}({', '.join(codes)})", value

    def _numpy(self, name: str, node: ast.Call) -> Coded:
        if name in NUMPY_ELEMENTWISE:
            return self._elementwise_call(name, node)
        if name in NUMPY_REDUCING and node.args:
            return self._reduction(name, node.args[0], node.args[1:], node.keywords)
        if name in ("dot", "matmul") and len(node.args) == 2:
            return self.product(node.args[0], node.args[1])
        if name in LIKE and node.args:
            code, value = self.array(node.args[0])
            rest = "".join(f", {ast.unparse(item)}" for item in [*node.args[1:], *node.keywords])
            return f"{self.np}.{name}({code}{rest})", value
        if name == "outer" and len(node.args) == 2:
            (a, one), (b, other) = self.array(node.args[0]), self.array(node.args[1])
            if rank_of(one) == 1 and rank_of(other) == 1:
                column = f"{a}[:, :, None]" if one.batched else f"{a}[:, None]"
                row = f"{b}[:, None, :]" if other.batched else b
                return f"({column} * {row})", Array(2, one.batched or other.batched)
        if name == "transpose" and len(node.args) == 1 and not node.keywords:
            return self.transposed(*self.array(node.args[0]))
        if name in ("tril", "triu", "copy", "ascontiguousarray", "asarray") and node.args:
            code, value = self.array(node.args[0])
            rest = "".join(f", {ast.unparse(item)}" for item in [*node.args[1:], *node.keywords])
            return f"{self.np}.{name}({code}{rest})", value
        if not self.touches_batched(node):
            return self._made(name, node)
        raise CannotBatchError(f"numpy.{name}")

    def _made(self, name: str, node: ast.Call) -> Coded:
        """An array that all rounds share, by the rank that its maker gives it."""
        code = ast.unparse(node)
        if name in MAKERS and node.args:
            shape = node.args[0]
            if isinstance(shape, ast.Tuple):
                return code, Array(len(shape.elts))
            known = self.inferred(shape)
            return code, Array(1 if known == NUMBER else None)
        if name in ("arange", "linspace"):
            return code, Array(1)
        if name in MATRICES:
            return code, Array(2)
        if name == "array" and node.args:
            return code, Array(depth(node.args[0]))
        return code, Array(None)

    def _reduction(
        self,
        name: str,
        node: ast.expr,
        arguments: Sequence[ast.expr],
        keywords: Sequence[ast.keyword],
    ) -> Coded:
        code, value = self.array(node)
        given = {keyword.arg: keyword.value for keyword in keywords}
        if arguments:
            given["axis"] = arguments[0]
        axis_node = given.pop("axis", None)
        keeps = given.pop("keepdims", None)
        rank = rank_of(value)
        if given or len(arguments) > 1:
            raise CannotBatchError("reduction")
        kept = isinstance(keeps, ast.Constant) and keeps.value is True
        axis = self._axis(axis_node)
        if axis is None and axis_node is not None:
            raise CannotBatchError("axis")
        left = rank if kept else 0 if axis is None else rank - 1
        text = f"{', axis=' + str(axis) if axis is not None else ''}"
        if value.batched:
            if axis is None and name.startswith("arg") and rank != 1:
                raise CannotBatchError("position in a matrix")
            every = ", ".join(str(at) for at in range(1, rank + 1))
            moved = f"({every},)" if axis is None else str(axis + 1 if axis >= 0 else axis)
            if axis is None and name.startswith("arg"):
                moved = "1"
            text = f", axis={moved}"
            if rank == 0:
                return code, value
        return (
            f"{self.np}.{name}({code}{text}{', keepdims=True' if kept else ''})",
            Array(left, value.batched),
        )

    def _axis(self, node: ast.expr | None) -> int | None:
        match node:
            case ast.Constant(value=int(axis)):
                return axis
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(axis))):
                return -axis
        return None

    def _method(self, name: str, receiver: ast.expr, node: ast.Call) -> Coded:
        if name in NUMPY_REDUCING:
            return self._reduction(name, receiver, node.args, node.keywords)
        if name == "dot" and len(node.args) == 1:
            return self.product(receiver, node.args[0])
        if name == "transpose" and not node.args:
            return self.transposed(*self.array(receiver))
        code, value = self.array(receiver)
        rest = ", ".join(ast.unparse(item) for item in [*node.args, *node.keywords])
        if any(self.touches_batched(item) for item in [*node.args, *node.keywords]):
            raise CannotBatchError("argument of a method")
        if name in ("copy", "astype", "round"):
            return f"{code}.{name}({rest})", value
        if name == "reshape" and not node.keywords:
            sizes = node.args
            if len(sizes) == 1 and isinstance(sizes[0], ast.Tuple):
                sizes = sizes[0].elts
            rest = ", ".join(ast.unparse(item) for item in sizes)
            front = f"{COUNT}, " if value.batched else ""
            return f"{code}.reshape({front}{rest})", Array(len(sizes), value.batched)
        if name == "item" or (name == "tolist" and not value.batched):
            raise CannotBatchError(name)
        raise CannotBatchError(f"method {name}")

    def _builtin(self, name: str, node: ast.Call) -> Coded:
        if name == "slice" and not self.touches_batched(node):
            return ast.unparse(node), Cut()
        if name == "range":
            sizes = [self.array(item) for item in node.args]
            if any(value.batched for _, value in sizes):
                raise CannotBatchError("a length of each round's own")
            return f"range({', '.join(code for code, _ in sizes)})", Row(None, NUMBER)
        if name == "reversed" and len(node.args) == 1:
            code, value = self.expr(node.args[0])
            return f"reversed({code})", value
        if len(node.args) == 1 and name in ("len", "float", "int", "abs", "round"):
            return self._of_one(name, node.args[0])
        if name in ("min", "max") and len(node.args) > 1 and not node.keywords:
            if not self.touches_batched(node):
                return ast.unparse(node), NUMBER
            return self.folded(f"{self.np}.{name}imum", node.args)
        raise CannotBatchError(f"call of {name}")

    def _of_one(self, name: str, argument: ast.expr) -> Coded:
        code, value = self.expr(argument)
        if name == "len":
            if isinstance(value, Array) and value.batched:
                return f"{code}.shape[1]", NUMBER
            if isinstance(value, Array | Row | Fields | Shape):
                return f"len({code})", NUMBER
            raise CannotBatchError("length of an unknown value")
        if not isinstance(value, Array) or value.rank != 0:
            raise CannotBatchError(f"{name} of an array")
        if not value.batched:
            return f"{name}({code})", NUMBER
        made = {
            "float": code,
            "int": f"{code}.astype({self.np}.int64)",
            "abs": f"{self.np}.abs({code})",
            "round": f"{self.np}.round({code})",
        }
        return made[name], value


def depth(node: ast.expr) -> int | None:
    """The rank of `np.array` of a display."""
    if isinstance(node, ast.List | ast.Tuple) and node.elts:
        inner = depth(node.elts[0])
        return None if inner is None else inner + 1
    return 0 if isinstance(node, ast.Constant | ast.UnaryOp) else None
