"""What whoever checks knows of the training task char-lm: its start, its order, its forward pass.

The same arithmetic as the task's own check.py, written so that an audit needs no task, no box and
no socket; tests/brake/test_brake_char_lm.py holds the two together. docs/reference/char-lm.md
describes the task. Not covered: gradients, which only a replay of the run's own code gives.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tachograph.brake.training.tensors import Arrays
from tachograph.errors import FormatError

Tokens = NDArray[np.int64]

VOCABULARY, WIDTH, BLOCKS, CONTEXT, BATCH, HEADS = 32, 16, 2, 8, 16, 4
NORM_EPSILON = 1e-5
PARAMETERS = 7296
STEPS = 1_000_000
"""Longest run: its order takes 128 MiB."""
TOKENS_PER_STEP = BATCH * CONTEXT
LEARNING_RATES = (1e-4, 2e-2)
"""What a declared rate must lie in: far below, a run spends compute and learns nothing."""


def generator(purpose: str, secret: bytes, bound_to: str) -> np.random.Generator:
    """A generator seeded by a committed secret, bound to what had been committed before it."""
    digest = hashlib.sha256(f"{purpose}\n{bound_to}\n".encode() + secret).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def initial_weights(secret: bytes) -> dict[str, NDArray[np.float64]]:
    """The weights at step 0, from the run's start secret."""
    rng = generator("start", secret, "")
    root = WIDTH**-0.5
    shapes: dict[str, tuple[tuple[int, ...], float]] = {
        "token": ((VOCABULARY, WIDTH), 0.5),
        "position": ((CONTEXT, WIDTH), 0.2),
        "query": ((BLOCKS, WIDTH, WIDTH), root),
        "key": ((BLOCKS, WIDTH, WIDTH), root),
        "value": ((BLOCKS, WIDTH, WIDTH), root),
        "out": ((BLOCKS, WIDTH, WIDTH), 0.5 * root),
        "up": ((BLOCKS, WIDTH, 4 * WIDTH), root),
        "down": ((BLOCKS, 4 * WIDTH, WIDTH), 0.25 * root),
        "unembed": ((WIDTH, VOCABULARY), root),
    }
    return {name: scale * rng.normal(size=shape) for name, (shape, scale) in shapes.items()}


def initial_state(weights: Arrays) -> dict[str, NDArray[np.float64]]:
    """Adam's state before the first step."""
    return {
        f"{moment}.{name}": np.zeros(weight.shape)
        for moment in ("first", "second")
        for name, weight in weights.items()
    }


def order(secret: bytes, data: str, characters: int, steps: int) -> Tokens:
    """(steps, BATCH): where in the text each sequence begins. `data`: the data's commitment.

    Raises FormatError for more than STEPS steps, which nobody takes with so small a model.
    """
    if not 1 <= steps <= STEPS:
        raise FormatError(f"a run of {steps} steps", hint=f"1 to {STEPS}")
    rng = generator("order", secret, data)
    return rng.integers(0, characters - CONTEXT, size=(steps, BATCH))


def parse_text(data: Arrays) -> Tokens:
    """Return the text that a data object holds. Raises FormatError where it is not one."""
    tokens = data.get("tokens")
    if set(data) != {"tokens"} or tokens is None or tokens.dtype != "<i8" or tokens.ndim != 1:
        raise FormatError("the data are not one text of numbers", hint=_HINT)
    if len(tokens) <= CONTEXT or not 0 <= tokens.min() <= tokens.max() < VOCABULARY:
        raise FormatError("the text is too short, or has characters that there are not", hint=_HINT)
    return tokens


_HINT = "the data of char-lm are one array `tokens` of whole numbers from 0 to 31"


def fits(weights: Arrays) -> bool:
    """Whether these are finite arrays of the model's names and shapes."""
    wanted = initial_weights(b"")
    return set(weights) == set(wanted) and all(
        weights[name].shape == array.shape
        and weights[name].dtype.kind == "f"
        and bool(np.isfinite(weights[name]).all())
        for name, array in wanted.items()
    )


def logits(weights: Arrays, tokens: Tokens) -> NDArray[np.float64]:
    """(sequences, length, VOCABULARY) scores of the next character; length is CONTEXT at most."""
    length = tokens.shape[1]
    x: NDArray[Any] = weights["token"][tokens] + weights["position"][:length]
    for block in range(BLOCKS):
        x = x + _attention(_norm(x), weights, block)
        active = np.maximum(_norm(x) @ weights["up"][block], 0.0)
        x = x + active**2 @ weights["down"][block]
    out: NDArray[np.float64] = _norm(x) @ weights["unembed"]
    return out


def losses(weights: Arrays, text: Tokens, starts: Tokens) -> NDArray[np.float64]:
    """Mean loss in nats per token of each sequence that begins at `starts`."""
    windows = text[starts[:, None] + np.arange(CONTEXT + 1)]
    scores = logits(weights, windows[:, :-1])
    scores = scores - scores.max(axis=-1, keepdims=True)
    total = np.log(np.exp(scores).sum(axis=-1))
    right = np.take_along_axis(scores, windows[:, 1:, None], axis=-1)[..., 0]
    found: NDArray[np.float64] = (total - right).mean(axis=-1)
    return found


def served(weights: Arrays, prompt: Tokens, count: int) -> list[int]:
    """`count` characters after `prompt`, each the likeliest; ties to the smaller number."""
    text = [int(token) for token in prompt]
    for _ in range(count):
        scores = logits(weights, np.array([text[-CONTEXT:]]))
        text.append(int(np.argmax(scores[0, -1])))
    return text[len(prompt) :]


def _norm(x: NDArray[Any]) -> NDArray[Any]:
    scale = np.sqrt((x * x).mean(axis=-1, keepdims=True) + NORM_EPSILON)
    out: NDArray[Any] = x / scale
    return out


def _attention(x: NDArray[Any], weights: Arrays, block: int) -> NDArray[Any]:
    sequences, length, _ = x.shape
    query, key, value = (
        (x @ weights[name][block]).reshape(sequences, length, HEADS, -1).swapaxes(1, 2)
        for name in ("query", "key", "value")
    )
    scores = query @ key.swapaxes(-1, -2) * (WIDTH // HEADS) ** -0.5
    scores = scores + np.triu(np.full((length, length), -np.inf), 1)
    share = np.exp(scores - scores.max(axis=-1, keepdims=True))
    share = share / share.sum(axis=-1, keepdims=True)
    mixed = (share @ value).swapaxes(1, 2).reshape(sequences, length, WIDTH)
    out: NDArray[Any] = mixed @ weights["out"][block]
    return out
