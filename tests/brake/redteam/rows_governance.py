"""Rows 14, 37 and 40: ballots, quorums, lifts, and the race to the pause."""

from __future__ import annotations

from tachograph.brake.said import governance as g
from tachograph.brake.verdict import EVERYBODY

from .book import stamp
from .table import cheat, twin
from .world import HOUR, World


def file_evidence(world: World, gathered: float) -> str:
    """Every verifier files the same clean evidence; its root."""
    root = world.put(b"an audit's report")
    outcomes = dict.fromkeys(world.document.terms.pause.conditions, "pass")
    for verifier in world.verifiers:
        world.say(verifier, g.EvidenceFiled(root, stamp(gathered), outcomes))
    return root


def vote(world: World, root: str, parties: int) -> None:
    """So many parties, and every verifier, vote for lift 0."""
    for name in (*world.parties[:parties], *world.verifiers):
        world.say(name, g.LiftVoted(0, root))


def work_on(world: World, party: str, hour: int) -> None:
    """From an hour on the party works, whatever the state says."""
    world.defiant[party] = hour


@cheat(14, "two ballots in one round", caught_by="V12", paused=True)
def two_ballots(world: World) -> str:
    """One vote for each of two roots, in the same lift."""
    party = world.parties[2]

    def twice() -> None:
        root = file_evidence(world, world.now - 60)
        world.say(party, g.LiftVoted(0, root))
        world.say(party, g.LiftVoted(0, world.put(b"another report")))

    world.hooks[5].append(twice)
    return party


@twin(14, "one ballot in each of two rounds", paused=True)
def a_ballot_a_round(world: World) -> None:
    """The first lift fails for want of votes; the same party votes in the second too."""
    party = world.parties[2]

    def first() -> None:
        world.say(party, g.LiftVoted(0, file_evidence(world, world.now - 60)))

    def second() -> None:
        world.say(party, g.LiftVoted(1, file_evidence(world, world.now - 60)))

    world.hooks[5].append(first)
    world.hooks[7].append(second)


@cheat(37, "votes are withheld, and the trigger is said not to count", caught_by="V12", paused=True)
def withheld_votes(world: World) -> str:
    """Silence is assent: the pause comes, and who works on works without leave."""
    work_on(world, world.parties[-1], 4)
    return world.parties[-1]


@cheat(37, "a lift with too few votes", caught_by="V12", paused=True)
def fake_quorum(world: World) -> str:
    """One vote short, and one party takes it for lifted."""
    needed = world.document.terms.quorums.lift
    world.hooks[5].append(lambda: vote(world, file_evidence(world, world.now - 60), needed - 1))
    work_on(world, world.parties[0], 6)
    return world.parties[0]


@cheat(37, "a lift on stale evidence", caught_by="V12", paused=True)
def stale_lift(world: World) -> str:
    """All vote, on evidence from three days ago where two are allowed."""
    world.hooks[5].append(lambda: vote(world, file_evidence(world, world.now - 72 * HOUR), 9))
    work_on(world, world.parties[0], 6)
    return world.parties[0]


@cheat(37, "a refusal that claims a pause which is none", caught_by="V12", paused=False)
def claimed_pause(world: World) -> str:
    """A party's record says that it was stopped by the agreement; nothing stopped it."""
    party = world.parties[1]
    world.hooks[4].append(lambda: world.refuse(party, "PAUSED", "a pause is in force"))
    return party


@cheat(37, "a party that leaves statements out of its copy", caught_by="V12", paused=True)
def deaf_by_choice(world: World) -> str:
    """It copies heads of the register and not the trigger."""
    party = world.parties[-1]

    def skip() -> None:
        world.copied[party] += world.document.terms.quorums.trigger + 1

    world.before_hearing[party] = skip
    return party


@cheat(37, "a party that hears nothing, and works", caught_by="V12", paused=False)
def deaf_and_working(world: World) -> str:
    """It has not heard the register for longer than the agreement allows."""
    world.deaf.add(world.parties[0])
    return world.parties[0]


@twin(37, "a lift with its certificate", paused=True)
def lawful_lift(world: World) -> None:
    """Evidence, votes, the panel's time: work resumes at a tenth, and then goes on."""
    world.hooks[5].append(lambda: vote(world, file_evidence(world, world.now - 60), 9))


@twin(37, "a vote that comes too late", paused=True)
def late_vote(world: World) -> None:
    """It has no effect, and breaks no rule."""
    party = world.parties[0]
    world.hooks[5].append(lambda: world.say(party, g.LiftVoted(0, "0" * 64)) and None)


@twin(37, "a trigger that is vetoed in time", paused=True)
def vetoed(world: World) -> None:
    """Three quarters of all, with every bloc: there is no pause, and all go on."""

    def veto() -> None:
        for party in world.parties:
            world.say(party, g.TriggerVetoed(0))

    world.after_trigger.append(veto)


@cheat(40, "work goes on after the pause took effect", caught_by="V12", paused=True)
def worked_on(world: World) -> str:
    """The race is lost, and it runs on."""
    work_on(world, world.parties[1], 3)
    return world.parties[1]


@cheat(40, "all work is done before the pause takes effect", paused=True,
       unseen="work that is hurried through before a pause takes effect")  # fmt: skip
def hurried(world: World) -> str:
    """It is allowed: the time to effect is the agreement's choice."""
    party = world.parties[1]

    def hurry() -> None:
        for _ in range(20):
            world.turn(party, 2)

    world.after_trigger.append(hurry)
    return EVERYBODY


@twin(40, "work up to the moment of the pause", paused=True)
def up_to_the_moment(world: World) -> None:
    """The last turn begins a minute before the effect."""
    party = world.parties[1]
    world.hooks[2].append(lambda: world.turn(party, 2))
