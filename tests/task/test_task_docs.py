"""The guide and the reference say what is."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from tachograph.sandbox import Limits
from tachograph.task.load import BUILTIN, KEYS

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference/task-toml.md").read_text()
GUIDE = (ROOT / "docs/guides/your-first-task.md").read_text()


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_documented(key: str) -> None:
    """The reference has a row for each key that the reader knows."""
    assert re.search(rf"^\| .*`\[?{key}\]?`", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("field", dataclasses.fields(Limits), ids=lambda field: field.name)
def test_every_limit_is_documented_with_its_default(field: dataclasses.Field[object]) -> None:
    """The reference has a row for each limit, with the default of the code."""
    assert f"| `{field.name}` | {field.default} |" in REFERENCE


def test_the_reference_shows_a_builtin_task() -> None:
    """The complete example is the file itself."""
    assert (BUILTIN / "pairwise" / "task.toml").read_text() in REFERENCE


@pytest.mark.parametrize("folder", ["existing-function/speed", "c-program"])
def test_the_guide_shows_the_examples(folder: str) -> None:
    """What the guide prints is what the examples hold."""
    assert (ROOT / "examples" / folder / "task.toml").read_text() in GUIDE


def test_toml_in_the_guide_parses() -> None:
    """Every TOML block is TOML, and uses keys that exist."""
    blocks = re.findall(r"```toml\n(.*?)```", GUIDE + REFERENCE, re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        assert set(tomllib.loads(block)) <= set(KEYS)


def test_links_lead_somewhere() -> None:
    """Relative links point at files that exist."""
    for name in ("guides/your-first-task.md", "reference/task-toml.md", "reference/char-lm.md"):
        page = ROOT / "docs" / name
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{name}: {target}"
