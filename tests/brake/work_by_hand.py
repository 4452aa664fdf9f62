"""Evidence about work, made by hand: two honest parties, and a way to change anything."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from tachograph.brake.bundle.evidence import Evidence, Heard, SiteTerms
from tachograph.brake.bundle.spans import Limit
from tachograph.brake.said import beacon
from tachograph.brake.said import records as r
from tachograph.brake.verdict import CheckResult

START, HOUR = 1_780_000_000.0, 3600.0
PARTIES = {"alba": "east", "brim": "west"}
MODEL = {"alba": "a1" * 32, "brim": "b1" * 32}
DEVICES, PEAK, IDLE, BUSY = 16, 1e15, 100.0, 700.0
PARAMETERS = 10**9


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Work:
    """Statements in order; `evidence()` is what a check gets."""

    def __init__(self, *, limits: Iterable[Limit] = ()) -> None:
        self.heard: list[Heard] = []
        self.objects: dict[str, bytes] = {}
        self.limits = tuple(limits)
        self.now = START
        self.lineage_flop, self.window_flop = 1e19, 1e17

    def say(self, by: str, said: r.Record, after: float = 1.0) -> int:
        """One more statement; its entry."""
        self.now += after
        seq = len(self.heard)
        self.heard.append(Heard(seq, self.now, f"register:{seq}", by, said))
        return seq

    def evidence(self) -> Evidence:
        return Evidence(
            heard=tuple(self.heard),
            at=self.now + 60,
            sites=tuple(SiteTerms(p, f"{p}-one", DEVICES * PEAK) for p in PARTIES),
            meters={f"{p}-meter": (p, f"{p}-one") for p in PARTIES},
            blocs=PARTIES,
            verifiers=frozenset({"lens", "dial"}),
            lineage_flop=self.lineage_flop,
            window_flop=self.window_flop,
            limits=dict.fromkeys(PARTIES, self.limits),
            read=self.objects.get,
        )

    # Honest statements.

    def begin(self) -> None:
        """Each party declares its site, a run, and a model that is there already."""
        for party in PARTIES:
            self.say(party, site(party))
            self.say(party, run(party))
            self.say(party, model(party))

    def hour(
        self,
        number: int,
        change: Callable[[str, r.WindowReported], r.WindowReported] | None = None,
        **work: float,
    ) -> None:
        """Each meter reports an hour."""
        self.now = max(self.now, START + (number + 1) * HOUR)
        for party in PARTIES:
            said = window(party, number, **work)
            self.say(f"{party}-meter", change(party, said) if change else said)

    def beacon(self, name: str, promised: int | None = None) -> bytes:
        """Both parties and a verifier promise and reveal."""
        secrets = {who: who.encode().ljust(32, b".") for who in (*PARTIES, "lens")}
        for who, secret in secrets.items():
            self.say(who, r.BeaconPromised(name, beacon.commitment(secret)))
        for who, secret in secrets.items():
            self.say(who, r.BeaconRevealed(name, secret.hex()))
        return beacon.value(name, secrets)


def site(party: str, **changes: Any) -> r.SiteDeclared:
    devices = [f"{party}-{number:02}" for number in range(DEVICES)]
    said = r.SiteDeclared(f"{party}-one", devices, PEAK, IDLE, BUSY, 0.01)
    return dataclasses.replace(said, **changes)


def run(party: str, name: str = "main", **changes: Any) -> r.RunDeclared:
    own = f"{party}{name}".encode().hex().ljust(64, "0")[:64]
    said = r.RunDeclared(
        run=name, site=f"{party}-one", task="other", code=own, data=own, order_commitment=own,
        start_commitment=own, hyperparameters={}, parameters=PARAMETERS, tokens_per_step=1000,
        steps=10, segment_steps=10,
    )  # fmt: skip
    return dataclasses.replace(said, **changes)


def model(party: str, root: str = "", name: str = "main") -> r.WeightsCommitted:
    return r.WeightsCommitted(
        run=name, step=0, root=root or MODEL[party], state="e" * 64, packed_weights="f" * 64,
        packed_state="f" * 64, previous="",
    )  # fmt: skip


def window(
    party: str, number: int, *, training: float = 0.4, inference: float = 0.3, used: float = 0.4,
    extra: float = 0.0, runs: dict[str, float] | None = None,
) -> r.WindowReported:  # fmt: skip
    """Shares of device time; `used`: operations over peak; `extra`: energy of so many FLOP."""
    total = DEVICES * HOUR
    seconds = {"training": training * total, "inference": inference * total}
    seconds["idle"] = total - sum(seconds.values())
    flop = {name: used * PEAK * spent for name, spent in seconds.items() if name != "idle"}
    runs = {"main": 1.0} if runs is None else runs
    shares = {name: share * flop["training"] for name, share in runs.items()} if training else {}
    models = {MODEL[party]: flop["inference"]} if inference else {}
    done = sum(flop.values()) + extra
    return r.WindowReported(
        site=f"{party}-one", meter=f"{party}-meter", window=number,
        began=stamp(START + number * HOUR), seconds=HOUR,
        devices=[f"{party}-{device:02}" for device in range(DEVICES)],
        device_seconds=seconds, flop=flop,
        energy_joules=DEVICES * IDLE * HOUR + (BUSY - IDLE) * done / PEAK,
        runs=shares, models=models,
        tokens={n: f / (6 * PARAMETERS) for n, f in shares.items()}
        | {n: f / (2 * PARAMETERS) for n, f in models.items()},
    )  # fmt: skip


def of(results: Iterable[CheckResult], party: str, about: str | None = None) -> list[CheckResult]:
    return [x for x in results if x.subject == party and about in (None, x.about)]


def outcomes(results: Iterable[CheckResult], party: str, about: str | None = None) -> set[str]:
    return {result.outcome for result in of(results, party, about)}
