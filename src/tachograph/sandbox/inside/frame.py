"""The wire format between judge and box: plain values as bytes, never pickle.

    length of the head (8 bytes, little endian) | head (JSON, UTF-8) | arrays, each aligned to 64

The head is a JSON tree of tagged nodes: `null`, booleans, strings and finite floats stand for
themselves; `["i", "12"]` an integer, `["f", "nan"]` a float that JSON lacks, `["l", [...]]` a list,
`["d", [[key, node], ...]]` a dict with string keys, `["b", offset, size]` bytes,
`["a", "<f8", [3, 4], offset]` a C-contiguous array. A later version will begin with another tag.

Decoding trusts nothing: every offset, size, depth, dtype and count is checked before it is used.
Proven by tests/sandbox/test_frame.py. Not covered: subclasses, masked arrays, objects, cycles.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any, List, Tuple

MAX_DEPTH = 32
MAX_NODES = 1_000_000
MAX_MARKS = 12 * MAX_NODES
"""Brackets and quotes in the head, which JSON's reader turns into objects before nodes are counted.
No node of ours takes more than nine."""
MAX_DIGITS = 1024
ALIGN = 64
DTYPES = frozenset(
    ["|b1", "|i1", "|u1"] + ["<" + c + w for c in "iu" for w in "248"]
    + ["<f2", "<f4", "<f8", "<c8", "<c16"]
)  # fmt: skip


class FrameError(ValueError):
    """A value that cannot be sent, or bytes that are no frame."""


class Encoder:
    """Turns one value into a head and blobs."""

    def __init__(self) -> None:
        self.blobs: List[Tuple[int, Any]] = []
        self.end = 0
        self.nodes = 0
        self.numpy = sys.modules.get("numpy")

    def place(self, data: Any, size: int) -> int:
        """Reserve room for a blob; its offset."""
        offset = (self.end + ALIGN - 1) // ALIGN * ALIGN
        self.blobs.append((offset, data))
        self.end = offset + size
        return offset

    def node(self, value: Any, depth: int) -> Any:
        """The head's node for `value`."""
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise FrameError(f"nested deeper than {MAX_DEPTH}")
        if self.nodes > MAX_NODES:
            raise FrameError(f"more than {MAX_NODES} values")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return unicode(str(value))
        if isinstance(value, int):
            text = format(int(value), "x")
            if len(text) > MAX_DIGITS:
                raise FrameError(f"an integer of more than {MAX_DIGITS} hexadecimal digits")
            return ["i", text]
        if isinstance(value, float):
            number = float(value)
            return number if math.isfinite(number) else ["f", repr(number)]
        if isinstance(value, (bytes, bytearray)):
            return ["b", self.place(bytes(value), len(value)), len(value)]
        if isinstance(value, (list, tuple)):
            return ["l", [self.node(item, depth + 1) for item in value]]
        if isinstance(value, dict):
            return ["d", [[self.key(k), self.node(v, depth + 1)] for k, v in value.items()]]
        return self.array(value)

    def key(self, key: Any) -> str:
        """A dict's key: text only."""
        if not isinstance(key, str):
            raise FrameError(f"a dict key is {type(key).__name__}, not str")
        return unicode(str(key))

    def array(self, value: Any) -> Any:
        """An array's node. Computes whatever a lazy array put off: here, on the clock."""
        if self.numpy is None or not isinstance(value, (self.numpy.ndarray, self.numpy.generic)):
            raise FrameError(f"{type(value).__name__} is not a plain value or a NumPy array")
        if isinstance(value, self.numpy.generic):
            plain = value.item()
            if isinstance(plain, self.numpy.generic):
                raise FrameError(f"{type(value).__name__} is not sent")
            return self.node(plain, 0)
        plain = self.numpy.ascontiguousarray(self.numpy.asarray(value)).reshape(value.shape)
        if plain.dtype.byteorder == ">":
            plain = plain.astype(plain.dtype.newbyteorder("<"))
        if plain.dtype.str not in DTYPES:
            raise FrameError(f"arrays of {plain.dtype} are not sent")
        shape = [int(n) for n in plain.shape]
        raw = plain.reshape(-1).view(self.numpy.uint8).data
        return ["a", plain.dtype.str, shape, self.place(raw, plain.nbytes)]


def encode(value: Any) -> List[Any]:
    """Buffers that make up the frame, in order. Raises FrameError for what is not plain."""
    encoder = Encoder()
    head = json.dumps(encoder.node(value, 0), allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    start = 8 + len(head)
    padding = -start % ALIGN
    parts: List[Any] = [len(head).to_bytes(8, "little"), head, b" " * padding]
    end = 0
    for offset, data in encoder.blobs:
        if offset > end:
            parts.append(bytes(offset - end))
        size = data.nbytes if isinstance(data, memoryview) else len(data)
        if size:
            parts.append(data)
        end = offset + size
    return parts


def encode_bytes(value: Any) -> bytes:
    """The frame as one piece."""
    return b"".join(encode(value))


class Decoder:
    """Reads one frame from a buffer that an adversary may have written."""

    def __init__(self, buffer: memoryview, start: int, copy: bool) -> None:
        self.buffer = buffer
        self.start = start
        self.copy = copy
        self.nodes = 0
        self.left = len(buffer)

    def value(self, node: Any, depth: int) -> Any:
        """The value that `node` stands for."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise FrameError("too deep or too many values")
        if node is None or isinstance(node, bool):
            return node
        if isinstance(node, float) and math.isfinite(node):
            return node
        if isinstance(node, str):
            return unicode(node)
        if not isinstance(node, list) or len(node) < 2:
            raise FrameError("an unknown node")
        tag, rest = node[0], node[1:]
        if (
            tag == "i"
            and len(rest) == 1
            and isinstance(rest[0], str)
            and len(rest[0]) <= MAX_DIGITS
        ):
            return self.integer(rest[0])
        if tag == "f" and rest in (["nan"], ["inf"], ["-inf"]):
            return float(rest[0])
        if tag == "l" and len(rest) == 1 and isinstance(rest[0], list):
            return [self.value(item, depth + 1) for item in rest[0]]
        if tag == "d" and len(rest) == 1 and isinstance(rest[0], list):
            return self.mapping(rest[0], depth)
        if tag == "b" and len(rest) == 2:
            return bytes(self.blob(rest[0], rest[1]))
        if tag == "a" and len(rest) == 3:
            return self.array(*rest)
        raise FrameError("an unknown node")

    def integer(self, text: str) -> int:
        """A whole number, from hexadecimal digits."""
        try:
            return int(text, 16)
        except ValueError:
            raise FrameError("an integer that is none") from None

    def mapping(self, pairs: List[Any], depth: int) -> Any:
        """A dict; a key twice is refused."""
        result = {}
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
                raise FrameError("a dict entry that is none")
            if pair[0] in result:
                raise FrameError("a dict key twice")
            result[unicode(pair[0])] = self.value(pair[1], depth + 1)
        return result

    def blob(self, offset: Any, size: Any) -> memoryview:
        """Part of the buffer, checked."""
        for number in (offset, size):
            if type(number) is not int or number < 0:
                raise FrameError("an offset or a size that is none")
        if offset % ALIGN or self.start + offset + size > len(self.buffer):
            raise FrameError("a blob outside the frame")
        self.left -= size
        if self.left < 0:
            raise FrameError("blobs that overlap")  # a small frame would become a large value
        return self.buffer[self.start + offset : self.start + offset + size]

    def array(self, dtype: Any, shape: Any, offset: Any) -> Any:
        """An array over the buffer (or a copy of it)."""
        import numpy

        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise FrameError("an array of a dtype that is not sent")
        if not isinstance(shape, list) or len(shape) > 16:
            raise FrameError("a shape that is none")
        count = 1
        for length in shape:
            if type(length) is not int or length < 0:
                raise FrameError("a shape that is none")
            count *= length
        kind = numpy.dtype(dtype)
        data = self.blob(offset, count * kind.itemsize)
        flat = numpy.frombuffer(data, dtype=kind) if count else numpy.empty(0, kind)
        if dtype == "|b1" and count and int(flat.view(numpy.uint8).max()) > 1:
            raise FrameError("a truth value that is neither 0 nor 1")
        try:
            return (flat.copy() if self.copy else flat).reshape(shape)
        except (ValueError, OverflowError):
            raise FrameError("a shape that is none") from None


def decode(buffer: Any, copy: bool = True) -> Any:
    """The value in a frame. `copy=False`: arrays share the buffer's memory. Raises FrameError."""
    view = memoryview(buffer).cast("B")
    if len(view) < 8:
        raise FrameError("shorter than a frame's length")
    length = int.from_bytes(view[:8], "little")
    if length > len(view) - 8:
        raise FrameError("the head is longer than the frame")
    raw = bytes(view[8 : 8 + length])
    if sum(map(raw.count, (b"[", b"{", b'"'))) > MAX_MARKS:
        raise FrameError("too many values")
    try:
        head = json.loads(raw.decode(), parse_constant=refuse)
    except RecursionError:
        raise FrameError("nested too deeply") from None
    except ValueError as error:
        raise FrameError(f"the head is no JSON: {str(error)[:80]}") from None
    start = (8 + length + ALIGN - 1) // ALIGN * ALIGN
    return Decoder(view, start, copy).value(head, 0)


def unicode(text: str) -> str:
    """`text`, if it is whole: half a surrogate pair could be neither stored nor shown."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FrameError("text that is not Unicode") from None
    return text


def refuse(constant: str) -> Any:
    """JSON's non-standard NaN and Infinity."""
    raise ValueError(f"{constant} is no JSON")
