"""Reference solution for char-lm: still one sequence at a time, but nothing is computed twice."""

import numpy as np

HEADS = 4
NORM_EPSILON = 1e-5
BETA_1, BETA_2, ADAM_EPSILON = 0.9, 0.99, 1e-4


def norm(x):
    scale = 1.0 / np.sqrt((x * x).mean(axis=1, keepdims=True) + NORM_EPSILON)
    return x * scale, scale


def norm_backward(d_out, normed, scale):
    return scale * (d_out - normed * (d_out * normed).mean(axis=1, keepdims=True))


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def heads(x):
    """(length, width) to (heads, length, width of a head)."""
    return x.reshape(len(x), HEADS, -1).swapaxes(0, 1)


def joined(x):
    return x.swapaxes(0, 1).reshape(x.shape[1], -1)


def attention(normed, weights, block, mask):
    """Output, and what the way back needs."""
    query, key, value = (heads(normed @ weights[n][block]) for n in ("query", "key", "value"))
    root = np.sqrt(query.shape[2])
    share = softmax(query @ key.swapaxes(1, 2) / root + mask)
    mixed = joined(share @ value)
    return mixed @ weights["out"][block], (query, key, value, share, mixed, root)


def attention_backward(d_out, normed, weights, gradients, block, kept):
    query, key, value, share, mixed, root = kept
    gradients["out"][block] += mixed.T @ d_out
    d_mixed = heads(d_out @ weights["out"][block].T)
    d_share = d_mixed @ value.swapaxes(1, 2)
    d_scores = share * (d_share - (d_share * share).sum(axis=2, keepdims=True)) / root
    d_normed = 0.0
    for name, d_heads in (
        ("query", d_scores @ key),
        ("key", d_scores.swapaxes(1, 2) @ query),
        ("value", share.swapaxes(1, 2) @ d_mixed),
    ):
        d_projected = joined(d_heads)
        gradients[name][block] += normed.T @ d_projected
        d_normed = d_normed + d_projected @ weights[name][block].T
    return d_normed


def one_sequence(tokens, targets, weights, gradients, mask):
    """Mean loss of the sequence; its gradients are added to `gradients`."""
    length = len(tokens)
    x = weights["token"][tokens] + weights["position"]
    blocks = []
    for block in range(len(weights["query"])):
        normed_1, scale_1 = norm(x)
        out, kept = attention(normed_1, weights, block, mask)
        x = x + out
        normed_2, scale_2 = norm(x)
        active = np.maximum(normed_2 @ weights["up"][block], 0.0)
        hidden = active * active
        x = x + hidden @ weights["down"][block]
        blocks.append((normed_1, scale_1, kept, normed_2, scale_2, active, hidden))
    normed, scale = norm(x)
    chances = softmax(normed @ weights["unembed"])
    loss = -np.log(chances[np.arange(length), targets]).mean()

    chances[np.arange(length), targets] -= 1.0
    d_logits = chances / length
    gradients["unembed"] += normed.T @ d_logits
    d_x = norm_backward(d_logits @ weights["unembed"].T, normed, scale)
    for block in reversed(range(len(blocks))):
        normed_1, scale_1, kept, normed_2, scale_2, active, hidden = blocks[block]
        d_active = (d_x @ weights["down"][block].T) * 2.0 * active
        gradients["down"][block] += hidden.T @ d_x
        gradients["up"][block] += normed_2.T @ d_active
        d_x = d_x + norm_backward(d_active @ weights["up"][block].T, normed_2, scale_2)
        d_normed = attention_backward(d_x, normed_1, weights, gradients, block, kept)
        d_x = d_x + norm_backward(d_normed, normed_1, scale_1)
    np.add.at(gradients["token"], tokens, d_x)
    gradients["position"] += d_x
    return loss


def train(tokens, starts, weights, learning_rate):
    """The steps of the seed."""
    weights = {name: weight.copy() for name, weight in weights.items()}
    first = {name: np.zeros_like(weight) for name, weight in weights.items()}
    second = {name: np.zeros_like(weight) for name, weight in weights.items()}
    length = len(weights["position"])
    mask = np.triu(np.full((length, length), -np.inf), 1)
    losses = []
    for step, batch in enumerate(starts, start=1):
        gradients = {name: np.zeros_like(weight) for name, weight in weights.items()}
        loss = 0.0
        for start in batch:
            window = tokens[start : start + length + 1]
            loss += one_sequence(window[:-1], window[1:], weights, gradients, mask)
        losses.append(loss / len(batch))
        for name, total in gradients.items():
            gradient = total / len(batch)
            first[name] += (1 - BETA_1) * (gradient - first[name])
            second[name] += (1 - BETA_2) * (gradient * gradient - second[name])
            spread = np.sqrt(second[name] / (1 - BETA_2**step)) + ADAM_EPSILON
            weights[name] -= learning_rate / (1 - BETA_1**step) * first[name] / spread
    return {"losses": np.array(losses), "weights": weights}
