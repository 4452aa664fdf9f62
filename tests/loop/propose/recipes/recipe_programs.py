"""Small programs for the tests of the recipes: text, and how to draw inputs for `main`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Draw = Callable[[np.random.Generator], dict[str, Any]]


def matrix(rng: np.random.Generator) -> dict[str, Any]:
    return {"x": rng.normal(size=(int(rng.integers(3, 7)), 4)), "s": float(rng.uniform(0.5, 2.0))}


def numbers(rng: np.random.Generator) -> dict[str, Any]:
    return {"x": [float(item) for item in rng.normal(size=int(rng.integers(1, 9)))], "s": 2.0}


PROGRAMS: dict[str, tuple[str, Draw]] = {
    "adam": (
        """
import numpy as np

RATE, DECAY = 0.1, 0.9


def gradient(w, x):
    error = x @ w - 1.0
    return x.T @ error / len(x)


def main(x, s):
    weights = {"a": np.ones(4), "b": np.zeros(4)}
    first = {name: np.zeros_like(w) for name, w in weights.items()}
    second = {name: np.zeros_like(w) for name, w in weights.items()}
    losses = []
    for step in range(1, 5):
        for name in weights:
            g = gradient(weights[name], x)
            first[name] = DECAY * first[name] + (1 - DECAY) * g
            second[name] = DECAY * second[name] + (1 - DECAY) * g**2
            move = first[name] / (1 - DECAY**step)
            weights[name] = weights[name] - RATE * move / (np.sqrt(second[name]) + 1e-3)
        losses.append(float(np.sum((x @ weights["a"]) ** 2)))
    return {"weights": weights, "losses": np.array(losses)}
""",
        matrix,
    ),
    "attention": (
        """
import numpy as np


def softmax(scores):
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def main(x, s):
    out = np.zeros_like(x)
    past = np.tril(np.ones((len(x), len(x))))
    for head in range(2):
        columns = slice(head * 2, head * 2 + 2)
        scores = x[:, columns] @ x[:, columns].T / np.sqrt(x.shape[1])
        out[:, columns] += softmax(np.where(past > 0, scores, -np.inf)) @ x[:, columns]
    return out
""",
        matrix,
    ),
    "aliases": (
        """
import numpy as np


def main(x, s):
    a = np.zeros(4)
    b = a
    c = a.reshape(2, 2)
    total = []
    for row in x:
        b += row
        a = a + row
        c[0, 0] = c[0, 0] + s
        total.append(np.sum(a * 2.0) + np.sum(c))
        last = row
        last = last * s
    return a, b, c, total, last
""",
        matrix,
    ),
    "helpers that change things": (
        """
import numpy as np

COUNTER = [0]


def bump(x):
    COUNTER[0] += 1
    x[0] += 1.0
    return x


def count():
    return len(COUNTER) + COUNTER[0]


def main(x, s):
    COUNTER[0] = 0
    total = 0.0
    for i in range(3):
        total += np.sum(bump(x) * s) + count() * 2
        total += np.sum(x * s) + count() * 2 + COUNTER[0] * 3.0
    y = x * s
    bump(x)
    z = x * s
    return total, y, z
""",
        matrix,
    ),
    "text and lists": (
        """
import math


def main(x, s):
    kept = []
    for i in range(len(x)):
        if x[i] > 0:
            kept.append(math.sqrt(x[i]) * math.pi**2)
    text = ""
    for item in kept:
        text += str(round(item, 3)) + ";"
    best = -1
    for i in range(len(x)):
        if best < 0 or x[i] > x[best]:
            best = i
    grown = [1.0]
    grown = grown + kept
    held = grown
    grown = grown + [s]
    while len(held) < 12:
        held.append(s**2 + len(held))
    assert len(held) >= 12
    return text, best, grown, held
""",
        numbers,
    ),
    "work arrays": (
        """
import numpy as np


def main(x, s):
    rows = []
    total = np.zeros(4)
    for i in range(len(x)):
        work = np.zeros(4)
        other = np.zeros(4)
        work[i % 4] = s
        other = other + work
        rows.append(other)
        total = total + work * x[i]
        if i > 2:
            continue
        total = np.tanh(total)
    return rows, total
""",
        matrix,
    ),
    "one line suites": (
        """
import numpy as np
def main(x, s):
    t = 0.0
    for i in range(3): t += np.sum(x * s) ** 2
    a = s * 2.0 + s * 2.0; b = s * 2.0
    if s > 1: t = t + s * s; t = t + s * s
    return t, a, b
""",
        matrix,
    ),
    "loops that never run": (
        """
import numpy as np


def main(x, s):
    total = 0.0
    for i in range(0):
        total += np.sum(x.T) * s
    for row in x[:0]:
        total += np.sqrt(s) * row[0]
    return total
""",
        matrix,
    ),
    "shadowed names": (
        """
import numpy as np


def sqrt(x):
    return x * 2.0


def main(x, s):
    len = lambda value: 3
    total = 0.0
    for i in range(len(x)):
        total += sqrt(s) + len(x)
    return total


def other(x, s, np=np, sum=sum):
    abs = 3.0
    for i in range(3):
        abs += np.sum(x) + i
    return abs
""",
        matrix,
    ),
}

ODD: dict[str, str] = {
    "broken": "def main(x:\n",
    "empty": "",
    "null": "def main(x):\n    return x\0\n",
    "carriage returns": (
        "def main(x):\r\n    for i in range(3):\r\n        y = x.T @ x.T\r\n    return y\r\n"
    ),
    "form feed": ("\f\ndef main(x):\n    a = [i for i in x]\n    return x**2 + x**2\n"),
    "mark": "\ufeffdef main(x):\n    return x**2\n",
    "accents": ("def main(é):\n    'ü'\n    s = 'äöü'; t = é**2\n    return é**2 + t\n\n\nx = 1\n"),
    "generator": "def main(x):\n    for i in x:\n        yield i**2\n",
    "closure": (
        "def main(x):\n"
        "    n = 0\n"
        "    def inner():\n"
        "        nonlocal n\n"
        "        n += 1\n"
        "    inner()\n"
        "    return n\n"
    ),
    "global": ("N = 0\ndef main(x):\n    global N\n    N = N + 1\n    return N**2\n"),
    "try": (
        "def main(x):\n"
        "    try:\n"
        "        return 1 / x[9]\n"
        "    except IndexError:\n"
        "        return 0\n"
    ),
    "twice": ("def main(x):\n    return x**2\n\n\ndef main(x):\n    return x**2 + 1\n"),
    "class": (
        "class A:\n"
        "    def f(self, x):\n"
        "        return x**2\n"
        "\n"
        "\n"
        "def main(x):\n"
        "    return A().f(x)\n"
    ),
    "async": "async def main(x):\n    return x**2\n",
    "star": "from math import *\n\n\ndef main(*x, **y):\n    return sqrt(4)\n",
    "match": ("def main(x):\n    match x:\n        case [a, *_]:\n            return a**2\n"),
    "decorated": ("import functools\n\n\n@functools.cache\ndef main(x):\n    return 2**2\n"),
    "continued": (
        "def main(x):\n"
        "    y = x \\\n"
        "        + 1\n"
        "    for i in range(2): \\\n"
        "        y = y + x**2 + x**2\n"
        "    return y\n"
    ),
    "walrus": ("def main(x):\n    while (n := len(x)) > 5:\n        x = x[1:]\n    return n**2\n"),
    "deep": "def main(x):\n    return " + "(" * 60 + "x**2" + ")" * 60 + "\n",
}
