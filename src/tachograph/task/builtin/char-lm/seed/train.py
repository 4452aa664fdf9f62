"""Train a small character-level transformer. Plain NumPy, one sequence at a time.

Each block is `x + attention(norm(x))`, then `x + mlp(norm(x))`. No biases; the norm is the root
mean square without gain; the activation is a squared ReLU. Gradients are written by hand.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = dict[str, Array]

HEADS = 4
NORM_EPSILON = 1e-5
BETA_1, BETA_2, ADAM_EPSILON = 0.9, 0.99, 1e-4


def norm(x: Array) -> Array:
    """Each row divided by its root mean square."""
    scale: Array = np.sqrt(np.mean(x * x, axis=1, keepdims=True) + NORM_EPSILON)
    return x / scale


def norm_backward(d_out: Array, x: Array) -> Array:
    """Gradient of `norm` with respect to x."""
    scale: Array = np.sqrt(np.mean(x * x, axis=1, keepdims=True) + NORM_EPSILON)
    y = x / scale
    along: Array = np.mean(d_out * y, axis=1, keepdims=True)
    return (d_out - y * along) / scale


def softmax(scores: Array) -> Array:
    """Each row as probabilities."""
    e: Array = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    total: Array = np.sum(e, axis=1, keepdims=True)
    return e / total


def head_columns(width: int, head: int) -> slice:
    """The columns of a (., width) matrix that belong to one head."""
    size = width // HEADS
    return slice(head * size, (head + 1) * size)


def attention(x: Array, weights: Weights, block: int) -> Array:
    """Causal self-attention over (length, width), one head after the other."""
    length, width = x.shape
    past = np.tril(np.ones((length, length)))
    out = np.zeros_like(x)
    for head in range(HEADS):
        columns = head_columns(width, head)
        query = x @ weights["query"][block][:, columns]
        key = x @ weights["key"][block][:, columns]
        value = x @ weights["value"][block][:, columns]
        scores = query @ key.T / np.sqrt(query.shape[1])
        mixed = softmax(np.where(past > 0, scores, -np.inf)) @ value
        out += mixed @ weights["out"][block][columns]
    return out


def attention_backward(
    d_out: Array, x: Array, weights: Weights, gradients: Weights, block: int
) -> Array:
    """Add to the gradients of the weights; return the gradient with respect to x."""
    length, width = x.shape
    past = np.tril(np.ones((length, length)))
    d_x = np.zeros_like(x)
    for head in range(HEADS):
        columns = head_columns(width, head)
        query = x @ weights["query"][block][:, columns]
        key = x @ weights["key"][block][:, columns]
        value = x @ weights["value"][block][:, columns]
        root = np.sqrt(query.shape[1])
        scores = query @ key.T / root
        share = softmax(np.where(past > 0, scores, -np.inf))
        gradients["out"][block][columns] += (share @ value).T @ d_out
        d_mixed = d_out @ weights["out"][block][columns].T
        d_share = d_mixed @ value.T
        d_scores = share * (d_share - np.sum(d_share * share, axis=1, keepdims=True)) / root
        for name, d_projected in (
            ("query", d_scores @ key),
            ("key", d_scores.T @ query),
            ("value", share.T @ d_mixed),
        ):
            gradients[name][block][:, columns] += x.T @ d_projected
            d_x += d_projected @ weights[name][block][:, columns].T
    return d_x


def mlp(x: Array, weights: Weights, block: int) -> Array:
    """Two matrices with a squared ReLU between them."""
    active: Array = np.maximum(x @ weights["up"][block], 0.0)
    out: Array = active**2 @ weights["down"][block]
    return out


def mlp_backward(d_out: Array, x: Array, weights: Weights, gradients: Weights, block: int) -> Array:
    """Add to the gradients of the weights; return the gradient with respect to x."""
    active: Array = np.maximum(x @ weights["up"][block], 0.0)
    d_before = (d_out @ weights["down"][block].T) * 2 * active
    gradients["down"][block] += (active**2).T @ d_out
    gradients["up"][block] += x.T @ d_before
    d_x: Array = d_before @ weights["up"][block].T
    return d_x


def one_sequence(
    tokens: NDArray[np.int64], targets: NDArray[np.int64], weights: Weights
) -> tuple[float, Weights]:
    """Mean loss over the sequence, in nats per token, and its gradients."""
    length = len(tokens)
    gradients = {name: np.zeros_like(weight) for name, weight in weights.items()}

    x = weights["token"][tokens] + weights["position"][:length]
    inputs = []
    for block in range(len(weights["query"])):
        h = x + attention(norm(x), weights, block)
        inputs.append((x, h))
        x = h + mlp(norm(h), weights, block)
    chances = softmax(norm(x) @ weights["unembed"])
    loss = -float(np.mean(np.log(chances[np.arange(length), targets])))

    d_logits = chances
    d_logits[np.arange(length), targets] -= 1.0
    d_logits /= length
    gradients["unembed"] += norm(x).T @ d_logits
    d_x = norm_backward(d_logits @ weights["unembed"].T, x)
    for block in reversed(range(len(inputs))):
        x, h = inputs[block]
        d_h = d_x + norm_backward(mlp_backward(d_x, norm(h), weights, gradients, block), h)
        d_x = d_h + norm_backward(attention_backward(d_h, norm(x), weights, gradients, block), x)
    np.add.at(gradients["token"], tokens, d_x)
    gradients["position"][:length] += d_x
    return loss, gradients


def train(
    tokens: NDArray[np.int64], starts: NDArray[np.int64], weights: Weights, learning_rate: float
) -> dict[str, Array | Weights]:
    """Take one Adam step for each row of `starts`, from these initial weights.

    Row s holds where in `tokens` the sequences of step s begin. Returns the mean loss of each step,
    taken before its update, and the weights after the last.
    """
    weights = {name: weight.copy() for name, weight in weights.items()}
    first = {name: np.zeros_like(weight) for name, weight in weights.items()}
    second = {name: np.zeros_like(weight) for name, weight in weights.items()}
    length = len(weights["position"])
    losses = []
    for step, batch in enumerate(starts, start=1):
        loss = 0.0
        gradients = {name: np.zeros_like(weight) for name, weight in weights.items()}
        for start in batch:
            window = tokens[start : start + length + 1]
            one_loss, one_gradients = one_sequence(window[:-1], window[1:], weights)
            loss += one_loss / len(batch)
            for name in weights:
                gradients[name] += one_gradients[name] / len(batch)
        for name, gradient in gradients.items():
            first[name] = BETA_1 * first[name] + (1 - BETA_1) * gradient
            second[name] = BETA_2 * second[name] + (1 - BETA_2) * gradient**2
            move = first[name] / (1 - BETA_1**step)
            spread = np.sqrt(second[name] / (1 - BETA_2**step))
            weights[name] = weights[name] - learning_rate * move / (spread + ADAM_EPSILON)
        losses.append(loss)
    return {"losses": np.array(losses), "weights": weights}
