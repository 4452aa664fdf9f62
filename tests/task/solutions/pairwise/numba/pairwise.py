"""Reference solution for pairwise: one compiled loop over all pairs."""

import math

import numpy as np
from numba import njit


@njit("Tuple((int64[::1], float64[::1]))(float64[:, ::1])", cache=True)
def search(points):
    count, width = points.shape
    index = np.empty(count, np.int64)
    distance = np.empty(count)
    for i in range(count):
        best = -1
        shortest = math.inf
        for j in range(count):
            squared = 0.0
            for k in range(width):
                apart = points[i, k] - points[j, k]
                squared += apart * apart
            if squared < shortest and j != i:
                shortest = squared
                best = j
        index[i] = best
        distance[i] = math.sqrt(shortest)
    return index, distance


def nearest(points):
    index, distance = search(np.ascontiguousarray(points))
    return {"index": index, "distance": distance}
