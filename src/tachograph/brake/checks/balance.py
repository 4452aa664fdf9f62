"""V6, compute and energy balance: all of a site's time and energy goes into declared work.

1. The site is what the agreement says, and every window reports all of its devices and their time.
2. No class does more than its time allows; runs and models add up to their classes; six operations
   a weight and token in training, two in inference; tokens are those that were served.
3. Energy measured is that of the declared work.
4. While work is limited: all that is not proven to be inference stays below what is allowed, in
   each window whatever it is called, and in each lineage over all parties, however it was cut.
5. Every answer says the smallest run that could hide.

Points 1, 3 (too much) and 4 are about completeness, 2 and 3 (too little) about correctness. Proven
by tests/brake/test_check_balance.py and the red team's rows 2 to 5, 15 to 18, 27 and 40.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.evidence import Evidence, Heard, SiteTerms
from tachograph.brake.checks import limits, windows
from tachograph.brake.checks.energy import energy_of
from tachograph.brake.checks.windows import Books
from tachograph.brake.said.records import SiteDeclared, WindowReported
from tachograph.brake.verdict import About, Check, CheckResult

CHECK = Check(
    "V6",
    "compute and energy balance",
    "both",
    "undeclared work at a declared site above the meter's error; work under another name; a run "
    "cut into many",
    (
        "the site has the devices that it declares, and they draw what it declares",
        "the energy meter is not in the party's hands, and errs no more than declared",
        "operations are six a weight and token in training, two in inference, within a quarter",
    ),
)


MOST_HIDDEN = 0.1
"""Share of capacity that may hide before nothing is said of completeness. A party names its meter's
error itself, so a large one must not make a pass easy."""


@dataclass
class _Found:
    """What looking at one party came to."""

    problems: dict[About, dict[str, str]] = field(
        default_factory=lambda: {"correctness": {}, "completeness": {}}
    )
    """What is wrong, and where."""
    unsaid: dict[str, None] = field(default_factory=dict)
    """What was not told, without which nothing is said of correctness."""
    missing: dict[str, None] = field(default_factory=dict)
    """What could not be looked at, without which nothing is said of completeness."""
    windows: int = 0
    hidden_flop: float = 0.0
    """The smallest run that could hide, all sites and windows together."""
    capacity_flop: float = 0.0
    """What the party could have done in the same time."""

    def add(self, about: About, where: str, problems: Iterable[str]) -> None:
        """Take note of what is wrong."""
        for problem in problems:
            self.problems[about].setdefault(problem, where)


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """What `judge` finds in a bundle."""
    return judge(bundle.evidence)


def judge(evidence: Evidence) -> Iterator[CheckResult]:
    """Two results a party: on correctness, and on completeness."""
    books = Books(evidence)
    over = [*limits.over_windows(books), *limits.over_lineages(books)]
    for party in evidence.parties:
        found = _Found()
        for site in evidence.sites_of(party):
            _look_at_site(books, site, found)
        for guilty, problem, where in over:
            if guilty == party:
                found.add("completeness", where, [problem])
        yield _correctness(party, found)
        yield _completeness(party, found)


def _look_at_site(books: Books, site: SiteTerms, found: _Found) -> None:
    declared = [
        (heard, said)
        for heard, said in books.evidence.of(SiteDeclared, site.party)
        if said.site == site.site
    ]
    for heard, said in declared:
        found.add("completeness", heard.where, windows.wrong_site(site, said))
    if problem := windows.other_powers(said for _, said in declared):
        found.missing[problem] = None
    before = found.windows
    for heard, window in books.evidence.of(WindowReported):
        if books.evidence.meters.get(heard.by) == (site.party, site.site):
            # Figures that were declared afterwards could have been made to fit.
            held = [said for by, said in declared if by.seq < heard.seq]
            if held:
                _look_at_window(books, site, held[-1], (heard, window), found)
            else:
                found.missing[f"nobody declared what stands at {site.site}"] = None
    if found.windows == before:
        found.missing[f"no window of {site.site} could be looked at"] = None


def _look_at_window(
    books: Books,
    site: SiteTerms,
    declared: SiteDeclared,
    window: tuple[Heard, WindowReported],
    found: _Found,
) -> None:
    heard, said = window
    found.windows += 1
    if problem := windows.can_be(said):
        found.add("correctness", heard.where, [problem])
        return
    found.capacity_flop += site.capacity * said.seconds
    found.add("completeness", heard.where, windows.missing_time(declared, said))
    found.add("correctness", heard.where, windows.wrong_flop(declared, said))
    found.add("correctness", heard.where, windows.wrong_tokens(books, site.party, said))
    for missing in windows.unsaid(books, site.party, said):
        found.unsaid[missing] = None
    if not said.flop and sum(said.device_seconds.values()) > said.device_seconds.get("idle", 0.0):
        found.missing[f"operations at {site.site} are not estimated"] = None
        found.hidden_flop += len(declared.devices) * said.seconds * declared.peak_flop_per_second
        return
    energy = energy_of(declared, said)
    if energy is None:
        found.missing[f"nothing measures energy at {site.site}"] = None
        idle = sum(said.device_seconds.get(name, 0.0) for name in ("idle", "maintenance"))
        found.hidden_flop += idle * declared.peak_flop_per_second
        return
    found.hidden_flop += energy.smallest_hidden_flop
    found.add("completeness", heard.where, windows.surplus_energy(energy, said))
    found.add("correctness", heard.where, windows.lacking_energy(energy, said))


def _correctness(party: str, found: _Found) -> CheckResult:
    if found.problems["correctness"]:
        return _failed(party, found, "correctness")
    if not found.windows:
        return CHECK.not_assessed(party, "no window was reported", about="correctness")
    if found.unsaid:
        return CHECK.not_assessed(party, listed(found.unsaid), about="correctness")
    return CHECK.passed(
        party,
        f"the figures of {found.windows} windows agree with each other",
        probability=None,
        about="correctness",
    )


def _completeness(party: str, found: _Found) -> CheckResult:
    if found.problems["completeness"]:
        return _failed(party, found, "completeness")
    if not found.windows:
        reason = listed(found.missing) or "the agreement names no site"
        return CHECK.not_assessed(party, reason, about="completeness")
    share = found.hidden_flop / found.capacity_flop if found.capacity_flop else 1.0
    hidden = f"a run of {found.hidden_flop:.2g} FLOP, {share:.1%} of capacity, could hide"
    if share > MOST_HIDDEN:
        found.missing["the meters' error is too large to account for the work"] = None
    if found.missing:
        return CHECK.not_assessed(
            party,
            f"{listed(found.missing)}; {hidden}",
            about="completeness",
            smallest_hidden_flop=found.hidden_flop,
        )
    return CHECK.passed(
        party,
        f"time and energy of {found.windows} windows are accounted for; {hidden}",
        probability=None,
        about="completeness",
        smallest_hidden_flop=found.hidden_flop,
    )


def listed(reasons: Iterable[str]) -> str:
    """The first three, and how many more."""
    first, *rest = [*reasons] or [""]
    more = f" (and {len(rest) - 2} more)" if len(rest) > 2 else ""
    return "; ".join([first, *rest[:2]]) + more


def _failed(party: str, found: _Found, about: About) -> CheckResult:
    problems = found.problems[about]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return CHECK.failed(
        party,
        next(iter(problems)) + more,
        about=about,
        evidence=dict.fromkeys(problems.values()),
        smallest_hidden_flop=found.hidden_flop if found.windows else None,
    )
