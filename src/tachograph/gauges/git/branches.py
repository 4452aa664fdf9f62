"""Squash merges: marks that were on a pull request's commits and not on the one that was merged.

A forge keeps the commits of each request under `refs/pull/N/head` (GitHub) or
`refs/merge-requests/N/head` (GitLab), once they are fetched. A squashed commit names its request in
its subject, `(#12)`, or in its message, `See merge request group/name!12`. Proven by
tests/gauges/git/test_history.py. Not covered: requests whose branch was not fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from tachograph.gauges.git.command import Repository
from tachograph.gauges.git.markers import Markers
from tachograph.gauges.git.stream import commits

REFERENCES = ("refs/pull", "refs/merge-requests")
GITHUB = re.compile(r"\(#(\d+)\)\s*$")
GITLAB = re.compile(r"^See merge request \S*!(\d+)\s*$", re.MULTILINE)
FORMAT = "%H%x00%P%x00%ct%x00%aN%x00%aE%x00%cN%x00%cE%x00%B"


def heads(repository: Repository) -> dict[int, str]:
    """Number of each request whose branch is here, to the newest commit of it."""
    found: dict[int, str] = {}
    listing = repository.text("for-each-ref", "--format=%(refname) %(objectname)", *REFERENCES)
    for line in listing.splitlines():
        name, _, sha = line.rpartition(" ")
        parts = name.split("/")
        if parts[-1] == "head" and parts[-2].isdigit():
            found[int(parts[-2])] = sha
    return found


def request_of(message: str) -> int | None:
    """The number of the request that a merged commit names; None where it names none."""
    subject = message.split("\n", 1)[0]
    found = GITHUB.search(subject) or GITLAB.search(message)
    return int(found[1]) if found else None


def agents_of(repository: Repository, requests: Mapping[int, str], tip: str,
              markers: Markers) -> dict[int, str]:  # fmt: skip
    """Number to the agent that a commit of the request's own branch is marked with.

    Its own commits are those that cannot be reached from `tip`.
    """
    if not requests:
        return {}
    stdin = "\n".join([*dict.fromkeys(requests.values()), f"^{tip}"]) + "\n"
    chunks = repository.chunks("log", "-z", f"--format={FORMAT}", "--stdin", stdin=stdin)
    parents: dict[str, list[str]] = {}
    marks: dict[str, str] = {}
    for commit in commits(chunks):
        day = datetime.fromtimestamp(commit.time, UTC).date()
        agent = markers.of_author(commit.author, commit.author_email)
        if not agent:
            agent, doubtful = markers.of_message(commit.message, day)
            agent = "" if doubtful else agent
        parents[commit.sha] = commit.parents.split()
        marks[commit.sha] = agent
    found = {}
    for number, head in requests.items():
        agent = next(filter(None, (marks[sha] for sha in _own([head], parents))), "")
        if agent:
            found[number] = agent
    return found


def _own(start: list[str], parents: Mapping[str, list[str]]) -> Iterable[str]:
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        sha = waiting.pop()
        if sha in parents and sha not in seen:
            seen.add(sha)
            yield sha
            waiting += parents[sha]
