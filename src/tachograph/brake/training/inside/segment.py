"""A stretch of char-lm's training that can be taken again: from any step, optimiser state and all.

Runs in a box beside the run's own train.py, whose gradients it uses; imports nothing of tachograph.
Takes the same steps as `train` there. Whoever replays takes both files from the run's commitment.
"""

from typing import Any

import numpy as np
import train

Arrays = dict[str, Any]


def segment(data: Arrays, batches: Any, weights: Arrays, state: Arrays, first_step: int,
            hyperparameters: dict[str, float]) -> Arrays:  # fmt: skip
    """Take one Adam step for each row of `batches`, the first being number `first_step` + 1.

    Returns each step's loss, and the weights and the state after each step, stacked.
    """
    tokens, rate = data["tokens"], hyperparameters["learning_rate"]
    length = len(weights["position"])
    losses, after, states = [], [], []
    for step, batch in enumerate(batches, start=first_step + 1):
        loss = 0.0
        gradients = {name: np.zeros_like(weight) for name, weight in weights.items()}
        for start in batch:
            window = tokens[start : start + length + 1]
            one_loss, one_gradients = train.one_sequence(window[:-1], window[1:], weights)
            loss += one_loss / len(batch)
            for name in weights:
                gradients[name] += one_gradients[name] / len(batch)
        weights, state = update(step, rate, gradients, weights, state)
        losses.append(loss)
        after.append(weights)
        states.append(state)
    return {"losses": np.array(losses), "weights": stacked(after), "state": stacked(states)}


def update(step: int, rate: float, gradients: Arrays, weights: Arrays,
           state: Arrays) -> tuple[Arrays, Arrays]:  # fmt: skip
    """One step of Adam; nothing is changed in place."""
    new_weights, new_state = {}, {}
    for name, gradient in gradients.items():
        one, two = train.BETA_1, train.BETA_2
        first = one * state[f"first.{name}"] + (1 - one) * gradient
        second = two * state[f"second.{name}"] + (1 - two) * gradient**2
        spread = np.sqrt(second / (1 - two**step))
        move = first / (1 - one**step)
        new_weights[name] = weights[name] - rate * move / (spread + train.ADAM_EPSILON)
        new_state[f"first.{name}"], new_state[f"second.{name}"] = first, second
    return new_weights, new_state


def stacked(steps: list[Arrays]) -> Arrays:
    """Arrays by name with one more axis in front: the steps."""
    return {name: np.stack([arrays[name] for arrays in steps]) for name in steps[0]}
