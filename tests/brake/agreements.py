"""Agreements of any size, for arithmetic."""

from __future__ import annotations

from tachograph.brake.agreed.terms import Faults, Panelist, Party, Quorums, Site, Terms, Verifier


def agreement(n: int, faults: Faults, quorums: Quorums, verifiers: int) -> Terms:
    """n parties in two blocs that differ by one at most."""
    return Terms(
        name="any", register="register",
        parties=tuple(Party(f"p{i}", "ab"[i % 2], f"k{i}", "", (Site("hall", 1e15),))
                      for i in range(n)),
        verifiers=tuple(Verifier(f"v{i}", f"kv{i}") for i in range(verifiers)),
        panel=(Panelist("judge", "kj"),), faults=faults, quorums=quorums,
    )  # fmt: skip
