"""Beacon rounds as they stand in the register: who promised, who revealed, and when.

A round is fair to a commitment where somebody who is not of the prover's bloc promised before any
secret was revealed, and every secret was revealed after the commitment. Proven by
tests/brake/test_check_reexecution.py. Not covered: a prover that colludes with all who promised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tachograph.brake.bundle.evidence import Evidence
from tachograph.brake.said import beacon
from tachograph.brake.said.records import BeaconPromised, BeaconRevealed


@dataclass(frozen=True)
class Round:
    """One beacon round."""

    name: str
    secrets: dict[str, bytes]
    """Revealed and true to their promise, by speaker."""
    withheld: tuple[str, ...]
    """Who promised and never revealed."""
    first_reveal: int
    """Entry of the first reveal."""

    @property
    def value(self) -> bytes:
        """What the draws follow from."""
        return beacon.value(self.name, self.secrets)


def round_of(
    evidence: Evidence, name: str, *, before: float = math.inf, until: float = math.inf
) -> Round | None:
    """Return the round of that name; None where nothing valid was revealed in it.

    Only what was said before the entry `before` and up to the time `until` counts, so that nobody
    can change a value that was used by revealing a share afterwards.
    """
    promises: dict[str, str] = {}
    secrets: dict[str, bytes] = {}
    first_reveal = -1
    for heard in evidence.heard:
        if heard.seq >= before or heard.time > until:
            continue
        match heard.said:
            case BeaconPromised(beacon=of, commitment=promised) if of == name:
                if first_reveal < 0:  # later ones could be chosen to suit
                    promises.setdefault(heard.by, promised)
            case BeaconRevealed(beacon=of, secret=text) if of == name:
                secret = _secret(text)
                if secret is not None and promises.get(heard.by) == beacon.commitment(secret):
                    secrets.setdefault(heard.by, secret)
                    first_reveal = heard.seq if first_reveal < 0 else first_reveal
            case _:
                pass
    if not secrets:
        return None
    return Round(name, secrets, tuple(sorted(set(promises) - set(secrets))), first_reveal)


def unfair(evidence: Evidence, one: Round, party: str, committed: int) -> str:
    """Why this round may not choose among what a party committed to in entry `committed`.

    Empty: it may.
    """
    if one.first_reveal <= committed:
        return "its first secret was revealed before the commitment was complete"
    bloc = evidence.blocs.get(party)
    if all(evidence.blocs.get(speaker) == bloc for speaker in one.secrets):
        return "nobody outside the party's bloc had a share in it"
    return ""


def _secret(text: str) -> bytes | None:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        return None
    return secret if len(secret) == beacon.SECRET_BYTES else None
