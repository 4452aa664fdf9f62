"""Logs that Inspect itself writes, with samples made up here. Needs the optional extra `models`."""

from __future__ import annotations

from pathlib import Path


def write_inspect_log(folder: Path, samples: int, messages: int) -> Path:
    """A finished log of one model on `samples` samples with `messages` messages each."""
    from inspect_ai.log import (
        EvalConfig,
        EvalDataset,
        EvalLog,
        EvalSample,
        EvalSpec,
        write_eval_log,
    )
    from inspect_ai.model import ChatMessageAssistant, ChatMessageUser
    from inspect_ai.scorer import Score

    spec = EvalSpec(
        created="2026-01-01T00:00:00+00:00", task="quiz", model="maker/model-1",
        dataset=EvalDataset(name="made up", samples=samples), config=EvalConfig(),
    )  # fmt: skip
    made = []
    for number in range(samples):
        talk = [
            (ChatMessageUser if turn % 2 == 0 else ChatMessageAssistant)(
                content=f"line {turn} " * 40
            )
            for turn in range(messages)
        ]
        made.append(
            EvalSample(
                id=f"s{number}",
                epoch=1,
                input="What is it?",
                target="it",
                messages=talk,
                metadata={"human_minutes": 2.0 ** (number % 8), "task_family": f"f{number % 5}"},
                scores={"match": Score(value="C" if number % 3 else "I")},
            )
        )
    path = folder / "quiz.eval"
    write_eval_log(EvalLog(eval=spec, status="success", samples=made), str(path))
    return path
