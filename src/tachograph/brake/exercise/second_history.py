"""Two histories of one ledger, and how they come to light.

The liar copies its ledger's folder, lets the copies grow apart, and shows one to some and one to
others. A witness that cosigned the first refuses the second. Each of two watchers sees one history
that is whole in itself; they tell each other the heads that they hold, and the one that cannot be
reconciled becomes a proof (fork.py). Proven by tests/brake/exercise. Not covered: a liar whose two
audiences never speak to each other.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tachograph.brake.exercise.cast import CAST, Lab
from tachograph.brake.exercise.crew import tacho
from tachograph.brake.exercise.stage import Stage
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import WorkReleased


@dataclass(frozen=True)
class Found:
    """What came of it."""

    cosigned: bool
    """Whether any witness cosigned the second history."""
    proof: str
    """SHA-256 of the proof; empty: none was found."""
    convinced: bool
    """Whether a stranger with the liar's public key is convinced by the file alone."""
    frames: bool
    """Whether the same file convicts somebody else."""

    @property
    def proven(self) -> bool:
        """Whether the watchers hold a proof."""
        return bool(self.proof)


def second_history(stage: Stage, liar: Lab) -> Found:
    """Play it. Raises WorldError where the processes fail."""
    home, other = stage.folder / liar.name, stage.folder / f"{liar.name}-shown-to-others"
    stage.crew.stop(f"{liar.name}-follows")
    stage.crew.stop(liar.name)
    shutil.copytree(home, other, ignore=shutil.ignore_patterns("public", "*.lock"))
    for folder, entries in ((home, 3), (other, 1)):
        with Ledger.open(folder) as ledger:
            ledger.append([("owner", [], WorkReleased(folder.name))] * entries)
    stage.serve(liar.name)
    first = stage.crew.url(liar.name)
    stage.follow(liar)
    cosigned = _offer(stage, other)
    stage.held.append((other / "public" / "checkpoint").read_text())
    stage.crew.start(other.name, "serve", str(other / "public"), "--port", "0")
    second = stage.crew.url(other.name)
    proof = _watch(stage, liar, first, second)
    if proof is None:
        return Found(cosigned, "", convinced=False, frames=False)
    stranger, innocent = (_check(stage, proof, name) for name in (liar.name, _another(liar)))
    digest = hashlib.sha256(proof.read_bytes()).hexdigest()
    return Found(cosigned, digest, stranger.returncode == 0, innocent.returncode == 0)


def _offer(stage: Stage, other: Path) -> bool:
    """Have the witnesses asked for the second history, then publish it without them."""
    publish = ("brake", "publish", str(other), str(other / "public"), "--whole")
    asked = tacho(*publish)
    policy = stage.folder / "nobody.policy"
    policy.write_text("quorum none\n")
    tacho(*publish, "--policy", str(policy))
    return asked.returncode == 0 or ": cosigned" in asked.stderr


def _watch(stage: Stage, liar: Lab, first: str, second: str) -> Path | None:
    """Two watchers, each of whom is shown one history; the first asks the second."""
    key = _key(stage, liar.name)
    homes = {name: stage.folder / name for name in ("watcher-1", "watcher-2")}

    def watch(name: str, *arguments: str) -> None:
        stage.crew.start(name, "brake", "watch", *arguments, "--key", key, "--folder",
                         str(homes[name]), "--port", "0", "--every", "1")  # fmt: skip

    watch("watcher-2", second)
    peer = stage.crew.url("watcher-2")
    watch("watcher-1", first, "--peer", peer)
    forks = homes["watcher-1"] / "forks"
    found = stage.soon(lambda: any(_proofs(forks)))
    for name in homes:
        stage.crew.stop(name)
    return next(_proofs(forks)) if found else None


def _proofs(folder: Path) -> Iterator[Path]:
    return (path for path in folder.glob("*") if path.suffix != ".lock")


def _check(stage: Stage, proof: Path, name: str) -> subprocess.CompletedProcess[str]:
    return tacho("brake", "fork", str(proof), "--key", _key(stage, name))


def _key(stage: Stage, name: str) -> str:
    return stage.document.terms.party(name).log


def _another(liar: Lab) -> str:
    return next(lab.name for lab in CAST if lab.name != liar.name)
