"""Values that an agent is given stay out of the record."""

from __future__ import annotations

from tachograph.loop.propose.command.withheld import Withheld, values_in

KEY = "sk-ant-0123456789"


def test_a_value_is_replaced_by_its_name():
    """Wherever it stands, the longest first, so that no part of one is left."""
    withheld = Withheld({"KEY": KEY, "LONGER": KEY + "-more"})
    assert withheld.without(f"{KEY} and {KEY}-more") == "[KEY] and [LONGER]"
    assert withheld.named(f"x{KEY}x") == "KEY"
    assert withheld.named("nothing") == ""


def test_what_is_too_short_to_be_a_key_is_left():
    """`1` or `true` stands everywhere."""
    assert Withheld({"FLAG": "1"}).without("1 of 10") == "1 of 10"


def test_long_strings_of_a_file_may_be_keys():
    """In JSON and in TOML; prose is none."""
    text = '{"a": {"token": "abcdefghijklmnopqrstuvwxyz"}, "b": ["short", "words of prose, many"]}'
    assert list(values_in("auth.json", text).values()) == ["abcdefghijklmnopqrstuvwxyz"]
    toml = 'model = "x"\nkey = "abcdefghijklmnopqrstuvwxyz"\n'
    assert list(values_in("config.toml", toml).values()) == ["abcdefghijklmnopqrstuvwxyz"]
