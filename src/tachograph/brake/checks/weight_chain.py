"""V8, weight-chain plausibility: checkpoints form one chain from a committed start.

1. The run was declared, with its data, before anything came of it; then checkpoints and segments
   in order, each linked to the one before; the end closes it.
2. Hyperparameters lie within bounds, and so does the length of each step.
3. Where the secrets were opened: the start follows from its secret, the order from its own and from
   the data. Where checkpoints were opened: their bytes have the roots, and a checkpoint's loss on
   its next batch is the loss that the run declared.
4. Memorisation: a checkpoint knows what it was just trained on better than what it was not.

Proven by tests/brake/test_check_weight_chain.py and the red team's rows 19 to 21. Not covered: data
that are themselves made to reach a chosen end, where they were not committed to beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.evidence import Evidence
from tachograph.brake.checks import opened
from tachograph.brake.checks.runs import RunSeen, of_each_run
from tachograph.brake.checks.windows import FLOP_SLACK, PER_TOKEN
from tachograph.brake.said.records import RunDeclared
from tachograph.brake.training import char_lm
from tachograph.brake.training.links import link
from tachograph.brake.verdict import Check, CheckResult

CHECK = Check(
    "V8",
    "weight-chain plausibility",
    "correctness",
    "chains with a gap or a joint, starts that were not drawn, steps that lead nowhere, data that "
    "were not committed to before the training",
    (
        "the task is one whose start, order and loss the verifier knows (char-lm)",
        "secrets and checkpoints were opened, where the reason does not say otherwise",
        "SHA-256 finds no collisions",
    ),
)


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """What `judge` finds in a bundle."""
    return judge(bundle.evidence)


def judge(evidence: Evidence) -> Iterator[CheckResult]:
    """A result for each run, and one for a party that declared none."""
    return of_each_run(evidence, CHECK, _of_run)


def _of_run(evidence: Evidence, run: RunSeen) -> CheckResult:
    if run.declared is None:
        if run.checkpoints or run.segments:
            return CHECK.failed(run.party, f"{run.run} has checkpoints and was never declared")
        return CHECK.not_assessed(run.party, f"{run.run} was metered and never declared")
    where = [run.declared[0].where]
    for problem in (*_broken_chain(run), *_implausible(run.declared[1], run)):
        return CHECK.failed(run.party, f"{run.run}: {problem}", evidence=where)
    if run.completed is None:
        return CHECK.not_assessed(run.party, f"{run.run} is not complete yet")
    found = opened.look_into(evidence, run)
    if found.problem:
        return CHECK.failed(run.party, f"{run.run}: {found.problem}", evidence=where)
    if found.missing:
        return CHECK.not_assessed(run.party, f"{run.run}: chain unbroken; {found.missing}")
    return CHECK.passed(
        run.party,
        f"{run.run}: {len(run.checkpoints)} checkpoints in one chain from a committed start; "
        f"{found.said}",
        probability=None,
    )


def _broken_chain(run: RunSeen) -> Iterator[str]:
    """Point 1."""
    assert run.declared is not None
    declared = run.declared[1]
    if run.said_twice:
        yield "it was declared or completed twice"
    said = [heard.seq for heard, _ in (*run.checkpoints, *run.segments)]
    if said and min(said) < run.declared[0].seq:
        yield "a checkpoint came before the declaration"
    previous = ""
    for number, (_, checkpoint) in enumerate(run.checkpoints):
        if checkpoint.step != min(number * declared.segment_steps, declared.steps):
            yield f"checkpoint {number} is at step {checkpoint.step}"
        if checkpoint.previous != previous:
            yield f"checkpoint {number} is not linked to the one before"
        previous = link(checkpoint)
    links = [link(checkpoint) for _, checkpoint in run.checkpoints]
    for number, (_, segment) in enumerate(run.segments):
        if segment.segment != number or [segment.before, segment.after] != links[number:][:2]:
            yield f"segment {number} does not join two checkpoints that follow each other"
    yield from _wrong_end(run, declared, links)


def _wrong_end(run: RunSeen, declared: RunDeclared, links: list[str]) -> Iterator[str]:
    if run.completed is None:
        return
    end = run.completed[1]
    if end.segments != len(run.segments) or not links or end.last != links[-1]:
        yield "it ended at another checkpoint than the last one committed to"
    if (
        len(links) != len(run.segments) + 1
        or end.segments * declared.segment_steps < declared.steps
    ):
        yield f"{end.segments} segments do not make {declared.steps} steps"


def _implausible(declared: RunDeclared, run: RunSeen) -> Iterator[str]:
    """Point 2, as far as it needs nothing opened."""
    if declared.segment_steps < 1 or declared.steps < 1:
        yield "it takes no steps"
    for number, (_, segment) in enumerate(run.segments):
        if not all(math.isfinite(loss) and loss > 0.0 for loss in segment.losses):
            yield f"segment {number} has losses that cannot be"
        wanted = min(declared.segment_steps, declared.steps - number * declared.segment_steps)
        if wanted < 1:
            yield f"segment {number} comes after its last step"
        if len(segment.losses) != wanted:
            yield f"segment {number} has {len(segment.losses)} losses for {wanted} steps"
        rate = PER_TOKEN["training"] * declared.parameters * declared.tokens_per_step
        if abs(segment.flop - rate * wanted) > FLOP_SLACK * rate * wanted:
            yield f"segment {number} took {segment.flop:.3g} FLOP, {rate * wanted:.3g} is right"
    if declared.task == "char-lm":
        yield from _off_bounds(declared)


def _off_bounds(declared: RunDeclared) -> Iterator[str]:
    low, high = char_lm.LEARNING_RATES
    rate = declared.hyperparameters.get("learning_rate")
    if not isinstance(rate, int | float) or not low <= rate <= high:
        yield f"a learning rate of {rate!r} lies outside {low:g} to {high:g}"
    if (declared.parameters, declared.tokens_per_step) != (
        char_lm.PARAMETERS, char_lm.TOKENS_PER_STEP,
    ):  # fmt: skip
        yield "it declares another model or batch than the task has"
