"""The trusted scorer: it never enters a box, and neither does what `draw` returns second."""

import numpy as np


def draw(rng, split):
    weights = rng.normal(size=4)
    weights /= np.linalg.norm(weights)
    points = rng.normal(size=(1100, 4))
    targets = points[:1000] @ weights + 0.3 * rng.normal(size=1000)
    spoilt = rng.random(1000) < 0.2
    targets[spoilt] *= -2
    inputs = {"inputs": points[:1000], "targets": targets, "test": points[1000:]}
    return inputs, {"truth": points[1000:] @ weights, "spoilt": spoilt}


def score(output, answer):
    if not isinstance(output, np.ndarray) or output.dtype.kind != "f":
        return "not an array of floats"
    if output.shape != answer["truth"].shape:
        return f"shape {output.shape}, not {answer['truth'].shape}"
    if not np.isfinite(output).all():
        return "not finite everywhere"
    return float(np.abs(output - answer["truth"]).mean())


def floor(inputs, answer):
    """Least squares on everything."""
    return score(least_squares(inputs, slice(None)), answer)


def ceiling(inputs, answer):
    """Least squares on the points that are not spoilt, which a candidate is not told."""
    return score(least_squares(inputs, ~answer["spoilt"]), answer)


def least_squares(inputs, used):
    given, targets = inputs["inputs"][used], inputs["targets"][used]
    return inputs["test"] @ np.linalg.lstsq(given, targets, rcond=None)[0]
