"""The first draft parses, and says in comments what each number is."""

from __future__ import annotations

import pytest
from parties import key

from tachograph.brake.agreed.template import Draft, write_draft
from tachograph.brake.agreed.terms import Panelist, Party, Site, Timers, Verifier
from tachograph.brake.agreed.text import parse_terms


@pytest.mark.parametrize("n", [2, 3, 4, 5, 7, 9, 16])
def test_a_draft_for_any_number_parses(n: int) -> None:
    """With suggested quorums that pass, and every timer at its default."""
    draft = Draft(
        name="a draft",
        register=str(key("register").verifier),
        parties=[
            Party(
                f"party-{i}", "ab"[i % 2], str(key(f"party-{i}").verifier), "", (Site("s", 1e18),)
            )
            for i in range(n)
        ],
        verifiers=[Verifier("veritas", str(key("veritas").verifier))],
        panel=[Panelist("judge", str(key("judge").verifier))],
    )
    text = write_draft(draft)
    terms = parse_terms(text)
    assert len(terms.parties) == n and terms.timers == Timers()
    assert text.count("#") > 30 and "\t" not in text
