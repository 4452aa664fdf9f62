"""Trusted scorer of the task weak-to-strong.

The data are the 1,797 images of handwritten digits, 8 by 8 pixels, that scikit-learn ships (from
the UCI repository, "Optical Recognition of Handwritten Digits", CC BY 4.0). They are public, so
labels are kept from candidates in three ways: the box does not show scikit-learn (`hidden` in
task.toml); the test images of the three splits are different ones; and a candidate never sees an
image, but a view of it that is new in every draw: moved, turned and scaled a little, then mixed by
a secret rotation.
"""

import gzip
import hashlib
import importlib.util
from pathlib import Path

import numpy as np

CLASSES, SIDE = 10, 8
SUPERVISOR, STUDENT, TEST = 200, 690, 300
"""Images in a draw: the weak supervisor's own, the student's, the test's."""
VIEW = 32
"""Numbers that the student sees of an image: its leading principal components, turned."""
CAMERA = 0.4
"""Spread of the noise in the weak supervisor's camera; a pixel is between 0 and 1."""
DATA_SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"


def read_digits():
    """Images (1797, 8, 8) from 0 to 1, and labels (1797,)."""
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            "scikit-learn is needed: pip install 'tachograph[weak-to-strong]'"
        )
    text = gzip.decompress((Path(found.origin).parent / "datasets/data/digits.csv.gz").read_bytes())
    if hashlib.sha256(text).hexdigest() != DATA_SHA256:
        raise ValueError("scikit-learn's digits are not those that this task was made with")
    table = np.array([line.split(",") for line in text.decode().split()], dtype=float)
    return table[:, :-1].reshape(-1, SIDE, SIDE) / 16, table[:, -1].astype(int)


IMAGES, LABELS = read_digits()
ORDER = np.random.default_rng(20_261_125).permutation(len(IMAGES))
TESTS = {
    split: ORDER[TEST * place : TEST * (place + 1)]
    for place, split in enumerate(("visible", "fresh", "sealed"))
}
"""Images of the tests: each split has its own."""
LEARNING = ORDER[TEST * 3 :]
"""Images that supervisors and students learn from, in every split."""


def draw(rng, split):
    """What the student gets, and the labels, which the judge keeps."""
    learning = rng.permutation(LEARNING)
    chosen = [learning[:SUPERVISOR], learning[SUPERVISOR:][:STUDENT], rng.permutation(TESTS[split])]
    images = [moved(IMAGES[part], rng) for part in chosen]
    own, train, test = (LABELS[part] for part in chosen)
    photographs = [flat(part) + CAMERA * rng.normal(size=(len(part), SIDE**2)) for part in images]
    supervisor = logistic(photographs[0], one_hot(own))
    mix = mixing(np.concatenate([flat(part) for part in images]), rng)
    inputs = {
        "inputs": mix(flat(images[1])),
        "weak": supervisor(photographs[1]),
        "test": mix(flat(images[2])),
    }
    return inputs, {"labels": test, "train": train, "weak_test": supervisor(photographs[2])}


def score(output, answer):
    """The share of test images whose class is right."""
    right = answer["labels"]
    if not isinstance(output, np.ndarray) or output.dtype.kind not in "iu":
        return "not an array of integers"
    if output.shape != right.shape:
        return f"shape {output.shape}, not {right.shape}"
    if output.min() < 0 or output.max() >= CLASSES:
        return f"a class that is not from 0 to {CLASSES - 1}"
    return float(np.mean(output == right))


def floor(inputs, answer):
    """The weak supervisor itself, on the test images."""
    return float(np.mean(answer["weak_test"].argmax(axis=1) == answer["labels"]))


def ceiling(inputs, answer):
    """The student as given, trained on the true labels."""
    predicted = student(inputs["inputs"], one_hot(answer["train"]))(inputs["test"])
    return float(np.mean(predicted.argmax(axis=1) == answer["labels"]))


# -- views -----------------------------------------------------------------------------------------


def moved(images, rng):
    """Each image turned by up to 6 degrees, scaled by up to 5 %, moved by up to 0.4 pixels."""
    count, middle = len(images), (SIDE - 1) / 2
    angle = np.deg2rad(rng.uniform(-6, 6, count))[:, None, None]
    scale = 1 + rng.uniform(-0.05, 0.05, count)[:, None, None]
    down, right = rng.uniform(-0.4, 0.4, (2, count, 1, 1))
    rows, columns = np.indices((SIDE, SIDE)) - middle
    # two pixels of margin on each side, so that all four neighbours are there
    row = (np.cos(angle) * rows - np.sin(angle) * columns) / scale + down + middle + 2
    column = (np.sin(angle) * rows + np.cos(angle) * columns) / scale + right + middle + 2
    wide = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    row, column = (np.clip(each, 0, SIDE + 2.999) for each in (row, column))
    top, left = row.astype(int), column.astype(int)
    lower, further = row - top, column - left
    which = np.arange(count)[:, None, None]
    above = wide[which, top, left] * (1 - further) + wide[which, top, left + 1] * further
    below = wide[which, top + 1, left] * (1 - further) + wide[which, top + 1, left + 1] * further
    shown = above * (1 - lower) + below * lower
    return np.clip(shown + 0.02 * rng.normal(size=shown.shape), 0, 1)


def mixing(pixels, rng):
    """The student's view: leading components, made equally wide, then turned at random.

    Equally wide, because a width would tell which component is which: whoever has the data set
    could undo the turn.
    """
    centre = pixels.mean(axis=0)
    _, sizes, axes = np.linalg.svd(pixels - centre, full_matrices=False)
    view = axes[:VIEW].T / (sizes[:VIEW] / np.sqrt(len(pixels)))
    turn, _ = np.linalg.qr(rng.normal(size=(VIEW, VIEW)))
    return lambda images: (images - centre) @ view @ turn


def flat(images):
    return images.reshape(len(images), -1)


# -- models ----------------------------------------------------------------------------------------


def logistic(inputs, targets):
    """Multinomial logistic regression, 300 steps of Adam with weight decay."""
    weights = [np.zeros((inputs.shape[1], CLASSES)), np.zeros(CLASSES)]
    adam = Adam(weights)
    for _ in range(300):
        error = (softmax(inputs @ weights[0] + weights[1]) - targets) / len(inputs)
        adam.step([inputs.T @ error + 1e-3 * weights[0], error.sum(axis=0)], 0.1)
    return lambda images: softmax(images @ weights[0] + weights[1])


def student(inputs, targets, hidden=64, steps=200, batch=128, decay=1e-4):
    """The seed's training, written apart from it, for the ceiling."""
    rng = np.random.default_rng(0)
    into = rng.normal(size=(inputs.shape[1], hidden)) * np.sqrt(2 / inputs.shape[1])
    shift = np.zeros(hidden)
    out = rng.normal(size=(hidden, CLASSES)) * np.sqrt(1 / hidden)
    bias = np.zeros(CLASSES)
    adam = Adam([into, shift, out, bias])
    for step in range(steps):
        chosen = rng.integers(0, len(inputs), batch)
        active = np.maximum(inputs[chosen] @ into + shift, 0)
        error = (softmax(active @ out + bias) - targets[chosen]) / batch
        back = (error @ out.T) * (active > 0)
        slopes = [inputs[chosen].T @ back + decay * into, back.sum(axis=0)]
        slopes += [active.T @ error + decay * out, error.sum(axis=0)]
        adam.step(slopes, 0.01 * (1 - step / steps))
    return lambda images: softmax(np.maximum(images @ into + shift, 0) @ out + bias)


class Adam:
    """Adam (Kingma and Ba 2015), with 0.9, 0.99 and 1e-6; changes the weights in place."""

    def __init__(self, weights):
        self.weights = weights
        self.means = [np.zeros_like(each) for each in weights]
        self.squares = [np.zeros_like(each) for each in weights]
        self.count = 0

    def step(self, slopes, rate):
        self.count += 1
        for weight, slope, mean, square in zip(
            self.weights, slopes, self.means, self.squares, strict=True
        ):
            mean += 0.1 * (slope - mean)
            square += 0.01 * (slope * slope - square)
            scale = np.sqrt(square / (1 - 0.99**self.count)) + 1e-6
            weight -= rate * mean / (1 - 0.9**self.count) / scale


def softmax(scores):
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def one_hot(labels):
    return np.eye(CLASSES)[labels]
