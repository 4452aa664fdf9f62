"""Reference solution for char-lm: fused single-precision kernels, compiled at import.

All rows of a batch go through each matrix at once. Sizes are constants, so that the inner loops
unroll and vectorise. Attention keeps its queries transposed: the softmax then runs down columns.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
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


def matrix(rows, depth, columns, *, a_row, a_step, b_step, out_step, block, lanes, add=False):
    """Kernel for out = A @ B (or out += A @ B), from places in arrays that the call gives.

    Element (i, k) of A lies `i * a_row + k * a_step` after its place; rows of B and of out are
    contiguous. A block of rows times `lanes` columns stays in registers for the whole depth.
    """

    @intrinsic
    def tile(typingctx, a, a_at, b, b_at, out, out_at):
        signature = types.void(a, a_at, b, b_at, out, out_at)

        def generate(context, builder, signature, arguments):
            def pointer(i, offset):
                data = context.make_array(signature.args[i])(context, builder, arguments[i]).data
                return builder.gep(data, [builder.add(arguments[i + 1], offset)])

            def number(n):
                return ir.Constant(ir.IntType(64), n)

            vector = ir.VectorType(ir.FloatType(), lanes)
            lane_zero = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)

            def at(i, offset):
                return builder.bitcast(pointer(i, offset), vector.as_pointer())

            def spread(value):
                one = builder.insert_element(
                    ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
                )
                return builder.shuffle_vector(one, one, lane_zero)

            sums = [cgutils.alloca_once(builder, vector) for _ in range(block)]
            for r, total in enumerate(sums):
                start = ir.Constant(vector, [0.0] * lanes)
                if add:
                    start = builder.load(at(4, number(r * out_step)), align=4)
                builder.store(start, total)
            with cgutils.for_range(builder, number(depth // UNROLL)) as loop:
                for u in range(UNROLL):
                    k = builder.add(builder.mul(loop.index, number(UNROLL)), number(u))
                    row = builder.load(at(2, builder.mul(k, number(b_step))), align=4)
                    along = builder.mul(k, number(a_step))
                    for r, total in enumerate(sums):
                        x = builder.load(pointer(0, builder.add(along, number(r * a_row))), align=4)
                        term = builder.fmul(spread(x), row, flags=("fast",))
                        builder.store(
                            builder.fadd(builder.load(total), term, flags=("fast",)), total
                        )
            for r, total in enumerate(sums):
                builder.store(builder.load(total), at(4, number(r * out_step)), align=4)
            return context.get_dummy_value()

        return signature, generate

    @njit(inline="never", fastmath=True, error_model="numpy")
    def kernel(a, a_at, b, b_at, out, out_at):
        for i in range(0, rows, block):
            for j in range(0, columns, lanes):
                tile(a, a_at + i * a_row, b, b_at + j, out, out_at + i * out_step + j)

    return kernel


def product(depth, columns, add=False):
    """out = x @ w, for x of (R, depth) and w of (depth, columns)."""
    return matrix(
        R,
        depth,
        columns,
        a_row=depth,
        a_step=1,
        b_step=columns,
        out_step=columns,
        block=8,
        lanes=16,
        add=add,
    )


def gradient(depth, columns):
    """out = x.T @ d, for x of (R, depth) and d of (R, columns)."""
    return matrix(
        depth,
        R,
        columns,
        a_row=1,
        a_step=depth,
        b_step=columns,
        out_step=columns,
        block=8,
        lanes=16,
    )


def transposed(depth, columns):
    """out = w.T, for w of (depth, columns)."""

    @njit(f"void({M}, {M})", **FAST)
    def kernel(w, out):
        for j in range(columns):
            for k in range(depth):
                out[j, k] = w[k, j]

    return kernel


UNROLL = 4
product_d_3d, product_d_d, product_d_f = product(D, 3 * D), product(D, D), product(D, F)
add_product_d_d, add_product_f_d = product(D, D, add=True), product(F, D, add=True)
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

# Of one head. Past times present: shares; rows of heads lie 3D apart in `projected`.
scores_of = matrix(C, HD, C, a_row=3 * D, a_step=1, b_step=C, out_step=C, block=C, lanes=C)
mixed_of = matrix(C, C, HD, a_row=1, a_step=C, b_step=3 * D, out_step=D, block=C, lanes=HD)
d_query_of = matrix(C, C, HD, a_row=1, a_step=C, b_step=3 * D, out_step=3 * D, block=C, lanes=HD)
d_key_of = matrix(C, C, HD, a_row=C, a_step=1, b_step=3 * D, out_step=3 * D, block=C, lanes=HD)
d_value_of = matrix(C, C, HD, a_row=C, a_step=1, b_step=D, out_step=3 * D, block=C, lanes=HD)


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
    """projected: (R, 3D) queries, keys, values. share: (B*H, past, present)."""
    total = np.empty(C, np.float32)
    for b in range(B):
        row = b * C
        for k in range(D):
            for t in range(C):
                queries[b * D + k, t] = projected[row + t, k] * ROOT
        for h in range(H):
            head = share[b * H + h]
            place = row * 3 * D + h * HD
            scores_of(projected, place + D, queries, (b * D + h * HD) * C, head, 0)
            for s in range(C):
                for t in range(C):
                    head[s, t] = exponential(head[s, t])
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
            mixed_of(head, 0, projected, place + 2 * D, mixed, row * D + h * HD)


@njit(f"void({M}, {M}, {T3}, {M})", **FAST)
def unattend(d_mixed, projected, share, d_projected):
    """d_projected: gradient with respect to projected."""
    d_columns = np.empty((D, C), np.float32)
    d_scores = np.empty((C, C), np.float32)
    dot = np.empty(C, np.float32)
    for b in range(B):
        row = b * C
        for k in range(D):
            for t in range(C):
                d_columns[k, t] = d_mixed[row + t, k]
        for h in range(H):
            head = share[b * H + h]
            place = row * 3 * D + h * HD
            scores_of(projected, place + 2 * D, d_columns, h * HD * C, d_scores, 0)
            for t in range(C):
                dot[t] = np.float32(0)
            for s in range(C):
                for t in range(C):
                    d = d_scores[s, t] * head[s, t]
                    d_scores[s, t] = d
                    dot[t] += d
            for s in range(C):
                for t in range(C):
                    d_scores[s, t] = (d_scores[s, t] - head[s, t] * dot[t]) * ROOT
            d_query_of(d_scores, 0, projected, place + D, d_projected, place)
            d_key_of(d_scores, 0, projected, place, d_projected, place + D)
            d_value_of(head, 0, d_mixed, row * D + h * HD, d_projected, place + 2 * D)


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
            product_d_3d(normed_1[block], 0, qkv[block], 0, projected[block], 0)
            attend(projected[block], queries[block], share[block], mixed[block])
            add_product_d_d(mixed[block], 0, out[block], 0, x, 0)
            normalise(x, normed_2[block], scale_2[block])
            product_d_f(normed_2[block], 0, up[block], 0, hidden[block], 0)
            for i in range(R):
                for k in range(F):
                    h = max(hidden[block, i, k], np.float32(0))
                    active[block, i, k] = h
                    hidden[block, i, k] = h * h
            add_product_f_d(hidden[block], 0, down[block], 0, x, 0)
        normalise(x, normed_end, scale_end)
        product_d_v(normed_end, 0, unembed, 0, logits, 0)
        losses[step] = lose(logits, targets)

        gradient_d_v(normed_end, 0, logits, 0, g_unembed, 0)
        transposed_d_v(unembed, unembed_t)
        product_v_d(logits, 0, unembed_t, 0, branch, 0)
        d_x[:] = np.float32(0)
        denormalise_add(branch, normed_end, scale_end, d_x)
        for block in range(L - 1, -1, -1):
            gradient_f_d(hidden[block], 0, d_x, 0, g_down[block], 0)
            transposed_f_d(down[block], down_t)
            product_d_f(d_x, 0, down_t, 0, d_hidden, 0)
            for i in range(R):
                for k in range(F):
                    d_hidden[i, k] *= active[block, i, k] * np.float32(2)
            gradient_d_f(normed_2[block], 0, d_hidden, 0, g_up[block], 0)
            transposed_d_f(up[block], up_t)
            product_f_d(d_hidden, 0, up_t, 0, branch, 0)
            denormalise_add(branch, normed_2[block], scale_2[block], d_x)
            gradient_d_d(mixed[block], 0, d_x, 0, g_out[block], 0)
            transposed_d_d(out[block], out_t)
            product_d_d(d_x, 0, out_t, 0, branch, 0)
            unattend(branch, projected[block], share[block], d_projected)
            gradient_d_3d(normed_1[block], 0, d_projected, 0, g_qkv[block], 0)
            transposed_d_3d(qkv[block], qkv_t)
            product_3d_d(d_projected, 0, qkv_t, 0, branch, 0)
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
