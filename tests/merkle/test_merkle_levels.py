"""Growing in batches equals growing one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tachograph.merkle.levels import Levels, hash_leaves


@given(st.lists(st.lists(st.binary(max_size=8), max_size=40), max_size=12))
def test_batches_do_not_matter(batches: list[list[bytes]]) -> None:
    """Any cut of the leaves into batches gives the same tree, at the end and at each past size."""
    cut, single = Levels(), Levels()
    for batch in batches:
        cut.extend(batch)
        for leaf in batch:
            single.extend_hashes(hash_leaves([leaf]))
        assert cut.size == single.size
        assert cut.root() == single.root()
    for size in range(cut.size + 1):
        assert cut.root(size) == single.root(size)
