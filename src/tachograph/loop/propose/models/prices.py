"""Prices of models, for what a provider does not say itself: a TOML file.

    ["openai/gpt-5*"]          # a pattern (* ? [a-z]) over the model's whole name; first match wins
    input = 1.25               # USD for a million tokens read
    output = 10                # ... written
    cached = 0.125             # ... read from the provider's cache; else as input
    cache_write = 1.25         # ... put into it; else as input

    ["openai-api/local/*"]     # a model of your own: say that it costs nothing
    input = 0
    output = 0

A model without an entry has an unknown price, which is not 0. Proven by
tests/loop/propose/models/test_models_prices.py.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tachograph.errors import UsageError
from tachograph.loop.propose.models.call import Call, Usage

MILLION = 1_000_000
KEYS = ("input", "output", "cached", "cache_write")
HINT = '["openai-api/local/*"] on one line, then input = 0 and output = 0: USD per million tokens'


@dataclass(frozen=True)
class Price:
    """USD per million tokens."""

    input: float
    output: float
    cached: float
    cache_write: float

    def cost_usd(self, usage: Usage) -> float | None:
        """What this use costs; None where the provider did not count."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        fresh = max(0, usage.input_tokens - usage.cached_tokens - usage.cache_written_tokens)
        return (
            fresh * self.input
            + usage.cached_tokens * self.cached
            + usage.cache_written_tokens * self.cache_write
            + usage.output_tokens * self.output
        ) / MILLION

    def most_usd(self, call: Call) -> float:
        """Upper bound on what a call costs."""
        read = max(self.input, self.cached, self.cache_write)
        return (call.most_input_tokens * read + call.most_output_tokens * self.output) / MILLION


@dataclass(frozen=True)
class Prices:
    """Patterns and prices, in the order of the file."""

    table: tuple[tuple[str, Price], ...] = ()

    def of(self, model: str) -> Price | None:
        """The price of a model; None: not known."""
        return next((price for name, price in self.table if fnmatchcase(model, name)), None)


def read_prices(path: Path) -> Prices:
    """Read a file of prices. Raises UsageError naming the entry that is wrong."""
    try:
        plain = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="--prices FILE") from error
    except ValueError as error:  # of TOML and of UTF-8 alike
        raise UsageError(f"{path}: {error}", hint=HINT) from error
    return Prices(tuple((name, _price(path, name, entry)) for name, entry in plain.items()))


def _price(path: Path, name: str, entry: Any) -> Price:
    if not isinstance(entry, Mapping):
        raise UsageError(f"{path}: {name}: not a table", hint=HINT)
    if unknown := set(entry) - set(KEYS):
        raise UsageError(f"{path}: {name}.{min(unknown)}: unknown key", hint=HINT)
    if missing := {"input", "output"} - set(entry):
        raise UsageError(f"{path}: {name}.{min(missing)}: missing", hint=HINT)
    for key, value in entry.items():
        if type(value) not in (int, float) or not (math.isfinite(value) and value >= 0):
            raise UsageError(f"{path}: {name}.{key}: not a price: {value!r}", hint=HINT)
    read = float(entry["input"])
    return Price(
        read,
        float(entry["output"]),
        float(entry.get("cached", read)),
        float(entry.get("cache_write", read)),
    )
