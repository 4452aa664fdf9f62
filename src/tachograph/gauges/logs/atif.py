"""ATIF trajectories (Harbor's Agent Trajectory Interchange Format, v1): one JSON object a file.

    {"schema_version":"ATIF-v1.7","session_id":"..","agent":{"name":"..","model_name":".."},
     "steps":[{"step_id":1,"source":"user","message":"mend it","timestamp":".."},
              {"step_id":2,"source":"agent","message":"..","tool_calls":[..]}]}

It knows no interruptions and no rejections, so those stay unknown. Proven by
tests/gauges/logs/test_logs_read.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tachograph.errors import FormatError
from tachograph.gauges.logs.lines import MEND, day_of
from tachograph.gauges.logs.session import Session
from tachograph.gauges.read.rows import parse_json, read_text


def read(path: Path) -> list[Session]:
    """The session of a trajectory; none where nobody said anything. Raises FormatError."""
    try:
        plain = parse_json(read_text(path))
    except ValueError as error:
        raise FormatError(f"{path}: not JSON: {error}", hint=MEND) from error
    if not isinstance(plain, dict) or not str(plain.get("schema_version", "")).startswith("ATIF-"):
        raise FormatError(f"{path}: no schema_version ATIF-v1...", hint="see harborframework.com")
    steps = plain.get("steps")
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise FormatError(f"{path}: steps: not a list of objects", hint=MEND)
    prompts = sum(step.get("source") == "user" for step in steps)
    if not prompts:
        return []
    times = [(n, s["timestamp"]) for n, s in enumerate(steps, 1) if s.get("timestamp")]
    return [Session(
        id=str(plain.get("session_id") or path.stem),
        model=_model(plain.get("agent")),
        day=day_of(path, *times[0]) if times else None,
        prompts=prompts,
        tool_uses=sum(len(step.get("tool_calls") or ()) for step in steps),
    )]  # fmt: skip


def _model(agent: Any) -> str:
    name = agent.get("model_name") or agent.get("name") if isinstance(agent, dict) else None
    return str(name or "unknown")
