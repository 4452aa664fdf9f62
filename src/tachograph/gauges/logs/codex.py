"""Codex's rollouts: `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl`, one session a file.

    {"timestamp":"..","type":"session_meta","payload":{"id":"..","cwd":".."}}
    {"timestamp":"..","type":"turn_context","payload":{"model":"gpt-..","approval_policy":".."}}
    {"timestamp":"..","type":"event_msg","payload":{"type":"user_message","message":"mend it"}}
    {"timestamp":"..","type":"response_item","payload":{"type":"function_call","name":"shell",..}}
    {"timestamp":"..","type":"event_msg","payload":{"type":"turn_aborted","reason":"interrupted"}}

Proven by tests/gauges/logs/test_logs_read.py. Not covered: rejections that a later version words
otherwise.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tachograph.errors import FormatError
from tachograph.gauges.logs.lines import MEND, day_of, objects
from tachograph.gauges.logs.session import Session, counted_session

KINDS = ("session_meta", "turn_context", "response_item", "event_msg", "compacted")
USES = ("function_call", "custom_tool_call", "local_shell_call")
REJECTED = "rejected by user"


def read(path: Path) -> list[Session]:
    """The session of a rollout; none where nobody said anything. Raises FormatError."""
    counted: Counter[str] = Counter()
    models: Counter[str] = Counter()
    name, day = path.stem, None
    for number, line in objects(path):
        payload = line.get("payload")
        if line.get("type") not in KINDS or not isinstance(payload, dict):
            raise FormatError(f"{path}:{number}: no line of a rollout: {line.get('type')!r:.40}",
                              hint=MEND)  # fmt: skip
        if day is None and line.get("timestamp"):
            day = day_of(path, number, line["timestamp"])
        if line["type"] == "session_meta":
            name = str(payload.get("id") or name)
        elif line["type"] == "turn_context" and payload.get("model"):
            models[str(payload["model"])] += 1
        else:
            counted.update(_of_event(payload))
    if not counted["prompts"]:
        return []
    model = models.most_common(1)[0][0] if models else "unknown"
    return [counted_session(name, model, day, counted)]


def _of_event(payload: dict[str, Any]) -> Counter[str]:
    kind = payload.get("type")
    return Counter(
        prompts=kind == "user_message",
        interruptions=kind == "turn_aborted" and payload.get("reason") == "interrupted",
        rejections=kind in ("function_call_output", "custom_tool_call_output")
        and REJECTED in str(payload.get("output", "")).lower(),
        tool_uses=kind in USES,
    )


def is_one(first: dict[str, Any]) -> bool:
    """Whether a file that begins with this object is such a rollout."""
    return first.get("type") in KINDS and isinstance(first.get("payload"), dict)
