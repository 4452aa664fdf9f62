"""Least squares, again and again without the points that are furthest off."""

import numpy as np


def predict(inputs, targets, test):
    used = np.full(len(targets), True)
    for _ in range(10):
        weights = np.linalg.lstsq(inputs[used], targets[used], rcond=None)[0]
        off = np.abs(targets - inputs @ weights)
        used = off < 3 * np.median(off)
    return test @ weights
