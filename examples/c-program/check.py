"""Two square matrices, and their product by NumPy."""

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.float64]]


def draw(rng: np.random.Generator) -> Arrays:
    """`a` and `b` reach the program as in/a.npy and in/b.npy."""
    size = int(rng.integers(380, 401))
    return {"a": rng.normal(size=(size, size)), "b": rng.normal(size=(size, size))}


def expected(inputs: Arrays) -> Arrays:
    """The program leaves it as out/product.npy."""
    return {"product": inputs["a"] @ inputs["b"]}
