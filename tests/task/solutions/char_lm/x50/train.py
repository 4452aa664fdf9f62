"""Reference solution for char-lm: fused single-precision kernels, compiled at import.

All rows of a batch go through each matrix at once. Sizes are constants, so that the inner loops
unroll and vectorise. Attention keeps its queries transposed: the softmax then runs down columns.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

V, D, L, C, B, H = 32, 16, 2, 8, 16, 4
F, HD, R = 4 * D, D // H, B * C
CHUNK = 16
EPSILON = np.float32(1e-5)
ROOT = np.float32(HD**-0.5)
ONE, HALF = np.float32(1.0), np.float32(0.5)

FAST = {"fastmath": True, "error_model": "numpy", "cache": True}
M, T3, VEC = "float32[:,::1]", "float32[:,:,::1]", "float32[::1]"


@intrinsic
def as_float(typingctx, bits):
    """The float32 with these bits."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@njit(inline="always")
def exponential(x):
    """exp(x) to about 1e-7 relative: 2**n times a polynomial. Clipped at e**-80 and e**80.

    The clip stands in for the usual shift by the largest score: no score comes near it.
    """
    t = min(max(x, np.float32(-80.0)), np.float32(80.0)) * np.float32(1.4426950408889634)
    n = np.floor(t + HALF)
    r = (t - n) * np.float32(0.6931471805599453)
    p = np.float32(1 / 720)
    p = p * r + np.float32(1 / 120)
    p = p * r + np.float32(1 / 24)
    p = p * r + np.float32(1 / 6)
    p = p * r + HALF
    p = p * r + ONE
    p = p * r + ONE
    return p * as_float(np.int32((np.int32(n) + np.int32(127)) << np.int32(23)))


def product(depth, columns):
    """out = x @ w, for x of (R, depth) and w of (depth, columns)."""

    @njit(f"void({M}, {M}, {M})", **FAST)
    def kernel(x, w, out):
        for i in range(R):
            for j in range(columns):
                s = np.float32(0)
                for k in range(CHUNK):
                    s += x[i, k] * w[k, j]
                out[i, j] = s
            for c in range(CHUNK, depth, CHUNK):
                for j in range(columns):
                    s = out[i, j]
                    for k in range(CHUNK):
                        s += x[i, c + k] * w[c + k, j]
                    out[i, j] = s

    return kernel


def gradient(depth, columns):
    """out = x.T @ d, for x of (R, depth) and d of (R, columns)."""

    @njit(f"void({M}, {M}, {M})", **FAST)
    def kernel(x, d, out):
        for k in range(depth):
            for j in range(columns):
                s = np.float32(0)
                for i in range(CHUNK):
                    s += x[i, k] * d[i, j]
                out[k, j] = s
        for c in range(CHUNK, R, CHUNK):
            for k in range(depth):
                for j in range(columns):
                    s = out[k, j]
                    for i in range(CHUNK):
                        s += x[c + i, k] * d[c + i, j]
                    out[k, j] = s

    return kernel


def transposed(depth, columns):
    """out = w.T, for w of (depth, columns)."""

    @njit(f"void({M}, {M})", **FAST)
    def kernel(w, out):
        for j in range(columns):
            for k in range(depth):
                out[j, k] = w[k, j]

    return kernel


product_d_3d, product_d_d, product_d_f = product(D, 3 * D), product(D, D), product(D, F)
product_f_d, product_3d_d = product(F, D), product(3 * D, D)
product_d_v, product_v_d = product(D, V), product(V, D)
gradient_d_3d, gradient_d_d, gradient_d_f = gradient(D, 3 * D), gradient(D, D), gradient(D, F)
gradient_f_d, gradient_d_v = gradient(F, D), gradient(D, V)
transposed_d_3d, transposed_d_d = transposed(D, 3 * D), transposed(D, D)
transposed_d_f, transposed_f_d, transposed_d_v = (
    transposed(D, F),
    transposed(F, D),
    transposed(D, V),
)


@njit(f"void({M}, {M}, {VEC})", **FAST)
def normalise(x, out, scale):
    """out: rows of x over their root mean squares; scale: one over those."""
    for i in range(R):
        s = np.float32(0)
        for k in range(D):
            s += x[i, k] * x[i, k]
        scale[i] = s
    for i in range(R):
        scale[i] = ONE / np.sqrt(scale[i] * np.float32(1 / D) + EPSILON)
    for i in range(R):
        for k in range(D):
            out[i, k] = x[i, k] * scale[i]


@njit(f"void({M}, {M}, {VEC}, {M})", **FAST)
def denormalise_add(d, normed, scale, d_x):
    """d_x += gradient of the norm."""
    for i in range(R):
        s = np.float32(0)
        for k in range(D):
            s += d[i, k] * normed[i, k]
        s *= np.float32(1 / D)
        r = scale[i]
        for k in range(D):
            d_x[i, k] += r * (d[i, k] - normed[i, k] * s)


@njit(f"void({M}, {M}, {T3}, {M})", **FAST)
def attend(projected, queries, share, mixed):
    """projected: (R, 3D) queries, keys, values. share: (B*H*C, past, present)."""
    column = np.empty((HD, C), np.float32)
    total = np.empty(C, np.float32)
    for b in range(B):
        row = b * C
        for k in range(D):
            for t in range(C):
                queries[b * D + k, t] = projected[row + t, k] * ROOT
        for h in range(H):
            head = share[b * H + h]
            for s in range(C):
                for t in range(C):
                    score = np.float32(0)
                    for k in range(HD):
                        score += projected[row + s, D + h * HD + k] * queries[b * D + h * HD + k, t]
                    head[s, t] = exponential(score)
            for t in range(C):
                total[t] = np.float32(0)
            for s in range(C):
                for t in range(C):
                    e = head[s, t] if t >= s else np.float32(0)
                    head[s, t] = e
                    total[t] += e
            for t in range(C):
                total[t] = ONE / total[t]
            for s in range(C):
                for t in range(C):
                    head[s, t] *= total[t]
            for k in range(HD):
                for t in range(C):
                    m = np.float32(0)
                    for s in range(C):
                        m += head[s, t] * projected[row + s, 2 * D + h * HD + k]
                    column[k, t] = m
            for k in range(HD):
                for t in range(C):
                    mixed[row + t, h * HD + k] = column[k, t]


@njit(f"void({M}, {M}, {M}, {T3}, {M})", **FAST)
def unattend(d_mixed, projected, queries, share, d_projected):
    """d_projected: gradient with respect to projected."""
    d_column = np.empty((HD, C), np.float32)
    d_query = np.empty((HD, C), np.float32)
    d_key = np.empty((HD, C), np.float32)
    d_value = np.empty((HD, C), np.float32)
    d_scores = np.empty((C, C), np.float32)
    dot = np.empty(C, np.float32)
    for b in range(B):
        row = b * C
        for h in range(H):
            head = share[b * H + h]
            first = h * HD
            for k in range(HD):
                for t in range(C):
                    d_column[k, t] = d_mixed[row + t, first + k]
            for t in range(C):
                dot[t] = np.float32(0)
            for s in range(C):
                for t in range(C):
                    d_share = np.float32(0)
                    for k in range(HD):
                        d_share += d_column[k, t] * projected[row + s, 2 * D + first + k]
                    d_share *= head[s, t]
                    d_scores[s, t] = d_share
                    dot[t] += d_share
            for s in range(C):
                for t in range(C):
                    d_scores[s, t] -= head[s, t] * dot[t]
            for k in range(HD):
                for t in range(C):
                    q, a, v = np.float32(0), np.float32(0), np.float32(0)
                    for s in range(C):
                        q += d_scores[s, t] * projected[row + s, D + first + k]
                        a += d_scores[t, s] * queries[b * D + first + k, s]
                        v += head[t, s] * d_column[k, s]
                    d_query[k, t], d_key[k, t], d_value[k, t] = q, a, v
            for k in range(HD):
                for t in range(C):
                    d_projected[row + t, first + k] = d_query[k, t] * ROOT
                    d_projected[row + t, D + first + k] = d_key[k, t]
                    d_projected[row + t, 2 * D + first + k] = d_value[k, t]


@njit(f"float32({M}, int64[::1])", **FAST)
def lose(logits, targets):
    """Mean loss; logits become their gradient."""
    loss = np.float32(0)
    for i in range(R):
        loss -= logits[i, targets[i]]
        total = np.float32(0)
        for j in range(V):
            e = exponential(logits[i, j])
            logits[i, j] = e
            total += e
        loss += np.log(total)
        scale = np.float32(1 / R) / total
        for j in range(V):
            logits[i, j] *= scale
        logits[i, targets[i]] -= np.float32(1 / R)
    return loss * np.float32(1 / R)


@njit(f"void({VEC}, {VEC}, {VEC}, {VEC}, float64, int64)", **FAST)
def adam(weights, gradients, first, second, learning_rate, step):
    rate = np.float32(learning_rate / (1.0 - 0.9**step))
    wide = np.float32(1.0 / (1.0 - 0.99**step))
    for i in range(weights.shape[0]):
        g = gradients[i]
        m = np.float32(0.9) * first[i] + np.float32(0.1) * g
        v = np.float32(0.99) * second[i] + np.float32(0.01) * g * g
        first[i], second[i] = m, v
        weights[i] -= rate * m / (np.sqrt(v * wide) + np.float32(1e-4))


SIZES = (V * D, C * D, D * V, L * D * 3 * D, L * D * D, L * D * F, L * F * D)
O0, O1, O2, O3, O4, O5, O6 = (sum(SIZES[:i]) for i in range(7))
TOTAL = sum(SIZES)


@njit(f"void({M}, {M}, {M})", **FAST)
def add(a, b, out):
    for i in range(R):
        for k in range(D):
            out[i, k] = a[i, k] + b[i, k]


@njit(f"void({VEC}, int64[::1], int64[:,::1], float64, float64[::1])", **FAST)
def run(flat, tokens, starts, learning_rate, losses):
    """All steps. flat: the weights, one array after the other; they are replaced."""
    grad = np.zeros(TOTAL, np.float32)
    first = np.zeros(TOTAL, np.float32)
    second = np.zeros(TOTAL, np.float32)
    token, g_token = flat[O0:O1].reshape(V, D), grad[O0:O1].reshape(V, D)
    position, g_position = flat[O1:O2].reshape(C, D), grad[O1:O2].reshape(C, D)
    unembed, g_unembed = flat[O2:O3].reshape(D, V), grad[O2:O3].reshape(D, V)
    qkv, g_qkv = flat[O3:O4].reshape(L, D, 3 * D), grad[O3:O4].reshape(L, D, 3 * D)
    out, g_out = flat[O4:O5].reshape(L, D, D), grad[O4:O5].reshape(L, D, D)
    up, g_up = flat[O5:O6].reshape(L, D, F), grad[O5:O6].reshape(L, D, F)
    down, g_down = flat[O6:TOTAL].reshape(L, F, D), grad[O6:TOTAL].reshape(L, F, D)

    qkv_t, out_t = np.empty((3 * D, D), np.float32), np.empty((D, D), np.float32)
    up_t, down_t = np.empty((F, D), np.float32), np.empty((D, F), np.float32)
    unembed_t = np.empty((V, D), np.float32)
    x, normed_end, logits = (
        np.empty((R, D), np.float32),
        np.empty((R, D), np.float32),
        np.empty((R, V), np.float32),
    )
    normed_1, normed_2 = np.empty((L, R, D), np.float32), np.empty((L, R, D), np.float32)
    scale_1, scale_2 = np.empty((L, R), np.float32), np.empty((L, R), np.float32)
    scale_end = np.empty(R, np.float32)
    projected = np.empty((L, R, 3 * D), np.float32)
    queries = np.empty((L, B * D, C), np.float32)
    share = np.empty((L, B * H, C, C), np.float32)
    mixed = np.empty((L, R, D), np.float32)
    hidden, active = np.empty((L, R, F), np.float32), np.empty((L, R, F), np.float32)
    branch, d_x = np.empty((R, D), np.float32), np.empty((R, D), np.float32)
    d_hidden, d_projected = np.empty((R, F), np.float32), np.empty((R, 3 * D), np.float32)
    sources, targets = np.empty(R, np.int64), np.empty(R, np.int64)

    for step in range(starts.shape[0]):
        for b in range(B):
            for t in range(C):
                sources[b * C + t] = tokens[starts[step, b] + t]
                targets[b * C + t] = tokens[starts[step, b] + t + 1]
                for k in range(D):
                    x[b * C + t, k] = token[sources[b * C + t], k] + position[t, k]
        for block in range(L):
            normalise(x, normed_1[block], scale_1[block])
            product_d_3d(normed_1[block], qkv[block], projected[block])
            attend(projected[block], queries[block], share[block], mixed[block])
            product_d_d(mixed[block], out[block], branch)
            add(x, branch, x)
            normalise(x, normed_2[block], scale_2[block])
            product_d_f(normed_2[block], up[block], hidden[block])
            for i in range(R):
                for k in range(F):
                    h = max(hidden[block, i, k], np.float32(0))
                    active[block, i, k] = h
                    hidden[block, i, k] = h * h
            product_f_d(hidden[block], down[block], branch)
            add(x, branch, x)
        normalise(x, normed_end, scale_end)
        product_d_v(normed_end, unembed, logits)
        losses[step] = lose(logits, targets)

        gradient_d_v(normed_end, logits, g_unembed)
        transposed_d_v(unembed, unembed_t)
        product_v_d(logits, unembed_t, branch)
        d_x[:] = np.float32(0)
        denormalise_add(branch, normed_end, scale_end, d_x)
        for block in range(L - 1, -1, -1):
            gradient_f_d(hidden[block], d_x, g_down[block])
            transposed_f_d(down[block], down_t)
            product_d_f(d_x, down_t, d_hidden)
            for i in range(R):
                for k in range(F):
                    d_hidden[i, k] *= active[block, i, k] * np.float32(2)
            gradient_d_f(normed_2[block], d_hidden, g_up[block])
            transposed_d_f(up[block], up_t)
            product_f_d(d_hidden, up_t, branch)
            denormalise_add(branch, normed_2[block], scale_2[block], d_x)
            gradient_d_d(mixed[block], d_x, g_out[block])
            transposed_d_d(out[block], out_t)
            product_d_d(d_x, out_t, branch)
            unattend(branch, projected[block], queries[block], share[block], d_projected)
            gradient_d_3d(normed_1[block], d_projected, g_qkv[block])
            transposed_d_3d(qkv[block], qkv_t)
            product_3d_d(d_projected, qkv_t, branch)
            denormalise_add(branch, normed_1[block], scale_1[block], d_x)
        g_token[:] = np.float32(0)
        g_position[:] = np.float32(0)
        for b in range(B):
            for t in range(C):
                for k in range(D):
                    g_token[sources[b * C + t], k] += d_x[b * C + t, k]
                    g_position[t, k] += d_x[b * C + t, k]
        adam(flat, grad, first, second, learning_rate, step + 1)


def train(tokens, starts, weights, learning_rate):
    """The steps of the seed, in single precision."""
    qkv = np.concatenate([weights[name] for name in ("query", "key", "value")], axis=2)
    parts = [weights["token"], weights["position"], weights["unembed"], qkv]
    parts += [weights[name] for name in ("out", "up", "down")]
    flat = np.concatenate([part.ravel() for part in parts]).astype(np.float32)
    losses = np.empty(len(starts))
    run(flat, np.ascontiguousarray(tokens), np.ascontiguousarray(starts), learning_rate, losses)
    pieces = np.split(flat, (O1, O2, O3, O4, O5, O6))
    qkv = pieces[3].reshape(L, D, 3, D)
    final = {name: pieces[i].reshape(weights[name].shape) for i, name in NAMES}
    for i, name in enumerate(("query", "key", "value")):
        final[name] = np.ascontiguousarray(qkv[:, :, i])
    return {"losses": losses, "weights": final}


NAMES = ((0, "token"), (1, "position"), (2, "unembed"), (4, "out"), (5, "up"), (6, "down"))
