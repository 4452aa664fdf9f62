"""A small search with known ends, and scripted proposers that search it: what bench/team.py needs.

A candidate is a set of ideas out of `IDEAS`. Some help, most do not, some make the answer wrong;
the task's scorer alone knows which. A searcher adds one untried idea to its parent's: first what
the board says has helped elsewhere, never what it calls a dead end. It shares what it found. Its
thinking is a nap, as a model's is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from tachograph.loop.propose.protocol import Attempt, Brief, Desk, Finding, Proposal
from tachograph.task import Candidate, Task, load

IDEAS = 32
HELP = (2, 5, 7, 11, 14, 19, 23, 28)
WRONG = (3, 9, 17)
SEED_SCORE = 0.4
CHECK = f"""
def draw(rng, split):
    return {{"x": int(rng.integers(1000))}}, None


def score(output, answer):
    if not isinstance(output, list) or any(idea in {WRONG!r} for idea in output):
        return "not a right answer"
    return {SEED_SCORE} + sum(0.07 if idea in {HELP!r} else -0.01 for idea in set(output))
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
HELPS = re.compile(r"idea (\d+) helps")
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


def helping(findings: Sequence[Finding]) -> list[int]:
    """Ideas that the board calls good: what another seat found on another parent, perhaps."""
    return [int(found[1]) for each in findings if each.verdict not in ("wrong", "failed")
            and (found := HELPS.match(each.text))]  # fmt: skip


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
        told = [idea for idea in helping(brief.findings) if idea in left]
        idea = brief.rng.choice(told or left)
        proposal = Proposal(with_idea(brief.parent, idea), f"idea {idea}", "")
        attempt = desk.trial(proposal)
        desk.share(f"idea {idea} {self.found(attempt, brief)}", attempt.candidate)
        return proposal

    def found(self, attempt: Attempt, brief: Brief) -> str:
        """What came of it, against its parent: the best may have moved on meanwhile."""
        scores = {each.candidate: each.score for each in brief.history}
        before = scores.get(brief.parent.id) or SEED_SCORE
        return "helps" if attempt.score is not None and attempt.score > before else "is a dead end"
