"""Every record of work can be stated by somebody, and travels in a signed envelope."""

from __future__ import annotations

from typing import get_args

import pytest
from work_by_hand import model, run, site, window

from tachograph.brake.said import records as r
from tachograph.brake.said.statement import SAID, Statement, open_envelope, sign_statement
from tachograph.merkle.note import SigningKey


def test_every_record_can_be_said() -> None:
    """The closed union of statements knows each by its name."""
    assert {kind.__name__: kind for kind in get_args(r.Record)}.items() <= SAID.items()


@pytest.mark.parametrize(
    "said",
    [
        site("alba"),
        window("alba", 3),
        run("alba", hyperparameters={"learning_rate": 0.004, "rule": "adam"}),
        model("alba"),
        r.SegmentCommitted("r", 0, *["0" * 64] * 4, [2.5, 3.0], 1e26),
        r.SegmentReplayed("alba", "r", 0, "b", "near", 1e-15, 1e-12, False, 3, "why", 0.5),
        r.SegmentOpened("r", 0, ["00" * 64], {"1": ["0" * 64, "1" * 64]}),
        r.OutputsOpened("0" * 64, "1" * 64, {"0": "2" * 64}),
    ],
    ids=lambda said: type(said).__name__,
)
def test_a_record_comes_back_from_its_envelope(said: r.Record) -> None:
    """Also figures beyond the largest exact integer."""
    key = SigningKey("alba.example", b"k" * 32)
    statement = Statement("a1", "alba", 0, "2026-11-25T12:00:00.000000Z", "", said)
    assert open_envelope(sign_statement(statement, key), key.verifier) == statement
