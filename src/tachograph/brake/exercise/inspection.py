"""What the verifiers do: gather a bundle from what is published, audit it, keep both.

They fetch every log over HTTP, as a stranger would, and the register last, so that it covers what
the others hold. Proven by tests/brake/exercise. Not covered: re-execution of training, which the
parties of the exercise do not commit to: those checks come out as not assessed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from tachograph.brake.agreed.document import format_document
from tachograph.brake.audit import audit
from tachograph.brake.bundle import gather
from tachograph.brake.bundle.bundle import read_bundle
from tachograph.brake.exercise.cast import CAST, CONDITIONS
from tachograph.brake.exercise.stage import REGISTER, Stage
from tachograph.brake.logs.http_source import HttpSource
from tachograph.brake.verdict import EVERYBODY, AuditReport, worst
from tachograph.ledger.entry import now


@dataclass(frozen=True)
class Inspection:
    """An audit of one bundle."""

    report: AuditReport
    """What the checks say."""
    digest: str
    """SHA-256 of the report, as it lies in the folder."""
    gathered: str
    """When the oldest of it was gathered."""

    def failures(self, party: str) -> list[str]:
        """Checks that failed for a party."""
        return sorted({one.check for one in self.report.failed if one.subject == party})

    def outcomes(self, parties: Iterable[str]) -> dict[str, str]:
        """Of each condition: the worst that it says of these parties and of what is common."""
        subjects = {*parties, EVERYBODY}
        return {
            check: worst(one.outcome for one in self.report.results
                         if one.check == check and one.subject in subjects)
            for check in CONDITIONS
        }  # fmt: skip


def inspect(stage: Stage, name: str) -> Inspection:
    """Gather a bundle in the folder `bundles/NAME` and audit it. Raises what fetching raises."""
    gathered = now()
    bundle = stage.folder / "bundles" / name
    for source in (*(lab.name for lab in CAST), REGISTER):
        gather.add_source(bundle, source, HttpSource(stage.crew.url(source)))
    gather.add_agreement(bundle, format_document(stage.document))
    gather.add_held(bundle, stage.held)
    report = audit(read_bundle(bundle, now()))
    text = json.dumps(asdict(report), indent=1, sort_keys=True)
    (bundle / "report.json").write_text(text)
    return Inspection(report, hashlib.sha256(text.encode()).hexdigest(), gathered)
