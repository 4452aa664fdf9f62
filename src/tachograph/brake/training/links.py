"""What ties a run's commitments together: links, roots over batches and steps, operations.

Both sides use it: the prover's record and the verifier's checks. Proven by
tests/brake/test_brake_replay.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from tachograph import canon
from tachograph.brake.said.records import RunDeclared, WeightsCommitted
from tachograph.brake.training import tensors
from tachograph.brake.training.tensors import Arrays


def link(checkpoint: WeightsCommitted) -> str:
    """Return what the next checkpoint and the segments call this one: SHA-256 of its body."""
    return hashlib.sha256(canon.encode(asdict(checkpoint))).hexdigest()


def batches_root(batches: NDArray[np.int64]) -> str:
    """Return the hex root over the batches, one leaf a step."""
    return tensors.root_of_leaves([tensors.leaf("batch", batch) for batch in batches])


def step_leaf(weights: Arrays, state: Arrays) -> bytes:
    """Return the leaf that stands for the checkpoint after one step."""
    return bytes.fromhex(tensors.root(weights)) + bytes.fromhex(tensors.root(state))


def training_flop(declared: RunDeclared, steps: int) -> float:
    """Floating-point operations of so many steps: six a weight and token (Kaplan et al. 2020)."""
    return 6.0 * declared.parameters * declared.tokens_per_step * steps
