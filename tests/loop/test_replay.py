"""Recorded trials, done again on the same inputs, before and after the secret is revealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from loop_toys import FAILING, FAST, SEED, WRONG, begin, correct, drive, raw

from tachograph.errors import DamagedError, UsageError
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import (
    ClockTested,
    RunOpened,
    SecretRevealed,
    TrialChecked,
    TrialTimed,
)
from tachograph.loop.bench import Bench
from tachograph.loop.budget import Budget
from tachograph.loop.clock import Rules
from tachograph.loop.draws import Secret
from tachograph.loop.propose.hand import Hand
from tachograph.loop.replay import Replayed, find_candidate, replay
from tachograph.loop.run import Run
from tachograph.loop.turn import Loop
from tachograph.task import Candidate

Trier = Callable[..., Run]
OFTEN_WRONG = raw("return 2 * x if x < 500 else 0")


@pytest.fixture
def tried(ledger: Ledger, ledger_folder: Path) -> Trier:
    """Makes a run in which candidates were tried, and which is over."""

    def make(bench: Bench, *candidates: Candidate) -> Run:
        run = begin(ledger, ledger_folder, bench)
        drive(run, bench, candidates)
        run.close("done")
        return run

    return make


def done_again(run: Run, bench: Bench, candidate: Candidate) -> list[Replayed]:
    return list(replay(run, bench, candidate.id))


def names_of_draws(ledger: Ledger) -> list[tuple[str, int]]:
    """Nonce and index of every recorded draw, those of a race counted once."""
    found = []
    for entry in ledger.entries():
        body = entry.body
        if isinstance(body, TrialTimed | ClockTested):
            found += [(body.nonce, index) for index in range(body.draws)]
        elif isinstance(body, TrialChecked) and body.draws:
            found.append((body.nonce, body.index))
    return found


@pytest.mark.parametrize("candidate", [WRONG, FAILING, OFTEN_WRONG, correct(1)[0]])
def test_a_check_comes_to_the_same(new_bench, ledger, candidate, tried):
    """On the same inputs, in another process's eyes as well."""
    bench = new_bench(metric="check")
    run = tried(bench, candidate)
    checked = run.archive.records[candidate.id].checked
    assert checked is not None
    for reader in (run, Run.read(ledger, run.id, run.folder)):
        (found,) = done_again(reader, bench, candidate)
        assert (found.finding, found.stage, found.draws) == ("same", "check", 1)
        assert found.recorded == (checked.reason or "passed")
        assert "as recorded" in found.line


def test_a_race_is_checked_again_on_all_its_draws(new_bench, ledger, tried):
    """Every input that a kept candidate was timed on is made again."""
    bench = new_bench(rules=Rules(max_pairs=8), steady=True)
    run = tried(bench, FAST)
    assert run.archive.records[FAST.id].verdict == "kept"
    stages = [timed.stage for timed in run.archive.records[FAST.id].timed]
    found = done_again(run, bench, FAST)
    assert [one.stage for one in found] == ["check", *stages]
    assert {one.finding for one in found} == {"same"}
    for one, timed in zip(found[1:], run.archive.records[FAST.id].timed, strict=True):
        assert one.draws == timed.draws >= timed.pairs >= 5


def test_no_recorded_draw_is_used_twice(new_bench, ledger, tried):
    """Over checks, races, the clock's own test, and two runs."""
    bench = new_bench(rules=Rules(max_pairs=8))
    tried(bench, FAST, WRONG)
    tried(bench, WRONG)
    names = names_of_draws(ledger)
    assert len(names) > 15
    assert len(set(names)) == len(names)


def test_inputs_are_the_same_to_the_byte(new_bench, ledger, tried):
    """The recorded digest is that of the bytes made again."""
    bench = new_bench(metric="check")
    run = tried(bench, *correct(2))
    first, second = (run.archive.records[c.id].checked for c in correct(2))
    assert first is not None
    assert second is not None
    for body in (first, second):
        with bench.examiner.draw_lot(run.secret.lot(body.nonce, body.index)) as draw:
            assert draw.inputs_sha256 == draw.sealed.sha256() == body.inputs_sha256
    assert first.inputs_sha256 != second.inputs_sha256


def test_a_check_that_draws_otherwise_cannot_tell(new_bench, ledger, tried):
    """The world has changed: other inputs from the same seed are said to be that."""
    bench = new_bench(metric="check")
    run = tried(bench, WRONG)
    (bench.task.folder / "late").touch()
    (found,) = done_again(run, bench, WRONG)
    assert found.finding == "other inputs"
    assert "as recorded" not in found.line


def test_a_forged_verdict_is_found_out(new_bench, ledger, tried):
    """A check that is said to have passed, and fails on the very inputs that it names."""
    bench = new_bench(metric="check")
    run = tried(bench, WRONG)
    true = run.archive.records[WRONG.id].checked
    assert true is not None
    run.record_about(replace(true, passed=True, reason=""))
    honest, forged = done_again(run, bench, WRONG)
    assert honest.finding == "same"
    assert (forged.finding, forged.recorded) == ("another outcome", "passed")
    assert forged.detail.startswith("wrong: ")


def test_a_forged_race_is_found_out(new_bench, ledger, tried):
    """A race is only recorded where every call passed."""
    bench = new_bench(metric="check")
    run = tried(bench, WRONG)
    series = run.secret.series()
    for _ in range(5):
        with bench.examiner.draw(series):
            pass
    run.record_about(TrialTimed(
        run.id, WRONG.id, SEED.id, "screen", "faster", 2.0, 1.9, 2.1, 5, None, None, 0.1, [],
        series.nonce, 5, series.inputs_sha256,
    ))  # fmt: skip
    _, race = done_again(run, bench, WRONG)
    assert (race.finding, race.draws) == ("another outcome", 5)
    assert race.detail.startswith("draw 0: wrong")


def test_a_refusal_comes_to_the_same(new_bench, ledger, tried):
    """What was never run is refused again for what it is."""
    bench = new_bench(metric="check")
    large = raw("x = 1  # " + "long " * 2000 + "\nreturn 2 * x")
    (found,) = done_again(tried(bench, large), bench, large)
    assert (found.finding, found.draws, found.recorded) == ("same", 0, "refused")


def test_what_names_no_draw_is_not_vouched_for(new_bench, ledger, tried):
    """An entry without a nonce cannot be done again, and that is said."""
    bench = new_bench(metric="check")
    run = tried(bench, WRONG)
    other = raw("return 3 * x")
    run.record_candidate(other, [SEED.id], "hand", "other", "")
    run.record_about(TrialChecked(run.id, other.id, False, "wrong", "", 1, 0.1, 0.1, 0.1))
    (found,) = done_again(run, bench, other)
    assert found.finding == "no draws"


# -- the secret of a run ---------------------------------------------------------------------------


def test_a_secret_is_committed_to_and_kept_out_of_the_ledger(new_bench, ledger, tried):
    """No entry holds it while the run is open, nor a seed of it."""
    bench = new_bench(metric="check")
    run = tried(bench, WRONG)
    opening = next(iter(ledger.entries(kinds=(RunOpened,)))).body
    assert isinstance(opening, RunOpened)
    assert opening.secret_sha256 == run.secret.commitment
    text = "".join(str(entry.body) for entry in ledger.entries())
    assert run.secret.value.hex() not in text


def test_revealing_ends_a_run_for_good(new_bench, ledger, tried):
    """Then everybody can replay, and nobody can draw."""
    bench = new_bench(metric="check")
    run = tried(bench, WRONG)
    secret = run.secret
    assert run.reveal() == secret
    assert run.reveal() == secret  # once more says the same, and records nothing
    (revealed,) = ledger.entries(kinds=(SecretRevealed,))
    assert revealed.body == SecretRevealed(run.id, secret.value.hex())
    assert not list((run.folder / "secrets").iterdir())
    reader = Run.read(ledger, run.id, run.folder)
    assert [one.finding for one in done_again(reader, bench, WRONG)] == ["same"]
    size = ledger.size
    for step in (reader.resume, lambda: Loop(reader, bench, [], Budget())):
        with pytest.raises(UsageError, match="over for good"):
            step()
    assert ledger.size == size


def test_an_open_run_is_not_revealed(new_bench, ledger, ledger_folder):
    """Neither before its end nor after it went on."""
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    with pytest.raises(UsageError, match="is not over"):
        run.reveal()
    run.close("done")
    run.resume()
    with pytest.raises(UsageError, match="is not over"):
        run.reveal()


def test_who_waited_for_the_clock_while_it_was_revealed_draws_nothing(
    new_bench, ledger, tmp_path, tried
):
    """`tacho propose`, beside whoever reveals: its proposal is recorded, and not tried."""
    bench = new_bench(metric="check")
    run = tried(bench)
    beside = Run.read(ledger, run.id, run.folder)
    proposal = tmp_path / "proposal"
    proposal.mkdir()
    (proposal / "toy.py").write_text(WRONG.files["toy.py"])
    hand = Hand(proposal, "late", "")
    loop = Loop(beside, bench, [hand], Budget())
    run.reveal()
    with pytest.raises(UsageError, match="over for good"):
        loop.take(hand)
    assert not list(ledger.entries(kinds=(TrialChecked,)))


def test_a_revealed_secret_that_was_not_committed_to_is_refused(new_bench, ledger, tried):
    """A forged entry convicts itself."""
    bench = new_bench(metric="check")
    run = tried(bench, WRONG)
    run.record(SecretRevealed(run.id, Secret.fresh().value.hex()))
    with pytest.raises(DamagedError, match="committed to"):
        done_again(run, bench, WRONG)


def test_a_run_whose_secret_is_gone_cannot_go_on(new_bench, ledger, tried):
    """A ledger copied without it is for reading."""
    bench = new_bench(metric="check")
    run = tried(bench, WRONG)
    (run.folder / "secrets" / run.id).unlink()
    reader = Run.read(ledger, run.id, run.folder)
    with pytest.raises(UsageError, match="not beside the ledger"):
        Loop(reader, bench, [], Budget())


def test_candidates_are_found_by_their_beginning(new_bench, ledger, tried):
    """An unambiguous one is enough."""
    run = tried(new_bench(metric="check"), WRONG)
    assert find_candidate(run, WRONG.id[:12]) == WRONG.id
    for beginning, what in (("c-", "several candidates"), ("c-zz", "no candidate")):
        with pytest.raises(UsageError, match=what):
            find_candidate(run, beginning)
