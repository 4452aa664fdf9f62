"""Calls whose effects are known by name: of NumPy, of `math`, of the builtins, and methods.

Written from NumPy's reference: which functions return new arrays, which may return views. Proven by
tests/loop/propose/recipes/test_recipe_effects.py.
"""

from __future__ import annotations


def names(prefix: str, text: str) -> frozenset[str]:
    return frozenset(prefix + word for word in text.split())


NUMPY_ELEMENTWISE = names(
    "",
    """sqrt exp log log2 log10 log1p expm1 sin cos tan arcsin arccos arctan sinh cosh tanh abs
    absolute fabs sign floor ceil rint trunc square reciprocal cbrt isnan isinf isfinite negative
    logical_not invert add subtract multiply divide true_divide floor_divide mod remainder fmod
    power float_power maximum minimum fmax fmin hypot arctan2 copysign logical_and logical_or
    logical_xor bitwise_and bitwise_or bitwise_xor equal not_equal less less_equal greater
    greater_equal where clip deg2rad rad2deg conj real imag""",
)
NUMPY_REDUCING = names("", "sum mean max min amax amin argmax argmin any all prod std var")
NUMPY_MAKING = names(
    "",
    """zeros ones empty full zeros_like ones_like empty_like full_like arange linspace eye identity
    tril triu array copy dot matmul outer inner concatenate stack vstack hstack column_stack repeat
    tile sort argsort cumsum cumprod diff cross kron einsum tensordot round around unique nonzero
    flatnonzero searchsorted median percentile quantile linalg.norm linalg.inv linalg.solve
    linalg.det bincount count_nonzero isclose allclose interp convolve meshgrid indices roll take
    float32 float64 int64 int32 bool_ nan_to_num digitize histogram trace pad outer vdot""",
)

FRESH: frozenset[str] = (
    frozenset(f"numpy.{name}" for name in NUMPY_ELEMENTWISE | NUMPY_REDUCING | NUMPY_MAKING)
    | names("math.", "sqrt exp log log2 log10 log1p expm1 sin cos tan asin acos atan atan2 sinh")
    | names("math.", "cosh tanh fabs floor ceil trunc hypot pow gcd lcm isnan isinf isfinite comb")
    | names("math.", "factorial copysign fmod dist erf erfc gamma lgamma degrees radians prod perm")
    | names("math.", "isqrt fsum")
    | names("", "len int float bool abs round str repr ord chr divmod pow range slice hash")
    | names("", "isinstance any all bin hex complex")
)
VIEW: frozenset[str] = names(
    "numpy.",
    """reshape transpose asarray ascontiguousarray ravel swapaxes broadcast_to squeeze expand_dims
    atleast_1d atleast_2d atleast_3d moveaxis diag diagonal split array_split flip fliplr flipud""",
) | names("", "list tuple dict set sorted min max sum zip enumerate reversed iter frozenset")
FRESH_METHODS: frozenset[str] = names(
    ".",
    """sum mean max min argmax argmin any all prod std var dot copy round cumsum cumprod tolist item
    nonzero trace flatten repeat argsort conj index count lower upper strip lstrip rstrip split join
    startswith endswith replace find isdigit isalpha encode decode format title splitlines
    bit_length""",
)
VIEW_METHODS: frozenset[str] = names(
    ".", "reshape transpose ravel swapaxes squeeze view astype get keys values items diagonal"
)
CHANGES_RECEIVER: frozenset[str] = names(
    ".",
    """append extend insert pop clear update setdefault add remove discard sort reverse fill
    popitem appendleft popleft""",
)
CHANGES_FIRST: frozenset[str] = names(
    "numpy.",
    """add.at subtract.at multiply.at maximum.at minimum.at copyto put place fill_diagonal
    put_along_axis putmask""",
)
BUILTINS: frozenset[str] = frozenset(name for name in FRESH | VIEW if "." not in name) | names(
    "", "print"
)
SCALAR_CALLS = names("", "len int float bool ord chr str repr hash")
SCALAR_ATTRIBUTES = names("", "shape size ndim dtype itemsize nbytes")
