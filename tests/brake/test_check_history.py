"""V3: a log that only grew passes, and without another's head nobody knows."""

from __future__ import annotations

import shutil
from pathlib import Path

from redteam.world import World

from tachograph.brake.bundle.bundle import read_bundle
from tachograph.brake.checks import history
from tachograph.brake.heads.fork import check_fork, parse_fork
from tachograph.brake.verdict import CheckResult
from tachograph.ledger import kinds


def results(world: World, folder: Path) -> dict[str, CheckResult]:
    """The last of V3's results, by subject."""
    bundle = read_bundle(world.write(folder), world.at)
    return {result.subject: result for result in history.look(bundle)}


def test_without_a_head_from_elsewhere_nobody_knows(world: World, tmp_path: Path):
    """A log that only its owner has seen may have been made yesterday."""
    party = world.parties[0]
    world.run()
    world.held = [note for note in world.held if world.logs[party].key.name not in note]
    bundle = read_bundle(world.write(tmp_path / "bundle"), world.at)
    of_log = [result for result in history.look(bundle) if "seen by others" in result.reason
              or "anybody else" in result.reason]  # fmt: skip
    assert {r.subject: r.outcome for r in of_log}[party] == "not-assessed"
    assert {r.outcome for r in of_log if r.subject != party} == {"pass"}


def test_a_head_that_nobody_signed_proves_nothing(world: World, tmp_path: Path):
    """Not in favour and not against."""
    world.run()
    party = world.parties[0]
    world.held = [note.replace("A", "B") for note in world.held]
    bundle = read_bundle(world.write(tmp_path / "bundle"), world.at)
    assert not [r for r in history.look(bundle) if r.outcome == "fail"]
    assert not bundle.heads.of(world.logs[party].key.name) or all(
        head.where.startswith((party, f"logs/{party}"))
        for head in bundle.heads.of(world.logs[party].key.name)
    )


def test_a_failure_carries_a_proof_for_strangers(world: World, tmp_path: Path):
    """At one size or at two: a file that the log's key alone convicts by."""
    world.run()
    party = world.parties[0]
    log = world.logs[party]
    held = list(world.held)
    for number, size in enumerate((log.size - 1, log.size // 2)):
        other = log.branch(size)
        other.record(world.now, "loop", kinds.RunResumed(run="r-1"))
        world.held = [*held, other.head()]
        bundle = read_bundle(world.write(tmp_path / str(number)), world.at)
        (found,) = [result for result in history.look(bundle) if result.outcome == "fail"]
        assert found.subject == party
        accused = check_fork(parse_fork(found.proof), [log.key.verifier])
        assert accused.keys == (log.key.verifier,)


def test_two_heads_convict_a_log_that_is_kept_back(world: World, tmp_path: Path):
    """Whoever forks and then publishes nothing is convicted by what others kept."""
    world.run()
    party = world.parties[0]
    log = world.logs[party]
    other = log.branch(log.size - 1)
    other.record(world.now, "loop", kinds.RunResumed(run="r-1"))
    world.held += [log.head(), other.head()]
    folder = world.write(tmp_path / "bundle")
    shutil.rmtree(folder / "logs" / party)
    (found,) = [r for r in history.look(read_bundle(folder, world.at)) if r.outcome == "fail"]
    assert found.subject == party
    assert check_fork(parse_fork(found.proof), [log.key.verifier]).keys


def test_a_copy_that_leaves_a_statement_out_fails(world: World, tmp_path: Path):
    """A follower's ledger holds the register's statements in order, from the first on."""
    party = world.parties[1]

    def skip() -> None:
        world.copied[party] += 1

    world.hooks[2].append(skip)
    found = results(world, tmp_path / "bundle")[party]
    assert (found.outcome, "leaves out" in found.reason) == ("fail", True)
