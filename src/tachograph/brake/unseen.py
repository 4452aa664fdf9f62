"""What no check can see. Printed with every verdict, whatever it says.

From the evasions that the red team tries (docs/concepts/audit.md): the rows that a bundle cannot
show, and the remainders of those that it can. Proven by tests/brake/test_verdict_text.py and the
red team: a row named here comes out as not assessed or unseen, never as a pass.
"""

from __future__ import annotations

from tachograph.brake.verdict import Unseen

UNSEEN = (
    Unseen(
        "a cluster that nobody declared",
        "a log proves what was said and when, not that everything was said",
        "supply records of chips, power and building permits, people who speak up, satellites",
    ),
    Unseen(
        "training spread over clusters too small to be declared",
        "an agreement names clusters from some size on, and a run can be spread over smaller ones",
        "a lower threshold, supply records of chips, traffic between sites",
    ),
    Unseen(
        "work below the meters' error",
        "no meter is exact; see the smallest run that could hide",
        "better meters, and meters that the verifiers own",
    ),
    Unseen(
        "small jobs under the cap that share nothing that shows",
        "their code, data and weights look unrelated, so their sum is not one run",
        "the cap on all work of a site",
    ),
    Unseen(
        "the same weights in two encodings at two parties",
        "roots of weights collide only where the bytes are the same",
        "access to the weights",
    ),
    Unseen(
        "a quorum of witnesses that colludes",
        "each reader is shown a history with enough cosignatures",
        "gossip of heads between readers, later",
    ),
    Unseen(
        "a party that controls every sensor",
        "recorded power and telemetry can be played again",
        "a meter that the verifiers own",
    ),
    Unseen(
        "device keys that were taken out of the device",
        "an attestation signed by a stolen key looks like any other",
        "inspection of the hardware",
    ),
    Unseen(
        "capability that leaves through an interface in ordinary volume",
        "distillation looks like a customer",
        "caps on volume for each customer",
    ),
    Unseen(
        "adapters that are trained in main memory and never served",
        "nothing that is served or committed changes",
        "energy and power at the site, where they are large enough",
    ),
    Unseen(
        "work that is hurried through before a pause takes effect",
        "it is allowed until then; the verdict on V12 says how much that can be at most",
        "a shorter time to effect, and a ramp down",
    ),
    Unseen(
        "use of a stolen key before it was revoked",
        "a signature does not say who moved the hand",
        "the window between theft and revocation is flagged",
    ),
)
