"""V8: a real chain passes; a broken, implausible or untrained one does not."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pytest
from runs_by_hand import forge, honest, open_box, text
from work_by_hand import Work, of

from tachograph.brake.checks.weight_chain import judge
from tachograph.brake.said import records as r
from tachograph.brake.training import char_lm, record
from tachograph.brake.training.links import batches_root, link
from tachograph.brake.training.steps import Steps
from tachograph.brake.verdict import CheckResult

LONG, SEGMENT = 80, 20


def posted(made: record.Recorder, opened: bool = True) -> Work:
    """What the party says of a run, and all that it can open."""
    work = Work()
    for said in (*made.statements(), made.complete()):
        work.say("alba", said)
    work.objects = dict(made.objects) if opened else {}
    return work


def result(work: Work) -> CheckResult:
    (found,) = of(judge(work.evidence()), "alba")
    return found


def change(work: Work, kind: type, number: int, **changes: Any) -> Work:
    """The same, but that the numbered statement of a kind says something else."""
    places = [place for place, heard in enumerate(work.heard) if isinstance(heard.said, kind)]
    heard = work.heard[places[number]]
    said = dataclasses.replace(heard.said, **changes)
    work.heard[places[number]] = dataclasses.replace(heard, said=said)
    return work


def honest_steps(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    steps: Steps = trainer(weights, state, batch)
    return steps


def other_batches(number: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    """Trains on an order of its own, and tells true losses of the declared one where it counts."""
    own = np.random.default_rng(number).integers(0, len(text()) - 8, size=batch.shape)
    steps: Steps = trainer(weights, state, own)
    losses = steps.losses.copy()
    losses[0] = char_lm.losses(weights, text(), batch[0]).mean()
    return dataclasses.replace(steps, losses=losses)


@cache
def long(cheat: Any = honest_steps) -> record.Recorder:
    with open_box() as box:
        return forge(box, cheat, LONG, SEGMENT)


def test_a_real_run_passes() -> None:
    """Chain, start, order, losses, steps, and memory of its own batches."""
    found = result(posted(long()))
    assert found.outcome == "pass"
    assert "5 of 5 checkpoints opened" in found.reason
    assert "memory of the declared batches" in found.reason


def test_a_short_run_is_too_short_for_memory() -> None:
    """It passes what can be looked at, and says so."""
    found = result(posted(honest()))
    assert found.outcome == "pass"
    assert "too few opened steps" in found.reason


def test_training_on_other_batches_is_forgotten_by_nobody() -> None:
    """The declared batches are known no better than others."""
    found = result(posted(long(other_batches)))
    assert found.outcome == "fail"
    assert "trained on something else" in found.reason


def test_what_is_not_opened_is_not_assessed() -> None:
    """All closed; only checkpoints closed; another task; no run at all."""
    assert result(posted(honest(), opened=False)).outcome == "not-assessed"
    work = posted(honest())
    for checkpoint in honest().checkpoints:
        del work.objects[checkpoint.packed_weights]
    assert "fewer than two checkpoints" in result(work).reason
    work = change(posted(honest()), r.RunDeclared, 0, task="other")
    assert result(work).outcome == "not-assessed"
    assert result(Work()).outcome == "not-assessed"
    work = posted(honest())
    work.heard.pop()
    assert "not complete" in result(work).reason


BROKEN = {
    "a link": (r.WeightsCommitted, 1, {"previous": "0" * 64}, "not linked"),
    "a step": (r.WeightsCommitted, 2, {"step": 15}, "is at step 15"),
    "a segment's begin": (r.SegmentCommitted, 1, {"before": "0" * 64}, "does not join"),
    "a segment's number": (r.SegmentCommitted, 1, {"segment": 3}, "does not join"),
    "the end": (r.RunCompleted, 0, {"last": "0" * 64}, "another checkpoint"),
    "segments left out": (r.RunCompleted, 0, {"segments": 1}, "another checkpoint"),
    "losses": (r.SegmentCommitted, 0, {"losses": [-1.0] * 8}, "losses that cannot be"),
    "too few losses": (r.SegmentCommitted, 0, {"losses": [1.0]}, "1 losses for 8 steps"),
    "operations": (r.SegmentCommitted, 0, {"flop": 1.0}, "FLOP"),
    "batches": (r.SegmentCommitted, 0, {"batches": "0" * 64}, "other batches"),
    "an infinitesimal rate": (r.RunDeclared, 0, {"hyperparameters": {"learning_rate": 1e-9}},
                              "learning rate"),
    "a rate that is text": (r.RunDeclared, 0, {"hyperparameters": {"learning_rate": "x"}},
                            "learning rate"),
    "another model": (r.RunDeclared, 0, {"parameters": 9000}, "another model|FLOP"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "number", "changes", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_chain_fails(kind: type, number: int, changes: Any, reason: str) -> None:
    """Whatever link it is."""
    found = result(change(posted(honest()), kind, number, **changes))
    assert found.outcome == "fail"
    assert any(part in found.reason for part in reason.split("|")), found.reason


def test_a_declaration_after_the_fact_fails() -> None:
    """Data committed to after the training could have been made to fit it."""
    work = posted(honest())
    late = dataclasses.replace(work.heard.pop(0), seq=99)
    work.heard.append(late)
    assert "before the declaration" in result(work).reason


def test_a_start_that_was_not_drawn_fails() -> None:
    """Weights that were trained before, as the start of a fresh run."""

    made = honest()
    work = posted(made)
    other = b"t" * 32
    work = change(work, r.RunDeclared, 0, start_commitment=record.hashlib.sha256(other).hexdigest())
    work.objects[record.hashlib.sha256(other).hexdigest()] = other
    assert "not those of its committed secret" in result(work).reason


def interpolated(_: int, trainer: Any, weights: Any, state: Any, batch: Any) -> Steps:
    """Hardly any training, told as a whole segment with the true first loss."""
    end: Steps = trainer(weights, state, batch[:1])
    points = [
        {n: w + 1e-3 * s / len(batch) * (end.weights[0][n] - w) for n, w in weights.items()}
        for s in range(1, len(batch) + 1)
    ]
    loss = float(char_lm.losses(weights, text(), batch[0]).mean())
    return Steps(np.full(len(batch), loss), tuple(points), (end.state[0],) * len(batch), 0.0)


def test_steps_that_lead_nowhere_fail() -> None:
    """An update far too small for its learning rate."""
    with open_box() as box:
        assert "hardly moves" in result(posted(forge(box, interpolated))).reason


def test_an_opened_checkpoint_must_have_the_declared_loss() -> None:
    """A loss curve that was drawn by hand does not fit the weights."""
    work = change(posted(honest()), r.SegmentCommitted, 1, losses=[2.0] * 8)
    assert "where its checkpoint has" in result(work).reason


def test_a_segment_without_steps_fails_and_stops_no_audit() -> None:
    """Behind the last one, linked as it should be, with no losses and the root of no batches."""
    work = posted(honest())
    end = work.heard.pop()
    assert isinstance(end.said, r.RunCompleted)
    last = next(h.said for h in reversed(work.heard) if isinstance(h.said, r.WeightsCommitted))
    segments = [h.said for h in work.heard if isinstance(h.said, r.SegmentCommitted)]
    again = dataclasses.replace(last, previous=link(last))
    work.say("alba", again)
    none = batches_root(np.zeros((0, char_lm.BATCH), dtype=np.int64))
    empty = r.SegmentCommitted(
        last.run, len(segments), link(last), link(again), none, segments[-1].steps, [], 0.0
    )
    work.say("alba", empty)
    work.say("alba", r.RunCompleted(last.run, len(segments) + 1, link(again)))
    found = result(work)
    assert found.outcome == "fail" and "after its last step" in found.reason
