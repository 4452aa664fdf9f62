"""Proof that a key signed two histories, in one file that a stranger checks offline.

An instance; a later format would differ in its first line:

    tachograph-fork@v1
    history
    bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=
    sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

    example.com/log
    2
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/log hI2DJw...

    example.com/log
    3
    B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=

    — example.com/log hI2DJw...

Two signed heads of one origin, the smaller one first, and why no one log has both:

- `roots`: the sizes are the same, and the roots are not. Nothing else is needed.
- `history`: hashes that lead to the later root, and so say what the later tree begins with: another
  root than the one signed at that size. A consistency proof that fails would prove nothing, as
  anyone can make one; this one holds on the later side.
- `leaves`: `index 5`, then for each head `leaf HASH` and its inclusion proof: one place, two
  leaves.

A log that signs one history cannot be accused, by whatever mixture of its heads, without a
collision of SHA-256 or its key. Who also cosigned both heads is accused with it. Proven by
tests/brake/test_brake_fork.py. Not covered: which of the two histories is the true one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tachograph.errors import FormatError, ProofError
from tachograph.merkle.checkpoint import Checkpoint, parse_checkpoint, parse_size
from tachograph.merkle.note import (
    VerifierKey,
    check_note,
    decode_base64,
    encode_base64,
    parse_note,
)
from tachograph.merkle.tree import (
    Hashes,
    beginning_roots,
    check_inclusion,
    prove_beginning,
    prove_inclusion,
)

VERSION = "tachograph-fork@v1"
FORK_BYTES = 1 << 20
"""Longest file: two heads with 64 signatures of any algorithm, and two paths."""


@dataclass(frozen=True)
class TwoRoots:
    """The heads have one size and two roots."""


@dataclass(frozen=True)
class TwoHistories:
    """The later tree begins otherwise than the earlier head says."""

    seed: bytes
    """First hash of the consistency proof, 32 bytes."""
    path: tuple[bytes, ...]
    """The others, upwards."""


@dataclass(frozen=True)
class TwoLeaves:
    """The trees differ at one leaf."""

    index: int
    leaves: tuple[bytes, bytes]
    """Leaf hash under each head, 32 bytes."""
    paths: tuple[tuple[bytes, ...], tuple[bytes, ...]]
    """Inclusion proof under each head, from the leaf upwards."""


Evidence = TwoRoots | TwoHistories | TwoLeaves


@dataclass(frozen=True)
class Fork:
    """Two signed heads, and why they cannot both be of one log. Unchecked until `check_fork`."""

    heads: tuple[str, str]
    """Signed notes, as they were published; not the larger one first."""
    evidence: Evidence


@dataclass(frozen=True)
class Accused:
    """What a fork proves."""

    heads: tuple[Checkpoint, Checkpoint]
    keys: tuple[VerifierKey, ...]
    """Those of the given keys that signed both: the log's, and of witnesses."""


def check_fork(fork: Fork, keys: Sequence[VerifierKey]) -> Accused:
    """Return who signed two histories. Raises ProofError where that is not proven.

    `keys` come from elsewhere than the file: logs' keys, and witnesses' if they shall answer too.
    """
    heads = _heads(fork)
    if heads[0].origin != heads[1].origin:
        raise _refusal("the heads are of two logs")
    _check_evidence(fork.evidence, *heads)
    accused = tuple(key for key in keys if all(_signed(head, key) for head in fork.heads))
    if not accused:
        raise _refusal("none of the keys signed both heads")
    return Accused(heads, accused)


def find_fork(one: str, other: str, read: Hashes) -> Fork | None:
    """Return the fork between two signed heads of a log; None where one begins with the other.

    `read` reads nodes of the larger tree, and may fetch them from anyone: ProofError is raised
    where they are not that tree's. Signatures are not checked.
    """
    small, large = sorted((one, other), key=lambda note: parse_checkpoint(_text(note)).size)
    old, new = parse_checkpoint(_text(small)), parse_checkpoint(_text(large))
    if old.size == new.size:
        return None if old.root == new.root else Fork((small, large), TwoRoots())
    if old.size == 0:
        return None
    seed, path = prove_beginning(old.size, new.size, read)
    old_root, new_root = beginning_roots(old=old.size, new=new.size, seed=seed, path=path)
    if new_root != new.root:
        raise ProofError("the hashes are not of the signed tree", hint="fetch them again")
    if old_root == old.root:
        return None
    return Fork((small, large), TwoHistories(seed, tuple(path)))


def leaf_fork(index: int, heads: tuple[str, str], reads: tuple[Hashes, Hashes]) -> Fork:
    """Return the fork that one differing leaf shows, as read from both trees, smaller first."""
    sizes = [parse_checkpoint(_text(head)).size for head in heads]
    first, second = (
        (read([(0, index)])[0], tuple(prove_inclusion(index, size, read)))
        for read, size in zip(reads, sizes, strict=True)
    )
    return Fork(heads, TwoLeaves(index, (first[0], second[0]), (first[1], second[1])))


def format_fork(fork: Fork) -> str:
    """Return the fork as a file's text. Raises FormatError where it would not parse back."""
    heads = _heads(fork)
    if heads[0].size > heads[1].size:
        raise _bad("the smaller head comes first")
    return "\n".join([VERSION, *_format_evidence(fork.evidence)]) + "\n\n" + join_heads(fork.heads)


def parse_fork(text: str) -> Fork:
    """Return the fork that `text` spells, unchecked. Raises FormatError."""
    if len(text) > FORK_BYTES:
        raise _bad(f"a fork of more than {FORK_BYTES} bytes")
    start, _, rest = text.partition("\n\n")
    version, *lines = start.split("\n")
    if version != VERSION or not lines:
        raise _bad(f"not a {VERSION}")
    heads = split_heads(rest)
    if len(heads) != 2:
        raise _bad("a fork has two heads")
    fork = Fork((heads[0], heads[1]), _parse_evidence(lines))
    if format_fork(fork) != text:
        raise _bad("a fork has one spelling, and this is another")
    return fork


def join_heads(heads: Sequence[str]) -> str:
    """Return signed heads in one text, an empty line between two."""
    return "\n".join(heads)


def split_heads(text: str) -> list[str]:
    """Return the signed heads in a text, each parsed. Raises FormatError."""
    if not text:
        return []
    parts = text.removesuffix("\n").split("\n\n")
    if len(parts) % 2:
        raise _bad("a head is a checkpoint, an empty line and signature lines")
    heads = [f"{parts[at]}\n\n{parts[at + 1]}\n" for at in range(0, len(parts), 2)]
    for head in heads:
        parse_checkpoint(_text(head))
    return heads


def _check_evidence(evidence: Evidence, old: Checkpoint, new: Checkpoint) -> None:
    match evidence:
        case TwoRoots():
            if old.size != new.size or old.root == new.root:
                raise _refusal("not two roots of one size")
        case TwoHistories(seed, path):
            old_root, new_root = beginning_roots(old=old.size, new=new.size, seed=seed, path=path)
            if new_root != new.root:
                raise _refusal("the hashes do not lead to the later root")
            if old_root == old.root:
                raise _refusal("the later tree begins with the earlier one")
        case TwoLeaves(index, leaves, paths):
            if leaves[0] == leaves[1]:
                raise _refusal("one leaf, and not two")
            for head, leaf, path in zip((old, new), leaves, paths, strict=True):
                check_inclusion(leaf=leaf, index=index, size=head.size, proof=path, root=head.root)


def _format_evidence(evidence: Evidence) -> list[str]:
    match evidence:
        case TwoRoots():
            return ["roots"]
        case TwoHistories(seed, path):
            return ["history", *map(encode_base64, (seed, *path))]
        case TwoLeaves(index, leaves, paths):
            lines = ["leaves", f"index {index}"]
            for leaf, path in zip(leaves, paths, strict=True):
                lines += [f"leaf {encode_base64(leaf)}", *map(encode_base64, path)]
            return lines


def _parse_evidence(lines: Sequence[str]) -> Evidence:
    kind, *rest = lines
    if kind == "roots" and not rest:
        return TwoRoots()
    if kind == "history" and rest:
        seed, *path = map(decode_base64, rest)
        return TwoHistories(seed, tuple(path))
    starts = [at for at, line in enumerate(rest) if line.startswith("leaf ")]
    index = parse_size(rest[0].removeprefix("index ")) if rest else None
    if kind != "leaves" or index is None or len(starts) != 2 or starts[0] != 1:
        raise _bad("the evidence is `roots`, `history` or `leaves`")
    leaves = [decode_base64(rest[at].removeprefix("leaf ")) for at in starts]
    paths = [rest[starts[0] + 1 : starts[1]], rest[starts[1] + 1 :]]
    first, second = (tuple(map(decode_base64, path)) for path in paths)
    return TwoLeaves(index, (leaves[0], leaves[1]), (first, second))


def _heads(fork: Fork) -> tuple[Checkpoint, Checkpoint]:
    return parse_checkpoint(_text(fork.heads[0])), parse_checkpoint(_text(fork.heads[1]))


def _text(head: str) -> str:
    return parse_note(head).text


def _signed(head: str, key: VerifierKey) -> bool:
    try:
        check_note(parse_note(head), [key])
    except ProofError:
        return False
    return True


def _refusal(message: str) -> ProofError:
    return ProofError(f"no fork is proven: {message}", hint="keep both heads, and ask for more")


def _bad(message: str) -> FormatError:
    return FormatError(message, hint="ask whoever accuses for the file as it was made")
