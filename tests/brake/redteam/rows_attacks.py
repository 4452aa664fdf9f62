"""Rows 41 to 53: what attackers found who had read the verifier."""

from __future__ import annotations

import dataclasses

from tachograph.brake.logs.commitment import (
    Commitment,
    Opening,
    commit,
    format_commitment,
    format_opening,
)
from tachograph.brake.said import records as r
from tachograph.brake.said.statement import Said
from tachograph.brake.verdict import EVERYBODY
from tachograph.ledger import Entry, entry, kinds
from tachograph.merkle.note import SigningKey
from tachograph.merkle.proof import Proof, format_proof
from tachograph.merkle.tree import prove_inclusion

from .book import stamp
from .rows_governance import file_evidence, vote
from .rows_physical import attests
from .rows_work import rework
from .table import cheat, twin
from .world import HOUR, World, digest, meter_of

# 41: one word in the wrong place.


def lifted_after(world: World, said: Said) -> str:
    """A party says something, and then votes for the lift that its vote decides."""
    party = world.parties[1]  # its bloc has two at most: a majority of it takes them all

    def first() -> None:
        world.say(party, said)
        vote(world, file_evidence(world, world.now - 60), len(world.parties))

    world.hooks[5].append(first)
    return party


@cheat(41, "a voter says what it may not before it votes, so that those who resume seem to break "
       "the pause", caught_by="V1", paused=True)  # fmt: skip
def misplaced_before_a_vote(world: World) -> str:
    """The lift stands on a vote that comes after a misplaced record."""
    return lifted_after(world, r.Heartbeat("elsewhere", "nobody", 0))


@twin(41, "a voter says something of its work before it votes", paused=True)
def record_before_a_vote(world: World) -> None:
    """A run is declared, and the lift comes."""
    lifted_after(world, dataclasses.replace(world.main_run(world.parties[0]), run="next"))


# 42 to 44: when a meter speaks.


def keep_windows(world: World, party: str, hours: range, until: int) -> None:
    """The meter keeps its windows of these hours back, and reports them before hour `until`."""
    kept: list[Said] = []

    def edit(speaker: str, said: Said) -> Said | None:
        mine = speaker == meter_of(party) and isinstance(said, r.WindowReported)
        if mine and said.window in hours and said not in kept:
            kept.append(said)
            return None
        return said

    def report() -> None:
        for said in kept:
            world.say(meter_of(party), said)

    world.edits.append(edit)
    world.hooks[until].append(report)


def begin_late(world: World, party: str, first: int) -> None:
    """The meter does not run before this hour, and counts from 0 then."""

    def edit(speaker: str, said: Said) -> Said | None:
        if speaker == party and isinstance(said, r.OutputsServed):
            return dataclasses.replace(said, window=said.window - first)
        if speaker != meter_of(party) or not isinstance(said, r.Heartbeat | r.WindowReported):
            return said
        if isinstance(said, r.Heartbeat):
            return dataclasses.replace(said, beat=said.beat - first) if said.beat >= first else None
        late = said.window >= first
        return dataclasses.replace(said, window=said.window - first) if late else None

    world.edits.append(edit)


@cheat(42, "a meter that begins when the work is done", caught_by="V4")
def late_meter(world: World) -> str:
    """Five hours, in which nothing was measured, where three are allowed."""
    begin_late(world, world.parties[0], 5)
    return world.parties[0]


@twin(42, "a meter that begins an hour late")
def slow_start(world: World) -> None:
    begin_late(world, world.parties[0], 1)


@cheat(43, "windows are made up when it is known what they should say", caught_by="V4")
def late_windows(world: World) -> str:
    """The meter beats on; its windows of four hours come all at once, long after."""
    keep_windows(world, world.parties[0], range(4), 7)
    return world.parties[0]


@twin(43, "a window that waited an hour for the network")
def waited(world: World) -> None:
    keep_windows(world, world.parties[0], range(3, 4), 4)


@cheat(44, "a window is reported before it is over", caught_by="V4")
def early_window(world: World) -> str:
    """What the party will do next is known to its meter already."""
    rework(world, world.parties[0],
           lambda said: dataclasses.replace(said, seconds=3 * HOUR), range(7, 8))  # fmt: skip
    return world.parties[0]


@twin(44, "a meter whose clock is a minute ahead")
def minute_ahead(world: World) -> None:
    rework(world, world.parties[0], lambda said: dataclasses.replace(
        said, began=stamp(world.start + said.window * HOUR + 90)))  # fmt: skip


def clock_off(world: World, party: str, seconds: float) -> None:
    """From hour 3 on the meter's clock and its own count are so far apart."""

    def edit(speaker: str, said: Said) -> Said:
        if speaker == meter_of(party) and isinstance(said, r.Heartbeat) and said.beat > 2:
            return dataclasses.replace(said, clock_off_seconds=seconds)
        return said

    world.edits.append(edit)


@cheat(50, "a meter's clock is put back while it is away", not_assessed="V4")
def clock_behind(world: World) -> str:
    """The hours of which it saw nothing are gone from its windows; each beat says how far off."""
    clock_off(world, world.parties[0], 2 * HOUR)
    return world.parties[0]


@twin(50, "a meter's clock that was a minute off")
def clock_corrected(world: World) -> None:
    clock_off(world, world.parties[0], -60.0)


# 45: figures that suit.


@cheat(45, "the site's powers are declared anew for the hour that needs it", not_assessed="V6",
       paused=False)  # fmt: skip
def powers_that_suit(world: World) -> str:
    """Training is called idling, and idling is said to draw as much as training does."""
    party = world.parties[0]

    def hidden(said: r.WindowReported) -> r.WindowReported:
        seconds, flop = dict(said.device_seconds), dict(said.flop)
        seconds["idle"] += seconds.pop("training")
        flop.pop("training")
        tokens = {name: n for name, n in said.tokens.items() if name not in said.runs}
        return dataclasses.replace(
            said, device_seconds=seconds, flop=flop, runs={}, tokens=tokens
        )  # fmt: skip

    def declare(idle_watts: float, busy_watts: float) -> None:
        site = world.site(party)
        world.say(party, dataclasses.replace(site, idle_watts=idle_watts, busy_watts=busy_watts))

    rework(world, party, hidden, range(4, 5))
    # 40 % of the time at 40 % of 600 W more than idle are 96 W
    world.hooks[4].append(lambda: declare(196.0, 796.0))
    world.hooks[5].append(lambda: declare(100.0, 700.0))
    return party


@twin(45, "new devices with other powers", paused=False)
def new_devices(world: World) -> None:
    """They have other names, and draw a little more."""
    party = world.parties[0]
    site = world.site(party)
    fresh = dataclasses.replace(site, devices=[f"{one}-b" for one in site.devices],
                                idle_watts=101.0, busy_watts=701.0)  # fmt: skip
    world.hooks[4].append(lambda: world.say(party, fresh) and None)
    rework(world, party, lambda said: dataclasses.replace(said, devices=fresh.devices),
           range(4, 8))  # fmt: skip


# 46: a party's own clock.


def dated_back(world: World, party: str, seconds: float, *, withheld: bool = False) -> None:
    """In hour 6 a turn begins, and its entry says that it was so much earlier."""

    def begin() -> None:
        log, moment = world.logs[party], stamp(world.now - seconds)
        if withheld:
            leaf = Commitment(log.size, moment, None, digest("a withheld entry"))
            log.add(format_commitment(leaf))
        else:
            body = kinds.TurnBegun("r-00000001", 99, 1, "recipes", "c-" + "0" * 32, "", 0)
            log.record_at(moment, "loop", body)

    world.hooks[6].append(begin)


@cheat(46, "work in a pause is dated back to before it", caught_by="V12", paused=True)
def backdated_turn(world: World) -> str:
    """The ledger had noted later times already."""
    dated_back(world, world.parties[0], 5 * HOUR)
    return world.parties[0]


@cheat(46, "the same, and withheld", not_assessed="V12", paused=True)
def backdated_and_withheld(world: World) -> str:
    """A commitment says when as well."""
    dated_back(world, world.parties[0], 5 * HOUR, withheld=True)
    return world.parties[0]


@twin(46, "a clock that was put back, and work with leave", paused=False)
def clock_put_back(world: World) -> None:
    """An hour, as when a machine was asleep; nothing is paused."""
    dated_back(world, world.parties[0], HOUR)


# 47: devices of others.


@cheat(47, "a rival shows another's device evidence as its own, to accuse", caught_by="V11")
def copied_evidence(world: World) -> str:
    """The very object, under its own name."""
    accused, copier = world.parties[:2]
    attests(world, accused, lambda device, report: (report, device))

    seen: list[Said] = []

    def watch(speaker: str, said: Said) -> Said:
        if speaker == accused and isinstance(said, r.DeviceAttested):
            seen.append(said)
        return said

    world.edits.append(watch)
    world.hooks[4].append(lambda: world.say(copier, seen[0]) and None)
    return copier


@twin(47, "two parties that vouch for their devices")
def both_vouch(world: World) -> None:
    for party in world.parties[:2]:
        attests(world, party, lambda device, report: (report, device))


# 48 and 49: who made the bundle.


@cheat(48, "whoever made the bundle changes a leaf under a party's true head", caught_by="V2")
def changed_leaf(world: World) -> str:
    """Work in a pause that the party never did: the party did not sign it."""
    world.run()
    party = world.parties[0]
    log = world.logs[party]
    world.heads[party] = log.head(None, world.witnesses, world.now)
    forged = log.branch(log.size - 1)
    body = kinds.TurnBegun("r-00000001", 99, 1, "recipes", "c-" + "0" * 32, "", 0)
    forged.record_at(stamp(world.now), "loop", body)
    world.logs[party] = forged
    return EVERYBODY


@cheat(49, "whoever made the bundle leaves out what a party said in the register", caught_by="V2")
def forged_register(world: World) -> str:
    """Under a head that the register's key did not sign."""
    world.run()
    mute = world.parties[0]
    forged = world.register.branch(0)
    forged.key = SigningKey(world.register.key.name, world.rng.randbytes(32))
    for leaf in world.register.leaves:
        if mute.encode() not in leaf:
            forged.add(leaf)
    world.register = forged
    world.register_head = forged.head(witnesses=world.witnesses, time=world.now)
    return EVERYBODY


@twin(48, "logs under folders of other names")
def other_folders(world: World) -> None:
    """The origin names a log, not its folder."""
    world.run()
    party = world.parties[0]
    world.logs["zz-" + party] = world.logs[party]
    world.heads["zz-" + party] = world.head_of(party)


@twin(49, "a register whose head was cosigned again")
def cosigned_later(world: World) -> None:
    world.run()
    world.register_head = world.register.head(witnesses=world.witnesses, time=world.now + 30)


# 51: when it all began.


@cheat(51, "the register dates its first entry back, so that meters seem to have been silent",
       caught_by="V5")  # fmt: skip
def dated_before_all(world: World) -> str:
    """By a month. Only a party's own word begins its record."""
    post, entries = world.post, iter([world.start - 720 * HOUR])
    world.post = lambda envelope, time=None: post(  # type: ignore[method-assign]
        envelope, next(entries, time)
    )
    return EVERYBODY


@twin(51, "a verifier that spoke a day before the parties began")
def early_verifier(world: World) -> None:
    """Nobody measured anything then, and nobody should have."""
    begin = world.begin

    def earlier() -> None:
        world.now -= 24 * HOUR
        world.say("lens", r.BeaconPromised("early", digest("a secret")))
        world.now = world.start
        begin()

    world.begin = earlier  # type: ignore[method-assign]


# 52: single records.


def one_record(world: World, party: str, leaf: bytes | None = None) -> None:
    """A record of the party's log with a proof; with `leaf`, of something else."""
    log = world.logs[party]
    path = prove_inclusion(2, log.size, log.levels.read)
    proof = format_proof(Proof(2, tuple(path), world.head_of(party)))
    world.proofs["record.tlog-proof"] = proof.encode()
    world.proofs["record.leaf"] = log.leaves[2] if leaf is None else leaf


@cheat(52, "whoever made the bundle puts a record with a false proof under a party's head",
       caught_by="V2")  # fmt: skip
def false_proof(world: World) -> str:
    """The head is the party's, and the record is not."""
    world.run()
    one_record(world, world.parties[0], b"{}")
    return EVERYBODY


@twin(52, "a party's record with its proof")
def true_proof(world: World) -> None:
    world.run()
    one_record(world, world.parties[0])


# 53: openings.


def opens(world: World, party: str, salt: bytes, kind: str | None = None) -> None:
    """In hour 1 the party withholds an entry as of that kind; the bundle opens it with the salt."""

    def withhold() -> None:
        log = world.logs[party]
        body = kinds.RunResumed("r-00000001")
        one = Entry(log.size, stamp(world.now), "loop", (), body)
        data = entry.encode(one)
        leaf = dataclasses.replace(commit(one, data, b"s" * 32, named=False), kind=kind)
        opening = format_opening(Opening(log.add(format_commitment(leaf)), salt, data))
        world.files[f"openings/{party}/{leaf.seq}.json"] = opening

    world.hooks[1].append(withhold)


@cheat(53, "whoever made the bundle opens what a party withholds to something else",
       caught_by="V1")  # fmt: skip
def false_opening(world: World) -> str:
    """Nobody signed the opening; the leaf is the party's, and stays withheld."""
    opens(world, world.parties[0], b"t" * 32)
    return EVERYBODY


@cheat(53, "a party withholds work under the name of a note, and must open it", caught_by="V1")
def misnamed(world: World) -> str:
    """The opening is true, and the leaf was not."""
    opens(world, world.parties[0], b"s" * 32, "FindingShared")
    return world.parties[0]


@twin(53, "a party opens what it withheld")
def true_opening(world: World) -> None:
    opens(world, world.parties[0], b"s" * 32)
