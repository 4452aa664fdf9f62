"""Fetching a log's next entries, proven to be under its head, and the statements among them.

Memory: one bundle, and STEP_BYTES of statements. Proven by tests/brake/test_follow.py. Not covered:
who signed the head.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tachograph import canon
from tachograph.brake.logs.source import Source, hashes
from tachograph.errors import FormatError, ProofError
from tachograph.ledger import entry
from tachograph.ledger.kinds import StatementCopied, StatementPosted
from tachograph.merkle.checkpoint import Checkpoint
from tachograph.merkle.edge import Edge
from tachograph.merkle.levels import hash_leaves
from tachograph.merkle.tile import WIDTH, Tile, parse_bundle
from tachograph.merkle.tree import HASH_BYTES, check_consistency, prove_consistency

STEP_BYTES = 4 * 2**20
"""A batch ends when this much of statements has come."""
STEP_BUNDLES = 64
"""Most bundles in a batch."""
AGAIN = "ask again; where it stays so, ask the register's operator and tell the others"


@dataclass
class Batch:
    """What came with some entries, in order."""

    statements: list[StatementCopied] = field(default_factory=list)
    """The statements among them."""
    tiles: list[tuple[Tile, bytes]] = field(default_factory=list)
    """Tiles of hashes that they filled."""
    size: int = 0
    """Bytes of statements."""


def fetch_batch(edge: Edge, head: Checkpoint, source: Source) -> Batch:
    """Extend the edge by the entries that come next; return what came, proven to be under `head`.

    Raises ProofError and FormatError where what came is refused, and what the source raises; the
    edge is then of no use.
    """
    batch = Batch()
    for _ in range(STEP_BUNDLES):
        if edge.size == head.size or batch.size >= STEP_BYTES:
            break
        _fetch_bundle(edge, head, source, batch)
    _check(edge, head, source)
    return batch


def _fetch_bundle(edge: Edge, head: Checkpoint, source: Source, batch: Batch) -> None:
    index, skipped = divmod(edge.size, WIDTH)
    width = min(WIDTH, head.size - index * WIDTH)
    leaves = parse_bundle(source.tile(Tile("entries", index, width)), width)
    hashed = hash_leaves(leaves)
    if not edge.holds(hashed[: skipped * HASH_BYTES]):
        raise ProofError(f"bundle {index} is not what its tile says", hint=AGAIN)
    start = edge.size
    batch.tiles += edge.extend(hashed[skipped * HASH_BYTES :])
    for seq, leaf in enumerate(leaves[skipped:], start):
        body = _statement(seq, leaf, head.origin)
        if body is not None:
            batch.size += len(leaf)
            batch.statements.append(body)


def _check(edge: Edge, head: Checkpoint, source: Source) -> None:
    """Refuse the leaves hashed so far unless the head's tree begins with them."""
    if edge.size == head.size:
        if edge.root() != head.root:
            raise ProofError("the register's entries do not lead to its head", hint=AGAIN)
        return
    proof = prove_consistency(edge.size, head.size, hashes(source, head.size))
    check_consistency(
        old=edge.size, new=head.size, old_root=edge.root(), new_root=head.root, proof=proof
    )


def _statement(seq: int, leaf: bytes, origin: str) -> StatementCopied | None:
    """The copy of a leaf's statement; None where it is another entry, or one that is withheld.

    Raises FormatError for a statement that does not parse: to pass over it might pass over a pause.
    """
    if b'"kind":"StatementPosted"' not in leaf:
        return None
    plain = canon.decode(leaf)
    if not isinstance(plain, dict) or plain.get("kind") != "StatementPosted":
        return None
    if "commitment" in plain:
        raise FormatError(f"the register withholds statement {seq}", hint="ask it to publish it")
    posted = entry.decode(leaf)
    if posted.seq != seq or not isinstance(posted.body, StatementPosted):
        raise FormatError(f"entry {seq} of the register says it is {posted.seq}", hint=AGAIN)
    return StatementCopied(origin, seq, posted.time, posted.body.envelope)
