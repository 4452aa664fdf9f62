"""Made-up histories of a run, as entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tachograph.ledger import Entry
from tachograph.ledger.kinds import (
    Body,
    CandidateDropped,
    CandidateKept,
    CandidateProposed,
    RunOpened,
    TrialChecked,
    TrialTimed,
)
from tachograph.loop.archive import Archive

RUN = "r-1"
OPENED = RunOpened(RUN, "toy", "t-1", "c-seed", "goal", {}, 1, {}, {}, ["recipes"])
SEED = CandidateProposed(RUN, "c-seed", [], "seed", "seed", "", {})
CHECKED = TrialChecked(RUN, "c-1", True, "", "", 1, 0.1, 0.1, 0.1)


def at(seconds: float) -> str:
    """A ledger's time."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def entries(*bodies: Body, seconds: list[float] | None = None) -> list[Entry]:
    """Entries a second apart."""
    times = seconds or [float(number) for number in range(len(bodies))]
    return [
        Entry(number, at(when), "loop", (), body)
        for number, (body, when) in enumerate(zip(bodies, times, strict=True))
    ]


def proposed(name: str, parent: str = "c-seed") -> CandidateProposed:
    return CandidateProposed(RUN, name, [parent], "recipes", f"label {name}", "", {})


def kept(name: str, ratio: float = 2.0) -> CandidateKept:
    return CandidateKept(RUN, name, ratio, ratio - 0.1, ratio + 0.1)


def dropped(name: str, reason: str = "same") -> CandidateDropped:
    return CandidateDropped(RUN, name, reason)


def raced(name: str, stage: str, ratio: float) -> TrialTimed:
    return TrialTimed(RUN, name, "c-seed", stage, "faster", ratio, ratio, ratio, 5, None, None,
                      0.1, [])  # type: ignore[arg-type]  # fmt: skip


def folded(*bodies: Body) -> Archive:
    return Archive.of(entries(OPENED, SEED, *bodies))
