"""Reference solution for pairwise: NumPy, all pairs at once."""

import numpy as np


def nearest(points):
    squared = np.zeros((len(points), len(points)))
    for column in points.T:
        apart = column[:, None] - column
        squared += apart * apart
    np.fill_diagonal(squared, np.inf)
    index = squared.argmin(axis=1)
    return {"index": index, "distance": np.sqrt(squared[np.arange(len(points)), index])}
