"""Least squares, which believes every point."""

import numpy as np


def predict(inputs, targets, test):
    weights = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    return test @ weights
