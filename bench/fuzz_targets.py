"""Whatever reads bytes of another party: a reader each, and true examples to begin from.

A reader may return, or raise what it documents (EvidenceError); anything else is a finding.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tachograph import canon
from tachograph.brake.agreed import document
from tachograph.brake.heads import cosignature, fork, policy
from tachograph.brake.logs import commitment
from tachograph.brake.said import statement
from tachograph.brake.witness import protocol
from tachograph.errors import EvidenceError
from tachograph.ledger import Ledger, entry, kinds
from tachograph.merkle import checkpoint, note, proof, tile
from tachograph.merkle.levels import Levels
from tachograph.merkle.tree import prove_consistency, prove_inclusion

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/brake"))


@dataclass(frozen=True)
class Target:
    """A reader and what it reads."""

    read: Callable[[bytes], object]
    examples: tuple[bytes, ...]

    def takes(self, data: bytes) -> bool:
        """Whether it takes the bytes; whatever it may not raise comes through."""
        try:
            self.read(data)
        except EvidenceError:
            return False
        return True


LOG = note.SigningKey("example.com/log", bytes(range(32)))
WITNESS = cosignature.CosigningKey("example.net/w", bytes(range(1, 33)))


def text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """A reader of text, for bytes."""
    return lambda data: read(data.decode("utf-8", "replace"))


def targets(folder: Path) -> dict[str, Target]:
    """All of them, by name; `folder` is for a ledger that gives examples."""
    return {**formats(), **protocols(), **records(folder)}


def tree(forked: int) -> Levels:
    """A log's tree; from `forked` on it has other leaves."""
    levels = Levels()
    levels.extend(b"%d%s" % (at, b"!" * (at >= forked)) for at in range(20))
    return levels


def head(levels: Levels, size: int) -> str:
    """A signed and cosigned head."""
    body = checkpoint.format_checkpoint(checkpoint.Checkpoint(LOG.name, size, levels.root(size)))
    lines = (LOG.sign(body), WITNESS.cosign(body, 1_700_000_000))
    return note.format_note(note.Note(body, lines))


def formats() -> dict[str, Target]:
    """The formats of transparency logs."""
    levels = tree(20)
    signed = head(levels, 20)
    keys: list[note.VerifierKey] = [LOG.verifier, WITNESS.verifier]
    proven = proof.format_proof(proof.Proof(5, tuple(prove_inclusion(5, 20, levels.read)), signed))
    bundle = tile.format_bundle([b"", b"a leaf", b"x" * 300])
    return {
        "note": Target(
            text(lambda given: note.check_note(note.parse_note(given), keys)), (signed.encode(),)
        ),
        "checkpoint": Target(
            text(checkpoint.parse_checkpoint), (signed.partition("\n\n")[0].encode() + b"\n",)
        ),
        "verifier key": Target(text(note.parse_verifier_key), (str(LOG.verifier).encode(),)),
        "cosigner key": Target(
            text(cosignature.parse_cosigner_key), (str(WITNESS.verifier).encode(),)
        ),
        "proof": Target(
            text(lambda given: proof.check_proof(
                proof.parse_proof(given), data=b"5", origin=LOG.name, keys=[LOG.verifier]
            )),
            (proven.encode(),),
        ),
        "tile path": Target(
            text(tile.parse_path), (b"tile/0/x001/x234/067.p/8", b"tile/entries/000")
        ),
        "bundle": Target(lambda data: tile.parse_bundle(data, 3), (bundle,)),
        "canonical json": Target(canon.decode, ('{"a":[1,"€",null,true],"b":-5}'.encode(),)),
    }  # fmt: skip


def protocols() -> dict[str, Target]:
    """What witnesses and watchers say to one another."""
    levels, other = tree(20), tree(9)
    request = protocol.format_request(7, prove_consistency(7, 20, levels.read), head(levels, 20))
    found = fork.find_fork(head(levels, 12), head(other, 20), other.read)
    assert found is not None, "a log that forked has a fork"
    keys: list[note.VerifierKey] = [LOG.verifier, WITNESS.verifier]
    leaves = fork.leaf_fork(11, (head(levels, 12), head(other, 20)), (levels.read, other.read))
    rules = (
        f"log {LOG.verifier} https://example.com/log\nwitness w {WITNESS.verifier}\n"
        "group g 1 w\nquorum g\n"
    )
    held = checkpoint.Checkpoint(LOG.name, 7, levels.root(7))
    return {
        "policy": Target(policy.parse_policy, (rules.encode(),)),
        "witness request": Target(lambda data: answer(data, held), (request.encode(),)),
        "witness memory": Target(
            text(protocol.parse_held), (f"time 5\n\n{head(levels, 7)}".encode(),)
        ),
        "cosignature lines": Target(
            text(note.parse_signatures), (head(levels, 7).split("\n\n")[1].encode(),)
        ),
        "fork": Target(
            text(lambda given: fork.check_fork(fork.parse_fork(given), keys)),
            tuple(fork.format_fork(one).encode() for one in (found, leaves)),
        ),
        "heads": Target(
            text(fork.split_heads), (fork.join_heads([head(levels, 3), head(levels, 4)]).encode(),)
        ),
    }


def answer(data: bytes, held: checkpoint.Checkpoint) -> object:
    """A witness's answer."""
    received = protocol.receive(data, {LOG.name: [LOG.verifier]})
    if isinstance(received, protocol.Submitted):
        return protocol.follow(received, held)
    return received


def records(folder: Path) -> dict[str, Target]:
    """Entries, and what parties sign."""
    parties = importlib.import_module("parties")  # of the tests: a small agreement with its keys
    agreed = parties.document(LOG.verifier)
    said = parties.say(agreed, "aurora", 0)
    key = parties.key("aurora").verifier
    with Ledger.open(folder / "ledger", create=True) as ledger:
        ledger.append([("loop", [], kinds.RunResumed(run="r-1"))])
        (leaf,) = ledger.leaves()
        one = ledger.get(0)
    salt = bytes(32)
    withheld = commitment.commit(one, leaf, salt, named=True)
    opening = commitment.Opening(0, salt, leaf)
    return {
        "entry": Target(entry.decode, (leaf,)),
        "leaf": Target(commitment.parse_leaf, (leaf, commitment.format_commitment(withheld))),
        "opening": Target(commitment.parse_opening, (commitment.format_opening(opening),)),
        "agreement": Target(
            text(document.parse_document),
            (
                agreed.text.encode(),
                document.format_document(
                    document.sign_document(agreed, parties.key("aurora"))
                ).encode(),
            ),
        ),
        "statement": Target(
            text(lambda given: statement.open_envelope(given, key)), (said.encode(),)
        ),
        "unsigned statement": Target(text(statement.peek), (said.encode(),)),
    }
