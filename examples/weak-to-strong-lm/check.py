"""Trusted scorer. `prepare.py` wrote what it reads: texts, labels, weak probabilities, bounds.

Labels stay here. A draw is a sample of the weakly labelled texts and of its split's test texts; the
splits' texts are different ones.
"""

import os
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
DATA = Path(os.environ.get("WEAK_TO_STRONG_DATA", HERE / "prepared.npz"))
MODEL = os.environ.get("WEAK_TO_STRONG_MODEL", str(HERE / ".venv/share/strong"))
"""The strong model lies in the interpreter's own folder, which every box shows, read-only."""
TRAIN, TEST = 4000, 1000

with np.load(DATA) as prepared:
    KEPT = {name: prepared[name] for name in prepared.files}

ORDER = np.random.default_rng(20_261_125).permutation(len(KEPT["labels"]) - len(KEPT["weak"]))
TESTS = dict(zip(("visible", "fresh", "sealed"), np.array_split(ORDER, 3), strict=True))


def draw(rng, split):
    """The first texts have weak labels; the rest are the tests'."""
    count = len(KEPT["weak"])
    train = rng.permutation(count)[:TRAIN]
    test = count + rng.permutation(TESTS[split])[:TEST]
    inputs = {
        "tokens": KEPT["tokens"][train],
        "lengths": KEPT["lengths"][train],
        "weak": KEPT["weak"][train],
        "test_tokens": KEPT["tokens"][test],
        "test_lengths": KEPT["lengths"][test],
        "model": MODEL,
    }
    return inputs, {"labels": KEPT["labels"][test], "weak": KEPT["weak_test"][test - count],
                    "strong": KEPT["strong_test"][test - count]}  # fmt: skip


def score(output, answer):
    """The share of test texts whose class is right."""
    right = answer["labels"]
    if not isinstance(output, np.ndarray) or output.dtype.kind not in "iu":
        return "not an array of integers"
    if output.shape != right.shape:
        return f"shape {output.shape}, not {right.shape}"
    return float(np.mean(output == right))


def floor(inputs, answer):
    """The weak model itself."""
    return float(np.mean((answer["weak"] > 0.5) == answer["labels"]))


def ceiling(inputs, answer):
    """The strong model trained on true labels, whose predictions prepare.py has kept."""
    return float(np.mean((answer["strong"] > 0.5) == answer["labels"]))
