"""Frames between a run and the process that asks models: four bytes of length, then JSON.

Compatible with itself only: both ends are of one version. Not covered: anything but two pipes.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

HEADER = struct.Struct(">I")
MOST_BYTES = 256 << 20
"""A guard against a stream that is out of step; what is sent is bounded long before."""


def encode_frame(value: Any) -> bytes:
    """The bytes of one frame."""
    data = json.dumps(value).encode()
    return HEADER.pack(len(data)) + data


def frame_length(header: bytes) -> int:
    """Bytes that follow. Raises ValueError where the stream is out of step."""
    length: int = HEADER.unpack(header)[0]
    if length > MOST_BYTES:
        raise ValueError(f"a frame of {length} bytes")
    return length


def read_frame(stream: IO[bytes]) -> Any:
    """The next value; None at the end, also one in the middle of a frame. Raises ValueError."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    length = frame_length(header)
    data = stream.read(length)
    return json.loads(data) if len(data) == length else None
