"""What a call costs, by a table that says so or does not know."""

from __future__ import annotations

import pytest

from tachograph.errors import UsageError
from tachograph.loop.propose.models import Call, Message
from tachograph.loop.propose.models.call import Usage
from tachograph.loop.propose.models.prices import Price, read_prices

TABLE = """
["openai/gpt-5*"]
input = 1.25
output = 10
cached = 0.125
cache_write = 1.5

["openai/*"]
input = 5
output = 20

["openai-api/local/*"]
input = 0
output = 0
"""


def prices(tmp_path, text):
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return read_prices(path)


def test_the_first_pattern_that_matches_counts(tmp_path):
    """Whole names, in the order of the file; what is not there is not known."""
    found = prices(tmp_path, TABLE)
    assert found.of("openai/gpt-5-mini") == Price(1.25, 10, 0.125, 1.5)
    assert found.of("openai/o9") == Price(5, 20, 5, 5)
    assert found.of("openai-api/local/m").cost_usd(Usage(10, 10)) == 0.0
    assert found.of("anthropic/claude") is None


def test_a_use_that_was_not_counted_has_no_price():
    """Unknown is not 0."""
    price = Price(1, 1, 1, 1)
    assert price.cost_usd(Usage(None, 5)) is None
    assert price.cost_usd(Usage(5, None)) is None
    assert price.cost_usd(Usage(1_000_000, 2_000_000)) == 3.0


def test_the_bound_holds_every_use_within_the_bounds():
    """Whatever comes from the cache or goes to it."""
    call = Call((Message("user", "äöü" * 100),), most_output_tokens=50)
    price = Price(3, 7, 0.5, 4)
    read = call.most_input_tokens
    assert read >= 600
    for cached, written in ((0, 0), (read, 0), (0, read), (read // 2, read // 2)):
        usage = Usage(read, 50, cached_tokens=cached, cache_written_tokens=written)
        assert price.cost_usd(usage) <= price.most_usd(call)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[m]\ninput = 1", "m.output: missing"),
        ("[m]\ninput = 1\noutput = 1\nper = 1", "m.per: unknown key"),
        ("[m]\ninput = -1\noutput = 1", "m.input: not a price"),
        ("[m]\ninput = nan\noutput = 1", "m.input: not a price"),
        ("[m]\ninput = '1'\noutput = 1", "m.input: not a price"),
        ("[m]\ninput = true\noutput = 1", "m.input: not a price"),
        ("m = 1", "m: not a table"),
        ("[m", "prices.toml"),
        ("\udcff", "prices.toml"),
    ],
)
def test_a_wrong_table_is_said_to_be(tmp_path, text, says):
    """File and entry are named, and a right one is shown."""
    path = tmp_path / "prices.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UsageError, match=says) as raised:
        read_prices(path)
    assert "openai-api" in raised.value.hint


def test_a_missing_table_is_said_to_be(tmp_path):
    """Not an empty one."""
    with pytest.raises(UsageError):
        read_prices(tmp_path / "nowhere.toml")
