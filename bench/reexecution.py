"""How far replays of char-lm, honest and dishonest, lie from what was declared; what they cost.

    python bench/reexecution.py                    # about 80 CPU seconds
    python bench/reexecution.py --segments 6 --json out.json

A real run of the task's own trainer is committed to, segment by segment, and each segment is taken
again in a box: on this machine, and as unlike machines would (other instruction sets for NumPy and
for its BLAS, two threads). Then runs are forged, and their segments replayed likewise. Distances
are |replayed - declared| / |declared step|, the larger of weights and optimiser state.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tachograph.brake.checks import opened
from tachograph.brake.training import char_lm, record, replay, served
from tachograph.brake.training.steps import LIBRARIES, Steps, machine_of, parse_code, take_steps
from tachograph.brake.training.tensors import Arrays
from tachograph.sandbox import Box, Limits
from tachograph.task import Check, load

RATE, SEGMENT_STEPS = 0.004, 20
ORDER, START = b"o" * 32, b"s" * 32
MACHINES: dict[str, tuple[Mapping[str, str], int]] = {
    "this machine, another process": ({}, 1),
    "two threads": ({}, 2),
    "BLAS for AVX2 (Haswell)": ({"OPENBLAS_CORETYPE": "Haswell"}, 1),
    "BLAS without FMA (Nehalem)": ({"OPENBLAS_CORETYPE": "Nehalem"}, 1),
    "NumPy without AVX-512": ({"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL"}, 1),
    "NumPy and BLAS without AVX": (
        {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL", "OPENBLAS_CORETYPE": "Nehalem"},
        1,
    ),
}
Trainer = Callable[..., Steps]
Forger = Callable[[Trainer, Any, Any, NDArray[np.int64], NDArray[np.int64]], Steps]


def box_for(variables: Mapping[str, str], threads: int) -> Box:
    """A box on a machine that is told to be another."""
    limits: Limits = dataclasses.replace(record.LIMITS, threads=threads)
    # A second BLAS thread is there before the walls, which one thread alone can put up; the code
    # that is replayed here is ours.
    level: Any = "D" if threads > 1 else None
    return Box.open_best(level, libraries=LIBRARIES, limits=limits, variables=variables)[0]


# Forgeries: each gets an honest trainer, weights, state, the segment's batches, and the text.


def swapped_batch(trainer: Trainer, w: Any, s: Any, rows: Any, text: Any) -> Steps:
    """One of the segment's batches is another."""
    rows = rows.copy()
    rows[len(rows) // 2] = (rows[len(rows) // 2] + 1234) % (len(text) - 8)
    return trainer(w, s, rows)


def one_sequence(trainer: Trainer, w: Any, s: Any, rows: Any, text: Any) -> Steps:
    """One sequence of one batch is another: one in 320."""
    rows = rows.copy()
    rows[len(rows) // 2, 0] = (rows[len(rows) // 2, 0] + 1234) % (len(text) - 8)
    return trainer(w, s, rows)


def hidden_steps(trainer: Trainer, w: Any, s: Any, rows: Any, text: Any) -> Steps:
    """Two steps more before the last."""
    early = trainer(w, s, rows[:-1])
    more = trainer(early.weights[-1], early.state[-1], rows[:2])
    last = trainer(more.weights[-1], more.state[-1], rows[-1:])
    return joined(early, last)


def other_data(trainer: Trainer, w: Any, s: Any, rows: Any, text: Any) -> Steps:
    """The same order over another text."""
    return trainer(w, s, rows, np.roll(text, 1234))


def other_rate(trainer: Trainer, w: Any, s: Any, rows: Any, text: Any) -> Steps:
    """A learning rate 0.1 % higher than declared."""
    return trainer(w, s, rows, text, RATE * 1.001)


def interpolation(trainer: Trainer, w: Any, s: Any, rows: Any, text: Any) -> Steps:
    """Half of the steps are taken, and the way is told as a straight line over all of them."""
    end = trainer(w, s, rows[::2])
    points = [
        {name: w[name] + share * (end.weights[-1][name] - w[name]) for name in w}
        for share in np.linspace(0, 1, len(rows) + 1)[1:]
    ]
    return Steps(np.ones(len(rows)), tuple(points), (end.state[-1],) * len(rows), 0.0)


FORGERS: dict[str, Forger] = {
    "one of 20 batches swapped": swapped_batch,
    "one of 320 sequences swapped": one_sequence,
    "two hidden extra steps": hidden_steps,
    "other data": other_data,
    "a learning rate 0.1 % off": other_rate,
    "interpolated checkpoints": interpolation,
}


def joined(one: Steps, other: Steps) -> Steps:
    """One after the other."""
    return Steps(
        np.append(one.losses, other.losses), one.weights + other.weights, one.state + other.state,
        one.cpu_seconds + other.cpu_seconds,
    )  # fmt: skip


def declared_run(box: Box, text: NDArray[np.int64], steps: int, forger: Forger | None) -> tuple[
    record.Recorder, float, float
]:  # fmt: skip
    """A run as it was committed to; CPU seconds of training in the box, and of committing."""
    made = record.declare_char_lm(
        run="bench", site="here", tokens=text, steps=steps, segment_steps=SEGMENT_STEPS,
        learning_rate=RATE, order_secret=ORDER, start_secret=START,
        machine=machine_of(box),
    )  # fmt: skip
    program = parse_code(made.objects[made.declared.code])
    rows = char_lm.order(ORDER, made.declared.data, len(text), steps)
    weights: Arrays = char_lm.initial_weights(START)
    state: Arrays = char_lm.initial_state(weights)
    made.begin(weights, state)
    trained = committed = 0.0
    for first in range(0, steps, SEGMENT_STEPS):

        def trainer(weights: Any, state: Any, rows: Any, tokens: Any = None, rate: float = RATE,
                    first: int = first) -> Steps:  # fmt: skip
            taken = take_steps(
                box, program, data={"tokens": text if tokens is None else tokens}, batches=rows,
                weights=weights, state=state, first_step=first,
                hyperparameters={"learning_rate": rate},
            )  # fmt: skip
            if not isinstance(taken, Steps):
                sys.exit(f"the training code gave no steps: {taken.detail}")
            return taken

        part = rows[first : first + SEGMENT_STEPS]
        honest = forger is None
        taken = trainer(weights, state, part) if forger is None else forger(
            trainer, weights, state, part, text)  # fmt: skip
        trained += taken.cpu_seconds if honest else 0.0
        began = time.process_time()
        made.commit(taken, part)
        committed += time.process_time() - began
        weights, state = taken.weights[-1], taken.state[-1]
    return made, trained, committed


def segment_of(made: record.Recorder, number: int) -> replay.Segment:
    """As a verifier opens it."""
    return replay.open_segment(
        "bench", made.declared, made.checkpoints[number], made.checkpoints[number + 1],
        made.segments[number], made.objects.get,
    )  # fmt: skip


def distances(box: Box, made: record.Recorder) -> tuple[list[float], float]:
    """Of each segment's replay, and its CPU seconds."""
    found, spent = [], 0.0
    for number in range(len(made.segments)):
        said = replay.replay(box, segment_of(made, number), beacon="bench", tolerance=0.0)
        found.append(math.inf if said.distance is None else said.distance)
        spent += said.cpu_seconds
    return found, spent


def row(name: str, found: list[float]) -> str:
    """One line of a table."""
    return f"| {name} | {min(found):.1e} | {max(found):.1e} |"


def memory(made: record.Recorder, text: NDArray[np.int64]) -> float:
    """The memorisation statistic of a run, from all of its checkpoints."""
    rows = char_lm.order(ORDER, made.declared.data, len(text), made.declared.steps)
    gains = []
    for number in range(1, len(made.segments)):
        segment = segment_of(made, number)
        part = rows[segment.first_step : segment.first_step + len(segment.batches)]
        gains.append(opened.gains_of(segment.before[0], segment.after[0], text, part, number))
    return opened.memory_of(gains)


def untold(share: float) -> Forger:
    """Of each segment's batches, a share is really another, which nobody declared."""

    def forge(trainer: Trainer, w: Any, s: Any, rows: Any, text: Any) -> Steps:
        rows, rng = rows.copy(), np.random.default_rng(int(rows[0, 0]))
        which = rng.random(len(rows)) < share
        rows[which] = rng.integers(0, len(text) - 8, size=(int(which.sum()), rows.shape[1]))
        return trainer(w, s, rows)

    return forge


def serving(text: NDArray[np.int64], weights: Arrays) -> dict[str, float]:
    """Records of 16 characters until one differs, on average over prompts, by what serves them."""
    rng = np.random.default_rng(4)
    prompts = [text[at : at + 8] for at in rng.integers(0, len(text) - 8, size=200)]
    found = {}
    for name, changed in {
        "float16 weights": {n: a.astype(np.float16).astype(float) for n, a in weights.items()},
        "8-bit weights": {n: rounded(a, 127) for n, a in weights.items()},
        "4-bit weights": {n: rounded(a, 7) for n, a in weights.items()},
    }.items():
        same = [served.same(weights, served.record(changed, prompt, 16))[0] for prompt in prompts]
        found[name] = 1 - sum(same) / len(same)
    return found


def rounded(array: NDArray[Any], levels: int) -> NDArray[Any]:
    """To so many levels on each side of zero, one scale an array."""
    scale = np.abs(array).max() / levels
    out: NDArray[Any] = np.round(array / scale) * scale
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--segments", type=int, default=6)
    parser.add_argument("--json", default="")
    chosen = parser.parse_args()
    text: NDArray[np.int64] = Check(load("char-lm")).draw(np.random.default_rng(7))["tokens"]
    steps, out = chosen.segments * SEGMENT_STEPS, {}
    with ExitStack() as stack:
        here = stack.enter_context(box_for({}, 1))
        made, trained, committed = declared_run(here, text, steps, None)
        print("| honest replay | least distance | most |\n|---|---|---|")
        others = []
        for name, machine in MACHINES.items():
            box = stack.enter_context(box_for(*machine))
            others.append(box)
            found, spent = distances(box, made)
            out[name] = found
            print(row(name, found), flush=True)
            if machine == ({}, 1):
                exact, replayed = found, spent
        print("\n| tolerance, by segment |\n|---|")
        tolerances = [
            replay.calibrate(others, segment_of(made, number)).tolerance
            for number in range(chosen.segments)
        ]
        print("| " + ", ".join(f"{one:.0e}" for one in tolerances) + " |")
        print("\n| dishonest | least distance | most |\n|---|---|---|")
        for name, forger in FORGERS.items():
            found, _ = distances(here, declared_run(here, text, steps, forger)[0])
            out[name] = found
            print(row(name, found), flush=True)
        print(f"\nleast dishonest distance over largest tolerance: "
              f"{min(min(out[name]) for name in FORGERS) / max(tolerances):.1e}")  # fmt: skip
        print(f"replays here that were not bit for bit: {sum(one != 0 for one in exact)}")
        print("CPU seconds over those of the training itself:")
        print(f"  committing {committed / trained:.3f}, replaying all {replayed / trained:.3f}")
        print(f"  training {trained:.2f} s, {trained / steps * 1000:.1f} ms a step")
        print("\nmemory of the declared batches, standard deviations, by share of batches untold:")
        for share in (0.0, 0.1, 0.25, 0.5, 1.0):
            forged = declared_run(here, text, steps, untold(share))[0] if share else made
            print(f"  {share:.0%}: {memory(forged, text):.1f}", flush=True)
    last = segment_of(made, chosen.segments - 1).after[0]
    print("\nshare of served records of 16 characters that differ:")
    for name, share in serving(text, last).items():
        needed = math.log(0.01) / math.log(1 - min(share, 0.999)) if share else math.inf
        print(f"  {name}: {share:.1%}; 99 % sure after {needed:.0f} records")
    if chosen.json:
        with open(chosen.json, "w") as file:  # noqa: PTH123 - a name from the command line
            json.dump({"distances": out, "tolerances": tolerances}, file, indent=1)


if __name__ == "__main__":
    main()
