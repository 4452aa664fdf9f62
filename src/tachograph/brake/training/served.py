"""What a served char-lm put out, as records with one root, and those records computed again.

A record is canonical JSON, `{"output": [...], "prompt": [...]}`: the likeliest character each time,
so that whoever has the weights gets the same. Proven by tests/brake/test_brake_served.py. Not
covered: sampling, which would commit to its random numbers beside the prompt; other models, whose
forward pass a verifier would run in a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tachograph import canon
from tachograph.brake.training import char_lm, tensors
from tachograph.brake.training.tensors import Arrays
from tachograph.errors import FormatError
from tachograph.merkle import tree
from tachograph.merkle.levels import Levels

LONGEST = 4096
"""Characters of a prompt or an output."""


def record(weights: Arrays, prompt: NDArray[np.int64], count: int) -> bytes:
    """Serve a prompt: the record of its `count` characters."""
    output = char_lm.served(weights, prompt, count)
    return canon.encode({"output": output, "prompt": [int(token) for token in prompt]})


def root(records: Sequence[bytes]) -> str:
    """Return the hex root over served records, in order."""
    return tensors.root_of_leaves(list(records))


def opened(root_of_all: str, count: int, hashes: bytes, number: int, served: bytes) -> bytes:
    """Return record `number` of `count`. Raises FormatError unless the root commits to it."""
    levels = Levels()
    levels.extend_hashes(hashes)
    if len(hashes) != count * tree.HASH_BYTES or levels.root().hex() != root_of_all:
        raise FormatError("the opened hashes are not those committed to", hint=_HINT)
    own = hashes[number * tree.HASH_BYTES : (number + 1) * tree.HASH_BYTES]
    if not 0 <= number < count or tree.leaf_hash(served) != own:
        raise FormatError(f"record {number} is another than was committed to", hint=_HINT)
    return served


def leaf_hashes(records: Sequence[bytes]) -> bytes:
    """Return what `opened` is shown beside a record."""
    return b"".join(tree.leaf_hash(one) for one in records)


_HINT = "ask the party to open its outputs"


def same(weights: Arrays, served: bytes) -> tuple[bool, int]:
    """Whether these weights give a record's output, and how many characters that is.

    Raises FormatError for bytes that are no record.
    """
    value = canon.decode(served)
    if not isinstance(value, dict) or set(value) != {"output", "prompt"}:
        raise FormatError("not a served record", hint="an output and a prompt")
    prompt, output = _tokens(value["prompt"]), _tokens(value["output"])
    if not len(prompt):
        raise FormatError("a served record without a prompt", hint="an output and a prompt")
    return char_lm.served(weights, prompt, len(output)) == list(output), len(output)


def _tokens(value: Any) -> NDArray[np.int64]:
    whole = isinstance(value, list) and len(value) <= LONGEST
    if not whole or not all(type(t) is int and 0 <= t < char_lm.VOCABULARY for t in value):
        raise FormatError("a served record holds other than characters", hint="numbers from 0")
    return np.array(value, dtype=np.int64)
