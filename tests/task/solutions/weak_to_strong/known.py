"""What knowing the public data set is worth: all images and labels, against a view that was turned.

Not candidates: `images` and `labels` would have to be put into 16 KiB of source. They are the most
that a proposer who knows the data by heart could bring along.
"""

import numpy as np


def by_spread(images, labels, inputs, weak, test):
    """Match principal components in the order of their spreads, signs by weak class means."""
    known = whitened(images.reshape(len(images), -1), inputs.shape[1])
    seen = whitened(np.concatenate([inputs, test]), inputs.shape[1])
    wanted, found = class_means(known, np.eye(10)[labels]), class_means(seen[: len(inputs)], weak)
    aligned = seen * np.sign((wanted * found).sum(axis=0))
    return nearest(known, labels, aligned[len(inputs) :])


def by_class_means(images, labels, inputs, weak, test):
    """Turn the view so that its weak class means come closest to the known class means."""
    known = whitened(images.reshape(len(images), -1), inputs.shape[1])
    seen = whitened(np.concatenate([inputs, test]), inputs.shape[1])
    wanted, found = class_means(known, np.eye(10)[labels]), class_means(seen[: len(inputs)], weak)
    left, _, right = np.linalg.svd(found.T @ wanted)
    return nearest(known, labels, (seen @ left @ right)[len(inputs) :])


def whitened(points, count):
    """The leading components, each of spread 1, in the order of their spreads."""
    centred = points - points.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes[:count].T / (sizes[:count] / np.sqrt(len(points)))


def class_means(points, shares):
    """(classes, dimensions), about their common mean."""
    means = shares.T @ points / shares.sum(axis=0)[:, None]
    return means - means.mean(axis=0)


def nearest(known, labels, points, neighbours=15):
    """The label that most of the nearest known points have."""
    apart = ((points[:, None] - known[None]) ** 2).sum(axis=2)
    near = labels[np.argsort(apart, axis=1)[:, :neighbours]]
    return np.array([np.bincount(each, minlength=10).argmax() for each in near])
