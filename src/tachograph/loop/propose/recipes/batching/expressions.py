"""Arithmetic, products, comparisons and containers, for all rounds at once."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tachograph.loop.propose.recipes.batching.frame import Coded, rank_of
from tachograph.loop.propose.recipes.batching.indexing import Indexing
from tachograph.loop.propose.recipes.batching.values import (
    NUMBER,
    Array,
    CannotBatchError,
    Fields,
    Other,
    Row,
    Shape,
    Text,
    Value,
    joined,
)

OPERATORS: dict[type[ast.operator] | type[ast.cmpop] | type[ast.unaryop], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<",
    ast.RShift: ">>", ast.MatMult: "@", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=",
    ast.Gt: ">", ast.GtE: ">=", ast.USub: "-", ast.UAdd: "+", ast.Invert: "~",
}  # fmt: skip


class Expressions(Indexing):
    """Every expression but calls."""

    def translated(self, node: ast.expr) -> Coded:
        match node:
            case ast.Constant():
                return self._constant(node, node.value)
            case ast.Name(id=name):
                return name, self._named(name)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self.item(node)
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(left, op, right)
            case ast.UnaryOp(op=op, operand=operand):
                code, value = self.array(operand)
                sign = OPERATORS.get(type(op))
                made = f"({sign}{code})" if sign else f"{self.np}.logical_not({code})"
                return made, value
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                sign = OPERATORS.get(type(op))
                if sign is None:
                    raise CannotBatchError("comparison")
                return self._elementwise(left, sign, right)
            case ast.BoolOp(op=op, values=values):
                name = "logical_and" if isinstance(op, ast.And) else "logical_or"
                return self.folded(f"{self.np}.{name}", values)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._choice(test, body, orelse)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return self._row(node, items)
            case ast.Dict(keys=keys, values=values):
                return self._fields(keys, values)
            case ast.DictComp():
                return self._fields_of_fields(node)
            case ast.Call():
                return self.call(node)
        raise CannotBatchError(type(node).__name__)

    def call(self, node: ast.Call) -> Coded:
        raise NotImplementedError

    def _constant(self, node: ast.Constant, value: object) -> Coded:
        if isinstance(value, bool | int | float):
            return ast.unparse(node), NUMBER
        return ast.unparse(node), Text(frozenset({value})) if isinstance(value, str) else Other()

    def _named(self, name: str) -> Value:
        if name in self.values:
            return self.values[name]
        if name in self.facts.locals:
            raise CannotBatchError(f"{name} from an earlier round")
        return NUMBER if name in self.facts.module.constants else Other()

    def _attribute(self, node: ast.Attribute) -> Coded:
        dotted = self.facts.dotted(node)
        if dotted is not None:
            constant = dotted.rpartition(".")[2] in ("inf", "pi", "e", "nan")
            return ast.unparse(node), NUMBER if constant else Other()
        code, value = self.expr(node.value)
        if not isinstance(value, Array):
            raise CannotBatchError("attribute")
        if node.attr == "shape":
            return f"{code}.shape{'[1:]' if value.batched else ''}", Shape()
        if node.attr == "T":
            return self.transposed(code, value)
        if node.attr in ("size", "ndim") and not value.batched:
            return f"{code}.{node.attr}", NUMBER
        raise CannotBatchError(f"attribute {node.attr}")

    def transposed(self, code: str, value: Array) -> Coded:
        if not value.batched:
            return f"{code}.T", value
        rank = rank_of(value)
        if rank > 2:
            raise CannotBatchError("transpose of more than a matrix")
        return (f"{code}.swapaxes(1, 2)" if rank == 2 else code), value

    def _binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> Coded:
        if isinstance(op, ast.MatMult):
            return self.product(left, right)
        return self._elementwise(left, OPERATORS[type(op)], right)

    def _elementwise(self, left: ast.expr, sign: str, right: ast.expr) -> Coded:
        codes, value = self.lined_up([self.array(left), self.array(right)])
        return f"({codes[0]} {sign} {codes[1]})", value

    def folded(self, function: str, nodes: Sequence[ast.expr]) -> Coded:
        """A function of two applied along a list."""
        codes, value = self.lined_up([self.array(node) for node in nodes])
        made = codes[0]
        for code in codes[1:]:
            made = f"{function}({made}, {code})"
        return made, value

    def _choice(self, test: ast.expr, body: ast.expr, orelse: ast.expr) -> Coded:
        if self.touches_batched(test):
            parts = [self.array(test), self.array(body), self.array(orelse)]
            codes, value = self.lined_up(parts)
            return f"{self.np}.where({', '.join(codes)})", value
        (one, kind), (other, other_kind) = self.expr(body), self.expr(orelse)
        return f"({one} if {ast.unparse(test)} else {other})", joined(kind, other_kind)

    def product(self, left: ast.expr, right: ast.expr) -> Coded:
        """A matrix product of ranks 1 and 2."""
        (a, one), (b, other) = self.array(left), self.array(right)
        if not one.batched and not other.batched:
            ranks = (one.rank, other.rank)
            known = {(1, 1): 0, (1, 2): 1, (2, 1): 1, (2, 2): 2}
            return f"({a} @ {b})", Array(known.get((one.rank or 0, other.rank or 0))) if all(
                ranks
            ) else Array(None)
        match rank_of(one), rank_of(other):
            case 2, 2:
                return f"({a} @ {b})", Array(2, True)
            case 1, 2 if not other.batched:
                return f"({a} @ {b})", Array(1, True)
            case 1, 2:
                row = f"{a}[:, None, :]" if one.batched else f"{a}[None, None, :]"
                return f"({row} @ {b})[:, 0, :]", Array(1, True)
            case 2, 1 if not one.batched:
                return f"({b} @ {a}.T)", Array(1, True)
            case 2, 1 if not other.batched:
                return f"({a} @ {b})", Array(1, True)
            case 2, 1:
                return f"({a} @ {b}[:, :, None])[:, :, 0]", Array(1, True)
            case 1, 1 if one.batched and other.batched:
                return f"({a} * {b}).sum(axis=1)", Array(0, True)
            case 1, 1:
                return (f"({a} @ {b})" if one.batched else f"({b} @ {a})"), Array(0, True)
        raise CannotBatchError("product of more than matrices")

    def _row(self, node: ast.expr, items: Sequence[ast.expr]) -> Coded:
        coded = [self.expr(item) for item in items]
        text = ", ".join(code for code, _ in coded)
        made = f"[{text}]" if isinstance(node, ast.List) else f"({text}{',' if items else ''})"
        return made, Row(tuple(value for _, value in coded))

    def _fields(self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr]) -> Coded:
        codes, items = [], []
        for key, value in zip(keys, values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                raise CannotBatchError("key")
            code, kind = self.expr(value)
            codes.append(f"{key.value!r}: {code}")
            items.append((key.value, kind))
        return f"{{{', '.join(codes)}}}", Fields(tuple(items))

    def _fields_of_fields(self, node: ast.DictComp) -> Coded:
        """`{key: f(item) for key, item in fields.items()}`, entry by entry."""
        match node:
            case ast.DictComp(
                key=ast.Name(id=key),
                value=body,
                generators=[
                    ast.comprehension(
                        target=ast.Tuple(elts=[ast.Name(id=first), ast.Name(id=second)]),
                        iter=ast.Call(func=ast.Attribute(value=source, attr="items"), args=[]),
                        ifs=[],
                    )
                ],
            ) if key == first:
                code, fields = self.expr(source)
                if isinstance(fields, Fields):
                    return self._each_field(f"{code}.items()", fields, (first, second), body)
        raise CannotBatchError("comprehension")

    def _each_field(
        self, source: str, fields: Fields, names: tuple[str, str], body: ast.expr
    ) -> Coded:
        kept = dict(self.values)
        codes, items = set(), []
        for key, item in fields.items:
            self.values |= {names[0]: Text(frozenset({key})), names[1]: item}
            code, value = self.expr(body)
            codes.add(code)
            items.append((key, value))
        self.values = kept
        if len(codes) != 1:
            raise CannotBatchError("entries need unlike code")
        made = f"{{{names[0]}: {codes.pop()} for {names[0]}, {names[1]} in {source}}}"
        return made, Fields(tuple(items))
