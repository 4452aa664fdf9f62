"""V1, V2, V4, V5, V12 where the red team does not go: what is missing, what cannot be told."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from redteam.book import stamp
from redteam.world import HOUR, World, meter_of

from tachograph.brake.bundle.bundle import Bundle, read_bundle
from tachograph.brake.checks import bounds, envelopes, gapless, legality, witnessed
from tachograph.brake.logs.commitment import commit, format_commitment
from tachograph.brake.said import governance as g
from tachograph.brake.said import records as r
from tachograph.brake.said.conviction import convict, parse_pair
from tachograph.brake.verdict import CheckResult
from tachograph.errors import FormatError
from tachograph.ledger import Entry, kinds
from tachograph.ledger.entry import encode
from tachograph.merkle.note import SigningKey


def opened(world: World, folder: Path, at: str = "") -> Bundle:
    """The world's bundle, read."""
    return read_bundle(world.write(folder / "bundle"), at or world.at)


def of(results: Iterable[CheckResult], subject: str) -> list[CheckResult]:
    """What was said of one subject."""
    return [result for result in results if result.subject == subject]


def failed(results: Iterable[CheckResult]) -> list[tuple[str, str]]:
    """Who failed, and why."""
    return [(result.subject, result.reason) for result in results if result.outcome == "fail"]


def test_witnesses_of_one_bloc_are_too_few(world: World, tmp_path: Path):
    """However many they are; the failure names what is missing."""
    world.run()
    bloc = world.witnesses[0].name.split(".")[1]
    mine = [one for one in world.witnesses if f".{bloc}." in one.name]
    world.register_head = world.register.head(witnesses=mine, time=world.now)
    ((subject, reason),) = failed(witnessed.look(opened(world, tmp_path)))
    assert subject == "agreement"
    assert reason.startswith("too few witnesses: blocs (1 of")


def test_a_head_is_stale_after_the_freshness_and_not_before(world: World, tmp_path: Path):
    """Two days, as the agreement says; and one from the future is refused too."""
    folder = world.write(tmp_path / "bundle")
    for hours, expected in ((47, 0), (49, 1 + len(world.parties)), (-2, 1 + len(world.parties))):
        bundle = read_bundle(folder, stamp(world.now + hours * HOUR))
        assert len(failed(witnessed.look(bundle))) == expected, hours


def test_a_log_that_is_missing_is_not_assessed(world: World, tmp_path: Path):
    """Its absence is no pass, in any check."""
    folder = world.write(tmp_path / "bundle")
    party = world.parties[0]
    shutil.rmtree(folder / "logs" / party)
    bundle = read_bundle(folder, world.at)
    for look in (witnessed.look, legality.look):
        (result,) = of(look(bundle), party)
        assert result.outcome == "not-assessed"


def test_without_a_register_nothing_is_known(world: World, tmp_path: Path):
    """Every check of every party says so; none passes what rests on statements."""
    folder = world.write(tmp_path / "bundle")
    shutil.rmtree(folder / "logs/register")
    bundle = read_bundle(folder, world.at)
    for look in (gapless.look, bounds.look, legality.look):
        results = list(look(bundle))
        assert {result.outcome for result in results} <= {"not-assessed", "fail"}
        assert results


def test_a_log_of_nobody_is_refused(world: World, tmp_path: Path):
    """A log that the agreement does not name stands for nothing."""
    folder = world.write(tmp_path / "bundle")
    world.register.key = SigningKey("stranger.example", b"7" * 32)
    world.register.write(folder / "logs/stranger", world.register.head())
    assert ("agreement", "the agreement knows no log 'stranger.example'") in failed(
        witnessed.look(read_bundle(folder, world.at))
    )


def test_an_unsigned_agreement_fails(world: World, tmp_path: Path):
    """The missing names are named."""
    folder = world.write(tmp_path / "bundle")
    note = folder / "agreement.note"
    note.write_text(note.read_text().rpartition("\n\n")[0] + "\n")
    ((subject, reason),) = failed(envelopes.look(read_bundle(folder, world.at)))
    assert subject == "agreement" and all(name in reason for name in world.parties)


def test_a_forged_statement_accuses_nobody(world: World, tmp_path: Path):
    """It does not count, its number is free, and its alleged speaker passes V1 and V4."""
    party = world.parties[0]
    forger = SigningKey(world.keys[party].name, b"f" * 32)

    def forge() -> None:
        world.post(world.sign(party, g.HoldEnded("forged"), key=forger, number=1))

    world.hooks[2].append(forge)
    world.hooks[3].append(lambda: world.say(party, world.site(party)) and None)
    bundle = opened(world, tmp_path)
    for look in (envelopes.look, gapless.look, legality.look):
        assert not [subject for subject, _ in failed(look(bundle)) if subject == party]
    assert [subject for subject, _ in failed(envelopes.look(bundle))] == ["agreement"]


def test_a_statement_of_another_agreement_accuses_nobody(world: World, tmp_path: Path):
    """A truly signed envelope, played again where it does not belong."""
    other = World(99)
    party = world.parties[0]
    other.keys[party] = world.keys[party]
    world.hooks[2].append(
        lambda: world.post(other.sign(party, g.HoldDeclared("elsewhere"))) and None
    )
    assert failed(envelopes.look(opened(world, tmp_path)))[0][0] == "agreement"


def test_a_contradiction_carries_both_envelopes(world: World, tmp_path: Path):
    """What convicts a speaker before anybody who has its key."""
    party = world.parties[1]
    world.run()
    world.say(party, g.HoldDeclared("another thing"), number=0)
    world.cosign()
    found = [x for x in gapless.look(opened(world, tmp_path)) if x.outcome == "fail"]
    key = world.keys[party].verifier
    assert convict(parse_pair(found[0].proof), [key]).key == key


def test_a_beacon_that_nobody_knows_is_not_assessed(world: World, tmp_path: Path):
    """Without a not-before there are no bounds, and no pass."""
    party = world.parties[0]
    world.hooks[3].append(lambda: world.say(party, world.site(party), beacon="ab" * 32) and None)
    (result,) = of(bounds.look(opened(world, tmp_path)), party)
    assert result.outcome == "not-assessed"


def test_its_own_head_is_no_beacon(world: World, tmp_path: Path):
    """Whoever signs a log can have its next head ready."""
    party = world.parties[0]

    def own() -> None:
        log = world.logs[party]
        world.held.append(log.head(None, world.witnesses, world.now))
        world.say(party, world.site(party), beacon=log.levels.root().hex())

    world.hooks[3].append(own)
    (result,) = of(bounds.look(opened(world, tmp_path)), party)
    assert result.outcome == "not-assessed"


def test_a_meter_that_never_spoke_fails_after_the_grace(world: World, tmp_path: Path):
    """Also where it has not stated anything at all."""
    party = world.parties[0]
    world.edits.append(lambda speaker, said: None if speaker == meter_of(party) else said)
    reasons = [reason for who, reason in failed(gapless.look(opened(world, tmp_path)))
               if who == party]  # fmt: skip
    assert reasons and "never gave a sign of life" in reasons[0]


def test_a_young_register_is_not_assessed(tmp_path: Path):
    """Within the grace nothing is missing yet."""
    world = World(4, hours=1)
    party = world.parties[0]
    world.edits.append(lambda speaker, said: None if speaker == meter_of(party) else said)
    bundle = opened(world, tmp_path)
    assert not [who for who, _ in failed(gapless.look(bundle)) if who == party]
    assert "not-assessed" in {result.outcome for result in of(gapless.look(bundle), party)}


def test_windows_follow_each_other(world: World, tmp_path: Path):
    """A hole in time between two windows is found, whatever their numbers say."""
    party = world.parties[0]

    def shorten(speaker: str, said: object) -> object:
        if isinstance(said, r.WindowReported) and said.meter == meter_of(party):
            return replace(said, seconds=said.seconds / 2) if said.window == 3 else said
        return said

    world.edits.append(shorten)  # type: ignore[arg-type]
    assert any(
        "after a hole of 1800 s" in reason
        for _, reason in failed(gapless.look(opened(world, tmp_path)))
    )


@pytest.mark.parametrize(("began", "seconds"), [("now", 3600.0), ("", 3600.0), (None, 1e300)])
def test_a_window_without_time_does_not_count(
    world: World, tmp_path: Path, began: str | None, seconds: float
):
    """It fails its own party in V1, and switches no check off for anybody else."""
    party = world.parties[0]

    def spoil(speaker: str, said: object) -> object:
        mine = isinstance(said, r.WindowReported) and said.meter == meter_of(party)
        if isinstance(said, r.WindowReported) and mine and said.window == 3:
            return replace(said, began=said.began if began is None else began, seconds=seconds)
        return said

    world.edits.append(spoil)  # type: ignore[arg-type]
    bundle = opened(world, tmp_path)
    assert {who for who, _ in failed(envelopes.look(bundle))} == {party}
    assert {who for who, _ in failed(gapless.look(bundle))} == {party}


def test_withheld_entries_of_a_pause_are_not_assessed(tmp_path: Path):
    """They may be work: a commitment shows that something was recorded, and not what."""
    world = World(2, paused=True)
    world.run()
    party = world.parties[0]
    log = world.logs[party]
    turn = kinds.TurnBegun("r-00000001", 1, 1, "recipes", "c-" + "0" * 32, "", 0)
    entry = Entry(log.size, world.at, "loop", (), turn)
    log.add(format_commitment(commit(entry, encode(entry), b"s" * 32, named=False)))
    (result,) = of(legality.look(opened(world, tmp_path)), party)
    assert (result.outcome, "withheld" in result.reason) == ("not-assessed", True)


def test_a_ledger_that_never_adopted_the_agreement_fails(world: World, tmp_path: Path):
    """Its loop obeys nothing."""
    world.run()
    party = world.parties[0]
    log = world.logs[party] = type(world.logs[party])(world.logs[party].key)
    log.record(world.now, "loop", kinds.RunResumed(run="r-00000001"))
    (result,) = of(legality.look(opened(world, tmp_path)), party)
    assert result.outcome == "fail" and "never adopted the agreement" in result.reason


def test_what_a_withheld_entry_could_put_right_is_not_assessed(world: World, tmp_path: Path):
    """It may be the adoption that seems to be missing. Opened, it would say so."""
    world.run()
    party = world.parties[0]
    log = world.logs[party] = type(world.logs[party])(world.logs[party].key)
    adopted = kinds.AgreementAdopted("0" * 64, "x", world.register.key.name)
    entry = Entry(0, world.at, "person", (), adopted)
    log.add(format_commitment(commit(entry, encode(entry), b"s" * 32, named=False)))
    (result,) = of(legality.look(opened(world, tmp_path)), party)
    assert result.outcome == "not-assessed" and "withheld" in result.reason


def test_inference_may_go_on(tmp_path: Path):
    """A run that was opened as inference works through the pause."""
    world = World(2, paused=True)
    party = world.parties[0]
    run = kinds.RunOpened(
        run="r-1nference", task="t", task_digest="d", seed_candidate="c", goal="g", budget={},
        random_seed=0, box={}, clock={}, proposers=[], work="inference",
    )  # fmt: skip
    turn = kinds.TurnBegun("r-1nference", 1, 1, "recipes", "c", "", 0)

    def work() -> None:
        world.logs[party].record(world.now, "loop", run)
        world.logs[party].record(world.now, "loop", turn)

    world.hooks[5].append(work)
    assert not failed(legality.look(opened(world, tmp_path)))


def test_a_time_that_is_none_is_refused(world: World, tmp_path: Path):
    """The time of an audit is spelled as entries spell it."""
    with pytest.raises(FormatError, match="no time"):
        opened(world, tmp_path, at="yesterday")
