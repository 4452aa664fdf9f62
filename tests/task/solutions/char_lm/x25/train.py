"""Reference solution for char-lm: NumPy only, the whole batch at once, single precision."""

import numpy as np

HEADS, WIDTH, BLOCKS = 4, 16, 2
NORM_EPSILON = np.float32(1e-5)
ROOT = np.float32((WIDTH // HEADS) ** -0.5)
MATRICES = ("query", "key", "value")


def norm(x):
    scale = 1 / np.sqrt((x * x).sum(axis=1, keepdims=True) * np.float32(1 / WIDTH) + NORM_EPSILON)
    return x * scale, scale


def norm_backward(d_out, normed, scale):
    along = (d_out * normed).sum(axis=1, keepdims=True) * np.float32(1 / WIDTH)
    return scale * (d_out - normed * along)


class Trainer:
    """Weights, gradients and moments lie in one flat array each; the dicts are views of it."""

    def __init__(self, weights, batch, context):
        self.batch, self.context = batch, context
        order = ["token", "position", "unembed", "qkv", "out", "up", "down"]
        stacked = dict(weights)
        stacked["qkv"] = np.concatenate([weights[name] for name in MATRICES], axis=2)
        arrays = [np.asarray(stacked[name], np.float32) for name in order]
        self.flat = np.concatenate([array.ravel() for array in arrays])
        self.gradient = np.zeros_like(self.flat)
        self.first, self.second = np.zeros_like(self.flat), np.zeros_like(self.flat)
        self.w, self.g, at = {}, {}, 0
        for name, array in zip(order, arrays, strict=True):
            self.w[name] = self.flat[at : at + array.size].reshape(array.shape)
            self.g[name] = self.gradient[at : at + array.size].reshape(array.shape)
            at += array.size
        self.mask = np.triu(np.full((context, context), -np.inf, np.float32), 1)
        self.hot = np.eye(len(weights["token"]), dtype=np.float32)

    def heads(self, x):
        return x.reshape(self.batch, self.context, HEADS, -1).swapaxes(1, 2)

    def joined(self, x):
        return x.swapaxes(1, 2).reshape(self.batch * self.context, -1)

    def step(self, sources, targets):
        """Mean loss; the gradients are left in `gradient`."""
        w, g, rows = self.w, self.g, len(sources)
        x = (w["token"][sources].reshape(self.batch, -1, WIDTH) + w["position"]).reshape(rows, -1)
        kept = []
        for block in range(BLOCKS):
            n1, s1 = norm(x)
            qkv = n1 @ w["qkv"][block]
            query, key, value = (self.heads(qkv[:, i * WIDTH : (i + 1) * WIDTH]) for i in range(3))
            share = np.exp(query @ key.swapaxes(2, 3) * ROOT + self.mask)
            share /= share.sum(axis=3, keepdims=True)
            mixed = self.joined(share @ value)
            x = x + mixed @ w["out"][block]
            n2, s2 = norm(x)
            active = np.maximum(n2 @ w["up"][block], 0)
            hidden = active * active
            x = x + hidden @ w["down"][block]
            kept.append((n1, s1, query, key, value, share, mixed, n2, s2, active, hidden))
        n, s = norm(x)
        logits = n @ w["unembed"]
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        picked = np.arange(rows), targets
        loss = -np.log(chances[picked]).mean()

        chances[picked] -= 1
        chances *= np.float32(1 / rows)
        np.matmul(n.T, chances, out=g["unembed"])
        d_x = norm_backward(chances @ w["unembed"].T, n, s)
        for block in reversed(range(BLOCKS)):
            n1, s1, query, key, value, share, mixed, n2, s2, active, hidden = kept[block]
            np.matmul(hidden.T, d_x, out=g["down"][block])
            d_active = d_x @ w["down"][block].T
            d_active *= active
            d_active *= 2
            np.matmul(n2.T, d_active, out=g["up"][block])
            d_x = d_x + norm_backward(d_active @ w["up"][block].T, n2, s2)
            np.matmul(mixed.T, d_x, out=g["out"][block])
            d_mixed = self.heads(d_x @ w["out"][block].T)
            d_scores = d_mixed @ value.swapaxes(2, 3)
            d_scores -= (d_scores * share).sum(axis=3, keepdims=True)
            d_scores *= share
            d_scores *= ROOT
            parts = (
                d_scores @ key,
                d_scores.swapaxes(2, 3) @ query,
                share.swapaxes(2, 3) @ d_mixed,
            )
            d_qkv = np.concatenate([self.joined(part) for part in parts], axis=1)
            np.matmul(n1.T, d_qkv, out=g["qkv"][block])
            d_x = d_x + norm_backward(d_qkv @ w["qkv"][block].T, n1, s1)
        g["position"][:] = d_x.reshape(self.batch, self.context, WIDTH).sum(axis=0)
        np.matmul(self.hot[sources].T, d_x, out=g["token"])
        return loss

    def adam(self, learning_rate, step):
        self.first += np.float32(0.1) * (self.gradient - self.first)
        self.second += np.float32(0.01) * (self.gradient * self.gradient - self.second)
        spread = np.sqrt(self.second * np.float32(1 / (1 - 0.99**step))) + np.float32(1e-4)
        self.flat -= np.float32(learning_rate / (1 - 0.9**step)) * self.first / spread


def train(tokens, starts, weights, learning_rate):
    """The steps of the seed, in single precision."""
    context = len(weights["position"])
    trainer = Trainer(weights, starts.shape[1], context)
    windows = tokens[starts[:, :, None] + np.arange(context + 1)]
    losses = np.empty(len(starts))
    for step, window in enumerate(windows):
        losses[step] = trainer.step(window[:, :-1].ravel(), window[:, 1:].ravel())
        trainer.adam(learning_rate, step + 1)
    final = {name: trainer.w[name] for name in weights if name not in MATRICES}
    for i, name in enumerate(MATRICES):
        final[name] = trainer.w["qkv"][:, :, i * WIDTH : (i + 1) * WIDTH]
    return {"losses": losses, "weights": final}
