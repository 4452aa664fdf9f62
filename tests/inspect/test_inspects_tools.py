"""What Inspect puts into a sandbox works in ours: its tools, and its bridge for coding agents."""

from __future__ import annotations

from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.agent import sandbox_agent_bridge
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageTool
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver, use_tools
from inspect_ai.tool import bash, bash_session, python, text_editor
from inspect_ai.util import sandbox
from scripted import Turn, model_of, only_sample

pytestmark = pytest.mark.long

ASK = """
import json, sys, time, urllib.request
body = {"model": "inspect", "messages": [{"role": "user", "content": "hi"}]}
asked = urllib.request.Request(
    f"http://127.0.0.1:{sys.argv[1]}/v1/chat/completions", data=json.dumps(body).encode(),
    headers={"Content-Type": "application/json", "Authorization": "Bearer none"})
for patience in range(100):
    try:
        print(json.load(urllib.request.urlopen(asked))["choices"][0]["message"]["content"])
        break
    except OSError:  # the bridge's server needs a moment to start
        time.sleep(0.3)
"""


def sample_of(task: Task, turns: list[Turn]) -> Any:
    """The one sample of an evaluation in our box."""
    logs = evaluate(task, model=model_of(turns, end=None), display="none")
    assert logs[0].status == "success", logs[0].error
    return only_sample(logs[0])


def test_its_tools_work() -> None:
    """Those that are commands, and those that need a program of Inspect's in the sandbox."""
    turns: list[Turn] = [
        ("bash", {"command": "echo one > file; id -un"}), ("python", {"code": "print(6 * 7)"}),
        ("text_editor", {"command": "str_replace", "path": "/workspace/file", "old_str": "one",
                         "new_str": "two"}),
        ("bash_session", {"action": "type_submit", "input": "cat file"}),
    ]  # fmt: skip
    tools = use_tools(bash(), python(), text_editor(), bash_session())
    task = Task(dataset=[Sample(input="x")], solver=[tools, generate()],
                sandbox=("tachograph", "A"))  # fmt: skip
    told = [m for m in sample_of(task, turns).messages if isinstance(m, ChatMessageTool)]
    assert not any(message.error for message in told)
    assert [message.text.strip() for message in told[:2]] == ["box", "42"]
    assert "two" in told[2].text
    assert "two" in told[3].text


@solver
def bridged() -> Solver:
    """A program in the box that asks a model, though its box has no network."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        async with sandbox_agent_bridge(model="mockllm/scripted") as bridge:
            ended = await sandbox().exec(["python3", "-c", ASK, str(bridge.port)], timeout=60)
        state.output.completion = ended.stdout + ended.stderr
        return state

    return solve


def test_a_coding_agent_reaches_its_model_without_a_network() -> None:
    """By Inspect's bridge, over the workspace's own loopback."""
    task = Task(dataset=[Sample(input="x")], solver=bridged(), sandbox=("tachograph", "A"))
    assert sample_of(task, []).output.completion.strip() == "done"
