"""Marks of agents and of automation on commits, from the catalogue beside this file.

Proven by tests/gauges/git/test_markers.py. Not covered: marks that were stripped, and agents that
leave none (Codex by default); what is not marked is unknown, never human.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

CATALOGUE = Path(__file__).with_name("markers.toml")
COAUTHOR = re.compile(r"^co-authored-by:[^<\n]*<([^>\n]+)>\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Doubt:
    """Weeks in which a mark alone says nothing."""

    first: date
    last: date


@dataclass(frozen=True)
class Markers:
    """The catalogue, ready to be looked up."""

    emails: Mapping[str, str]
    """Address to agent."""
    beginnings: Mapping[str, str]
    """Beginning of a line of a message, to agent."""
    subjects: Mapping[str, str]
    """Beginning of a subject, to agent."""
    suffixes: Mapping[str, str]
    """Ending of an author's name, to agent."""
    bots: frozenset[str]
    """Addresses of automation."""
    doubts: Mapping[str, Doubt]
    """Address to the weeks in which it is doubtful."""
    sha256: str
    """Of the catalogue."""

    def of_email(self, email: str) -> str:
        """The agent of an address; empty where there is none."""
        return self.emails.get(email.lower(), "")

    def of_author(self, name: str, email: str) -> str:
        """The agent that is the author itself; empty where it is none."""
        found = self.of_email(email)
        if not found and name.endswith(")"):
            found = next((a for end, a in self.suffixes.items() if name.lower().endswith(end)), "")
        return found

    def is_bot(self, email: str) -> bool:
        """Whether the address is that of automation."""
        return email.lower() in self.bots

    def of_message(self, message: str, day: date) -> tuple[str, bool]:
        """The agent that a message names, and whether that is doubtful; empty where none."""
        lower = message.lower()
        doubtful = ""
        if "co-authored-by:" in lower:
            for email in COAUTHOR.findall(lower):
                agent = self.emails.get(email, "")
                doubt = self.doubts.get(email)
                if agent and doubt and doubt.first <= day <= doubt.last:
                    doubtful = agent
                elif agent:
                    return agent, False
        for beginning, agent in self.beginnings.items():
            if beginning in lower and any(
                line.startswith(beginning) for line in lower.splitlines()
            ):
                return agent, False
        for beginning, agent in self.subjects.items():
            if lower.startswith(beginning):
                return agent, False
        return doubtful, bool(doubtful)


@cache
def load_markers(path: Path = CATALOGUE) -> Markers:
    """Read the catalogue."""
    data = path.read_bytes()
    plain = tomllib.loads(data.decode())
    tables: dict[str, dict[str, str]] = {}
    for key in ("emails", "lines", "subjects", "author_suffixes"):
        tables[key] = {text.lower(): agent["name"] for agent in plain["agent"]
                       for text in agent.get(key, ())}  # fmt: skip
    doubts = {
        email: Doubt(each["first"], each["last"])
        for agent in plain["agent"]
        if (each := agent.get("doubtful"))
        for email in each["emails"]
    }
    return Markers(
        emails=tables["emails"], beginnings=tables["lines"], subjects=tables["subjects"],
        suffixes=tables["author_suffixes"], doubts=doubts,
        bots=frozenset(email.lower() for bot in plain["bot"] for email in bot["emails"]),
        sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
