"""docs/reference/presets.md names every preset, key and version."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tachograph.loop.propose.command.preset import FOLDER, Preset, names, read_preset

PAGE = (Path(__file__).parents[4] / "docs/reference/presets.md").read_text()


def test_every_preset_is_described_as_it_is():
    """Program, version and how to get it stand in its row."""
    for name in names():
        preset = read_preset(FOLDER / f"{name}.toml")
        (row,) = re.findall(rf"^\| `{name}` .*$", PAGE, re.MULTILINE)
        assert preset.checked in row
        assert preset.install in row
        assert (preset.money[0] in row) if preset.money else ("no" in row)


def test_every_key_is_described():
    """And none that there is not."""
    described = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| .* \| .* \|$", PAGE, re.MULTILINE)
    keys = {key for row in described for key in re.findall(r"\w+", row)} - set(names())
    assert keys == {field.name for field in fields(Preset)} - {"name"}


def test_the_example_is_a_preset(tmp_path):
    """It is read as it stands."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "mine.toml"
    path.write_text(example)
    assert read_preset(path).environment == ("MY_AGENT_KEY",)
