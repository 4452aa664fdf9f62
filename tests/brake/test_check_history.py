"""V3 on real ledgers: a log that grew passes, one that forked or was put back does not."""

from __future__ import annotations

from pathlib import Path

from tachograph.brake.audit import audit
from tachograph.brake.bundle import read_bundle
from tachograph.brake.checks import history
from tachograph.brake.gather import write_held, write_log
from tachograph.ledger import Ledger, kinds

AT = "2026-11-25T12:00:00.000000Z"


def grow(ledger: Ledger, words: str) -> str:
    """Record one entry a word; the head that covers them."""
    ledger.append([("loop", [], kinds.RunResumed(run=word)) for word in words.split()])
    return ledger.sign_head()


def outcome(bundle: Path) -> tuple[str, str]:
    """What V3 says of the only log."""
    report = audit(read_bundle(bundle, AT), [(history.CHECK, history.look)])
    (result,) = report.results
    return result.outcome, result.reason


def test_a_log_that_only_grew_passes_and_without_a_held_head_nobody_knows(tmp_path: Path):
    """A pass needs a head to compare with."""
    with Ledger.open(tmp_path / "ledger", create=True) as ledger:
        before = grow(ledger, "one two three")
        after = grow(ledger, " ".join(["more"] * 300))
        write_log(ledger, tmp_path / "bundle/logs/alba", ledger.size - 1, after)
    assert outcome(tmp_path / "bundle")[0] == "not-assessed"
    write_held(tmp_path / "bundle", [before])
    assert outcome(tmp_path / "bundle")[0] == "pass"


def test_a_fork_and_a_rollback_fail(tmp_path: Path):
    """A held head with another root, and one that is larger than the log."""
    with Ledger.open(tmp_path / "one", create=True) as ledger:
        start = grow(ledger, "one two")
        write_log(ledger, tmp_path / "short/logs/alba", 2, start)
        held = grow(ledger, "three four")
    (tmp_path / "two").mkdir()
    for name in ("key", "origin"):
        (tmp_path / "two" / name).write_bytes((tmp_path / "one" / name).read_bytes())
    with Ledger.open(tmp_path / "two", create=True) as other:
        note = grow(other, "one two three five six")
        write_log(other, tmp_path / "forked/logs/alba", 5, note)
    for name in ("short", "forked"):
        write_held(tmp_path / name, [held])
    assert "rolled back" in outcome(tmp_path / "short")[1]
    assert outcome(tmp_path / "forked") == (
        "fail",
        "two roots for the first 5 entries: the log has forked",
    )
