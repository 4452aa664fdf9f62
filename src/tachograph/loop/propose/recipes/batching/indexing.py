"""Items, slices and gathers of arrays that may be batched."""

from __future__ import annotations

import ast

from tachograph.loop.propose.recipes.batching.frame import COUNT, Coded, Frame, rank_of
from tachograph.loop.propose.recipes.batching.values import (
    NUMBER,
    Array,
    CannotBatchError,
    Cut,
    Fields,
    Other,
    Row,
    Shape,
    Text,
    Value,
    all_joined,
    common_item,
)

Index = tuple[str, Value]


class Indexing(Frame):
    """`x[...]` of every kind of value."""

    def item(self, node: ast.Subscript) -> Coded:
        code, value = self.expr(node.value)
        match value:
            case Shape():
                return self._length(code, node.slice)
            case Fields():
                return self._field(code, value, node.slice)
            case Row():
                return self._row_item(code, value, node.slice)
            case Array():
                return self._array_item(code, value, node.slice)
        raise CannotBatchError("item of an unknown value")

    def _length(self, code: str, index: ast.expr) -> Coded:
        if isinstance(index, ast.Slice):
            return f"{code}[{ast.unparse(index)}]", Shape()
        position, _ = self.expr(index)
        return f"{code}[{position}]", NUMBER

    def _field(self, code: str, value: Fields, index: ast.expr) -> Coded:
        key_code, key = self.expr(index)
        fields = dict(value.items)
        options = key.options if isinstance(key, Text) else frozenset(fields)
        if not options <= set(fields):
            raise CannotBatchError("unknown key")
        return f"{code}[{key_code}]", all_joined(fields[option] for option in sorted(options))

    def _row_item(self, code: str, value: Row, index: ast.expr) -> Coded:
        match index:
            case ast.Constant(value=int(at)) if (
                -len(value.items or ()) <= at < len(value.items or ())
            ):
                assert value.items is not None
                return f"{code}[{at}]", value.items[at]
        if isinstance(index, ast.Slice):
            return f"{code}[{ast.unparse(index)}]", Row(None, common_item(value))
        position, kind = self.expr(index)
        common = common_item(value)
        if common is None or (isinstance(kind, Array) and kind.batched):
            raise CannotBatchError("item of a list")
        return f"{code}[{position}]", common

    def _array_item(self, code: str, value: Array, index: ast.expr) -> Coded:
        window = self._window(code, value, index)
        if window is not None:
            return window
        indices = [self.index(part) for part in parts_of(index)]
        spread = [v for _, v in indices if isinstance(v, Array) and (v.batched or v.rank != 0)]
        text = ", ".join(c for c, _ in indices)
        if not spread:
            taken = sum(isinstance(v, Array) for _, v in indices)
            added = sum(isinstance(v, Other) for _, v in indices)
            rank = None if value.rank is None else value.rank - taken + added
            front = ":, " if value.batched else ""
            return f"{code}[{front}{text}]", Array(rank, value.batched)
        if value.batched:
            return self._gather_batched(code, value, indices)
        return self._gather(code, value, indices)

    def index(self, node: ast.expr) -> Index:
        """One part of an index: an array or number, a slice (`Cut`), or a new axis (`Other`)."""
        if isinstance(node, ast.Slice):
            if self.touches_batched(node):
                raise CannotBatchError("slices of unlike places")
            return ast.unparse(node), Cut()
        if isinstance(node, ast.Constant) and node.value is None:
            return "None", Other()
        code, value = self.expr(node)
        if isinstance(value, Array | Cut):
            return code, value
        raise CannotBatchError("unknown index")

    def _gather(self, code: str, value: Array, indices: list[Index]) -> Coded:
        """Items of an array that all rounds share, at places of each round's own."""
        if any(isinstance(v, Other) for _, v in indices):
            raise CannotBatchError("new axis in a gather")
        arrays = [(c, v) for c, v in indices if isinstance(v, Array)]
        lined, top = self.lined_up(arrays)
        left = iter(lined)
        text = ", ".join(next(left) if isinstance(v, Array) else c for c, v in indices)
        rank = None if value.rank is None else value.rank - len(arrays) + rank_of(top)
        if len(arrays) == len(indices) or isinstance(indices[0][1], Array):
            leading = all(isinstance(v, Array) for _, v in indices[: len(arrays)])
            if not leading:
                raise CannotBatchError("arrays and slices mixed in an index")
            return f"{code}[{text}]", Array(rank, top.batched)
        if len(arrays) != 1 or top.rank != 0:
            raise CannotBatchError("arrays and slices mixed in an index")
        place = next(at for at, (_, v) in enumerate(indices) if isinstance(v, Array))
        return f"{self.np}.moveaxis({code}[{text}], {place}, 0)", Array(rank, top.batched)

    def _gather_batched(self, code: str, value: Array, indices: list[Index]) -> Coded:
        """Items of each round's own array."""
        arrays = [(c, v) for c, v in indices if isinstance(v, Array)]
        if len(arrays) < len(indices):
            raise CannotBatchError("arrays and slices mixed in an index")
        lined, top = self.lined_up(arrays)
        depth = rank_of(top)
        first = f"{self.np}.arange({COUNT})[:{', None' * depth}]"
        rank = None if value.rank is None else value.rank - len(arrays) + depth
        return f"{code}[{first}, {', '.join(lined)}]", Array(rank, True)

    def _window(self, code: str, value: Array, index: ast.expr) -> Coded | None:
        """`x[s : s + n]`, s of each round's own, as a gather. It takes x to be long enough."""
        match index:
            case ast.Slice(
                lower=ast.expr() as lower,
                upper=ast.BinOp(op=ast.Add()) as upper,
                step=None,
            ) if self.touches_batched(lower) and not value.batched:
                length = without(upper, lower)
                if length is None or self.touches_batched(length):
                    raise CannotBatchError("windows of unlike lengths")
                start, place = self.array(lower)
                if place.rank != 0:
                    raise CannotBatchError("windows that begin at arrays")
                steps = f"{self.np}.arange({ast.unparse(length)})"
                return f"{code}[{start}[:, None] + {steps}]", Array(value.rank, True)
        return None


def parts_of(index: ast.expr) -> list[ast.expr]:
    return list(index.elts) if isinstance(index, ast.Tuple) else [index]


def without(total: ast.expr, part: ast.expr) -> ast.expr | None:
    """`n + 1` from `s + n + 1` and `s`; None where the sum does not begin with the part."""
    if not isinstance(total, ast.BinOp) or not isinstance(total.op, ast.Add | ast.Sub):
        return None
    if ast.dump(total.left) == ast.dump(part):
        if isinstance(total.op, ast.Add):
            return total.right
        return None
    inner = without(total.left, part)
    return None if inner is None else ast.BinOp(inner, total.op, total.right)
