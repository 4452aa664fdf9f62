"""Trying the table: worlds in, audits out, and how each came out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tachograph.brake.audit import audit
from tachograph.brake.bundle.bundle import read_bundle
from tachograph.brake.verdict import AuditReport

from .table import Case, Honest
from .world import World


@dataclass(frozen=True)
class Tried:
    """How one case came out in one world."""

    row: int
    name: str
    seed: int
    missed: tuple[str, ...]
    """What should have been said and was not: checks, or a name of UNSEEN."""
    failed: tuple[str, ...]
    """Checks that failed, for whomever."""
    framed: tuple[str, ...]
    """Parties that a check failed although somebody else cheated."""
    reasons: tuple[str, ...]
    """What the failures said."""


def judge(world: World) -> AuditReport:
    """Write the world's bundle, read it back, audit it."""
    with tempfile.TemporaryDirectory(prefix="redteam.") as folder:
        return audit(read_bundle(world.write(Path(folder) / "bundle"), world.at))


def try_case(case: Case, seed: int) -> Tried:
    """Whether a cheat is caught, as the table says it must be."""
    world = World(seed, paused=case.paused)
    culprit = case.cheat(world)
    report = judge(world)
    missed = [
        check for check in case.caught_by
        if not any(r.check == check and r.subject == culprit for r in report.failed)
    ]  # fmt: skip
    missed += [
        check for check in case.not_assessed if report.outcome(check, culprit) != "not-assessed"
    ]
    if case.unseen and case.unseen not in {unseen.name for unseen in report.unseen}:
        missed.append(case.unseen)
    framed = {r.subject for r in report.failed} & set(report.parties) - {culprit}
    return Tried(
        case.row, case.name, seed, tuple(missed), failed_checks(report), tuple(sorted(framed)),
        tuple(f"{r.check} {r.subject}: {r.reason}" for r in report.failed),
    )  # fmt: skip


def try_twin(honest: Honest, seed: int) -> Tried:
    """Whether an honest thing is left alone: `failed` is empty."""
    world = World(seed, paused=honest.paused)
    honest.twin(world)
    return _alone(honest.row, honest.name, seed, world)


def try_honest(seed: int) -> Tried:
    """Whether a plain honest world is left alone."""
    return _alone(0, "an honest world", seed, World(seed))


def failed_checks(report: AuditReport) -> tuple[str, ...]:
    """The checks that failed, once each, in order."""
    return tuple(dict.fromkeys(result.check for result in report.failed))


def _alone(row: int, name: str, seed: int, world: World) -> Tried:
    report = judge(world)
    reasons = tuple(f"{r.check} {r.subject}: {r.reason}" for r in report.failed)
    return Tried(row, name, seed, (), failed_checks(report), (), reasons)
