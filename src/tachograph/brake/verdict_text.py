"""A report as lines of text, and as plain values for JSON.

Pass, fail and not assessed are words, so no meaning hangs on colour; "not assessed" is spelled out
in each cell where nothing could be said. The list of what cannot be seen closes every report.
Proven by tests/brake/test_verdict_text.py and the golden session audit.txt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tachograph.brake.verdict import (
    EVERYBODY,
    About,
    AuditReport,
    Check,
    CheckResult,
    Outcome,
)

CELLS: dict[Outcome, str] = {"pass": "pass", "fail": "FAIL", "not-assessed": "not assessed"}
HEADINGS: tuple[tuple[About, str], ...] = (
    ("correctness", "correctness: what was declared is as declared"),
    ("completeness", "completeness: all of it was declared"),
)


def lines(report: AuditReport, checks: Sequence[Check], details: bool = False) -> list[str]:
    """Return the report as lines; with `details`, every result and not only what needs a look."""
    return [
        f"agreement {report.agreement or 'none'}",
        f"at {report.at}",
        *_tables(report, checks),
        *_results("failed", report, "fail", details),
        *_results("not assessed", report, "not-assessed", details),
        *(_results("passed", report, "pass", details) if details else ()),
        *_terms(report, checks),
        *_smallest(report),
        *_unseen(report),
        "",
        _sentence(report),
    ]


def plain(report: AuditReport, checks: Sequence[Check]) -> dict[str, Any]:
    """Return the report as JSON values: cells, results, and what cannot be seen."""
    return {
        "agreement": report.agreement,
        "at": report.at,
        "parties": list(report.parties),
        "table": [
            {
                "check": check.id,
                "title": check.title,
                "subject": subject,
                **{about: report.outcome(check.id, subject, about) for about, _ in HEADINGS},
            }
            for check in checks
            for subject in (*report.parties, EVERYBODY)
        ],
        "counts": dict(_counts(report)),
        "smallest_hidden_flop": report.smallest_hidden_flop,
        "results": [asdict(result) for result in report.results],
        "cannot_see": [asdict(unseen) for unseen in report.unseen],
    }


def _tables(report: AuditReport, checks: Sequence[Check]) -> Iterator[str]:
    subjects = (*report.parties, EVERYBODY)
    width = max(len(f"{check.id} {check.title}") for check in checks)
    columns = [max(len(subject), len("not assessed")) for subject in subjects]
    for about, heading in HEADINGS:
        yield ""
        yield heading
        yield _row(" " * width, subjects, columns)
        for check in checks:
            if check.about in ("both", about):
                cells = [CELLS[report.outcome(check.id, name, about)] for name in subjects]
                yield _row(f"{check.id} {check.title}".ljust(width), cells, columns)


def _row(first: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"  {first}  {'  '.join(padded)}".rstrip()


def _results(heading: str, report: AuditReport, outcome: Outcome, details: bool) -> Iterator[str]:
    found = [result for result in report.results if result.outcome == outcome]
    if not found:
        return
    yield ""
    yield heading
    for result in found:
        yield f"  {result.check} {result.subject}: {result.reason}"
        if outcome == "fail" or details:
            yield from _support(result)


def _support(result: CheckResult) -> Iterator[str]:
    if result.detection_probability is not None:
        yield f"      found with probability {result.detection_probability:.3g}, if it were so"
    if result.evidence:
        yield f"      see {', '.join(result.evidence)}"
    if result.proof:
        yield "      a proof that strangers can check: tacho brake audit --proofs DIR writes it"


def _terms(report: AuditReport, checks: Sequence[Check]) -> Iterator[str]:
    yield ""
    yield "what a pass excludes, with what probability, if what holds"
    for check in checks:
        yield f"  {check.id} {check.title}: {check.detects}"
        yield f"      probability {_chance(report, check.id)}"
        yield f"      assumes {'; '.join(check.assumptions)}"


def _chance(report: AuditReport, check: str) -> str:
    passed = [r for r in report.results if r.check == check and r.outcome == "pass"]
    known = [r.detection_probability for r in passed if r.detection_probability is not None]
    if not passed:
        return "none: it passed for nobody"
    if len(known) < len(passed):
        return "without an honest figure"
    low, high = min(known), max(known)
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def _smallest(report: AuditReport) -> Iterator[str]:
    yield ""
    yield "smallest training run that could hide from these checks"
    for party, flop in report.smallest_hidden_flop.items():
        yield f"  {party}: " + ("not bounded: any" if flop is None else f"{flop:.2g} FLOP")


def _unseen(report: AuditReport) -> Iterator[str]:
    yield ""
    yield "what no check here can see"
    for unseen in report.unseen:
        yield f"  {unseen.name}: {unseen.why}"
        yield f"      what might: {unseen.instead}"


def _sentence(report: AuditReport) -> str:
    counts = _counts(report)
    return (
        f"{counts['fail']} failed, {counts['not-assessed']} not assessed, {counts['pass']} passed; "
        "not assessed is not a pass"
    )


def _counts(report: AuditReport) -> Counter[str]:
    counts = Counter({"pass": 0, "fail": 0, "not-assessed": 0})
    counts.update(result.outcome for result in report.results)
    return counts
