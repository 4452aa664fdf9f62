"""Terms from the text of an agreement: TOML, read strictly, every complaint names its key.

An instance, commented: docs/reference/agreement.md. `version = 1` is this shape; another number
will mean another. Proven by tests/brake/test_brake_terms.py. Not covered: signatures (document.py).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, replace
from typing import Any, TypeVar, get_args, get_type_hints

from tachograph.brake.agreed.quorum import check_quorums
from tachograph.brake.agreed.terms import (
    Faults,
    Meter,
    Panelist,
    Party,
    PauseRules,
    Quorums,
    Quotas,
    Site,
    Terms,
    Timers,
    Training,
    Verifier,
)
from tachograph.errors import FormatError, ProofError
from tachograph.merkle.note import parse_verifier_key

VERSION = 1
"""Of the format."""
LONGEST = 256 * 1024
"""Bytes of an agreement's text."""
LONGEST_TIME = 36_525 * 86_400_000
"""Of a timer, milliseconds: a century."""
PARTIES = 40
"""Most parties; with all others they must fit under one note's 64 signatures."""

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d{1,13})(ms|s|m|h|d)", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_DURATIONS = {"training.window", *(f"timers.{field.name}" for field in fields(Timers))}

Made = TypeVar("Made")


def parse_terms(text: str) -> Terms:
    """Return the terms that the TOML spells. Raises FormatError naming the key and the next step.

    Quorum arithmetic, unique names and keys, and the order of timers are checked too.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST:
        raise _wrong("agreement", "it is too long", f"at most {LONGEST} bytes")
    try:
        plain = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise _wrong("agreement", f"not TOML: {error}", "mend that line") from error
    if plain.pop("version", None) != VERSION:
        raise _wrong("version", "another format", f"write version = {VERSION}")
    terms = Terms(
        name=_text("name", _take(plain, "name")),
        register=_key("register", _take(plain, "register")),
        parties=_rows("party", plain.pop("party", None), _party),
        verifiers=_rows("verifier", plain.pop("verifier", None), _speaker(Verifier)),
        panel=_rows("panel", plain.pop("panel", None), _speaker(Panelist)),
        meters=_rows("meter", plain.pop("meter", []), _speaker(Meter)),
        witnesses=_text("witnesses", plain.pop("witnesses", "")),
        faults=_table("faults", _take(plain, "faults"), Faults),
        quorums=_table("quorums", _take(plain, "quorums"), Quorums),
        timers=_table("timers", plain.pop("timers", {}), Timers),
        training=_table("training", plain.pop("training", {}), Training),
        pause=_table("pause", plain.pop("pause", {}), PauseRules),
        quotas=_table("quotas", plain.pop("quotas", {}), Quotas),
    )
    if plain:
        raise _wrong(min(plain), "no such key", "see docs/reference/agreement.md, or delete it")
    check_terms(terms)
    return terms


def check_terms(terms: Terms) -> None:
    """Raise FormatError, naming the key, where the parts do not fit together."""
    _check_names(terms)
    _check_timers(terms.timers)
    _check_ramp(terms.pause)
    check_quorums(terms)


def adjusted(terms: Terms, changes: dict[str, str]) -> Terms:
    """Return the terms with some numbers changed: `{"timers.clarify": "5d"}`.

    Quorums, timers, thresholds and quotas can be adjusted; who takes part, and what a pause is,
    take a new agreement. Raises FormatError where the outcome would be no agreement.
    """
    for path, value in sorted(changes.items()):
        group, _, name = path.partition(".")
        part = getattr(terms, group, None) if group in ADJUSTABLE else None
        if part is None or name not in {field.name for field in fields(part)}:
            raise _wrong(path, "cannot be adjusted", f"one of {', '.join(ADJUSTABLE)}, dot, key")
        new = replace(part, **{name: _value(path, name, type(getattr(part, name)), _read(value))})
        terms = replace(terms, **{group: new})
    _check_timers(terms.timers)
    check_quorums(terms)
    return terms


ADJUSTABLE = ("quorums", "timers", "training", "quotas")
"""Groups whose numbers the parties can adjust without a new agreement."""


def parse_duration(text: str) -> int:
    """Milliseconds of "10d", "12h", "30m", "5s" or "200ms". Raises FormatError."""
    found = _DURATION.fullmatch(text)
    milliseconds = 0 if found is None else int(found[1]) * _UNITS[found[2]]
    if found is None or milliseconds > LONGEST_TIME:
        raise _wrong("duration", f"{text!r} is none", _DURATION_HINT)
    return milliseconds


def format_duration(milliseconds: int) -> str:
    """The shortest spelling that `parse_duration` reads back."""
    for unit, size in reversed(_UNITS.items()):
        if milliseconds % size == 0 and (milliseconds or unit == "s"):
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


_DURATION_HINT = 'a whole number and a unit: "10d", "12h", "30m", "5s", "200ms"'


def _check_names(terms: Terms) -> None:
    speakers = terms.speakers
    _unique("name", [name for name, _, _ in speakers])
    publics = [parse_verifier_key(key).public.hex() for _, key, _ in speakers]
    logs = [parse_verifier_key(party.log) for party in terms.parties if party.log]
    _unique("key", [*publics, *(log.public.hex() for log in logs)])
    if parse_verifier_key(terms.register).public.hex() in publics:
        raise _wrong("register", "a speaker's key", "a ledger signs with a key of its own")
    _unique("log", [log.name for log in logs])
    sites = {(party.name, site.name) for party in terms.parties for site in party.sites}
    for meter in terms.meters:
        if (meter.party, meter.site) not in sites:
            raise _wrong("meter", f"{meter.name} stands nowhere", "name a party and a site of it")
    for panelist in terms.panel:
        for party in panelist.conflicts:
            if party not in terms.blocs:
                raise _wrong("panel.conflicts", f"{party} is no party", "name parties")


def _check_timers(timers: Timers) -> None:
    for field in fields(timers):
        value, zero = getattr(timers, field.name), field.name in ("minimum", "objection", "sunset")
        if value < 0 or (value == 0 and not zero):
            raise _wrong(f"timers.{field.name}", "no time at all", 'give one, as "12h"')
    order = [
        ("red_light", timers.red_light, "report", timers.report),
        ("access", timers.access, "report", timers.report),
        ("objection", timers.objection, "lift_review", timers.lift_review),
        ("objection", timers.objection, "freshness", timers.freshness),
    ]
    for early, first, late, last in order:
        if first >= last:
            raise _wrong(f"timers.{early}", f"not before timers.{late}", "shorten it")
    if timers.sunset and timers.sunset <= timers.minimum:
        raise _wrong("timers.sunset", "not after timers.minimum", 'lengthen it, or "0s": never')


def _check_ramp(pause: PauseRules) -> None:
    ramp = pause.ramp
    if not ramp or ramp[-1] != 1 or min(ramp) <= 0 or list(ramp) != sorted(set(ramp)):
        raise _wrong("pause.ramp", "it does not rise to 1", "as [0.1, 0.5, 1.0]")
    if not pause.conditions:
        raise _wrong("pause.conditions", "none", "name the checks that a lift rests on")
    _unique("pause.conditions", list(pause.conditions))


def _unique(key: str, values: Sequence[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise _wrong(key, f"{value} twice", "each speaker and ledger has its own")


def _take(plain: dict[str, Any], key: str) -> Any:
    if key not in plain:
        raise _wrong(key, "missing", "add it; docs/reference/agreement.md has an example")
    return plain.pop(key)


def _rows(where: str, rows: Any, make: Callable[[str, dict[str, Any]], Made]) -> tuple[Made, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _wrong(where, "no tables of that name", f"write them as [[{where}]]")
    if len(rows) > PARTIES:
        raise _wrong(where, f"{len(rows)} of them", f"at most {PARTIES}")
    return tuple(make(f"{where}[{index}]", dict(row)) for index, row in enumerate(rows))


def _party(where: str, row: dict[str, Any]) -> Party:
    party = Party(
        name=_name(f"{where}.name", _take(row, "name")),
        bloc=_name(f"{where}.bloc", _take(row, "bloc")),
        key=_key(f"{where}.key", _take(row, "key")),
        log=_key(f"{where}.log", row.pop("log")) if row.get("log") else "",
        sites=_rows(f"{where}.site", row.pop("site", None), _site),
    )
    row.pop("log", None)
    _check_spent(where, row)
    _unique(f"{where}.site", [site.name for site in party.sites])
    return party


def _site(where: str, row: dict[str, Any]) -> Site:
    site = Site(
        name=_name(f"{where}.name", _take(row, "name")),
        capacity=_positive(f"{where}.capacity", _take(row, "capacity")),
    )
    _check_spent(where, row)
    return site


def _speaker(kind: type[Made]) -> Callable[[str, dict[str, Any]], Made]:
    def make(where: str, row: dict[str, Any]) -> Made:
        return _table(where, row, kind)

    return make


def _table(where: str, plain: Any, kind: type[Made]) -> Made:
    shape: Any = kind
    if not isinstance(plain, dict):
        raise _wrong(where, "not a table", f"write it as [{where}]")
    hints, row = get_type_hints(shape), dict(plain)
    values = {}
    for field in fields(shape):
        if field.name in row:
            path = f"{where}.{field.name}"
            values[field.name] = _value(path, field.name, hints[field.name], row.pop(field.name))
        elif field.default is MISSING:
            raise _wrong(f"{where}.{field.name}", "missing", "add it")
    _check_spent(where, row)
    return kind(**values)


def _value(path: str, name: str, hint: Any, value: Any) -> Any:
    if path in _DURATIONS:
        return parse_duration(value) if isinstance(value, str) else _refuse_duration(path)
    if name == "key":
        return _key(path, value)
    if name in ("name", "party", "site"):
        return _name(path, value)
    if hint is int:
        return _whole(path, value)
    if hint is float:
        return _positive(path, value, zero=True)
    if isinstance(value, str) and value in get_args(hint):
        return value
    if hint in (tuple[float, ...], tuple[str, ...]) and isinstance(value, list):
        read = _positive if hint == tuple[float, ...] else _text
        return tuple(read(path, item) for item in value)
    raise _wrong(path, f"{value!r} does not fit", "see docs/reference/agreement.md")


def _read(text: str) -> Any:
    """A number where the text is one: adjustments are stated as text."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _refuse_duration(path: str) -> Any:
    raise _wrong(path, "not a duration", _DURATION_HINT)


def _check_spent(where: str, row: dict[str, Any]) -> None:
    if row:
        raise _wrong(f"{where}.{min(row)}", "no such key", "delete it")


def _text(path: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(path, "not text", 'write it as "text"')
    return value


def _name(path: str, value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _wrong(
            path, f"{value!r} is no name", "lower-case letters, digits, dot, dash; 1 to 63"
        )
    return value


def _key(path: str, value: Any) -> str:
    try:
        return str(parse_verifier_key(_text(path, value)))
    except (FormatError, ProofError) as error:
        raise _wrong(path, error.message, "tacho brake key NAME makes one") from error


def _whole(path: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1_000_000:
        raise _wrong(path, f"{value!r} is no count", "a whole number from 0")
    return value


def _positive(path: str, value: Any, *, zero: bool = False) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value < 1e40 or (value == 0 and not zero):
        raise _wrong(path, f"{value!r} is no amount", "a number above 0, as 1e18")
    return float(value)


def _wrong(key: str, message: str, hint: str) -> FormatError:
    return FormatError(f"agreement: {key}: {message}", hint=hint)
