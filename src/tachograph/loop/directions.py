"""Starting directions: where a seat is told to look first, so that seats do not all look alike."""

from __future__ import annotations

import random
from collections.abc import Sequence

GENERAL = (
    "Change the method before its details: fewer steps beat faster steps.",
    "Find the most expensive part first, and leave everything else as it is.",
    "Look for work that is done more than once, and do it once.",
    "Move work out of inner loops: into array operations, a library, or compiled code.",
    "Change how data lie in memory: layout, order, size, copies.",
    "Use no more precision than the check asks for.",
    "Use what the inputs have in common: shapes, ranges, order, repetition, sparsity.",
    "Begin again from the goal, without regard to how it is done now.",
    "Make one small change that is certain to be right.",
    "Combine changes that each worked alone.",
    "Find out why earlier attempts were refused, and repair the most promising one.",
    "Do several things at once: use every core that the task allows.",
    "Ask of each constant and each setting what it would cost to change it.",
    "Question what is optimised: another objective, another schedule, another stopping rule.",
    "Work on the data: what to leave out, what to weigh more, in which order to take it.",
    "Remove something: what is not needed costs most.",
)
"""They fit any task, and say nothing that a person who knows the field would not say."""


def directions_for(seats: int, given: Sequence[str], random_seed: int) -> tuple[str, ...]:
    """One for each seat: those given first, then drawn without repeats, as long as there are any.

    A single seat without a given one has none.
    """
    if seats == 1 and not given:
        return ("",)
    drawn = [direction for direction in GENERAL if direction not in given]
    random.Random(f"{random_seed}:directions").shuffle(drawn)
    pool = [*given, *drawn]
    return tuple(pool[seat % len(pool)] for seat in range(seats))
