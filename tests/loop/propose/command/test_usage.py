"""What agents say that they used, as they say it; and whatever else they may print."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.loop.propose.command.usage import READERS, Usage

CLAUDE = """\
{"type":"system","subtype":"init","session_id":"0","tools":["Bash"]}
{"type":"assistant","message":{"usage":{"input_tokens":3,"output_tokens":900}}}
{"type":"result","subtype":"success","is_error":false,"num_turns":2,"result":"done","total_cost_usd":0.0079825,\
"usage":{"input_tokens":3,"cache_creation_input_tokens":100,"cache_read_input_tokens":15635,"output_tokens":6}}
"""
CODEX = """\
{"type":"thread.started","thread_id":"0"}
{"type":"turn.completed","usage":{"input_tokens":120,"cached_input_tokens":100,"output_tokens":7}}
not an event
{"type":"turn.completed","usage":{"input_tokens":30,"cached_input_tokens":0,"output_tokens":3}}
"""
AIDER = """\
Applied edit to fit.py
Tokens: 2.3k sent, 1.1k cache hit, 120 received. Cost: $0.01 message, $0.01 session.
Tokens: 12k sent, 80 received.
Cost: $0.02 message, $0.03 session.
"""
MINI = json.dumps({"info": {"model_stats": {"instance_cost": 0.25, "api_calls": 4}}})
SAID = {
    "claude": (CLAUDE, Usage(15738, 6, 0.0079825)),
    "codex": (CODEX, Usage(150, 10)),
    "aider": (AIDER, Usage(14300, 200, 0.03)),
    "mini": (MINI, Usage(cost_usd=0.25)),
}


@pytest.mark.parametrize("name", READERS)
def test_what_an_agent_says_is_read(name):
    """The figures of its own format, added up where it says them in parts."""
    output, usage = SAID[name]
    assert READERS[name](output) == usage


LIES = [
    '{"type":"result","total_cost_usd":-1,"usage":{"input_tokens":-5,"output_tokens":true}}',
    '{"type":"result","total_cost_usd":1e999,"usage":{"input_tokens":1e3,"output_tokens":"7"}}',
    '{"type":"result","total_cost_usd":NaN,"usage":[1]}',
    '{"type":"turn.completed","usage":{"input_tokens":99999999999999999999999}}',
    '{"info":{"model_stats":{"instance_cost":"free"}}}',
    '{"info":[]}',
    "[" * 100_000,
]


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_what_cannot_be_a_figure_is_not_known(reader):
    """A negative, endless or worded amount is None, and never 0."""
    for lie in LIES:
        assert reader(lie) == Usage()
        assert reader("") == Usage()


@given(st.text())
def test_no_output_breaks_a_reader(output):
    """Whatever an agent prints, its figures are figures or not known."""
    for reader in READERS.values():
        reader(output)
