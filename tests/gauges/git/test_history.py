"""Histories of real repositories: all of it or an error, from the cache or anew."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tachograph.errors import FormatError, NotFoundError
from tachograph.gauges.git import History, read_history
from tachograph.gauges.git.paths import KINDS
from tachograph.gauges.git.rows import AUTHOR, BOT, MESSAGE, NOTED, REQUEST, ROWS, TRACED

CLAUDE = "Co-Authored-By: Claude <noreply@anthropic.com>"
PRODUCTION = KINDS.index("production")


def same(one: History, other: History) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ROWS) and (
        one.authors, one.agents, one.tip) == (other.authors, other.agents, other.tip)  # fmt: skip


def test_lines_are_those_of_git(workshop, text) -> None:
    """Names that git would quote, renames, binaries, empty and multi-line messages, merges."""
    workshop.commit("first\n\nbody\n1\t2\tnot a file", {"a\tb.py": text(10), "c d/é.py": text(5)})
    workshop.commit("", {"x.bin": "\0\1\2" * 9})
    workshop.git("mv", "c d/é.py", "moved.py")
    workshop.commit("move", {})
    workshop.git("checkout", "-q", "-b", "side")
    workshop.commit("side", {"side.py": text(3, "s")})
    workshop.git("checkout", "-q", "main")
    workshop.commit("main", {"a\tb.py": text(12)})
    workshop.git("merge", "--quiet", "--no-edit", "side")
    history = read_history(workshop.folder)
    numstat = workshop.git("log", "--no-merges", "--numstat", "-M", "--format=")
    added = sum(int(line.split()[0]) for line in numstat.splitlines() if line[:1].isdigit())
    assert len(history) == 5 and int(history.added.sum()) == added == 10 + 5 + 3 + 2


def test_evidence_of_each_kind(workshop, text) -> None:
    (workshop.folder / ".mailmap").write_text("Ann <ann@example.org> <old@example.org>\n")
    base = workshop.commit("plain", {"a.py": text(5)}, email="old@example.org")
    workshop.commit(f"marked\n\n{CLAUDE}", {"b.py": text(6)})
    workshop.commit("own", {"c.py": text(7)}, email="noreply@anthropic.com")
    workshop.commit("bump", {"d.py": text(8)},
                    email="49699333+dependabot[bot]@users.noreply.github.com")  # fmt: skip
    noted = workshop.commit("noted", {"e.py": text(9)})
    body = 'e.py\n  s_1::t_1 1-4\n  h_1 5-6\n---\n{"schema_version":"authorship/3.0.0"}'
    workshop.git("notes", "--ref=ai", "add", "-m", body, noted)
    history = read_history(workshop.folder)
    assert history.evidence.tolist() == [NOTED, BOT, AUTHOR, MESSAGE, 0]
    assert history.ai[:, PRODUCTION].tolist() == [4, 0, 0, 0, 0]
    assert history.human[:, PRODUCTION].tolist() == [2, 0, 0, 0, 0]
    assert history.authors[history.author[-1]] == "ann@example.org" and base


def test_a_traced_edit_belongs_to_the_commit_after_its_revision(workshop, text) -> None:
    base = workshop.commit("base", {"a.py": text(2)})
    workshop.commit("edit", {"a.py": text(2) + text(6, "n")})
    part = {"contributor": {"type": "ai"}, "ranges": [{"start_line": 3, "end_line": 90}]}
    trace = json.dumps({"vcs": {"revision": base},
                        "files": [{"path": "a.py", "conversations": [part]}]})  # fmt: skip
    (workshop.folder / ".agent-trace").mkdir()
    (workshop.folder / ".agent-trace" / "traces.jsonl").write_text(trace + "\n")
    history = read_history(workshop.folder)
    assert history.evidence.tolist() == [TRACED, 0]
    assert history.ai[:, PRODUCTION].tolist() == [6, 0]


@pytest.mark.parametrize(
    ("branch", "naming", "other", "none"),
    [
        ("refs/pull/12/head", "Add b (#12)", "Add c (#13)", "Add d, as in (#12), once more"),
        (
            "refs/merge-requests/12/head",
            "Add b\n\nSee merge request group/name!12",
            "Add c\n\nSee merge request group/name!13",
            "Add d\n\nAs in merge request group/name!12, once more",
        ),
    ],
    ids=["GitHub", "GitLab"],
)
def test_marks_that_a_squash_dropped_are_recovered(
    workshop, text, branch: str, naming: str, other: str, none: str
) -> None:
    """The request's own commits are marked; the merged one names the request."""
    workshop.commit("base", {"a.py": text(1)})
    workshop.git("checkout", "-q", "-b", "topic")
    workshop.commit(f"work\n\n{CLAUDE}", {"b.py": text(4)})
    workshop.git("update-ref", branch, "topic")
    workshop.git("checkout", "-q", "main")
    workshop.git("branch", "-q", "-D", "topic")
    workshop.commit(naming, {"b.py": text(4)})
    workshop.commit(other, {"c.py": text(4)})
    workshop.commit(none, {"d.py": text(4)})
    history = read_history(workshop.folder)
    assert history.evidence.tolist() == [0, 0, REQUEST, 0] and history.requests == 1


def test_a_clone_that_lacks_objects_is_refused_and_never_counted_short(workshop, text) -> None:
    """Git dies half way with 128; what it had said until then is no history."""
    for number in range(5):
        workshop.commit(f"{number}", {f"{number}.py": text(30, f"n{number}")})
    blob = workshop.git("rev-parse", "HEAD~3:1.py")
    (workshop.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(FormatError, match="git log ended with 128") as caught:
        read_history(workshop.folder)
    assert "clone it whole" in caught.value.hint
    with pytest.raises(FormatError):
        read_history(workshop.folder)


def test_a_shallow_clone_is_refused(workshop, text, tmp_path: Path) -> None:
    for number in range(3):
        workshop.commit(f"{number}", {"a.py": text(number + 1)})
    workshop.git("clone", "-q", "--depth=1", f"file://{workshop.folder}", str(tmp_path / "shallow"))
    with pytest.raises(FormatError, match="shallow") as caught:
        read_history(tmp_path / "shallow")
    assert "unshallow" in caught.value.hint


def test_no_repository_and_no_commit_are_said(workshop, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no git repository"):
        read_history(tmp_path)
    with pytest.raises(FormatError, match="no commit 'HEAD'"):
        read_history(workshop.folder)


def test_what_was_added_since_is_all_that_is_read_again(workshop, text) -> None:
    """From the cache and the new commits, the same rows as anew."""
    workshop.commit(f"one\n\n{CLAUDE}", {"a.py": text(3)})
    workshop.commit("two", {"b.py": text(4)}, name="Ben", email="ben@example.org")
    first = read_history(workshop.folder)
    assert same(read_history(workshop.folder), first)
    workshop.commit("three\n\nCo-authored-by: C <cursoragent@cursor.com>", {"c.py": text(5)})
    again, anew = read_history(workshop.folder), read_history(workshop.folder, keep=False)
    for name in ("time", "evidence", "added", "deleted", "ai", "human"):
        assert np.array_equal(getattr(again, name), getattr(anew, name))
    assert [again.authors[a] for a in again.author] == [anew.authors[a] for a in anew.author]
    assert [again.agents[a] for a in again.agent if a >= 0] == ["Cursor", "Claude Code"]


def test_a_rewritten_history_or_other_evidence_is_read_anew(workshop, text) -> None:
    workshop.commit("one", {"a.py": text(3)})
    second = workshop.commit("two", {"b.py": text(4)})
    read_history(workshop.folder)
    body = 'b.py\n  s_1 1-4\n---\n{"schema_version":"authorship/3.0.0"}'
    workshop.git("notes", "--ref=ai", "add", "-m", body, second)
    assert int(read_history(workshop.folder).ai.sum()) == 4
    workshop.git("reset", "-q", "--hard", "HEAD~1")
    workshop.commit("other", {"c.py": text(7)})
    assert read_history(workshop.folder).added.sum(axis=1).tolist() == [7, 3]


def test_a_damaged_cache_is_as_good_as_none(workshop, text, tmp_path: Path) -> None:
    workshop.commit("one", {"a.py": text(3)})
    first = read_history(workshop.folder)
    (kept,) = (tmp_path / "cache").rglob("*.npz")
    for damage in (b"", b"PK\x03\x04nonsense", kept.read_bytes()[:-40]):
        kept.write_bytes(damage)
        assert same(read_history(workshop.folder), first)


def test_a_cache_that_cannot_be_written_is_no_matter(workshop, text, tmp_path: Path) -> None:
    workshop.commit("one", {"a.py": text(3)})
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    (tmp_path / "cache").write_text("a file")
    assert len(read_history(workshop.folder)) == 1


def test_variables_of_git_do_not_lead_elsewhere(workshop, text, monkeypatch, tmp_path) -> None:
    workshop.commit("one", {"a.py": text(3)})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert len(read_history(workshop.folder)) == 1
