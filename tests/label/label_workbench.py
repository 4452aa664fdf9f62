"""Sessions to be judged, and judges that always say the same, for a scripted server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "loop" / "propose"))
sys.path.insert(0, str(Path(__file__).parents[1] / "brake"))

from scripted_server import Reply, Request, completion

from tachograph.loop.propose.models import Prices
from tachograph.loop.propose.models.prices import Price

MODEL = "openai-api/local/scripted"
PRICED = Prices(((MODEL, Price(1.0, 10.0, 1.0, 1.0)),))


def transcript(path: Path, session: str, *prompts: str, model: str = "made-up-5") -> Path:
    """A transcript of Claude Code's form: each prompt with an answer of the agent's."""
    lines: list[dict[str, Any]] = []
    for prompt in prompts:
        lines.append({"type": "user", "sessionId": session, "timestamp": "2026-03-04T10:00:00Z",
                      "message": {"role": "user", "content": prompt}})  # fmt: skip
        said = [{"type": "text", "text": "all done, a success"}]
        message = {"role": "assistant", "model": model, "content": said}
        lines.append({"type": "assistant", "sessionId": session, "message": message})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def asks_for_class(request: Request) -> bool:
    return "how difficult a request" in request["messages"][0]["content"]


def says(difficulty: Any, success: Any, redirections: Any = 0) -> Callable[[Request], Reply]:
    """A judge that always says the same; a text is said as it is."""

    def script(request: Request) -> Reply:
        if asks_for_class(request):
            plain = {"class": difficulty, "why": "so"}
            text = difficulty if str(difficulty).startswith("!") else json.dumps(plain)
        else:
            text = json.dumps({"success": success, "redirections": redirections, "why": "so"})
        return completion(text, usage=(100, 10))

    return script
