"""The `command` proposer: shell scripts for agents, in real boxes, before a real judge."""

from __future__ import annotations

import threading

import pytest
from loop_toys import begin
from shell_agents import SoManyTurns, drive, script, write

from tachograph.errors import UsageError
from tachograph.loop.budget import Budget
from tachograph.loop.propose.command import Command
from tachograph.loop.team import Team
from tachograph.loop.transcript import transcript as read_transcript
from tachograph.loop.turn import Loop

FIRST = """tacho status | sed -n 's/.*"candidate": "\\(c-[^"]*\\)".*/\\1/p' | head -1"""


@pytest.fixture
def play(new_bench, ledger, ledger_folder, tmp_path):
    """Runs one turn of an agent that is this script; the run, and its turn."""

    def run(text, **options):
        bench = new_bench(metric="check")
        agent = script(tmp_path, text)
        played = drive(bench, ledger, ledger_folder, str(agent), **options)
        return played, played.archive.turns[1]

    return run


def transcript(run, turn):
    (part,) = read_transcript(run.ledger.fetch, turn)
    return part.text


def test_what_lies_in_the_workspace_at_the_end_is_the_proposal(play):
    """The agent reads its goal there and changes a file; the judge decides."""
    run, turn = play(f"grep -q 'Double x' GOAL.md && {write('mine')}; echo done; exit 0")
    (record,) = run.archive.trials
    assert (record.verdict, record.proposed.turn) == ("kept", 1)
    assert turn.ended.outcome == "proposed"
    (begun, ended) = turn.commands[0]
    assert (ended.reason, ended.status, begun.level) == ("exited", 0, "A")
    (part,) = read_transcript(run.ledger.fetch, turn)
    assert (part.who, part.text) == ("command", "done\n")
    assert "exit code 0" in part.about
    assert begun.opened == [f"{begun.command.split()[0]} (to read)"]


def test_an_agent_asks_for_trials_and_goes_on(play):
    """`tacho` is on its path; verdicts come as JSON with an exit code; the best is handed in."""
    run, turn = play(f"""
{write("wrong").replace("x + x", "x + 1")}
tacho trial --label wrong && echo kept
{write("right")}
tacho trial --label right --note 'it is right' && echo kept
tacho share 'adding works' --candidate $({FIRST})
tacho findings
""")
    assert [record.verdict for record in run.archive.trials] == ["wrong", "kept"]
    assert turn.ended.outcome == "proposed"
    assert turn.ended.candidate == run.archive.trials[-1].id
    said = transcript(run, turn)
    assert said.count("\nkept\n") == 1
    assert "adding works" in said
    (_, finding) = run.archive.findings[0]
    assert finding.text == "adding works"


ENDS = {
    "an exit code": ("exit 7", "failed", "exit code 7"),
    "a signal": ("kill -9 $$", "failed", "exit code -9"),
    "nothing done": ("true", "malformed", "changed nothing"),
    "the file gone": ("rm toy.py", "malformed", "toy.py is no plain"),
    "the file too large": ("head -c 9000 /dev/zero | tr '\\0' '#' > toy.py", "malformed", "toy.py"),
    "no text": ("printf '\\377\\376' > toy.py", "malformed", "toy.py"),
}


@pytest.mark.parametrize("name", ENDS)
def test_every_end_is_recorded_as_what_it_is(name, play):
    """What leaves no candidate says why."""
    text, outcome, detail = ENDS[name]
    run, turn = play(text)
    assert turn.ended.outcome == outcome
    assert detail in turn.ended.detail
    assert not run.archive.trials


def test_an_agent_that_breaks_late_has_its_work_judged(play):
    """A version in the workspace is a version, whatever became of who wrote it."""
    run, turn = play(f"{write('done')}; echo oh >&2; exit 3")
    assert [record.verdict for record in run.archive.trials] == ["kept"]
    assert "exit code 3: oh" in run.archive.trials[0].proposed.note
    assert "--- stderr ---\noh" in transcript(run, turn)


def preset(folder, agent, **keys):
    """A preset's file for an agent."""
    lines = [f'program = "{agent}"', 'arguments = ["{prompt}"]']
    lines += [f"{key} = {value}" for key, value in keys.items()]
    path = folder / "preset.toml"
    path.write_text("\n".join(lines))
    return str(path)


def test_the_time_of_a_turn_is_up(new_bench, ledger, ledger_folder, tmp_path):
    """The agent and all that it started are killed; what it had is judged."""
    agent = script(tmp_path, f"{write('half')}; sleep 600 & sleep 600")
    spec = preset(tmp_path, agent, seconds=1.5)
    run = drive(new_bench(metric="check"), ledger, ledger_folder, spec)
    (_, ended) = run.archive.turns[1].commands[0]
    assert ended.reason == "time-limit"
    assert ended.wall_seconds < 30
    assert [record.verdict for record in run.archive.trials] == ["kept"]


def test_whether_it_can_run_is_seen_before_a_run_begins(tmp_path):
    """Its box is tried, and its program in it; the version that it gives is kept."""
    says = script(tmp_path, "[ $1 = --version ] && echo 'agent 1.2'", "says")
    breaks = script(tmp_path, "echo 'no such library' >&2; exit 127", "breaks")
    spec = preset(tmp_path, says, version='["--version"]')
    with Command(spec, level="A") as command:
        assert command.version == "agent 1.2"
    spec = preset(tmp_path, breaks, version='["--version"]')
    with pytest.raises(UsageError, match="no such library"), Command(spec, level="A"):
        pass
    with pytest.raises(UsageError, match="no way to ask"):
        Command(str(says), level="B")


def test_the_run_bounds_a_turn_and_a_preset_bounds_it_further(tmp_path):
    """The shorter of the two holds."""
    agent = script(tmp_path, "true")
    plain = Command(str(agent), turn_seconds=100)
    short = Command(preset(tmp_path, agent, seconds=5), turn_seconds=100)
    long = Command(preset(tmp_path, agent, seconds=500), turn_seconds=100)
    assert [each.limits.wall_seconds for each in (plain, short, long)] == [100, 5, 100]


@pytest.mark.parametrize("by_port", [True, False])
def test_an_agent_with_the_network_asks_all_the_same(
    new_bench, ledger, ledger_folder, tmp_path, monkeypatch, by_port
):
    """By a Unix socket, or by a port where the kernel is older than walls for those."""
    monkeypatch.setattr("tachograph.loop.propose.command.turn.Turn.by_port",
                        lambda turn: by_port)  # fmt: skip
    agent = script(tmp_path, f"{write('mine')}; tacho trial | grep -q kept && echo heard")
    spec = preset(tmp_path, agent, network="true")
    run = drive(new_bench(metric="check"), ledger, ledger_folder, spec)
    assert transcript(run, run.archive.turns[1]) == "heard\n"
    assert "the network" in run.archive.turns[1].commands[0][0].opened[0]


def test_a_talkative_agent_is_cut_short(play):
    """Its output is bounded; the rest is dropped and that is said."""
    run, turn = play(f"head -c 20000000 /dev/zero | tr '\\0' x; {write('talk')}")
    (_, ended) = turn.commands[0]
    assert ended.cut
    assert len(transcript(run, turn)) <= 10_240 << 10
    assert [record.verdict for record in run.archive.trials] == ["kept"]


def test_what_an_agent_says_it_used_is_counted(new_bench, ledger, ledger_folder, tmp_path):
    """By the format that its preset names, against the budget of the run."""
    event = ('{"type":"result","total_cost_usd":0.5,'
             '"usage":{"input_tokens":40,"output_tokens":2}}')  # fmt: skip
    agent = script(tmp_path, f"echo '{event}'; echo $*; {write('paid')}")
    spec = preset(tmp_path, agent, usage='"claude"', money='["--max", "{money_usd}"]', turn_usd=2)
    budget = Budget(money_usd=3, tokens=1000)
    run = drive(new_bench(metric="check"), ledger, ledger_folder, spec, turns=2, budget=budget)
    turn = run.archive.turns[1]
    (begun, ended) = turn.commands[0]
    assert (begun.held_usd, ended.cost_usd, ended.counted_tokens) == (2, 0.5, 42)
    assert transcript(run, turn).endswith("--max 2.00\n")
    assert (run.archive.money_usd, run.archive.tokens) == (1.0, 84)
    bare = preset(tmp_path, agent, usage='"codex"')
    refused = drive(new_bench(metric="check"), ledger, ledger_folder, bare, budget=budget)
    assert refused.archive.turns[1].ended.outcome == "over-budget"
    assert not refused.archive.turns[1].commands


def test_its_keys_reach_it_and_nothing_else(new_bench, ledger, ledger_folder, tmp_path,
                                            monkeypatch):  # fmt: skip
    """Of the environment it has what its preset names; no value comes back into the record."""
    key, other = "sk-0123456789abcdef", "another-secret-value"
    monkeypatch.setenv("MY_KEY", key)
    monkeypatch.setenv("OTHER_KEY", other)
    agent = script(
        tmp_path,
        f"""
env | sort
echo $MY_KEY >&2
echo "# $MY_KEY" >> toy.py
tacho trial --label "$MY_KEY" --note "$MY_KEY"
{write("honest")}
tacho trial --label "$MY_KEY" --note "$MY_KEY"
tacho share "$MY_KEY" --candidate $({FIRST})
""",
    )
    spec = preset(tmp_path, agent, environment='["MY_KEY"]')
    run = drive(new_bench(metric="check"), ledger, ledger_folder, spec)
    said = transcript(run, run.archive.turns[1])
    assert "MY_KEY=[MY_KEY]" in said
    assert "OTHER_KEY" not in said
    assert "the files hold the value of MY_KEY" in said
    (record,) = run.archive.trials
    assert (record.verdict, record.proposed.label) == ("kept", "[MY_KEY]")
    assert "$MY_KEY" in run.archive.turns[1].commands[0][0].opened
    ledger.verify()
    for path in ledger_folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert key.encode() not in data, path
            assert other.encode() not in data, path


@pytest.mark.parametrize("does", ["true", write("late")])
def test_a_key_in_its_last_words_is_kept_out(
    does, new_bench, ledger, ledger_folder, tmp_path, monkeypatch
):
    """What it says when it breaks goes into the turn's end, or into the proposal's note."""
    key = "sk-0123456789abcdef"
    monkeypatch.setenv("MY_KEY", key)
    agent = script(tmp_path, f'{does}; echo "bad key: $MY_KEY" >&2; exit 3')
    spec = preset(tmp_path, agent, environment='["MY_KEY"]')
    run = drive(new_bench(metric="check"), ledger, ledger_folder, spec)
    told = [turn.ended.detail for turn in run.archive.turns.values()]
    told += [record.proposed.note for record in run.archive.trials]
    assert any("bad key: [MY_KEY]" in text for text in told)
    held = b"".join(path.read_bytes() for path in ledger_folder.rglob("*") if path.is_file())
    assert b"bad key: [MY_KEY]" in held  # so what is looked for would be found
    assert key.encode() not in held


def test_a_key_on_the_command_line_is_refused(monkeypatch, tmp_path):
    """The command line is recorded."""
    monkeypatch.setenv("MY_KEY", "sk-0123456789abcdef")
    spec = preset(tmp_path, script(tmp_path, "true"), environment='["MY_KEY"]')
    with pytest.raises(UsageError):
        Command(f"{spec} --key sk-0123456789abcdef")


def test_the_end_of_the_run_ends_the_agent(new_bench, ledger, ledger_folder, tmp_path):
    """It is killed within moments, and what it had not handed in is not judged."""
    bench = new_bench(metric="check")
    agent = script(tmp_path, f"{write('half')}; sleep 600")
    run = begin(ledger, ledger_folder, bench)
    proposer = Command(str(agent), level="A")
    loop = Loop(run, bench, [proposer], Budget())
    threading.Timer(1.5, loop.office.stopping.set).start()
    assert loop.drive() == "stopped"
    (_, ended) = run.archive.turns[1].commands[0]
    assert ended.reason == "stopped"
    assert not run.archive.records[bench.task.seed.id].finished_at
    assert run.archive.turns[1].ended is None  # so that a resume gives it again


def test_seats_work_side_by_side_and_hear_of_each_other(new_bench, ledger, ledger_folder, tmp_path):
    """Each in a workspace and at a seat of its own; what one has found, a later brief quotes."""
    agent = script(tmp_path, f"""
grep -c 'it is right' GOAL.md
ls /tmp | grep -c tacho-box
{write("$$-$(date +%N)").replace("'", '"')}
tacho trial --label "mine"
tacho share 'it is right' --candidate $({FIRST})
""")  # fmt: skip
    bench = new_bench(metric="check")
    run = begin(ledger, ledger_folder, bench)
    proposer = SoManyTurns(Command(str(agent), level="A", hidden=[ledger_folder]), 4)
    Loop(run, bench, [proposer], Budget(), team=Team(seats=2)).drive()
    turns = [turn for turn in run.archive.turns.values() if turn.commands]
    assert len(turns) == 4
    assert {turn.begun.seat for turn in turns} == {1, 2}
    assert [turn.ended.outcome for turn in turns] == ["proposed"] * 4
    heard = [transcript(run, turn).splitlines()[0] for turn in turns]
    assert heard[0] == "0"
    assert int(heard[-1]) > 0
    others = [int(transcript(run, turn).splitlines()[1]) for turn in turns]
    assert others == [0] * 4
