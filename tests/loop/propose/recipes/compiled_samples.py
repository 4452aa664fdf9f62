"""Small programs of many kinds, with inputs, for the tests of recipes. None is a task of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Draw = Callable[[np.random.Generator], dict[str, Any]]


@dataclass(frozen=True)
class Sample:
    """A program of one file, its entry, and how to draw its arguments."""

    name: str
    text: str
    function: str
    draw: Draw

    @property
    def files(self) -> dict[str, str]:
        return {f"{self.name}.py": self.text}

    @property
    def entry(self) -> str:
        return f"{self.name}:{self.function}"


MANDELBROT = Sample(
    "mandelbrot",
    """
import numpy as np

def escapes(re: float, im: float, most: int) -> int:
    x = y = 0.0
    for step in range(most):
        if x * x + y * y > 4.0:
            return step
        x, y = x * x - y * y + re, 2.0 * x * y + im
    return most

def draw(width, height, most):
    picture = np.zeros((height, width), dtype=np.int64)
    for row in range(height):
        for column in range(width):
            re = -2.0 + 3.0 * column / width
            im = -1.0 + 2.0 * row / height
            picture[row, column] = escapes(re, im, most)
    return picture
""",
    "draw",
    lambda rng: {"width": int(rng.integers(20, 30)), "height": 20, "most": 50},
)

K_MEANS = Sample(
    "kmeans",
    '''
import numpy as np

def assign(points, centres):
    """Nearest centre of each point."""
    apart = points[:, None, :] - centres[None, :, :]
    return np.argmin(np.sum(apart**2, axis=2), axis=1)

def cluster(points, centres, rounds=5):
    for _ in range(rounds):
        labels = assign(points, centres)
        sums = np.zeros_like(centres)
        counts = np.zeros(len(centres))
        for i in range(len(points)):
            sums[labels[i]] += points[i]
            counts[labels[i]] += 1.0
        centres = sums / np.maximum(counts, 1.0)[:, None]
    return {"centres": centres, "labels": labels}
''',
    "cluster",
    lambda rng: {
        "points": rng.normal(size=(int(rng.integers(80, 90)), 3)),
        "centres": rng.normal(size=(4, 3)),
    },
)

N_BODY = Sample(
    "nbody",
    """
import numpy as np

G = 0.1

def forces(bodies):
    total = np.zeros_like(bodies["place"])
    count = len(bodies["mass"])
    for i in range(count):
        for j in range(count):
            if i == j:
                continue
            apart = bodies["place"][j] - bodies["place"][i]
            distance = np.sqrt(np.sum(apart * apart) + 1e-3)
            total[i] += G * bodies["mass"][i] * bodies["mass"][j] * apart / distance**3
    return total

def energy(bodies):
    return 0.5 * float(np.sum(bodies["mass"] * np.sum(bodies["speed"] ** 2, axis=1)))

def simulate(bodies, steps, dt):
    energies = []
    bodies = {name: value.copy() for name, value in bodies.items()}
    for _ in range(steps):
        pull = forces(bodies)
        bodies["speed"] += dt * pull / bodies["mass"][:, None]
        bodies["place"] += dt * bodies["speed"]
        energies.append(energy(bodies))
    return {"bodies": bodies, "energies": energies}
""",
    "simulate",
    lambda rng: {
        "bodies": {
            "place": rng.normal(size=(7, 3)),
            "speed": rng.normal(size=(7, 3)),
            "mass": rng.uniform(0.5, 1.5, size=7),
        },
        "steps": int(rng.integers(10, 15)),
        "dt": 0.01,
    },
)

EDIT_DISTANCE = Sample(
    "edits",
    '''
import numpy as np

def distance(a, b):
    """Levenshtein, by rows."""
    previous = np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        current = np.zeros(len(b) + 1, dtype=np.int64)
        current[0] = i
        for j in range(1, len(b) + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            best = previous[j] + 1
            if current[j - 1] + 1 < best:
                best = current[j - 1] + 1
            if previous[j - 1] + cost < best:
                best = previous[j - 1] + cost
            current[j] = best
        previous = current
    return int(previous[len(b)])
''',
    "distance",
    lambda rng: {"a": rng.integers(0, 4, size=70), "b": rng.integers(0, 4, size=80)},
)

MATRIX_VECTOR = Sample(
    "matvec",
    """
import numpy as np

def multiply(matrix, vector):
    result = np.zeros(matrix.shape[0])
    for i in range(matrix.shape[0]):
        total = 0.0
        for j in range(matrix.shape[1]):
            total += matrix[i, j] * vector[j]
        result[i] = total
    return result

def power_iteration(matrix, rounds):
    vector = np.ones(matrix.shape[1])
    for _ in range(rounds):
        vector = multiply(matrix, vector)
        vector = vector / np.linalg.norm(vector)
    return vector, vector @ multiply(matrix, vector)
""",
    "power_iteration",
    lambda rng: {"matrix": rng.normal(size=(70, 70)) + 70 * np.eye(70), "rounds": 4},
)

LSTM = Sample(
    "lstm",
    """
import numpy as np

def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))

def step(weights, x, h, c):
    gates = {}
    for name in ("forget", "input", "output"):
        gates[name] = sigmoid(weights[name]["x"] @ x + weights[name]["h"] @ h + weights[name]["b"])
    fresh = np.tanh(weights["cell"]["x"] @ x + weights["cell"]["h"] @ h + weights["cell"]["b"])
    c = gates["forget"] * c + gates["input"] * fresh
    return gates["output"] * np.tanh(c), c

def run(weights, xs):
    size = weights["cell"]["b"].shape[0]
    h, c = np.zeros(size), np.zeros(size)
    outputs = np.empty((len(xs), size))
    for t, x in enumerate(xs):
        h, c = step(weights, x, h, c)
        outputs[t] = h
    return {"outputs": outputs, "last": (h, c)}
""",
    "run",
    lambda rng: {
        "weights": {
            gate: {
                "x": rng.normal(size=(6, 5)),
                "h": rng.normal(size=(6, 6)),
                "b": rng.normal(size=6),
            }
            for gate in ("forget", "input", "output", "cell")
        },
        "xs": rng.normal(size=(int(rng.integers(70, 80)), 5)),
    },
)

HISTOGRAM = Sample(
    "histogram",
    """
import numpy as np

def count(values, low, high, bins):
    counts = np.zeros(bins, dtype=np.int64)
    width = (high - low) / bins
    for value in values:
        if low <= value < high:
            counts[int((value - low) / width)] += 1
    return counts
""",
    "count",
    lambda rng: {"values": rng.normal(size=500), "low": -2.0, "high": 2.0, "bins": 10},
)

WORDS = Sample(
    "words",
    """
def frequent(text, most):
    counts = {}
    for word in text.lower().split():
        word = word.strip(".,")
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
""",
    "frequent",
    lambda rng: {"text": " ".join(rng.choice(["a", "B.", "c,"], size=200)), "most": 2},
)

NETWORK = Sample(
    "network",
    """
import numpy as np

LAYERS = 3
RATE, DECAY = 0.05, 0.9

def forward(params, x):
    kept = []
    for layer in range(LAYERS):
        before = x @ params[f"w{layer}"] + params[f"b{layer}"]
        kept.append((x, before))
        x = np.where(before > 0, before, 0.1 * before)
    return x, kept

def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

def gradients(params, x, y):
    logits, kept = forward(params, x)
    chances = softmax(logits)
    rows = np.arange(len(y))
    loss = -np.mean(np.log(chances[rows, y]))
    found = {}
    d = chances.copy()
    d[rows, y] -= 1
    d = d / len(y)
    for layer in reversed(range(LAYERS)):
        before_x, before = kept[layer]
        d = d * np.where(before > 0, 1.0, 0.1)
        found[f"w{layer}"] = before_x.T @ d
        found[f"b{layer}"] = d.sum(axis=0)
        d = d @ params[f"w{layer}"].T
    return loss, found

def update(params, moments, found):
    for name in params:
        moments[name] = DECAY * moments[name] + found[name]
        params[name] = params[name] - RATE * moments[name]

def fit(params, x, y, epochs):
    moments = {name: np.zeros_like(value) for name, value in params.items()}
    history = []
    for epoch in range(epochs):
        loss, found = gradients(params, x, y)
        update(params, moments, found)
        history.append(float(loss))
        if epoch > 2 and loss < 0.01:
            break
    return {"params": params, "history": np.array(history)}
""",
    "fit",
    lambda rng: {
        "params": {
            key: value
            for layer, (m, n) in enumerate([(6, 8), (8, 8), (8, 3)])
            for key, value in {
                f"w{layer}": rng.normal(size=(m, n)) * 0.5,
                f"b{layer}": np.zeros(n),
            }.items()
        },
        "x": rng.normal(size=(72, 6)),
        "y": rng.integers(0, 3, size=72),
        "epochs": int(rng.integers(5, 9)),
    },
)

SMOOTHING = Sample(
    "smoothing",
    """
import math

import numpy as np

KERNEL = (0.25, 0.5, 0.25)

def smooth(signal, rounds):
    signal = signal.astype(np.float64)
    for _ in range(rounds):
        padded = np.concatenate([signal[:1], signal, signal[-1:]])
        out = np.zeros_like(signal)
        for k, weight in enumerate(KERNEL):
            out += weight * padded[k : k + len(signal)]
        signal = out
    middle = float(np.mean(signal))
    spread = math.sqrt(np.var(signal))
    low = signal.min()
    return [signal, middle, spread, low, np.cumsum(signal)[::2].T]
""",
    "smooth",
    lambda rng: {"signal": rng.integers(0, 9, size=40), "rounds": 3},
)

SAMPLES = [
    MANDELBROT, K_MEANS, N_BODY, EDIT_DISTANCE, MATRIX_VECTOR, LSTM, HISTOGRAM, WORDS, NETWORK,
    SMOOTHING,
]  # fmt: skip
