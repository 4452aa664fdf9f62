"""The exercise: a sound agreement, meters that add up, and a play that comes as expected."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tachograph.brake.agreed.text import parse_terms
from tachograph.brake.exercise import CAST, play
from tachograph.brake.exercise.cast import (
    BLOCS,
    PANEL,
    VERIFIERS,
    Lab,
    agreement_text,
    policy_text,
)
from tachograph.brake.exercise.crew import Crew, tacho_all
from tachograph.brake.exercise.meters import Meters
from tachograph.brake.heads.policy import parse_policy
from tachograph.brake.said.records import WindowReported
from tachograph.brake.said.statement import Said
from tachograph.errors import UsageError, WorldError
from tachograph.merkle.note import SigningKey


def key(name: str) -> str:
    """A verifier key."""
    return str(SigningKey(f"exercise.example/{name}", name.encode().ljust(32, b".")).verifier)


def test_the_agreement_passes_its_own_arithmetic() -> None:
    """Seven parties, three blocs, one witness of each that must have seen what counts."""
    speakers = [*VERIFIERS, *PANEL, *(lab.name for lab in CAST), *(lab.meter for lab in CAST)]
    logs = {lab.name: key(f"{lab.name}/log") for lab in CAST}
    text = agreement_text({name: key(name) for name in speakers}, logs, key("register"), "")
    terms = parse_terms(text)
    assert {party.bloc for party in terms.parties} == set(BLOCS)
    assert (terms.faults.byzantine, terms.faults.silent) == (1, 1)
    assert terms.exposure > 0


def test_the_policy_asks_a_witness_of_every_bloc() -> None:
    """Two of three are not enough."""
    from tachograph.brake.heads.cosignature import CosigningKey

    keys = {b: CosigningKey(f"w.example/{b}", b.encode().ljust(32, b".")).verifier for b in BLOCS}
    witnesses = {bloc: (str(k), "http://127.0.0.1:9") for bloc, k in keys.items()}
    policy = parse_policy(policy_text(key("register"), witnesses))
    assert policy.missing(list(keys.values())) is None
    assert policy.missing(list(keys.values())[:2]) is not None


def test_windows_add_up_and_only_the_hidden_run_draws_more_than_is_declared() -> None:
    """All device time is in one class; of two labs that declare the same, one draws more."""
    said: dict[str, list[Said]] = {}

    def say(speaker: str, what: Said) -> None:
        said.setdefault(speaker, []).append(what)

    def trains(lab: Lab) -> bool:
        return False

    meters = Meters(say, trains)
    time.sleep(0.01)
    meters.read()
    meters.read()
    windows = {name: [w for w in what if isinstance(w, WindowReported)]
               for name, what in said.items()}  # fmt: skip
    for lab in CAST:
        first, second = windows[lab.meter]
        assert (first.window, second.window) == (0, 1)
        total = sum(first.device_seconds.values())
        assert total == pytest.approx(first.seconds * len(first.devices))
    hiding = next(lab for lab in CAST if lab.temper == "hiding")
    honest = next(lab for lab in CAST if lab.temper == "honest")
    caught, fair = windows[hiding.meter][0], windows[honest.meter][0]
    assert caught.device_seconds == fair.device_seconds
    assert caught.energy_joules is not None and fair.energy_joules is not None
    assert caught.energy_joules > 1.3 * fair.energy_joules


def test_it_plays_in_a_new_folder_only(tmp_path: Path) -> None:
    """What lies there is not touched."""
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(UsageError, match="not empty"):
        play(tmp_path, print)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_server_that_does_not_begin_is_named_with_its_own_words(tmp_path: Path) -> None:
    """Its log's end is in the error, and nothing is left running."""
    with Crew(tmp_path) as crew:
        crew.start("broken", "serve", str(tmp_path / "nothing"))
        with pytest.raises(WorldError, match=r"broken did not begin.*neither a checkpoint"):
            crew.url("broken")


def test_commands_run_side_by_side_and_answer_in_order() -> None:
    """Each with its own exit code."""
    first, second = tacho_all([["--version"], ["no-such-verb"]])
    assert first.returncode == 0 and "tachograph" in first.stdout
    assert second.returncode == 2


@pytest.mark.long
def test_played_whole_everything_comes_as_expected(tmp_path: Path) -> None:
    """Twenty processes, seven ledgers, one pause."""
    told: list[str] = []
    outcome = play(tmp_path / "exercise", told.append)
    assert not outcome.failed, "\n".join(told)
    assert len(outcome.expected) > 25
