"""Proofs against other people's vectors, and against the definition written down naively."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.errors import ProofError, UsageError
from tachograph.merkle.levels import Levels
from tachograph.merkle.tree import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
)

DATA = [bytes([index]) * (index % 5) for index in range(200)]
LEVELS = Levels()
LEVELS.extend(DATA)


def naive_root(data: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not data:
        return EMPTY_ROOT
    if len(data) == 1:
        return leaf_hash(data[0])
    split = 1
    while split * 2 < len(data):
        split *= 2
    return node_hash(naive_root(data[:split]), naive_root(data[split:]))


def naive_path(index: int, data: list[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1, word for word."""
    if len(data) <= 1:
        return []
    split = 1
    while split * 2 < len(data):
        split *= 2
    if index < split:
        return [*naive_path(index, data[:split]), naive_root(data[split:])]
    return [*naive_path(index - split, data[split:]), naive_root(data[:split])]


def naive_growth(old: int, data: list[bytes], whole: bool = True) -> list[bytes]:
    """RFC 6962, section 2.1.2, word for word."""
    if old == len(data):
        return [] if whole else [naive_root(data)]
    split = 1
    while split * 2 < len(data):
        split *= 2
    if old <= split:
        return [*naive_growth(old, data[:split], whole), naive_root(data[split:])]
    return [*naive_growth(old - split, data[split:], False), naive_root(data[:split])]


def cases(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of each vector below the folder."""
    for path in sorted(folder.rglob("*.json")):
        yield str(path.relative_to(folder)), json.loads(path.read_text())


def decoded(text: str | None) -> bytes:
    """A hash of a vector."""
    return base64.b64decode(text or "")


def inclusion_holds(case: dict[str, Any]) -> bool:
    """Our verdict on an inclusion vector."""
    try:
        check_inclusion(
            leaf=decoded(case["leafHash"]),
            index=case["leafIdx"],
            size=case["treeSize"],
            proof=[decoded(hash_) for hash_ in case["proof"] or []],
            root=decoded(case["root"]),
        )
    except ProofError:
        return False
    return True


def consistency_holds(case: dict[str, Any]) -> bool:
    """Our verdict on a consistency vector."""
    try:
        check_consistency(
            old=case["size1"],
            new=case["size2"],
            old_root=decoded(case["root1"]),
            new_root=decoded(case["root2"]),
            proof=[decoded(hash_) for hash_ in case["proof"] or []],
        )
    except ProofError:
        return False
    return True


def test_inclusion_vectors(vectors: Path) -> None:
    """All 98 published inclusion verdicts are ours, also on the root and leaf of no bytes."""
    found = dict(cases(vectors / "transparency-dev-merkle/testdata/inclusion"))
    assert len(found) == 98
    assert "single-entry/empty-root-and-leaf.json" in found
    assert [n for n, case in found.items() if inclusion_holds(case) == case["wantErr"]] == []


def test_consistency_vectors(vectors: Path) -> None:
    """All 98 published consistency verdicts are ours, also on equal roots of twelve bytes."""
    found = dict(cases(vectors / "transparency-dev-merkle/testdata/consistency"))
    assert len(found) == 98
    assert "additional/sizes-are-equal-one-and-proof-is-empty.json" in found
    assert [n for n, case in found.items() if consistency_holds(case) == case["wantErr"]] == []


def test_subtree_inclusion_vectors(vectors: Path) -> None:
    """A subtree is a tree whose leaves begin elsewhere: all 204 published verdicts are ours."""
    found = dict(cases(vectors / "transparency-dev-merkle/testdata/subtreeinclusion"))
    assert len(found) == 204
    for name, case in found.items():
        size = case["end"] - case["start"]
        aligned = size > 0 and case["start"] % (1 << (size - 1).bit_length()) == 0
        moved = case | {"leafIdx": case["leafIdx"] - case["start"], "treeSize": size}
        assert (aligned and inclusion_holds(moved)) != case["wantErr"], name


def test_subtree_consistency_vectors(vectors: Path) -> None:
    """Of subtrees from leaf 0 on, which is what heads are, all verdicts but one are ours.

    That one takes any root for the tree of nothing. The 16 vectors of subtrees from elsewhere are
    for a kind of cosignature that nothing here makes or reads.
    """
    found = dict(cases(vectors / "transparency-dev-merkle/testdata/subtreeconsistency"))
    heads = {name: case for name, case in found.items() if case["start"] == 0}
    assert (len(found), len(heads)) == (118, 102)
    odd = [
        name
        for name, case in heads.items()
        if consistency_holds({"size1": case["end"], "size2": case["size"], **case})
        == case["wantErr"]
    ]
    assert [Path(name).stem for name in odd] == [
        "subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-tree-root-random-proof-is-empty"
    ]


@given(st.integers(0, len(DATA)), st.data())
def test_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    """Root, inclusion and consistency proofs equal the naive recursive ones, at every size."""
    assert LEVELS.root(size) == naive_root(DATA[:size])
    if size:
        index = data.draw(st.integers(0, size - 1))
        assert prove_inclusion(index, size, LEVELS.read) == naive_path(index, DATA[:size])
        old = data.draw(st.integers(1, size))
        assert prove_consistency(old, size, LEVELS.read) == naive_growth(old, DATA[:size])


@given(st.integers(1, len(DATA)), st.data())
def test_every_changed_byte_of_an_inclusion_proof_is_refused(
    size: int, data: st.DataObject
) -> None:
    """A proof with one bit changed, one hash more or one hash less does not check."""
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(index, size, LEVELS.read)
    for bad in damaged(proof, data):
        with pytest.raises(ProofError):
            check_inclusion(
                leaf=leaf_hash(DATA[index]),
                index=index,
                size=size,
                proof=bad,
                root=LEVELS.root(size),
            )


@given(st.integers(1, len(DATA)), st.data())
def test_every_changed_byte_of_a_consistency_proof_is_refused(
    size: int, data: st.DataObject
) -> None:
    """A proof with one bit changed, one hash more or one hash less does not check."""
    old = data.draw(st.integers(1, size))
    proof = prove_consistency(old, size, LEVELS.read)
    roots = {"old_root": LEVELS.root(old), "new_root": LEVELS.root(size)}
    check_consistency(old=old, new=size, proof=proof, **roots)
    for bad in damaged(proof, data):
        with pytest.raises(ProofError):
            check_consistency(old=old, new=size, proof=bad, **roots)


def damaged(proof: list[bytes], data: st.DataObject) -> Iterator[list[bytes]]:
    """Proofs that differ from a good one."""
    yield [*proof, EMPTY_ROOT]
    if proof:
        yield proof[:-1]
        place = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        flipped = int.from_bytes(proof[place], "big") ^ (1 << bit)
        yield [*proof[:place], flipped.to_bytes(32, "big"), *proof[place + 1 :]]
        yield [*proof[:place], proof[place][:-1], *proof[place + 1 :]]


def test_another_history_is_refused() -> None:
    """A tree that rewrote one early leaf has no consistency proof from the old one."""
    rewritten = Levels()
    rewritten.extend([b"rewritten", *DATA[1:]])
    for old in range(1, 40):
        with pytest.raises(ProofError):
            check_consistency(
                old=old,
                new=64,
                old_root=LEVELS.root(old),
                new_root=rewritten.root(64),
                proof=prove_consistency(old, 64, rewritten.read),
            )


def test_roots_of_other_lengths_are_refused() -> None:
    """A cut root is refused as such, before any hashing."""
    with pytest.raises(ProofError, match="a hash of 31 bytes"):
        check_consistency(
            old=4,
            new=5,
            old_root=LEVELS.root(4)[1:],
            new_root=LEVELS.root(5),
            proof=prove_consistency(4, 5, LEVELS.read),
        )


def test_two_roots_for_one_size_are_called_a_fork() -> None:
    """Equal sizes with different roots are refused in words that say what that means."""
    with pytest.raises(ProofError, match="forked"):
        check_consistency(old=3, new=3, old_root=LEVELS.root(3), new_root=LEVELS.root(4), proof=[])


def test_impossible_questions_are_usage_errors() -> None:
    """A leaf outside the tree, or a beginning longer than the tree, cannot be proven."""
    for ask in (
        lambda: prove_inclusion(5, 5, LEVELS.read),
        lambda: prove_inclusion(-1, 5, LEVELS.read),
        lambda: prove_consistency(6, 5, LEVELS.read),
    ):
        with pytest.raises(UsageError):
            ask()
