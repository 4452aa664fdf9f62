"""A student that copies its weak supervisor: one hidden layer, trained on its first choices."""

import numpy as np

HIDDEN = 64
STEPS = 200
BATCH = 128
RATE = 0.01
DECAY = 1e-4


def predict(inputs, weak, test):
    """Train on weak labels, then name the class of each test image."""
    rng = np.random.default_rng(0)
    targets = np.eye(weak.shape[1])[weak.argmax(axis=1)]
    model = train(inputs, targets, rng)
    return probabilities(model, test).argmax(axis=1)


def train(inputs, targets, rng, hidden=HIDDEN):
    """Minimise the cross-entropy to `targets` with Adam, the rate falling to 0."""
    model = [
        rng.normal(size=(inputs.shape[1], hidden)) * np.sqrt(2 / inputs.shape[1]),
        np.zeros(hidden),
        rng.normal(size=(hidden, targets.shape[1])) * np.sqrt(1 / hidden),
        np.zeros(targets.shape[1]),
    ]
    means = [np.zeros_like(part) for part in model]
    squares = [np.zeros_like(part) for part in model]
    for step in range(1, STEPS + 1):
        chosen = rng.integers(0, len(inputs), BATCH)
        gradients = gradient(model, inputs[chosen], targets[chosen])
        rate = RATE * (1 - (step - 1) / STEPS)
        for part, slope, mean, square in zip(model, gradients, means, squares, strict=True):
            mean += 0.1 * (slope - mean)
            square += 0.01 * (slope * slope - square)
            scale = np.sqrt(square / (1 - 0.99**step)) + 1e-6
            part -= rate * mean / (1 - 0.9**step) / scale
    return model


def gradient(model, inputs, targets):
    """Of the mean cross-entropy, with weight decay, by each part of the model."""
    into, _, out, _ = model
    hidden = np.maximum(inputs @ into + model[1], 0)
    error = (softmax(hidden @ out + model[3]) - targets) / len(inputs)
    back = (error @ out.T) * (hidden > 0)
    return [
        inputs.T @ back + DECAY * into,
        back.sum(axis=0),
        hidden.T @ error + DECAY * out,
        error.sum(axis=0),
    ]


def probabilities(model, inputs):
    """Of each class, by image."""
    into, shift, out, bias = model
    return softmax(np.maximum(inputs @ into + shift, 0) @ out + bias)


def softmax(scores):
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
