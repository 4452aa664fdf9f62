"""Checkpoints: what a log says of itself at one size (C2SP tlog-checkpoint).

An instance, the text that a note signs:

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

Parsing is strict: decode, encode again, compare. Extension lines are kept as they are; a later
format can only add such lines. Proven by tests/merkle/test_merkle_checkpoint.py. Not covered:
signatures (note.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from tachograph.errors import FormatError
from tachograph.merkle.note import decode_base64, encode_base64


@dataclass(frozen=True)
class Checkpoint:
    """Origin, size and root of a log."""

    origin: str
    """Which log; not empty."""
    size: int
    """Number of leaves."""
    root: bytes
    """Root over them, 32 bytes."""
    extensions: tuple[str, ...] = ()
    """Further lines, not empty; not recommended."""


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Return the checkpoint as a note's text. Raises FormatError where it would not parse back."""
    lines = [
        checkpoint.origin,
        str(checkpoint.size),
        encode_base64(checkpoint.root),
        *checkpoint.extensions,
    ]
    if checkpoint.size < 0 or len(checkpoint.root) != 32:
        raise _refusal("a checkpoint has a size from 0 and a root of 32 bytes")
    if not all(lines) or any("\n" in line for line in lines):
        raise _refusal("a checkpoint's lines are not empty")
    return "\n".join(lines) + "\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text spells. Raises FormatError."""
    lines = text.split("\n")
    if len(lines) < 4:
        raise _refusal("a checkpoint has an origin, a size and a root")
    origin, size, root, *extensions = lines[:-1]
    if not size.isascii() or not size.isdigit() or len(size) > 20:
        raise _refusal("the size is not a number")
    checkpoint = Checkpoint(origin, int(size), decode_base64(root), tuple(extensions))
    if format_checkpoint(checkpoint) != text:
        raise _refusal("a checkpoint has one spelling, and this is another")
    return checkpoint


def parse_size(text: str) -> int | None:
    """Return the size that `text` spells in the one way there is; None where it spells none."""
    if not text.isascii() or not text.isdigit() or len(text) > 20 or str(int(text)) != text:
        return None
    return int(text)


def _refusal(message: str) -> FormatError:
    return FormatError(message, hint="fetch it again as it was published")
