"""A small honest world, drawn from a seed: parties, meters, witnesses, a register, some hours.

    world = World(seed=7)
    world.run()                       # hours of honest work, and in some worlds a pause
    world.write(folder)               # a bundle for `read_bundle`, audited at world.at

A cheat (or its benign twin) changes the world before it runs, through `edits` (each statement
before it is signed; None drops it) and `hooks` (called at the begin of an hour), or runs it and
changes the books, objects and heads afterwards. Clocks are the world's own; nothing here waits.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from tachograph.brake.agreed.document import format_document, parse_document, sign_document
from tachograph.brake.agreed.quorum import suggested
from tachograph.brake.heads.cosignature import CosigningKey
from tachograph.brake.logs.commitment import parse_leaf
from tachograph.brake.machine import standing
from tachograph.brake.machine.permission import Permission, permission
from tachograph.brake.register import Register
from tachograph.brake.said import governance as g
from tachograph.brake.said import records as r
from tachograph.brake.said.statement import Said, Statement, sign_statement
from tachograph.errors import FormatError
from tachograph.ledger import kinds
from tachograph.merkle.note import SigningKey

from .book import Book, stamp

HOUR = 3600.0
PARAMETERS = 10**9
"""Weights of every party's model."""
TIMERS = {
    "clarify": "2h", "fast_track": "1h", "red_light": "30m", "access": "1h", "report": "2h",
    "call": "12h", "effect": "1h", "detect": "1d", "minimum": "2h", "freshness": "2d",
    "objection": "30m", "lift_review": "2h", "panel": "4h", "ramp": "1h", "heartbeat": "3h",
    "deaf": "6h",
}  # fmt: skip
NAMES = ("alba", "brim", "cora", "dune", "elm", "fjord", "gale")
BLOCS = ("east", "west", "south")

Edit = Callable[[str, Said], Said | None]
"""From a speaker and what it is about to say to what it says; None: it stays silent."""


class World:
    """Runs once. Everything is drawn from `rng`, so a seed gives the same bytes each time."""

    def __init__(self, seed: int, *, paused: bool | None = None, hours: int = 8) -> None:
        self.rng = Random(f"world {seed}")
        self.hours = hours
        self.paused = self.rng.random() < 0.5 if paused is None else paused
        self.start = 1_780_000_000.0 + 86_400 * self.rng.randrange(300)
        self.now = self.start
        self.parties = NAMES[: self.rng.choice((4, 5))]
        many = self.rng.choice((2, 3))
        self.blocs = {name: BLOCS[i % many] for i, name in enumerate(self.parties)}
        self.devices = {p: self.rng.choice((8, 16, 64)) for p in self.parties}
        self.verifiers = ("lens", "dial", "scan")
        self.panel = ("ash", "oak", "rowan")
        self.keys: dict[str, SigningKey] = {}
        for name in (*self.parties, *map(meter_of, self.parties), *self.verifiers, *self.panel):
            self.keys[name] = SigningKey(f"{name}.example", self.rng.randbytes(32))
        self.witnesses = [
            CosigningKey(f"witness.{bloc}.example/{number}", self.rng.randbytes(32))
            for bloc in sorted(set(self.blocs.values()))
            for number in (1, 2)
        ]
        self.register = Book(SigningKey("register.example", self.rng.randbytes(32)))
        self.logs = {
            p: Book(SigningKey(f"{p}.example/ledger", self.rng.randbytes(32))) for p in self.parties
        }
        self.document = parse_document(self.toml())
        for name in (*self.parties, *self.verifiers, *self.panel):
            self.document = sign_document(self.document, self.keys[name])
        self.machine = Register(self.document.terms, self.document.id)
        self.numbers: defaultdict[str, int] = defaultdict(int)
        self.copied: defaultdict[str, int] = defaultdict(int)
        self.objects: dict[str, bytes] = {}
        self.held: list[str] = []
        self.proofs: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.edits: list[Edit] = []
        self.hooks: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)
        self.after_trigger: list[Callable[[], None]] = []
        self.before_hearing: dict[str, Callable[[], None]] = {}
        """What a party does when it first hears that the state is no longer NORMAL."""
        self.defiant: dict[str, int] = {}
        """Parties that work from an hour on, whatever the state says."""
        self.deaf: set[str] = set()
        """Parties that hear nothing of the register after its begin."""
        self.beacon = ""
        self.register_head = ""
        self.heads: dict[str, str] = {}
        """Heads that a cheat has set, by party."""
        self.has_run = False

    # What anybody can do.

    def say(
        self,
        speaker: str,
        said: Said,
        *,
        key: SigningKey | None = None,
        number: int | None = None,
        time: float | None = None,
        beacon: str | None = None,
    ) -> str:
        """Sign a statement and post it; the envelope, empty where an edit dropped it."""
        for edit in self.edits:
            changed = edit(speaker, said)
            if changed is None:
                return ""
            said = changed
        envelope = self.sign(speaker, said, key=key, number=number, time=time, beacon=beacon)
        self.post(envelope)
        return envelope

    def sign(
        self,
        speaker: str,
        said: Said,
        *,
        key: SigningKey | None = None,
        number: int | None = None,
        time: float | None = None,
        beacon: str | None = None,
    ) -> str:
        """The envelope alone; where no number is given, the speaker's next."""
        if number is None:
            number = self.numbers[speaker]
            self.numbers[speaker] += 1
        statement = Statement(
            self.document.id, speaker, number, stamp(self.now if time is None else time),
            self.beacon if beacon is None else beacon, said,
        )  # fmt: skip
        return sign_statement(statement, key or self.keys[speaker])

    def post(self, envelope: str, time: float | None = None) -> int:
        """The register takes an envelope in; number of its entry."""
        self.now += 1
        moment = stamp(self.now if time is None else time)
        self.machine.take_envelope(self.register.size, moment, envelope)
        return self.register.record_at(moment, "register", kinds.StatementPosted(envelope))

    def put(self, data: bytes) -> str:
        """Large content; its digest."""
        digest = hashlib.sha256(data).hexdigest()
        self.objects[digest] = data
        return digest

    def cosign(self, witnesses: Sequence[CosigningKey] | None = None) -> None:
        """The register's head is signed and cosigned, and every party hears of it."""
        self.now += 10
        by = self.witnesses if witnesses is None else witnesses
        self.register_head = self.register.head(witnesses=by, time=self.now)
        self.beacon = self.register.levels.root().hex()
        for party in self.parties:
            self.hear(party)

    def hear(self, party: str) -> None:
        """A party copies what is new in the register, and notes the head."""
        log = self.logs[party]
        if party in self.deaf and self.now > self.start + 60:
            return
        if party in self.before_hearing and self.machine.state.phase != "NORMAL":
            self.before_hearing.pop(party)()
        for index in range(self.copied[party], self.register.size):
            envelope, posted = self.statement_at(index)
            if envelope:
                body = kinds.StatementCopied(self.register.key.name, index, posted, envelope)
                log.record(self.now, "follow", body)
        self.copied[party] = self.register.size
        log.record(
            self.now, "follow", kinds.RegisterHeard(self.register.key.name, self.register_head)
        )

    def statement_at(self, index: int) -> tuple[str, str]:
        """Envelope and time of a register's entry; empty where it is no statement."""
        try:
            entry = parse_leaf(self.register.leaves[index])
        except FormatError:
            return "", ""
        body = getattr(entry, "body", None)
        return (body.envelope, entry.time) if isinstance(body, kinds.StatementPosted) else ("", "")

    # The honest course of things.

    def run(self) -> None:
        """Let the hours pass. Only the first call does anything."""
        if self.has_run:
            return
        self.has_run = True
        self.begin()
        for hour in range(self.hours):
            for hook in self.hooks[hour]:
                hook()
            self.govern(hour)
            self.work(hour)
            self.now = max(self.now + 60, self.start + (hour + 1) * HOUR)
            for party in self.parties:
                self.report(party, hour)
            self.cosign()
        self.finish()

    def begin(self) -> None:
        """Adopt the agreement, and have a first head to name as beacon; declare the sites."""
        text = format_document(self.document).encode()
        adopted = kinds.AgreementAdopted(
            self.put(text), self.document.terms.name, self.register.key.name
        )
        self.register.record(self.now, "register", adopted)
        for party in self.parties:
            self.logs[party].record(self.now, "person", adopted)
        self.cosign()
        for party in self.parties:
            self.say(party, self.site(party))
            self.say(party, self.main_run(party))
            self.say(party, self.weights(party))

    def govern(self, hour: int) -> None:
        """In a world that pauses, the parties trigger at hour 2; it takes effect an hour later."""
        if self.paused and hour == 2:
            evidence = self.put(b"the horizon has passed the threshold")
            for party in self.parties[: self.document.terms.quorums.trigger + 1]:
                self.say(party, g.TriggerCalled("horizon", evidence))
            for act in self.after_trigger:
                act()
            for party in self.parties:
                self.say(party, r.WeightsFrozen([root_of(party)]))

    def work(self, hour: int) -> None:
        """Runs in the parties' own ledgers: training where it is allowed, refusals where not."""
        for party in self.parties:
            log, leave = self.logs[party], self.leave(party)
            if leave.allowed or hour >= self.defiant.get(party, self.hours):
                self.turn(party, hour)
            else:
                self.refuse(party, leave.state, leave.reason)
            log.record(self.now, "ledger", self.own_head(party))

    def refuse(self, party: str, state: str, reason: str) -> None:
        """The loop was told no."""
        body = kinds.WorkRefused("r-00000001", "training", state, reason)
        self.logs[party].record(self.now, "loop", body)

    def leave(self, party: str, time: float | None = None) -> Permission:
        """Whether a party may train, as the production machine says."""
        moment = int((self.now if time is None else time) * 1000)
        return permission(self.machine.at(moment), party, "training")

    def turn(self, party: str, hour: int) -> None:
        """A turn of a training run, recorded as the loop does once it has leave."""
        body = kinds.TurnBegun("r-00000001", hour, 1, "recipes", "c-" + "0" * 32, "", 0)
        self.logs[party].record(self.now, "loop", body)

    def report(self, party: str, hour: int) -> None:
        """The meter's heartbeat and window, and what the party says that it served."""
        meter = meter_of(party)
        self.say(meter, r.Heartbeat(site_of(party), meter, hour))
        window = self.window(party, hour)
        self.say(meter, window)
        if standing.key_of(self.machine.state, party):
            self.say(party, self.served(party, window))

    def finish(self) -> None:
        """Keep some older heads, as a verifier would have."""
        for log in self.logs.values():
            self.held.append(log.head(log.size // 2, self.witnesses, self.now - HOUR))

    # What is declared and measured.

    def site(self, party: str) -> r.SiteDeclared:
        """What stands at a party's site."""
        devices = [f"{party}-{number:03}" for number in range(self.devices[party])]
        return r.SiteDeclared(site_of(party), devices, 1e15, 100.0, 700.0, 0.01)

    def window(self, party: str, hour: int) -> r.WindowReported:
        """An hour that adds up: device time, FLOP, energy."""
        site = self.site(party)
        count, total = len(site.devices), len(site.devices) * HOUR
        training = self.training_share(party, hour) * total
        inference = self.rng.uniform(0.2, 0.3) * total
        seconds = {
            "training": training, "inference": inference, "evaluation": 0.05 * total,
            "idle": total - training - inference - 0.05 * total, "maintenance": 0.0,
        }  # fmt: skip
        rate = 0.4 * site.peak_flop_per_second
        flop = {name: rate * spent for name, spent in seconds.items()}
        flop["idle"] = flop["maintenance"] = 0.0
        busy = training + inference + 0.05 * total
        watts = site.busy_watts - site.idle_watts
        energy = (count * site.idle_watts * HOUR + watts * 0.4 * busy) * self.rng.gauss(1, 0.005)
        runs = {"main": flop["training"]} if training else {}
        models = {root_of(party): flop["inference"] + flop["evaluation"]}
        return r.WindowReported(
            site.site, meter_of(party), hour, stamp(self.start + hour * HOUR), HOUR, site.devices,
            seconds, flop, energy, runs, models,
            {name: done / (6 * PARAMETERS) for name, done in runs.items()}
            | {name: done / (2 * PARAMETERS) for name, done in models.items()},
        )  # fmt: skip

    def training_share(self, party: str, hour: int) -> float:
        """Part of the devices' time that trained: what it had leave for all through the hour."""
        began = max(self.start + hour * HOUR, self.machine.state.time / 1000)
        leaves = (self.leave(party, began), self.leave(party))
        return min(0.4, *(0.9 * leave.share if leave.allowed else 0.0 for leave in leaves))

    def main_run(self, party: str) -> r.RunDeclared:
        """A large run, of a task that no verifier here can replay."""
        own = {name: digest(f"{party} {name}") for name in ("code", "data", "order", "start")}
        return r.RunDeclared(
            "main", site_of(party), "language model", own["code"], own["data"], own["order"],
            own["start"], {"rate": 1e-4}, PARAMETERS, 1_000_000, 10_000, 1_000,
        )  # fmt: skip

    def weights(self, party: str) -> r.WeightsCommitted:
        """What the party serves: the checkpoint that its run starts from."""
        none = digest("not opened")
        return r.WeightsCommitted("main", 0, root_of(party), none, none, none, "")

    def served(self, party: str, window: r.WindowReported) -> r.OutputsServed:
        """The tokens that its meter counts, by customer."""
        root = root_of(party)
        tokens = {"customers": window.tokens.get(root, 0.0)}
        return r.OutputsServed(
            window.site, window.window, root, digest(f"{party} {window.window}"), 1000, tokens
        )

    # Writing.

    @property
    def at(self) -> str:
        """The time to audit for: some minutes after the last head."""
        return stamp(self.now + 600)

    def write(self, folder: Path) -> Path:
        """Write the bundle."""
        self.run()
        self.register.write(folder / "logs/register", self.register_head)
        for party, log in self.logs.items():
            log.write(folder / "logs" / party, self.head_of(party))
        files = {
            "agreement.note": format_document(self.document).encode(),
            **{f"held/{n:04}": note.encode() for n, note in enumerate(self.held)},
            **{f"objects/{digest}": data for digest, data in self.objects.items()},
            **{f"proofs/{name}": data for name, data in self.proofs.items()},
            **self.files,
        }
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    def head_of(self, party: str) -> str:
        """The head that a party publishes: the newest, unless a cheat put another one there."""
        return self.heads.get(party) or self.logs[party].head(None, self.witnesses, self.now)

    def own_head(self, party: str) -> kinds.HeadSigned:
        """The record of a party's newest head in its own ledger."""
        log = self.logs[party]
        return kinds.HeadSigned(log.size, log.levels.root().hex(), log.head())

    def toml(self) -> str:
        """The agreement's text."""
        faults, quorums = suggested(len(self.parties), len(self.verifiers))
        lines = [
            "version = 1", f'name = "{self.rng.choice(("Accord", "Compact", "Charter"))}"',
            f'register = "{self.register.key.verifier}"', f'witnesses = """\n{self.policy()}"""',
        ]  # fmt: skip
        for party in self.parties:
            capacity = self.devices[party] * 1e15
            lines += [
                "[[party]]", f'name = "{party}"', f'bloc = "{self.blocs[party]}"',
                f'key = "{self.keys[party].verifier}"', f'log = "{self.logs[party].key.verifier}"',
                "[[party.site]]", f'name = "{site_of(party)}"', f"capacity = {capacity:e}",
            ]  # fmt: skip
        for table, names in (("verifier", self.verifiers), ("panel", self.panel)):
            for name in names:
                lines += [f"[[{table}]]", f'name = "{name}"', f'key = "{self.keys[name].verifier}"']
        for party in self.parties:
            meter = meter_of(party)
            lines += [
                "[[meter]]", f'name = "{meter}"', f'party = "{party}"',
                f'site = "{site_of(party)}"', f'key = "{self.keys[meter].verifier}"',
            ]  # fmt: skip
        lines += ["[faults]", f"byzantine = {faults.byzantine}", f"silent = {faults.silent}"]
        lines += ["[quorums]"]
        lines += [f"{name} = {getattr(quorums, name)}" for name in ("trigger", "lift", "veto")]
        lines += [f"verifiers = {quorums.verifiers}", "[training]", "lineage_flop = 1e18"]
        lines += ["window_flop = 1e17", "[timers]"]
        lines += [f'{name} = "{value}"' for name, value in TIMERS.items()]
        return "\n".join(lines) + "\n"

    def policy(self) -> str:
        """One witness of each bloc, of two that it has."""
        lines = [f"log {self.register.key.verifier}"]
        names: defaultdict[str, list[str]] = defaultdict(list)
        for number, witness in enumerate(self.witnesses):
            bloc = witness.name.split(".")[1]
            names[bloc].append(f"w{number}")
            lines.append(f"witness w{number} {witness.verifier}")
        lines += [f"group {bloc} any {' '.join(members)}" for bloc, members in names.items()]
        lines += [f"group blocs all {' '.join(names)}", "quorum blocs"]
        return "\n".join(lines) + "\n"


def digest(text: str) -> str:
    """A name for something that is nowhere opened."""
    return hashlib.sha256(text.encode()).hexdigest()


def root_of(party: str) -> str:
    """Root of the weights that a party serves."""
    return digest(f"{party} weights")


def meter_of(party: str) -> str:
    """Name of a party's meter."""
    return f"{party}-meter"


def site_of(party: str) -> str:
    """Name of a party's site."""
    return f"{party}-one"
