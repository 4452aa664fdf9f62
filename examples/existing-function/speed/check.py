"""Two related texts. The function as it was found says what is right."""

import numpy as np


def draw(rng: np.random.Generator) -> dict[str, str]:
    """A text of 300 to 330 letters, and a copy with about a fifth of them changed."""
    letters = rng.choice(list("abcdefgh"), size=rng.integers(300, 331))
    changed = np.where(rng.random(len(letters)) < 0.2, rng.permutation(letters), letters)
    return {"a": "".join(letters), "b": "".join(changed)}
