"""A run in plain data and in words: what `tacho show` prints and what `--json` carries."""

from __future__ import annotations

import difflib
from typing import Any

from tachograph.ledger.kinds import CandidateKept, TrialTimed
from tachograph.loop.archive import Archive, Record
from tachograph.loop.run import Run
from tachograph.loop.score import words
from tachograph.loop.tally import team_data
from tachograph.task import Candidate
from tachograph.words import counted

VERDICTS = {
    "kept": "kept",
    "same": "not faster",
    "slower": "slower",
    "not-resolved": "not resolved",
    "unpromising": "far slower",
    "too-costly": "too costly",
    "faster-unconfirmed": "not confirmed",
    "wrong": "wrong result",
    "failed": "failed",
    "refused": "refused",
    "box-failed": "the box broke",
    "revoked": "revoked",
    "unfinished": "unfinished",
    "no-queries": "no queries left",
}
"""What people read for each verdict."""


def ratio_text(ratio: float, low: float, high: float) -> str:
    """`1.84x [1.79, 1.90]`: a speed-up and its 95 % interval."""
    digits = 2 if ratio < 100 else 0
    return f"{ratio:.{digits}f}x [{low:.{digits}f}, {high:.{digits}f}]"


def timed_text(timed: TrialTimed) -> str:
    """One race in words."""
    return f"{ratio_text(timed.ratio, timed.low, timed.high)} in {timed.pairs} pairs"


def record_text(record: Record) -> str:
    """One trial on one line: verdict, change, figure."""
    verdict = VERDICTS.get(record.verdict, record.verdict)
    figure = ""
    if record.compared:
        verdict, figure = words.VERDICTS.get(record.verdict, verdict), words.trial_text(record)
    elif record.kept:
        figure = kept_text(record.kept)
    elif record.verdict in ("wrong", "failed", "refused") and record.checked:
        figure = first_line(record.checked.detail)
    elif record.verdict == "box-failed" and record.box_failures:
        figure = first_line(record.box_failures[-1].reason)
    elif record.verdict == "too-costly" and record.checked:
        figure = f"{record.checked.setup_seconds or 0.0:.1f} s of set-up when it was checked"
    elif record.screen:
        figure = timed_text(record.screen)
    return f"{verdict:13}  {one_line(record.proposed.label):34}  {figure}".rstrip()


def kept_text(kept: CandidateKept) -> str:
    """The speed-up of a kept candidate; empty where it was not timed."""
    if kept.ratio is None or kept.low is None or kept.high is None:
        return ""
    return ratio_text(kept.ratio, kept.low, kept.high) + " against the seed"


def one_line(text: str) -> str:
    """Text from a proposer, kept to its own place on the line."""
    words = " ".join(text.split())
    return words if len(words) <= 60 else words[:59] + "…"


def first_line(text: str) -> str:
    """The line that says most: the last one of a traceback, else the first."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    chosen = lines[0]
    if "Traceback" in chosen:
        above_log = [line for line in lines if not line.startswith("log:")]
        chosen = next((x for x in reversed(above_log) if not x.startswith(" ")), chosen)
    return chosen if len(chosen) <= 100 else chosen[:99] + "…"


def record_data(record: Record) -> dict[str, Any]:
    """One trial as plain data, with the ids that other commands take."""
    checked = record.checked
    return {
        "candidate": record.id,
        "parents": record.proposed.parents,
        "proposer": record.proposed.proposer,
        "turn": record.proposed.turn,
        "label": record.proposed.label,
        "note": record.proposed.note,
        "verdict": record.verdict,
        "check": checked
        and {
            "passed": checked.passed, "reason": checked.reason, "detail": checked.detail,
            "wall_seconds": checked.wall_seconds, "cpu_seconds": checked.cpu_seconds,
            "setup_seconds": checked.setup_seconds,
        },
        "races": [
            {
                "against": t.against, "stage": t.stage, "verdict": t.verdict, "ratio": t.ratio,
                "low": t.low, "high": t.high, "pairs": t.pairs, "cpu_ratio": t.cpu_ratio,
                "contention": t.contention, "wall_seconds": t.wall_seconds, "flags": t.flags,
            }
            for t in record.timed
        ],
        "scores": words.trial_data(record),
        "against_seed": record.kept
        and {"ratio": record.kept.ratio, "low": record.kept.low, "high": record.kept.high},
        "box_failures": [failure.reason for failure in record.box_failures],
        "entry": record.seq,
    }  # fmt: skip


def run_data(run: Run) -> dict[str, Any]:
    """A whole run as plain data."""
    archive = run.archive
    opened = archive.opened
    assert opened is not None
    best = archive.best
    clock = archive.clock
    return {
        "run": run.id,
        "task": opened.task,
        "task_digest": opened.task_digest,
        "box": opened.box,
        "budget": opened.budget,
        "proposers": archive.team["proposers"],
        "team": team_data(archive),
        "clock_test": clock
        and {
            "ratio": clock.ratio, "low": clock.low, "high": clock.high, "pairs": clock.pairs,
            "spread": clock.spread, "witness": clock.witness, "contention": clock.contention,
        },
        "scoring": words.run_data(archive),
        "ended": archive.closed.reason if archive.closed else None,
        "wall_seconds": archive.wall_seconds,
        "best": record_data(best) if best else None,
        "lineage": [record.id for record in archive.lineage(best.id)] if best else [],
        "trials": [record_data(record) for record in archive.trials],
        "unfinished": [record.id for record in archive.unfinished],
    }  # fmt: skip


def diff(old: Candidate, new: Candidate) -> str:
    """A unified diff of all files."""
    lines: list[str] = []
    for path in sorted({*old.files, *new.files}):
        lines += difflib.unified_diff(
            old.files.get(path, "").splitlines(), new.files.get(path, "").splitlines(),
            f"seed/{path}", f"best/{path}", lineterm="",
        )  # fmt: skip
    return "\n".join(lines)


def summary(archive: Archive) -> str:
    """One sentence: what the run found."""
    tried = len(archive.trials)
    best = archive.best
    trials = counted(tried, "trial")
    if best is None or best.kept is None:
        return f"nothing beat the seed in {trials}"
    kept = best.kept
    depth = len(archive.lineage(best.id))
    changes = counted(depth, "change")
    if archive.scorer:
        return f"best: {words.best_text(archive)}, by {changes}, after {trials}"
    if kept.ratio is None or kept.low is None or kept.high is None:
        return f"best passes the check, by {changes}, after {trials}"
    speed = ratio_text(kept.ratio, kept.low, kept.high)
    return f"best: {speed} as fast as the seed, by {changes}, after {trials}"
