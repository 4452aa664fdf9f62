"""Rows 1, 7 to 14, 30 to 34 and 38: logs, keys, envelopes, times, floods."""

from __future__ import annotations

import json

from tachograph.brake.said import governance as g
from tachograph.brake.said import records as r
from tachograph.brake.said.statement import Said
from tachograph.brake.verdict import EVERYBODY
from tachograph.ledger import kinds
from tachograph.merkle.note import SigningKey
from tachograph.merkle.proof import Proof, format_proof
from tachograph.merkle.tree import prove_inclusion

from .table import cheat, twin
from .world import HOUR, World, meter_of


@cheat(1, "a cluster that is nowhere declared", unseen="a cluster that nobody declared")
def undeclared_cluster(world: World) -> str:
    """It leaves no trace in any log; the bundle is that of an honest world."""
    world.run()
    return world.parties[0]


@twin(1, "nothing is hidden")
def no_cluster(world: World) -> None:
    """The same bundle: nobody could tell the two apart."""
    world.run()


# 9 to 12: histories.


@cheat(9, "the register shows a fork to one party", caught_by="V3")
def forked_view(world: World) -> str:
    """The victim copied other statements than the auditor is shown, under a cosigned head."""
    world.run()
    victim = world.logs[world.parties[1]]
    fork = world.register.branch(world.register.size - 3)
    fork.record(world.now, "register", kinds.StatementPosted("{}"))
    note = fork.head(witnesses=world.witnesses, time=world.now)
    victim.record(world.now, "follow", kinds.RegisterHeard(fork.key.name, note))
    return EVERYBODY


@cheat(10, "a party's log was put back to an older state", caught_by="V3")
def rolled_back(world: World) -> str:
    """A head at a larger size was held by the verifier."""
    world.run()
    party = world.parties[0]
    log = world.logs[party]
    world.held.append(log.head(witnesses=world.witnesses, time=world.now))
    world.logs[party] = log.branch(log.size - 4)
    return party


@cheat(11, "two roots at one size", caught_by="V3")
def two_roots(world: World) -> str:
    """The same size was signed twice, with another last leaf."""
    world.run()
    party = world.parties[-1]
    log = world.logs[party]
    other = log.branch(log.size - 1)
    other.record(world.now, "loop", kinds.RunResumed(run="r-0badf00d"))
    world.held.append(other.head(witnesses=world.witnesses, time=world.now))
    return party


@cheat(12, "another leaf at one place, under heads of different sizes", caught_by="V3")
def conflicting_leaf(world: World) -> str:
    """An early leaf was replaced, and the log grew on."""
    world.run()
    party = world.parties[0]
    log = world.logs[party]
    other = log.branch(3)
    other.record(world.now, "loop", kinds.RunResumed(run="r-0badf00d"))
    for leaf in log.leaves[4 : log.size // 2]:
        other.add(leaf)
    world.held.append(other.head(witnesses=world.witnesses, time=world.now - HOUR))
    return party


@twin(9, "every party heard at another time")
def heads_of_all_sizes(world: World) -> None:
    """Many heads of many sizes are held, all of one history."""
    world.run()
    for log in (world.register, *world.logs.values()):
        for size in range(1, log.size, 5):
            world.held.append(log.head(size))


@twin(10, "the ledger's folder was restored, and nothing signed was lost")
def restored(world: World) -> None:
    """What the backup lacked had never been signed or shown."""
    world.run()
    party = world.parties[0]
    log = world.logs[party]
    log.record(world.now, "loop", kinds.RunResumed(run="r-00000abc"))
    world.held.append(log.head(log.size - 1, world.witnesses, world.now))
    world.logs[party] = log.branch(log.size - 1)


@twin(11, "one head, cosigned twice at different times")
def cosigned_again(world: World) -> None:
    """Two notes with one root."""
    world.run()
    world.held.append(world.register.head(witnesses=world.witnesses[::-1], time=world.now + 5))


@twin(12, "somebody forged a head to frame a party")
def framed(world: World) -> None:
    """A stranger's key under the party's origin: no evidence against the party."""
    world.run()
    party = world.parties[0]
    other = world.logs[party].branch(3)
    other.key = SigningKey(other.key.name, world.rng.randbytes(32))
    other.record(world.now, "loop", kinds.RunResumed(run="r-0badf00d"))
    world.held.append(other.head(time=world.now))


# 13 and 14: gaps and doubles.


@cheat(13, "a meter's window is left out", caught_by="V4")
def window_left_out(world: World) -> str:
    """The meter's later statements close the gap in the numbers; the window's number stays."""
    party = world.parties[0]
    world.edits.append(
        lambda speaker, said: None
        if isinstance(said, r.WindowReported) and said.meter == meter_of(party)
        and said.window == 4 else said
    )  # fmt: skip
    return party


@cheat(13, "a statement is withheld", caught_by="V4")
def statement_withheld(world: World) -> str:
    """A number is never used."""
    party = world.parties[0]

    def skip() -> None:
        world.numbers[meter_of(party)] += 1

    world.hooks[3].append(skip)
    return party


@cheat(13, "a meter falls silent", caught_by="V4")
def silent_meter(world: World) -> str:
    """No heartbeat and no window from an hour on, for longer than the grace."""
    party = world.parties[-1]
    world.edits.append(
        lambda speaker, said: (
            None
            if speaker == meter_of(party) and getattr(said, "beat", getattr(said, "window", 0)) >= 3
            else said
        )
    )
    return party


@twin(13, "a beat comes late, within the grace")
def late_beat(world: World) -> None:
    """Two hours of silence where three are allowed, then what was missed."""
    meter = meter_of(world.parties[0])
    kept: list[Said] = []

    def hold(speaker: str, said: Said) -> Said | None:
        if speaker == meter and getattr(said, "beat", getattr(said, "window", 0)) == 4:
            kept.append(said)
            return None
        return said

    def catch_up() -> None:
        world.edits.remove(hold)
        for said in kept:
            world.say(meter, said)

    world.edits.append(hold)
    world.hooks[5].append(catch_up)


@cheat(14, "two statements with one number", caught_by="V4 V12")
def two_with_one_number(world: World) -> str:
    """A party said one thing in the morning and another in the evening, as its number 0."""
    world.run()
    party = world.parties[1]
    changed = world.site(party)
    changed.devices.pop()
    world.say(party, changed, number=0)
    world.cosign()
    return party


@twin(14, "the same statement, posted twice")
def posted_twice(world: World) -> None:
    """A retry after a lost answer: the same envelope once more."""
    party = world.parties[1]

    def again() -> None:
        envelope = world.say(party, world.site(party))
        world.post(envelope)

    world.hooks[3].append(again)


# 30 to 34: keys, envelopes, times.


@cheat(30, "a statement signed by a wrong key", caught_by="V1")
def wrong_key(world: World) -> str:
    """Its speaker did not sign it: the register's fault, and nobody else's."""
    party = world.parties[0]
    forger = SigningKey(world.keys[party].name, world.rng.randbytes(32))

    def forge() -> None:
        world.say(party, g.HoldEnded("forged"), key=forger)
        world.numbers[party] -= 1

    world.hooks[3].append(forge)
    return EVERYBODY


@cheat(30, "an envelope with another algorithm", caught_by="V1")
def other_algorithm(world: World) -> str:
    """The payload type is changed after signing."""
    party = world.parties[0]

    def confuse() -> None:
        envelope = world.sign(party, g.HoldEnded("confused"))
        world.numbers[party] -= 1
        world.post(envelope.replace("vnd.tachograph.statement", "vnd.in-toto"))

    world.hooks[3].append(confuse)
    return EVERYBODY


@cheat(30, "a meter says what only a party may say", caught_by="V1")
def wrong_role(world: World) -> str:
    """The signature is right, the role is not."""
    party = world.parties[0]
    world.hooks[3].append(
        lambda: world.say(meter_of(party), g.HoldEnded("not mine to end")) and None
    )
    return party


@twin(30, "a key that the panel replaced")
def new_key(world: World) -> None:
    """After a majority of the panel gave a new key, it is the one that counts."""
    party = world.parties[0]
    fresh = SigningKey(world.keys[party].name, world.rng.randbytes(32))

    def change() -> None:
        for name in world.panel[:2]:
            world.say(name, g.KeyRevoked(party, str(fresh.verifier)))
        world.keys[party] = fresh
        world.say(party, world.site(party))

    world.hooks[3].append(change)


@cheat(31, "a signature of low order", caught_by="V1")
def low_order(world: World) -> str:
    """R is the neutral element, S is 0: libraries disagree about such signatures."""
    party = world.parties[0]

    def weaken() -> None:
        envelope = json.loads(world.sign(party, g.HoldEnded("weak")))
        world.numbers[party] -= 1
        envelope["signatures"][0]["sig"] = "AQ" + "A" * 84 + "=="
        world.post(json.dumps(envelope, sort_keys=True, separators=(",", ":")))

    world.hooks[3].append(weaken)
    return EVERYBODY


@twin(31, "many ordinary keys and signatures")
def ordinary_keys(world: World) -> None:
    """Holds by every party, with the keys of the agreement."""

    def hold() -> None:
        for party in world.parties:
            world.say(party, g.HoldDeclared("a holiday"))
            world.say(party, g.HoldEnded("it is over"))

    world.hooks[3].append(hold)


@cheat(32, "a key that is used after it was revoked", caught_by="V1")
def revoked_key(world: World) -> str:
    """The owner revoked it; a statement by it comes afterwards."""
    party = world.parties[0]

    def revoke() -> None:
        world.say(party, g.KeyRevoked(party))
        world.say(party, world.site(party))

    world.hooks[3].append(revoke)
    return party


@cheat(32, "a stolen key fills in the past", caught_by="V5")
def backfilled(world: World) -> str:
    """A statement of today says that it is from two days ago."""
    party = world.parties[0]
    world.hooks[5].append(
        lambda: world.say(party, world.site(party), time=world.now - 48 * HOUR) and None
    )
    return party


@twin(32, "a statement from just before the revocation")
def before_revocation(world: World) -> None:
    """Posted first, revoked then: it stands. The panel gives the party a new key."""
    party = world.parties[0]
    fresh = SigningKey(world.keys[party].name, world.rng.randbytes(32))

    def revoke() -> None:
        world.say(party, world.site(party))
        world.say(party, g.KeyRevoked(party))
        for name in world.panel[:2]:
            world.say(name, g.KeyRevoked(party, str(fresh.verifier)))
        world.keys[party] = fresh

    world.hooks[6].append(revoke)


@cheat(33, "a speaker's clock is a day ahead", caught_by="V5")
def clock_ahead(world: World) -> str:
    """It says a time from after its logging."""
    party = world.parties[0]
    world.hooks[4].append(
        lambda: world.say(party, world.site(party), time=world.now + 24 * HOUR) and None
    )
    return party


@cheat(33, "a statement carries a beacon of long ago", caught_by="V5")
def old_beacon(world: World) -> str:
    """It could have been made at any time in the last seven hours; six are allowed."""
    party = world.parties[0]
    first: list[str] = []
    world.hooks[0].append(lambda: first.append(world.beacon))
    world.hooks[7].append(lambda: world.say(party, world.site(party), beacon=first[0]) and None)
    return party


@cheat(33, "the register dates an entry to before its witnesses could see it", caught_by="V5")
def register_backdates(world: World) -> str:
    """Its clock goes back for one entry."""
    party = world.parties[0]

    def backdate() -> None:
        world.post(world.sign(party, world.site(party)), time=world.now - 5 * HOUR)

    world.hooks[6].append(backdate)
    return EVERYBODY


@twin(33, "one witness's clock is a day slow")
def slow_witness(world: World) -> None:
    """The median of the others stands."""
    cosign = world.register.head

    def slow(size=None, witnesses=(), time=0.0):  # type: ignore[no-untyped-def]
        note = cosign(size, witnesses[1:], time)
        line = cosign(size, witnesses[:1], time - 24 * HOUR).rstrip("\n").rpartition("\n")[2]
        return note + line + "\n"

    world.register.head = slow  # type: ignore[method-assign]


@twin(33, "clocks that differ by a minute")
def small_skew(world: World) -> None:
    """Within what is allowed."""
    party = world.parties[0]
    world.hooks[4].append(lambda: world.say(party, world.site(party), time=world.now + 60) and None)
    world.hooks[5].append(lambda: world.say(party, world.site(party), time=world.now - 60) and None)


@cheat(34, "an envelope with a key twice", caught_by="V1")
def duplicate_key(world: World) -> str:
    """One reader takes the first value, another the last."""
    party = world.parties[0]

    def double() -> None:
        envelope = world.sign(party, g.HoldDeclared("twice"))
        world.numbers[party] -= 1
        world.post(envelope.replace('{"payload":', '{"payload":"e30=","payload":', 1))

    world.hooks[3].append(double)
    return EVERYBODY


@cheat(34, "a leaf that is not canonical", caught_by="V1")
def other_spelling(world: World) -> str:
    """The same entry with a space in it: another hash for the same words."""
    world.run()
    party = world.parties[0]
    log = world.logs[party]
    seq = log.record(world.now, "loop", kinds.RunResumed(run="r-00000001"))
    leaf = log.leaves[seq]
    log = world.logs[party] = log.branch(seq)
    log.add(leaf.replace(b'"seq":', b'"seq": ', 1))
    return party


@twin(34, "odd but canonical text")
def odd_text(world: World) -> None:
    """Unicode of all kinds, small numbers, empty text."""
    party = world.parties[0]
    reason = '\u00e9 e\u0301 \u212a \U0001f600 \u2028 \\ " /'
    world.hooks[3].append(lambda: world.say(party, g.HoldDeclared(reason)) and None)


# 38: floods.


@cheat(38, "a proof of 64 hashes", caught_by="V2")
def long_proof(world: World) -> str:
    """One more than the specification allows."""
    world.run()
    path = "\n".join(["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] * 64)
    proof = f"c2sp.org/tlog-proof@v1\nindex 0\n{path}\n\n{world.register_head}"
    world.proofs["giant.tlog-proof"] = proof.encode()
    world.proofs["giant.leaf"] = world.register.leaves[0]
    return EVERYBODY


@cheat(38, "a note with a thousand signatures", caught_by="V2")
def many_signatures(world: World) -> str:
    """Each costs a verification, if one lets it."""
    world.run()
    party = world.parties[0]
    text, _, lines = world.head_of(party).rpartition("\n\n")
    world.heads[party] = text + "\n\n" + lines * 200
    return EVERYBODY


@twin(38, "a record with its own proof")
def own_proof(world: World) -> None:
    """As long as the tree is deep."""
    world.run()
    register = world.register
    path = prove_inclusion(2, register.size, register.levels.read)
    proof = format_proof(Proof(2, tuple(path), world.register_head))
    world.proofs["record.tlog-proof"] = proof.encode()
    world.proofs["record.leaf"] = register.leaves[2]


# 7 and 8: records out of their time.


@cheat(7, "a record of today that says it is of yesterday", caught_by="V5")
def backdated(world: World) -> str:
    """Its beacon gives it away: that head was not there yesterday."""
    party = world.parties[0]
    world.hooks[6].append(
        lambda: world.say(party, world.site(party), time=world.now - 24 * HOUR) and None
    )
    return party


@cheat(7, "a backdated record with a beacon of that time", caught_by="V5")
def backdated_with_old_beacon(world: World) -> str:
    """Time and beacon fit; the register's witnesses saw it seven hours later."""
    party = world.parties[0]
    then: list[tuple[str, float]] = []
    world.hooks[0].append(lambda: then.append((world.beacon, world.now)))

    def backdate() -> None:
        beacon, time = then[0]
        world.say(party, world.site(party), time=time, beacon=beacon)

    world.hooks[7].append(backdate)
    return party


@twin(7, "a record that came an hour late")
def came_late(world: World) -> None:
    """Made and dated then, posted now: within what the agreement allows."""
    party = world.parties[0]
    kept: list[str] = []
    world.hooks[4].append(lambda: kept.append(world.sign(party, world.site(party))))
    world.hooks[5].append(lambda: world.post(kept[0]) and None)


@cheat(8, "a record that is dated forward", caught_by="V5")
def dated_forward(world: World) -> str:
    """Signed and logged today for tomorrow."""
    party = world.parties[-1]
    world.hooks[2].append(
        lambda: world.say(party, world.site(party), time=world.now + 20 * HOUR) and None
    )
    return party


@cheat(8, "a record that was signed long before", caught_by="V5")
def signed_before(world: World) -> str:
    """Prepared in the first hour with the time of its use; its beacon is that of the first hour."""
    party = world.parties[-1]
    kept: list[str] = []
    world.hooks[0].append(
        lambda: kept.append(world.sign(party, world.site(party), time=world.start + 7 * HOUR + 30))
    )
    world.hooks[7].append(lambda: world.post(kept[0]) and None)
    return party


@twin(8, "a record that was signed just before a head and posted just after")
def across_a_head(world: World) -> None:
    """Its beacon is the head before the last."""
    party = world.parties[-1]

    def across() -> None:
        envelope = world.sign(party, world.site(party))
        world.cosign()
        world.post(envelope)

    world.hooks[3].append(across)
