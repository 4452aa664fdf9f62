"""The nearest neighbour of each point, found by looking at all the others."""

import math

import numpy as np
from numpy.typing import NDArray


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Euclidean."""
    total = 0.0
    for k in range(len(a)):
        total += (a[k] - b[k]) ** 2
    return math.sqrt(total)


def nearest_other(points: NDArray[np.float64], i: int) -> tuple[int, float]:
    """Index of the point nearest to point i, and how far it is."""
    best = -1
    shortest = math.inf
    for j in range(len(points)):
        if j != i:
            apart = distance(points[i], points[j])
            if apart < shortest:
                best = j
                shortest = apart
    return best, shortest


def nearest(points: NDArray[np.float64]) -> dict[str, NDArray[np.generic]]:
    """For each of the (n, d) points: `index` and `distance` of its nearest other point."""
    found = [nearest_other(points, i) for i in range(len(points))]
    return {
        "index": np.array([index for index, _ in found]),
        "distance": np.array([apart for _, apart in found]),
    }
