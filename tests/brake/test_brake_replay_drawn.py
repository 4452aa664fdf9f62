"""A verifier's errand: what the beacon draws is replayed, what is not opened is asked for again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from redteam.world import World
from runs_by_hand import hidden_steps, honest
from test_check_weight_chain import posted
from work_by_hand import Work

from redteam import rows_serving
from redteam import rows_training as rows
from tachograph.brake.bundle.bundle import read_bundle
from tachograph.brake.said import records as r
from tachograph.brake.training import replay_drawn, served, tensors
from tachograph.brake.training.boxes import open_boxes
from tachograph.errors import FormatError, NotFoundError, UsageError


def drawn_work() -> Work:
    """A real run, opened, and a beacon after it."""
    work = posted(honest())
    work.say("alba", honest().open_segment(0))
    work.objects = dict(honest().objects)
    work.beacon("b-1")
    return work


def test_drawn_segments_are_replayed_and_closed_ones_named() -> None:
    """Bit for bit; and the missing object by name."""
    work = drawn_work()
    gone = honest().checkpoints[2].packed_weights
    del work.objects[gone]
    evidence = work.evidence()
    seen = replay_drawn.run_named(evidence, "alba", "r-1")
    numbers = replay_drawn.drawn(evidence, seen, "b-1", 9)
    with open_boxes() as boxes:
        first, second = replay_drawn.replay_segments(evidence, seen, "b-1", numbers, boxes)
    assert isinstance(first, r.SegmentReplayed)
    assert first.outcome == "exact"
    assert isinstance(second, replay_drawn.NotOpened)
    assert gone in second.missing


def test_what_cannot_draw_is_said() -> None:
    """No such run, no such beacon, a beacon that came before."""
    evidence = drawn_work().evidence()
    with pytest.raises(NotFoundError, match="no run"):
        replay_drawn.run_named(evidence, "alba", "r-9")
    seen = replay_drawn.run_named(evidence, "alba", "r-1")
    with pytest.raises(NotFoundError, match="nothing was revealed"):
        replay_drawn.drawn(evidence, seen, "b-9", 1)
    work = Work()
    work.beacon("b-0")
    for heard in posted(honest()).heard:
        work.say(heard.by, heard.said)
    seen = replay_drawn.run_named(work.evidence(), "alba", "r-1")
    with pytest.raises(UsageError, match="before the commitment"):
        replay_drawn.drawn(work.evidence(), seen, "b-0", 1)
    work.heard.pop()
    with pytest.raises(UsageError, match="not complete"):
        replay_drawn.run_named(work.evidence(), "alba", "r-1")


def serving(weights: Any) -> tuple[Work, str]:
    """The run's last checkpoint is served; ten records, all opened."""
    work = posted(honest())
    prompts = np.random.default_rng(3).integers(0, 32, size=(10, 5))
    records = [served.record(weights, prompt, 8) for prompt in prompts]
    root, hashes = served.root(records), served.leaf_hashes(records)
    model = honest().checkpoints[-1].root
    work.say("alba", r.OutputsServed("alba-one", 1, model, root, len(records), {"c": 80.0}))
    work.beacon("b-2")
    held = [hashlib.sha256(data).hexdigest() for data in (*records, hashes)]
    work.objects |= dict(zip(held, (*records, hashes), strict=True))
    opened = {str(number): name for number, name in enumerate(held[:-1])}
    work.say("alba", r.OutputsOpened(root, held[-1], opened))
    return work, root


def weights_at(number: int) -> Any:
    return tensors.unpack(honest().objects[honest().checkpoints[number].packed_weights])


def test_drawn_outputs_are_computed_again() -> None:
    """All the same from the committed weights, and not from others."""
    for number, same in ((-1, True), (0, False)):
        work, root = serving(weights_at(number))
        found = replay_drawn.replay_outputs(work.evidence(), "alba", root, "b-2", 4)
        assert (found.drawn, len(found.numbers)) == (4, 4)
        assert (found.matched == 4) is same


def test_outputs_that_are_not_what_was_committed_to_are_refused() -> None:
    """Another record, other hashes, nothing opened, no such outputs, no such beacon."""
    work, root = serving(weights_at(-1))
    opening = work.heard[-1].said
    assert isinstance(opening, r.OutputsOpened)
    for other in (
        dataclasses.replace(opening, records=dict.fromkeys(opening.records, opening.records["0"])),
        dataclasses.replace(opening, hashes=opening.records["0"]),
        dataclasses.replace(opening, records={}),
    ):
        work.heard[-1] = dataclasses.replace(work.heard[-1], said=other)
        with pytest.raises(FormatError):
            replay_drawn.replay_outputs(work.evidence(), "alba", root, "b-2", 9)
    for wrong in ((root[::-1], "b-2"), (root, "b-9")):
        with pytest.raises(NotFoundError):
            replay_drawn.replay_outputs(work.evidence(), "alba", *wrong, 2)


@pytest.mark.parametrize(("forger", "code"), [(rows.honestly, 0), (hidden_steps, 1)])
def test_from_a_bundle_on_the_command_line(tmp_path: Path, forger: rows.Forge, code: int) -> None:
    """What comes out is what a verifier would sign."""
    world = World(seed=5, paused=False)
    party = world.parties[0]
    rows.trains(world, party, forger)
    folder = world.write(tmp_path / "bundle")
    command = ["brake", "replay", str(folder), f"{party}/r-1", "--beacon", "b-1", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", "from tachograph.cli import main; main()", *command],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    lines = json.loads(done.stdout)["statements"]
    assert [line["says"] for line in lines] == ["SegmentReplayed"] * 2
    wanted = {"exact"} if code == 0 else {"far"}
    assert {line["said"]["outcome"] for line in lines} == wanted


def replay_served(folder: Path, whose: str, *more: str) -> tuple[int, Any, str]:
    """Exit code, what was printed as JSON, stderr."""
    words = ["brake", "replay-served", str(folder), whose, "--beacon", "served", "--json", *more]
    done = subprocess.run(
        [sys.executable, "-c", "from tachograph.cli import main; main()", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.parametrize(("secret", "code"), [(b"w" * 32, 0), (b"x" * 32, 1)])
def test_served_outputs_on_the_command_line(tmp_path: Path, secret: bytes, code: int) -> None:
    """The frozen char-lm behind the interface, and another: what a verifier would sign."""
    world = World(seed=5, paused=True)
    party = world.parties[0]
    rows_serving.serves(world, party, rows_serving.model(secret), opened=True)
    folder = world.write(tmp_path / "bundle")
    root = next(said.outputs for _, said in read_bundle(folder, world.at).evidence.of(
        r.OutputsServed, party) if said.model == rows_serving.ROOT)  # fmt: skip
    found, answer, _ = replay_served(folder, f"{party}/{root[:12]}", "--draws", "6")
    assert found == code
    (statement,) = answer["statements"]
    said = r.ServedReplayed(**statement["said"])
    assert (said.model, said.outputs, said.drawn) == (rows_serving.ROOT, root, 6)
    assert (said.matched == 6) is (code == 0) and said.tokens == 6 * 12


def test_outputs_that_nobody_opened_are_left_open(tmp_path: Path) -> None:
    """Not yes, and not no; of a party that served nothing so named, an error says what there is."""
    world = World(seed=5, paused=True)
    party = world.parties[0]
    rows_serving.serves(world, party, rows_serving.model(b"w" * 32))
    folder = world.write(tmp_path / "bundle")
    root = next(said.outputs for _, said in read_bundle(folder, world.at).evidence.of(
        r.OutputsServed, party) if said.model == rows_serving.ROOT)  # fmt: skip
    code, answer, _ = replay_served(folder, f"{party}/{root[:12]}")
    assert code == 3 and not answer["statements"]
    assert "were not opened" in answer["not_opened"][0]["missing"]
    code, answer, talk = replay_served(folder, f"{party}/zz")
    assert code == 2 and answer["error"]["kind"] == "not_found" and root[:16] in talk
