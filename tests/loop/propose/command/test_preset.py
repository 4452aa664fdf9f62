"""Presets: the four that come along, one's own, and any command line."""

from __future__ import annotations

import pytest

from tachograph.errors import UsageError
from tachograph.loop.propose.command.preset import FOLDER, Preset, names, preset_of, read_preset
from tachograph.loop.propose.command.usage import READERS


def test_the_presets_are_those_that_the_documentation_names():
    """Each is read strictly, says how to get it, and how it tells what it used."""
    assert names() == ["aider", "claude", "codex", "mini"]
    for name in names():
        preset = read_preset(FOLDER / f"{name}.toml")
        assert preset.install
        assert preset.checked
        assert preset.usage in READERS
        assert preset.network
        assert any("{prompt" in word for word in preset.arguments)


def test_a_preset_takes_more_arguments_in_their_place():
    """They come before the prompt, which programs want last."""
    preset = preset_of("claude --model opus")
    assert preset.arguments[-3:] == ("--model", "opus", "{prompt}")
    assert "{more}" not in preset_of("claude").arguments


def test_any_command_line_is_an_agent_that_is_let_nothing_in():
    """Words as a shell reads them; the prompt comes last where no place is named for it."""
    assert preset_of("my-agent --fast 'two words'").arguments == ("--fast", "two words", "{prompt}")
    named = preset_of("my-agent --task {prompt_file} --go")
    assert named.arguments == ("--task", "{prompt_file}", "--go")
    assert (named.network, named.environment, named.opens()) == (False, (), [])


def test_a_preset_of_ones_own(tmp_path):
    """A file named in place of a preset."""
    path = tmp_path / "mine.toml"
    path.write_text('program = "sh"\narguments = ["-c", "true"]\nseconds = 5\nshows = ["/opt/x"]\n')
    preset = preset_of(str(path))
    assert preset == Preset(name="mine", program="sh", arguments=("-c", "true"), seconds=5,
                            shows=("/opt/x",))  # fmt: skip
    assert preset.opens() == ["/opt/x (to read)"]


BAD = {
    "no program": 'arguments = ["x"]',
    "an unknown key": 'program = "x"\narguments = []\ncolour = "red"',
    "a name of its own": 'program = "x"\narguments = []\nname = "y"',
    "arguments in one": 'program = "x"\narguments = "a b"',
    "no time": 'program = "x"\narguments = []\nseconds = 0',
    "a network in words": 'program = "x"\narguments = []\nnetwork = "yes"',
    "settings that are no text": 'program = "x"\narguments = []\n[settings]\nA = 1',
    "a copy from elsewhere": 'program = "x"\narguments = []\ncopies = ["/etc/passwd"]',
    "a copy from above": 'program = "x"\narguments = []\ncopies = ["~/../x"]',
    "no TOML": "program",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_bad_preset_is_refused(text, tmp_path):
    """Strictly, with the page that describes the keys."""
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as raised:
        preset_of(str(path))
    assert "presets.md" in raised.value.hint


@pytest.mark.parametrize("spec", ["", "'unclosed", "nowhere.toml"])
def test_a_bad_command_line_is_refused(spec):
    """Before a run begins."""
    with pytest.raises(UsageError):
        preset_of(spec)


def test_a_missing_program_says_how_to_get_it(monkeypatch, tmp_path):
    """The hint is the command that installs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as raised:
        preset_of("claude").found()
    assert raised.value.hint == "npm install -g @anthropic-ai/claude-code"
    assert "not on the PATH" in raised.value.message


def test_what_it_opens_is_said_by_name_and_never_by_value(monkeypatch, tmp_path):
    """Variables that are set, files that exist; not what they hold."""
    for name in preset_of("codex").environment:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CODEX_API_KEY", "sk-very-secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    preset = preset_of("codex")
    assert preset.opens() == ["the network (servers of this machine included)", "$CODEX_API_KEY"]
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "config.toml").write_text('model = "x"')
    assert preset.opens()[-1] == "a copy of ~/.codex/config.toml"
    assert preset.copied() == {".codex/config.toml": b'model = "x"'}
    assert preset.passed() == {"CODEX_API_KEY": "sk-very-secret"}
