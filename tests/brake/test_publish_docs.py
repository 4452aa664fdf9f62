"""What the guide shows is what the code reads, and what it runs is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tachograph.brake.logs.commitment import Commitment, parse_leaf
from tachograph.brake.logs.redact import parse_redaction

GUIDE = (Path(__file__).parents[2] / "docs/guides/publish-your-ledger.md").read_text()


def test_the_leaf_shown_is_a_commitment() -> None:
    """The instance parses, byte for byte."""
    (shown,) = re.findall(r"```json\n(.*)\n```", GUIDE)
    assert isinstance(parse_leaf(shown.encode()), Commitment)


def test_the_policy_shown_is_one() -> None:
    """The instance parses, and says what it is said to say."""
    (shown,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    policy = parse_redaction(shown)
    assert "WorkHeld" in policy.whole and policy.named == {"RunOpened", "RunClosed"}


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"^tacho ((?:brake )?\w+)", GUIDE, re.M))))
def test_the_commands_shown_are_there(verb: str) -> None:
    """Each verb of the guide has help, and each option that the guide gives it."""
    command = [sys.executable, "-c", "from tachograph.cli import main; main()"]
    told = subprocess.run(
        [*command, *verb.split(), "--help"], capture_output=True, text=True, check=True
    ).stdout
    for line in re.findall(rf"^tacho {verb} .*", GUIDE, re.M):
        for option in re.findall(r"--\w+", line.split("#")[0]):
            assert option in told
