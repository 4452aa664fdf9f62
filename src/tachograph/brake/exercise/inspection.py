"""What the verifiers do: gather a bundle from what is published, audit it, keep both.

They fetch every log over HTTP, as a stranger would, and the register last, so that it covers what
the others hold. Proven by tests/brake/exercise. Not covered: re-execution of training, which the
parties of the exercise do not commit to: those checks come out as not assessed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tachograph.brake.audit import audit
from tachograph.brake.bundle import read_bundle
from tachograph.brake.exercise.cast import CAST, CONDITIONS
from tachograph.brake.exercise.stage import REGISTER, Stage
from tachograph.brake.gather import write_held
from tachograph.brake.http_source import HttpSource
from tachograph.brake.verdict import EVERYBODY, AuditReport, worst
from tachograph.ledger.entry import now
from tachograph.merkle.checkpoint import parse_checkpoint
from tachograph.merkle.note import parse_note
from tachograph.merkle.tile import format_path, new_tiles


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
        fetch_log(HttpSource(stage.crew.url(source)), bundle / "logs" / source)
    shutil.copy(stage.folder / "agreement.note", bundle / "agreement.note")
    write_held(bundle, stage.held)
    report = audit(read_bundle(bundle, now()))
    text = json.dumps(asdict(report), indent=1, sort_keys=True)
    (bundle / "report.json").write_text(text)
    return Inspection(report, hashlib.sha256(text.encode()).hexdigest(), gathered)


def fetch_log(source: HttpSource, folder: Path) -> None:
    """Copy a published log, whole, at the size of its checkpoint."""
    head = source.checkpoint()
    size = parse_checkpoint(parse_note(head.decode()).text).size
    files = {format_path(tile): source.tile(tile) for tile in new_tiles(0, size)}
    for path, data in {**files, "checkpoint": head}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
