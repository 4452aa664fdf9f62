"""Forks: two histories are proven to a stranger, and nobody who signed one is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.brake.heads.cosignature import CosigningKey
from tachograph.brake.heads.fork import (
    Fork,
    TwoHistories,
    TwoLeaves,
    TwoRoots,
    check_fork,
    find_fork,
    format_fork,
    join_heads,
    leaf_fork,
    parse_fork,
    split_heads,
)
from tachograph.errors import EvidenceError, FormatError, ProofError
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.levels import Levels
from tachograph.merkle.note import Note, SigningKey, VerifierKey, format_note, sign_note
from tachograph.merkle.tree import prove_beginning

KEY = SigningKey("example.com/log", bytes(range(32)))
WITNESS = CosigningKey("example.net/witness", bytes(range(1, 33)))
SIZE = 40


def tree(forked: int = SIZE) -> Levels:
    """A log's tree; from `forked` on it has other leaves."""
    levels = Levels()
    levels.extend(b"%d%s" % (at, b"!" * (at >= forked)) for at in range(SIZE))
    return levels


HONEST = tree()


def head(
    size: int, levels: Levels = HONEST, key: SigningKey = KEY, *cosigners: CosigningKey
) -> str:
    """A signed head."""
    text = format_checkpoint(Checkpoint(key.name, size, levels.root(size)))
    lines = tuple(cosigner.cosign(text, 5) for cosigner in cosigners)
    return format_note(Note(text, sign_note(text, key).signatures + lines))


def forks() -> list[Fork]:
    """One of each kind, of a log that forked at leaf 9."""
    other = tree(9)
    history = find_fork(head(12), head(30, other), other.read)
    assert history is not None
    return [
        Fork((head(20), head(20, other)), TwoRoots()),
        history,
        leaf_fork(11, (head(12), head(30, other)), (HONEST.read, other.read)),
    ]


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_each_kind_is_proven_from_its_file(kind: int) -> None:
    """A stranger with the public key alone reads the file and is convinced."""
    fork = forks()[kind]
    read = parse_fork(format_fork(fork))
    assert read == fork
    accused = check_fork(read, [SigningKey("other", bytes(32)).verifier, KEY.verifier])
    assert accused.keys == (KEY.verifier,)
    assert accused.heads[0].root != accused.heads[1].root


@given(st.integers(0, SIZE - 1), st.integers(1, SIZE), st.integers(1, SIZE))
def test_every_fork_is_found(forked: int, one: int, two: int) -> None:
    """From one head of each history, a proof is found exactly where they contradict each other."""
    other = tree(forked)
    small = min(one, two)
    larger = other if two >= one else HONEST
    found = find_fork(head(one), head(two, other), larger.read)
    if small <= forked:
        assert found is None
        return
    assert found is not None
    assert check_fork(parse_fork(format_fork(found)), [KEY.verifier]).keys == (KEY.verifier,)


@given(st.integers(0, SIZE), st.integers(0, SIZE))
def test_one_history_gives_no_fork(one: int, two: int) -> None:
    """From honest heads of any two sizes nothing is found."""
    assert find_fork(head(one), head(two), HONEST.read) is None


@given(st.data())
def test_nobody_can_be_framed(data: st.DataObject) -> None:
    """No mixture of a log's honest heads with any hashes is taken for two histories."""
    one, two = sorted((data.draw(st.integers(0, SIZE)), data.draw(st.integers(0, SIZE))))
    size = data.draw(st.integers(2, SIZE))
    old = data.draw(st.integers(1, size - 1))
    seed, path = prove_beginning(old, size, data.draw(st.sampled_from([HONEST, tree(9)])).read)
    pool = [seed, *path, HONEST.root(one), HONEST.root(two), bytes(32)]
    some = st.lists(st.sampled_from(pool), max_size=7).map(tuple) | st.just(tuple(path))
    leaf = st.sampled_from(pool)
    evidence = data.draw(
        st.just(TwoRoots())
        | st.builds(TwoHistories, leaf, some)
        | st.builds(TwoLeaves, st.integers(0, SIZE), st.tuples(leaf, leaf), st.tuples(some, some))
    )
    with pytest.raises(ProofError):
        check_fork(Fork((head(one), head(two)), evidence), [KEY.verifier])


@pytest.mark.parametrize("index", [0, 7, 11])
def test_true_leaves_of_one_history_are_no_fork(index: int) -> None:
    """Proofs of one leaf under two heads agree, and a leaf from elsewhere leads to neither head."""
    same = leaf_fork(index, (head(12), head(30)), (HONEST.read, HONEST.read))
    with pytest.raises(ProofError, match="one leaf"):
        check_fork(same, [KEY.verifier])
    other = leaf_fork(index, (head(12), head(30)), (HONEST.read, tree(0).read))
    with pytest.raises(ProofError, match="lead to the root"):
        check_fork(other, [KEY.verifier])


def test_heads_by_others_accuse_nobody() -> None:
    """Two heads of which the key signed one, two logs' heads, and other origins prove nothing."""
    impostor = SigningKey(KEY.name, bytes(32))
    other = tree(9)
    mixed = Fork((head(20), head(20, other, impostor)), TwoRoots())
    with pytest.raises(ProofError, match="none of the keys"):
        check_fork(mixed, [KEY.verifier, impostor.verifier])
    elsewhere = SigningKey("example.com/elsewhere", KEY.seed)
    two_logs = Fork((head(20), head(20, other, elsewhere)), TwoRoots())
    with pytest.raises(ProofError, match="two logs"):
        check_fork(two_logs, [KEY.verifier, elsewhere.verifier])


def test_a_spoiled_head_accuses_nobody() -> None:
    """A head whose text was changed after signing is nobody's."""
    changed = head(20).replace(f"\n{SIZE // 2}\n", "\n21\n")
    fork = find_fork(changed, head(30, tree(9)), tree(9).read)
    assert fork is not None
    with pytest.raises(ProofError, match="none of the keys"):
        check_fork(fork, [KEY.verifier])


def test_witnesses_of_both_histories_are_accused_too() -> None:
    """Who cosigned both heads answers with the log; who cosigned one does not."""
    other = CosigningKey("example.org/witness", bytes(range(2, 34)))
    fork = find_fork(
        head(12, HONEST, KEY, WITNESS, other), head(30, tree(9), KEY, WITNESS), tree(9).read
    )
    assert fork is not None
    keys: list[VerifierKey] = [KEY.verifier, WITNESS.verifier, other.verifier]
    assert check_fork(fork, keys).keys == (KEY.verifier, WITNESS.verifier)


def test_a_spoiled_line_by_another_protects_nobody() -> None:
    """A bad line in a witness's name beside the log's good one takes nothing from the proof."""
    one = head(20)
    bad = WITNESS.cosign(format_checkpoint(Checkpoint(KEY.name, 1, bytes(32))), 5)
    other = Note(f"{head(20, tree(9))}".split("\n\n")[0] + "\n", ())
    two = format_note(Note(other.text, (KEY.sign(other.text), bad)))
    accused = check_fork(Fork((one, two), TwoRoots()), [WITNESS.verifier, KEY.verifier])
    assert accused.keys == (KEY.verifier,)


def test_hashes_of_another_tree_are_no_proof() -> None:
    """Hashes that do not lead to the signed root are said to be none of the tree's."""
    with pytest.raises(ProofError, match="not of the signed tree"):
        find_fork(head(12), head(30), tree(9).read)


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("delta", [1, 128])
def test_every_changed_byte_is_refused(kind: int, delta: int) -> None:
    """No byte of the file is without meaning."""
    data = format_fork(forks()[kind]).encode()
    for place in range(len(data)):
        bad = bytearray(data)
        bad[place] ^= delta
        with pytest.raises((EvidenceError, UnicodeDecodeError)):
            check_fork(parse_fork(bytes(bad).decode()), [KEY.verifier])


def test_spellings_that_are_refused() -> None:
    """Another version, another kind, the larger head first, one head, three, and far too long."""
    good = format_fork(forks()[1])
    start, heads = good.split("\n\n", 1)
    small, large = split_heads(heads)
    for text in (
        good.replace("@v1", "@v2"),
        good.replace("\nhistory\n", "\nstory\n"),
        f"{start}\n\n{join_heads([large, small])}",
        f"{start}\n\n{small}",
        f"{start}\n\n{join_heads([small, large, large])}",
        good + "\n" * (1 << 20),
        "",
        "tachograph-fork@v1\n\n",
        "tachograph-fork@v1\nleaves\nindex 5\n\n" + heads,
        "tachograph-fork@v1\nleaves\nindex 5\nleaf AAAA\n\n" + heads,
    ):
        with pytest.raises(FormatError):
            parse_fork(text)


def test_heads_come_back_from_one_text() -> None:
    """Any number of heads in one text, and nothing else between them."""
    heads = [head(size) for size in (1, 2, 3)]
    assert split_heads(join_heads(heads)) == heads
    assert split_heads("") == []
    for text in ("x", "\n\n", head(1) + head(2), head(1) + "\n\n" + head(2)):
        with pytest.raises(FormatError):
            split_heads(text)


@given(
    st.lists(
        st.sampled_from([*"\n".join(map(format_fork, forks())).splitlines(keepends=True), "\n"]),
        max_size=20,
    ).map("".join)
    | st.text(max_size=60)
)
def test_no_text_makes_it_fall_over(text: str) -> None:
    """Any text is a fork or refused as evidence, and so is its claim."""
    try:
        fork = parse_fork(text)
        check_fork(fork, [KEY.verifier])
    except EvidenceError:
        return
    assert fork in forks()
