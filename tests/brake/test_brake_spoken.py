"""A speaker never signs one number twice, whatever it is shown of the register."""

from __future__ import annotations

from pathlib import Path

import pytest
from parties import document, key

from tachograph.brake.register import Register
from tachograph.brake.said import governance as say
from tachograph.brake.said.spoken import speak
from tachograph.brake.said.statement import equivocation, peek
from tachograph.errors import DamagedError, UsageError

AGREEMENT = document(key("register").verifier)
NOON = "2026-11-25T12:00:00.000000Z"
DOUBT, VISIT = say.HoldDeclared("a doubt"), say.HoldDeclared("a visit")


def test_a_register_that_keeps_a_statement_back_convicts_nobody(tmp_path: Path) -> None:
    """It took the first in and shows it to nobody; the speaker then wants to say something else."""
    shown = Register(AGREEMENT.terms, AGREEMENT.id)
    speak(tmp_path, shown.draft("aurora", DOUBT), key("aurora"))
    with pytest.raises(UsageError, match="has signed number 0"):
        speak(tmp_path, shown.draft("aurora", VISIT), key("aurora"))


def test_the_same_said_again_is_the_same_envelope(tmp_path: Path) -> None:
    """So posting can be repeated after any accident."""
    shown = Register(AGREEMENT.terms, AGREEMENT.id)
    first = speak(tmp_path, shown.draft("aurora", DOUBT, time=NOON), key("aurora"))
    again = speak(tmp_path, shown.draft("aurora", DOUBT), key("aurora"))
    assert again == first
    assert equivocation(first, again, key("aurora").verifier) is None


def test_once_it_is_in_the_register_the_next_one_may_come(tmp_path: Path) -> None:
    """With the next number; and another agreement has numbers of its own."""
    shown = Register(AGREEMENT.terms, AGREEMENT.id)
    first = speak(tmp_path, shown.draft("aurora", DOUBT), key("aurora"))
    shown.take_envelope(0, NOON, first)
    assert peek(speak(tmp_path, shown.draft("aurora", VISIT), key("aurora"))).number == 1
    other = Register(AGREEMENT.terms, "a2" * 32)
    assert peek(speak(tmp_path, other.draft("aurora", VISIT), key("aurora"))).number == 0


def test_a_damaged_memory_says_nothing(tmp_path: Path) -> None:
    """Whoever forgot which number comes next must not guess it."""
    shown = Register(AGREEMENT.terms, AGREEMENT.id)
    speak(tmp_path, shown.draft("aurora", DOUBT), key("aurora"))
    (memory,) = tmp_path.glob("said-*")
    memory.write_bytes(b"{")
    with pytest.raises(DamagedError, match="no statement"):
        speak(tmp_path, shown.draft("aurora", DOUBT), key("aurora"))
