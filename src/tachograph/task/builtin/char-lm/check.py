"""Trusted check of the task char-lm: fresh text, fresh order, fresh weights, and the right answer.

`expected` takes the same steps as the seed, but over the whole batch at once and from formulas
written on their own. tests/task/test_char_lm.py holds the two against each other and against
differences of the loss. docs/reference/char-lm.md gives the tolerances and what was measured.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

VOCABULARY, WIDTH, BLOCKS, CONTEXT, BATCH, HEADS = 32, 16, 2, 8, 16, 4
STEPS = (136, 144)
CHARACTERS = 6000
NORM_EPSILON = 1e-5
BETA_1, BETA_2, ADAM_EPSILON = 0.9, 0.99, 1e-4

LOSS_TOLERANCE = 1e-5
"""Of each step's loss. Honest single precision: 1e-6 at most; half precision: 6e-5 at least."""
WEIGHT_TOLERANCE = 1e-4
"""Of how far training moved this array: Euclidean norm of the error over that of the update.
Honest single precision: 5e-6 at most; half precision: 7e-4, the last update left out: 1e-2."""


# What a call is given


def draw(rng: np.random.Generator) -> dict[str, Any]:
    """Keyword arguments of one call: text, alphabet, order, weights, rate and length, all new."""
    tokens = rng.permutation(VOCABULARY)[text(rng)]
    steps = int(rng.integers(STEPS[0], STEPS[1] + 1))
    return {
        "tokens": tokens,
        "starts": rng.integers(0, len(tokens) - CONTEXT, size=(steps, BATCH)),
        "weights": initial_weights(rng),
        "learning_rate": float(rng.uniform(0.003, 0.005)),
    }


def text(rng: np.random.Generator) -> NDArray[np.int64]:
    """Sentences of a small grammar: 26 letters, blank, comma, full stop, and three rare signs.

    Words are two or three syllables; a sentence is subject, verb, object, sometimes with a second
    clause, and common words come more often than rare ones.
    """
    syllables = [(c, v) for c in range(20) for v in range(20, 26)]
    words = []
    for _ in range(60):
        picked = rng.integers(len(syllables), size=rng.integers(2, 4))
        words.append([letter for i in picked for letter in syllables[i]])
    often = 1.0 / np.arange(1, 21)
    often /= often.sum()
    blank, comma, stop = 26, 27, 28
    letters: list[int] = []
    while len(letters) < CHARACTERS:
        for role in range(3):
            letters += [*words[20 * role + rng.choice(20, p=often)], blank]
        if rng.random() < 0.3:
            letters[-1] = comma
        else:
            letters[-1] = stop if rng.random() < 0.9 else int(rng.integers(29, 32))
        letters.append(blank)
    return np.array(letters[:CHARACTERS])


def initial_weights(rng: np.random.Generator) -> dict[str, Array]:
    """Normal with variance 1/fan-in; what leads back into the residual stream is half as large."""

    def normal(*shape: int, scale: float) -> Array:
        return scale * rng.normal(size=shape)

    root = WIDTH**-0.5
    return {
        "token": normal(VOCABULARY, WIDTH, scale=0.5),
        "position": normal(CONTEXT, WIDTH, scale=0.2),
        "query": normal(BLOCKS, WIDTH, WIDTH, scale=root),
        "key": normal(BLOCKS, WIDTH, WIDTH, scale=root),
        "value": normal(BLOCKS, WIDTH, WIDTH, scale=root),
        "out": normal(BLOCKS, WIDTH, WIDTH, scale=0.5 * root),
        "up": normal(BLOCKS, WIDTH, 4 * WIDTH, scale=root),
        "down": normal(BLOCKS, 4 * WIDTH, WIDTH, scale=0.25 * root),
        "unembed": normal(WIDTH, VOCABULARY, scale=root),
    }


# What the answer must be


def expected(inputs: dict[str, Any]) -> dict[str, Any]:
    """Loss of every step, and the final weights, in float64."""
    weights = {name: weight.copy() for name, weight in inputs["weights"].items()}
    first = {name: np.zeros_like(weight) for name, weight in weights.items()}
    second = {name: np.zeros_like(weight) for name, weight in weights.items()}
    windows = inputs["starts"][:, :, None] + np.arange(CONTEXT + 1)
    losses = []
    for step, window in enumerate(inputs["tokens"][windows], start=1):
        loss, gradients = loss_and_gradients(weights, window[:, :-1], window[:, 1:])
        losses.append(loss)
        for name, gradient in gradients.items():
            first[name] += (1 - BETA_1) * (gradient - first[name])
            second[name] += (1 - BETA_2) * (gradient * gradient - second[name])
            spread = np.sqrt(second[name] / (1 - BETA_2**step)) + ADAM_EPSILON
            rate = inputs["learning_rate"] / (1 - BETA_1**step)
            weights[name] -= rate * first[name] / spread
    return {"losses": np.array(losses), "weights": weights}


def loss_and_gradients(
    weights: dict[str, Array], tokens: NDArray[np.int64], targets: NDArray[np.int64]
) -> tuple[float, dict[str, Array]]:
    """Mean loss in nats per token over (batch, context), and its gradient for every array."""
    gradients = {name: np.empty_like(weight) for name, weight in weights.items()}
    x = weights["token"][tokens] + weights["position"]
    kept = []
    for block in range(BLOCKS):
        one = {name: weights[name][block] for name in ("query", "key", "value", "out")}
        x, attended = attend(x, one)
        normed, scale = normalise(x)
        active = np.maximum(normed @ weights["up"][block], 0.0)
        hidden = active * active
        x = x + hidden @ weights["down"][block]
        kept.append((attended, normed, scale, active, hidden))
    normed, scale = normalise(x)
    logits = normed @ weights["unembed"]
    logits -= logits.max(axis=-1, keepdims=True)
    total = np.exp(logits).sum(axis=-1, keepdims=True)
    right = np.take_along_axis(logits, targets[..., None], axis=-1)
    loss = float(np.mean(np.log(total) - right))

    d_logits = np.exp(logits) / total
    d_logits -= np.eye(VOCABULARY)[targets]
    d_logits /= targets.size
    gradients["unembed"] = outer(normed, d_logits)
    d_x = denormalise(d_logits @ weights["unembed"].T, normed, scale)
    for block in reversed(range(BLOCKS)):
        attended, normed, scale, active, hidden = kept[block]
        d_hidden = (d_x @ weights["down"][block].T) * 2 * active
        gradients["down"][block] = outer(hidden, d_x)
        gradients["up"][block] = outer(normed, d_hidden)
        d_x = d_x + denormalise(d_hidden @ weights["up"][block].T, normed, scale)
        d_x, ofblock = unattend(d_x, attended)
        for name, gradient in ofblock.items():
            gradients[name][block] = gradient
    gradients["position"] = d_x.sum(axis=0)
    hot = np.eye(VOCABULARY)[tokens.ravel()]
    gradients["token"] = hot.T @ d_x.reshape(-1, WIDTH)
    return loss, gradients


def attend(x: Array, one: dict[str, Array]) -> tuple[Array, tuple[Any, ...]]:
    """x + attention(norm(x)) of one block over (batch, context, width), and what backward needs."""
    normed, scale = normalise(x)
    query, key, value = (heads(normed @ one[name]) for name in ("query", "key", "value"))
    scores = query @ key.swapaxes(-1, -2) * (WIDTH // HEADS) ** -0.5
    scores += np.triu(np.full((CONTEXT, CONTEXT), -np.inf), 1)
    share = np.exp(scores - scores.max(axis=-1, keepdims=True))
    share /= share.sum(axis=-1, keepdims=True)
    mixed = joined(share @ value)
    return x + mixed @ one["out"], (one, normed, scale, query, key, value, share, mixed)


def unattend(d_out: Array, attended: tuple[Any, ...]) -> tuple[Array, dict[str, Array]]:
    """Gradients of `attend` with respect to its x and to the weights of its block."""
    one, normed, scale, query, key, value, share, mixed = attended
    d_mixed = heads(d_out @ one["out"].T)
    d_share = d_mixed @ value.swapaxes(-1, -2)
    d_scores = share * (d_share - (d_share * share).sum(axis=-1, keepdims=True))
    d_scores *= (WIDTH // HEADS) ** -0.5
    d_projected = {
        "query": joined(d_scores @ key),
        "key": joined(d_scores.swapaxes(-1, -2) @ query),
        "value": joined(share.swapaxes(-1, -2) @ d_mixed),
    }
    gradients = {name: outer(normed, d) for name, d in d_projected.items()}
    gradients["out"] = outer(mixed, d_out)
    d_normed = sum(d @ one[name].T for name, d in d_projected.items())
    return d_out + denormalise(np.asarray(d_normed), normed, scale), gradients


def normalise(x: Array) -> tuple[Array, Array]:
    """Each row over its root mean square, and one over that."""
    scale = 1.0 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + NORM_EPSILON)
    return x * scale, scale


def denormalise(d_out: Array, normed: Array, scale: Array) -> Array:
    """Gradient of `normalise` with respect to its x."""
    along: Array = (d_out * normed).mean(axis=-1, keepdims=True)
    return scale * (d_out - normed * along)


def heads(x: Array) -> Array:
    """(batch, context, width) to (batch, heads, context, width of a head)."""
    return x.reshape(BATCH, CONTEXT, HEADS, -1).swapaxes(1, 2)


def joined(x: Array) -> Array:
    """The inverse of `heads`."""
    return x.swapaxes(1, 2).reshape(BATCH, CONTEXT, WIDTH)


def outer(left: Array, right: Array) -> Array:
    """Sum over all tokens of the outer products: the gradient of a matrix."""
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])


# Whether an output is it


def compare(inputs: dict[str, Any], output: Any, expected: dict[str, Any]) -> str | None:
    """The whole loss curve and every weight array must be those of an honest training."""
    if not isinstance(output, dict) or set(output) != {"losses", "weights"}:
        return 'output is not {"losses": ..., "weights": ...}'
    weights = output["weights"]
    if not isinstance(weights, dict) or set(weights) != set(expected["weights"]):
        return f"weights are not a dict of {', '.join(expected['weights'])}"
    if reason := wrong_array("losses", output["losses"], expected["losses"]):
        return reason
    error = np.abs(output["losses"] / expected["losses"] - 1.0)
    if error.max() > LOSS_TOLERANCE:
        step = int(np.argmax(error > LOSS_TOLERANCE))
        return f"losses[{step}] is off by {error[step]:.1e} of itself, over {LOSS_TOLERANCE:.0e}"
    for name, right in expected["weights"].items():
        if reason := wrong_array(name, weights[name], right):
            return reason
        moved = np.linalg.norm(right - inputs["weights"][name])
        with np.errstate(over="ignore"):
            off = np.linalg.norm(weights[name].astype(np.float64) - right) / moved
        if not off <= WEIGHT_TOLERANCE:
            limit = f"{WEIGHT_TOLERANCE:.0e}"
            return f"weights[{name!r}] are off by {off:.1e} of their update, over {limit}"
    return None


def wrong_array(name: str, array: Any, right: Array) -> str | None:
    """Why this is not a finite float array of the right shape."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return f"{name} is not an array of floats"
    if array.shape != right.shape:
        return f"{name} has shape {array.shape}, not {right.shape}"
    if not np.isfinite(array).all():
        return f"{name} is not finite"
    return None
