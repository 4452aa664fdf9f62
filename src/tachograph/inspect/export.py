"""A run as an Inspect log: `tacho export last --inspect run.eval`, then `inspect view`.

One sample a trial, in the order of proposal: its conversation, its change as a diff, the verdict as
its score, and its ledger entries as events. A turn that brought no candidate is a sample without a
value. Metadata holds the ids and entry numbers under which all of it stands in the ledger, which
remains the record: a log can be edited. Figures of scored tasks are as proposers are told them.
Proven by tests/inspect/test_export.py, which reads it back with Inspect.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from inspect_ai.event import Event, InfoEvent
from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalMetric,
    EvalPlan,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelOutput, ModelUsage
from inspect_ai.scorer import Score

from tachograph import __version__
from tachograph.inspect.conversation import messages_of, untold, usage_of
from tachograph.inspect.scorer import GAP, NAN, SPEED_UP, figure_of
from tachograph.ledger import Entry
from tachograph.ledger.fields import to_plain
from tachograph.ledger.kinds import TurnEnded
from tachograph.loop.archive import Record, Turn, seconds_between
from tachograph.loop.report import diff, record_data, record_text, run_data
from tachograph.loop.run import Run

UNSETTLED = ("box-failed", "unfinished", "no-queries")
FINER = ("CandidateScored", "TrialScored", "HoldoutOpened")
"""Entries with finer figures than proposers are told: a log names them and leaves those out."""
SCORER = "tachograph"


def export(run: Run, out: Path) -> int:
    """Write a run's log; the number of samples. Raises DamagedError, FormatError, OSError."""
    log = log_of(run)
    write_eval_log(log, str(out), format="json" if out.suffix == ".json" else "eval")
    return len(log.samples or ())


def log_of(run: Run) -> EvalLog:
    """A run as Inspect's log."""
    archive, data = run.archive, run_data(run)
    opened = archive.opened
    assert opened is not None
    entries = list(run.ledger.entries(run=run.id))
    samples = samples_of(run, entries)
    usage: dict[str, ModelUsage] = defaultdict(ModelUsage)
    for sample in samples:
        for model, used in sample.model_usage.items():
            usage[model] = usage[model] + used
    spec = EvalSpec(
        created=entries[0].time, task=opened.task, task_id=opened.task_digest, run_id=run.id,
        eval_id=run.id, model=", ".join(opened.proposers),
        dataset=EvalDataset(name=opened.task, samples=len(samples),
                            sample_ids=[sample.id for sample in samples]),
        config=EvalConfig(), packages={"tachograph": __version__},
        metadata={"ledger": run.ledger.verifier.name, "entries": [e.seq for e in entries],
                  "run": {k: v for k, v in data.items() if k not in ("trials", "best")}},
    )  # fmt: skip
    return EvalLog(
        status=status_of(run), eval=spec, plan=EvalPlan(), results=results_of(run, samples),
        stats=EvalStats(started_at=entries[0].time, completed_at=archive.last,
                        model_usage=dict(usage)),
        samples=samples,
    )  # fmt: skip


def status_of(run: Run) -> Any:
    """`success` where the run was ended, `cancelled` where it was interrupted, else `started`."""
    closed = run.archive.closed
    if closed is None:
        return "started"
    return "cancelled" if closed.reason == "interrupted" else "success"


def results_of(run: Run, samples: Sequence[EvalSample]) -> EvalResults:
    """How many trials were kept, and what the best is worth against the seed."""
    values = [sample.scores[SCORER].value for sample in samples if sample.scores]
    kept = [float(value["kept"] or 0) for value in values if isinstance(value, Mapping)]
    scores = [EvalScore(
        name="kept", scorer=SCORER, scored_samples=len(kept),
        unscored_samples=len(samples) - len(kept),
        metrics=metrics(mean=sum(kept) / len(kept) if kept else NAN),
    )]  # fmt: skip
    figure = GAP if run.archive.scorer else SPEED_UP
    if found := figure_of(run_data(run), figure):
        best = EvalScore(name=figure, scorer=SCORER, metrics=metrics(**found))
        scores.insert(0, best)
    done = sum(sample.error is None for sample in samples)
    return EvalResults(total_samples=len(samples), completed_samples=done, scores=scores)


def metrics(**values: float) -> dict[str, EvalMetric]:
    """Values by name."""
    return {name: EvalMetric(name=name, value=value) for name, value in values.items()}


# -- samples ---------------------------------------------------------------------------------------


def samples_of(run: Run, entries: Sequence[Entry]) -> list[EvalSample]:
    """One for each candidate that was proposed, and one for each turn that brought none."""
    about: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        about[subject(entry)].append(entry)
    made: list[tuple[int, EvalSample]] = []
    told: set[int] = set()
    for record in run.archive.records.values():
        if not run.archive.is_seed(record):
            number = record.proposed.turn or 0
            turn = None if number in told else run.archive.turns.get(number)
            told.add(number)
            concerned = about[record.id] + (about[number] if turn else [])
            made.append((record.seq, trial_sample(run, record, turn, in_order(concerned))))
    for number, turn in run.archive.turns.items():
        if number not in told:
            made.append((turn.seq, turn_sample(run, turn, about[number])))
    samples = [sample for _, sample in sorted(made, key=lambda each: each[0])]
    for number, sample in enumerate(samples, 1):
        sample.id = f"{number:04d} {sample.id}"  # Inspect sorts them by it
    return samples


def subject(entry: Entry) -> str | int | None:
    """The candidate that an entry is about, or the turn; None: the run."""
    body = entry.body
    found: str | int | None = getattr(body, "candidate", None)
    if isinstance(body, TurnEnded) or found is None:
        found = getattr(body, "turn", None)
    return found


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """As they stand in the ledger."""
    return sorted(entries, key=lambda entry: entry.seq)


def trial_sample(run: Run, record: Record, turn: Turn | None, entries: list[Entry]) -> EvalSample:
    """A trial. `turn`: the one it was made in, with its first trial alone, which it stands by."""
    proposed = record.proposed
    parents = [
        run.candidate(parent) for parent in proposed.parents if parent in run.archive.records
    ]
    change = diff(parents[0], run.candidate(record.id)) if parents else ""
    before = ", ".join(proposed.parents) or "nothing"
    asked = f"{goal_of(run)}\n\nFrom {before}."
    title = f"{proposed.label}\n\nby {proposed.proposer}, from {before}"
    answer = f"{proposed.label}\n\n{proposed.note}\n\n```diff\n{change}\n```"
    messages = messages_of(run.ledger.fetch, turn) if turn else []
    metadata = record_data(record) | {
        "run": run.id, "turn": proposed.turn, "entries": [entry.seq for entry in entries],
    } | turn_data(turn)  # fmt: skip
    finished = record.finished_at or None
    seconds = seconds_between(record.proposed_at, finished) if finished else None
    return EvalSample(
        id=record.id, epoch=1, input=title, target="", uuid=f"{run.id}/{record.id}",
        messages=messages or [ChatMessageUser(content=asked), ChatMessageAssistant(content=answer)],
        output=ModelOutput.from_content(proposed.proposer, answer),
        scores={SCORER: score_of(record)}, metadata=metadata, events=events_of(entries),
        model_usage=usage_of(turn) if turn else {}, started_at=record.proposed_at,
        completed_at=finished, total_time=seconds, working_time=seconds,
    )  # fmt: skip


def turn_sample(run: Run, turn: Turn, entries: list[Entry]) -> EvalSample:
    """A turn that brought no candidate."""
    ended = turn.ended
    outcome = ended.outcome if ended else "unfinished"
    asked = f"{goal_of(run)}\n\nFrom {turn.begun.parent}."
    title = f"({outcome})\n\nby {turn.begun.proposer}, from {turn.begun.parent}"
    messages = messages_of(run.ledger.fetch, turn)
    return EvalSample(
        id=f"turn-{turn.begun.turn}", epoch=1, input=title, target="",
        uuid=f"{run.id}/turn-{turn.begun.turn}",
        messages=messages or [ChatMessageUser(content=asked)],
        output=ModelOutput.from_content(turn.begun.proposer, ended.detail if ended else ""),
        scores={SCORER: Score.unscored(reason=outcome, answer=outcome,
                                       explanation=ended.detail if ended else "")},
        metadata={"run": run.id, "entries": [entry.seq for entry in entries]} | turn_data(turn),
        events=events_of(entries), model_usage=usage_of(turn), started_at=entries[0].time,
        completed_at=entries[-1].time, total_time=ended.seconds if ended else None,
    )  # fmt: skip


def turn_data(turn: Turn | None) -> dict[str, Any]:
    """A turn as metadata."""
    if turn is None:
        return {}
    return {"turn": turn.begun.turn, "seat": turn.begun.seat, "proposer": turn.begun.proposer,
            "turn_entry": turn.seq, "calls_without_token_counts": untold(turn)}  # fmt: skip


def goal_of(run: Run) -> str:
    """The task's goal."""
    return run.archive.opened.goal.strip() if run.archive.opened else ""


def score_of(record: Record) -> Score:
    """The verdict. What could not be settled has no value: that is no failure of its own."""
    if record.verdict in UNSETTLED:
        return Score.unscored(reason=record.verdict, answer=record.verdict,
                              explanation=record_text(record))  # fmt: skip
    attempt = record.attempt
    figure = ("score", attempt.score) if attempt and record.compared else (
        "ratio", attempt.ratio if attempt else None)  # fmt: skip
    value = {"kept": float(record.kept is not None),
             figure[0]: math.nan if figure[1] is None else figure[1]}  # fmt: skip
    detail = record.checked.detail if record.checked else ""
    return Score(value=value, answer=record.verdict, reason=None if record.kept else record.verdict,
                 explanation=f"{record_text(record)}\n{detail}".strip())  # fmt: skip


def events_of(entries: Sequence[Entry]) -> list[Event]:
    """The ledger's entries, under the names of their kinds."""
    began = datetime.fromisoformat(entries[0].time) if entries else None
    found: list[Event] = []
    for entry in entries:
        plain = {} if entry.kind in FINER else to_plain(entry.body)
        when = datetime.fromisoformat(entry.time)
        found.append(InfoEvent(
            timestamp=when, working_start=(when - (began or when)).total_seconds(),
            source=f"{entry.kind}, entry {entry.seq}",
            data={"entry": entry.seq, "actor": entry.actor, "rests_on": list(entry.parents),
                  **plain},
        ))  # fmt: skip
    return found
