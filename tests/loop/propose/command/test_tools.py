"""The server of the Model Context Protocol, with the official client at its other end."""

from __future__ import annotations

import ast
import asyncio
import io
import json
import sys
from pathlib import Path

import pytest

from tachograph.loop.propose.command import serve
from tachograph.loop.propose.command.door import Door
from tachograph.loop.propose.command.inside import client, tools
from tachograph.loop.propose.command.inside.tools import TOOLS, VERSIONS


def talk(*messages, ask=lambda question: {"asked": question}, read_files=None):
    """Sends these messages, one a line; the answers."""
    lines = [m if isinstance(m, str) else json.dumps(m) for m in messages]
    sink = io.StringIO()
    serve(ask, read_files, io.StringIO("\n".join(lines) + "\n"), sink)
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def request(method, number=1, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def text_of(answer):
    return json.loads(answer["result"]["content"][0]["text"])


def test_the_handshake_takes_a_version_that_is_known():
    """The client's own where we speak it, else our newest."""
    known, unknown = talk(request("initialize", protocolVersion="2024-11-05"),
                          request("initialize", 2, protocolVersion="1999-01-01"))  # fmt: skip
    assert known["result"]["protocolVersion"] == "2024-11-05"
    assert unknown["result"]["protocolVersion"] == VERSIONS[0]
    assert "tools" in known["result"]["capabilities"]


def test_every_verb_is_a_tool():
    """Each asks the question of its own name with the arguments as its fields."""
    (listed,) = talk(request("tools/list"))
    names = [tool["name"] for tool in listed["result"]["tools"]]
    assert names == ["brief", "trial", "findings", "share", "status", "show"]
    for name in names:
        (answer,) = talk(request("tools/call", name=name, arguments={"note": "x"}))
        assert text_of(answer) == {"asked": {"note": "x", "verb": name}}
        assert not answer["result"]["isError"]


def test_the_workspace_fills_in_the_files():
    """Where there is one, a trial needs not name them; where they are named, they count."""
    files = {"toy.py": "x"}
    bare, given = talk(
        request("tools/call", name="trial"),
        request("tools/call", 2, name="trial", arguments={"files": {"toy.py": "y"}}),
        read_files=lambda: files,
    )
    assert text_of(bare)["asked"]["files"] == files
    assert text_of(given)["asked"]["files"] == {"toy.py": "y"}


def test_an_argument_cannot_be_another_verb():
    """The tool's name decides, whatever the arguments hold."""
    (answer,) = talk(request("tools/call", name="status", arguments={"verb": "trial"}))
    assert text_of(answer)["asked"]["verb"] == "status"


def test_an_error_is_marked_as_one():
    """The judge's refusals are results that say so, as the protocol wants it."""
    refused = {"error": {"kind": "budget", "message": "spent", "hint": ""}}
    (answer,) = talk(request("tools/call", name="trial", arguments={}), ask=lambda _: refused)
    assert answer["result"]["isError"]
    assert text_of(answer) == refused


FAULTS = {
    "not json": -32700,
    "[" * 100_000: -32700,
    "[1]": -32600,
    '{"id": 1}': -32600,
    '{"id": [1], "method": "ping"}': -32600,
    '{"id": 1, "method": "tools/drop"}': -32601,
    '{"id": 1, "method": "ping", "params": [1]}': -32602,
    '{"id": 1, "method": "tools/call", "params": {"name": "keep"}}': -32602,
    '{"id": 1, "method": "tools/call", "params": {"name": ["trial"]}}': -32602,
    '{"id": 1, "method": "tools/call", "params": {"name": "trial", "arguments": [1]}}': -32602,
}


@pytest.mark.parametrize("line", FAULTS, ids=range(len(FAULTS)))
def test_a_bad_message_has_the_protocols_own_error(line):
    """And the next one is answered as ever."""
    bad, good = talk(line, request("ping", 7))
    assert bad["error"]["code"] == FAULTS[line]
    assert good == {"jsonrpc": "2.0", "id": 7, "result": {}}


def test_a_notification_is_not_answered():
    """What has no id wants no answer."""
    assert talk({"jsonrpc": "2.0", "method": "notifications/initialized"}) == []


def test_the_descriptions_say_what_every_field_is():
    """A client shows nothing else to its model."""
    assert all(tool["description"].endswith(".") for tool in TOOLS)
    assert all(set(tool["required"]) <= set(tool["properties"]) for tool in TOOLS)


INSIDE = (Path(client.__file__), Path(tools.__file__))


@pytest.mark.parametrize("path", INSIDE, ids=lambda path: path.name)
def test_what_runs_in_a_workspace_needs_no_more_than_an_old_python(path):
    """It parses as Python 3.9 and imports the standard library alone."""
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)


def test_an_agent_in_a_workspace_may_ask_over_mcp(tmp_path):
    """The official client starts `tacho mcp` there, and a trial takes the files as they lie."""
    mcp = pytest.importorskip("mcp", reason="the official client is not installed")
    for path in INSIDE:
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "toy.py").write_text("x = 1\n")
    arguments = ["-I", "-S", str(tmp_path / "client.py"), "mcp"]
    server = mcp.StdioServerParameters(command=sys.executable, args=arguments)

    async def talk():
        async with mcp.Client(server) as session:
            result = await session.call_tool("trial", {"label": "as it lies"})
            return json.loads(result.content[0].text)

    with Door(lambda question: {"asked": question}, 4) as door:
        seat = {"socket": str(door.path), "port": 0, "token": door.token, "editable": ["toy.py"],
                "workspace": str(tmp_path), "most_bytes": 4096}  # fmt: skip
        (tmp_path / "seat.json").write_text(json.dumps(seat))
        asked = asyncio.run(talk())["asked"]
    assert asked == {"verb": "trial", "label": "as it lies", "files": {"toy.py": "x = 1\n"}}
