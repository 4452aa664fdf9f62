"""A small search with known ends, and scripted proposers that search it: what bench/team.py needs.

A candidate is a set of ideas out of `IDEAS`. Some help, most do not, some make the answer wrong;
the task's scorer alone knows which. A searcher adds one untried idea to its parent's, leaves out
what the board says is a dead end, and shares what it found. Its thinking is a nap, as a model's is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from tachograph.loop.propose.protocol import Attempt, Brief, Desk, Finding, Proposal
from tachograph.task import Candidate, Task, load

IDEAS = 16
HELP = (2, 5, 7, 11, 14)
WRONG = (3, 9)
CHECK = f"""
def draw(rng, split):
    return {{"x": int(rng.integers(1000))}}, None


def score(output, answer):
    if not isinstance(output, list) or any(idea in {WRONG!r} for idea in output):
        return "not a right answer"
    return 0.4 + sum(0.08 if idea in {HELP!r} else -0.01 for idea in set(output))
"""
TASK = """
name = "ideas"
goal = "Find the ideas that help."
editable = ["ideas.py"]
entry = "ideas:chosen"
[metric]
kind = "score"
draws = 4
sealed_draws = 4
margin = 0.02
precision = 0.01
"""
SOURCE = "IDEAS = {ideas!r}\n\n\ndef chosen(x):\n    return IDEAS\n"
DEAD_END = re.compile(r"idea (\d+) is a dead end")
NO_GAIN = ("same", "worse", "not-resolved", "wrong", "failed")


def write_task(folder: Path) -> Task:
    """The task, in a folder made for it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.toml").write_text(TASK)
    (folder / "check.py").write_text(CHECK)
    (folder / "ideas.py").write_text(SOURCE.format(ideas=[]))
    return load(folder)


def ideas_of(candidate: Candidate) -> list[int]:
    """Its ideas."""
    return [
        int(number) for number in re.findall(r"\d+", candidate.files["ideas.py"].split("\n")[0])
    ]


def with_idea(parent: Candidate, idea: int) -> Candidate:
    """The parent's ideas and one more."""
    return Candidate({"ideas.py": SOURCE.format(ideas=sorted({*ideas_of(parent), idea}))})


def dead_ends(findings: Sequence[Finding]) -> set[int]:
    """Ideas that the board calls dead ends, where the judge's verdict bears it out."""
    return {int(found[1]) for each in findings if each.verdict in NO_GAIN
            and (found := DEAD_END.match(each.text))}  # fmt: skip


class Searcher:
    """Searches, in any number of seats."""

    thinks_here = False

    def __init__(self, name: str, nap_seconds: float) -> None:
        self.name = name
        self.nap_seconds = nap_seconds

    def propose(self, brief: Brief, desk: Desk) -> Proposal | None:
        """One more idea than the parent has."""
        time.sleep(self.nap_seconds)
        dead = dead_ends(brief.findings)
        have = set(ideas_of(brief.parent))
        left = [idea for idea in range(IDEAS) if idea not in have | dead
                and with_idea(brief.parent, idea).id not in brief.tried]  # fmt: skip
        if not left:
            return None
        idea = brief.rng.choice(left)
        proposal = Proposal(with_idea(brief.parent, idea), f"idea {idea}", "")
        attempt = desk.trial(proposal)
        self.share(idea, attempt, desk)
        return proposal

    def share(self, idea: int, attempt: Attempt, desk: Desk) -> None:
        """Tell the others what came of it."""
        says = "helps" if attempt.verdict == "kept" else "is a dead end"
        desk.share(f"idea {idea} {says}", attempt.candidate)
