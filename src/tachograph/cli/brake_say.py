"""`tacho brake say` and `state`: speak under an agreement, and see where it stands."""

from __future__ import annotations

import hashlib
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt
from tachograph.cli.output import tell, tell_json
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from tachograph.brake.bound import Bound
    from tachograph.brake.register import Register
    from tachograph.brake.said.statement import Said
    from tachograph.ledger import Ledger


def add_to(noun: typer.Typer) -> None:
    """Put the verbs of this file on `tacho brake`."""
    noun.command("say", epilog="Example: tacho brake say HoldDeclared reason=doubt --key aurora")(
        say
    )
    noun.command("state", epilog="Example: tacho brake state --ledger .tacho")(state)


def say(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="As TriggerCalled.")],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=VALUE...", help="evidence=@FILE is the file's SHA-256."),
    ] = None,
    key: Annotated[Path, typer.Option("--key", metavar="DIR", help="The key's folder.")] = Path(),
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it, post nothing.")
    ] = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Make and sign the speaker's next statement; post it where the ledger is the register.

    In a ledger that follows a register, the statement is written, for `tacho brake post`.
    """
    from tachograph.brake.agreement import Brake
    from tachograph.brake.said.spoken import speak
    from tachograph.cli.places import open_ledger
    from tachograph.ledger.key import load_key

    said = parse_said(what, values or [])
    signing = load_key(key)
    with open_ledger(ledger) as (book, home):
        bound = the_agreement(Brake(book).agreements())
        by = speaker(bound.register, str(signing.verifier))
        envelope = speak(key, bound.register.draft(by, said), signing)
        if out is not None or not bound.own:
            write_envelope(envelope, out, as_json)
            return
        post_here(book, home, bound, envelope, as_json)


def state(ledger: LedgerAt = None, as_json: AsJson = False) -> None:
    """Where each agreement of this ledger stands: what runs out when, what is missing."""
    from tachograph.brake.agreed.described import describe_state
    from tachograph.brake.agreement import Brake
    from tachograph.cli.places import open_ledger

    with open_ledger(ledger) as (book, _):
        brake = Brake(book)
        bound, answer = brake.agreements(), brake.ask("training")
    if as_json:
        rows = [state_row(one) for one in bound]
        tell_json({"training": answer.allowed, "state": answer.state, "reason": answer.reason,
                   "agreements": rows})  # fmt: skip
    else:
        for one in bound:
            tell("\n".join(describe_state(one.now(), f"  ({one.terms.name})")))
        reason = f": {answer.reason}" if answer.reason else ""
        tell(f"this ledger: training is {'allowed' if answer.allowed else 'not allowed'}, "
             f"{answer.state}{reason}")  # fmt: skip
    raise typer.Exit(Exit.YES if answer.allowed else Exit.NO)


def state_row(bound: Bound) -> dict[str, Any]:
    """One agreement's state as ground values."""
    from tachograph.brake.machine import timers
    from tachograph.brake.machine.wanting import wanting
    from tachograph.brake.times import format_time

    now = bound.now()
    return {
        "agreement": now.agreement,
        "state": now.name,
        "party": bound.party,
        "suspended": sorted(now.suspended),
        "exiting": [party for party, _ in now.exiting],
        "holding": sorted(now.holding),
        "timers": [{"what": t.what, "subject": t.subject, "due": format_time(t.due)}
                   for t in timers(now)],
        "next": [{"to": step.to, "missing": list(step.missing)} for step in wanting(now)],
    }  # fmt: skip


def post_here(book: Ledger, home: Path, bound: Bound, envelope: str, as_json: bool) -> None:
    """Take it into this register; say what came of it."""
    from tachograph.brake.agreed.document import parse_document
    from tachograph.brake.wire.intake import Intake

    document = parse_document(book.fetch(bound.digest).decode())
    before = bound.now().name
    receipt = Intake(book, home, document).accept(envelope)
    (taken,) = bound.register.take_all(book.entries(start=receipt.index))[:1]
    after = bound.register.state.name
    if as_json:
        refusal = None if taken.refusal is None else asdict(taken.refusal)
        tell_json({**asdict(receipt), "before": before, "after": after, "refusal": refusal})
    else:
        tell(f"{receipt.result}: entry {receipt.index} of the register")
        if taken.refusal is not None:
            tell(f"without effect: {taken.refusal}")
        tell(f"{before} -> {after}" if before != after else after)
    raise typer.Exit(Exit.YES if taken.refusal is None else Exit.NO)


def write_envelope(envelope: str, out: Path | None, as_json: bool) -> None:
    """For another machine, or another hour."""
    if out is None:
        tell(envelope)
        return
    try:
        out.write_text(envelope + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}", hint="name another") from None
    if as_json:
        tell_json({"file": str(out)})
    else:
        tell(f"wrote {out}; next: tacho brake post URL {out}")


def the_agreement(bound: list[Bound]) -> Bound:
    """The one that is spoken under: the newest."""
    if not bound:
        raise UsageError("this ledger obeys no agreement", hint="tacho brake adopt FILE")
    return bound[-1]


def speaker(register: Register, key: str) -> str:
    """Whose key this is now."""
    from tachograph.brake.machine.standing import key_of

    for name in register.state.terms.roles:
        if key_of(register.state, name) == key:
            return name
    raise UsageError(f"the agreement has no speaker with the key {key}", hint="--key DIR")


def parse_said(what: str, values: list[str]) -> Said:
    """What is said, from the command line's words."""
    from tachograph.brake.said.statement import SAID
    from tachograph.ledger.fields import record_from_plain

    kind: Any = SAID.get(what)
    if kind is None:
        raise UsageError(f"nothing like {what} can be said", hint=f"one of {', '.join(SAID)}")
    needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    hint = f"{what} takes {' '.join(f'{f.name}=...' for f in fields(kind))}"
    types = {f.name: str(f.type) for f in fields(kind)}
    plain: dict[str, Any] = {}
    for word in values:
        name, equals, text = word.partition("=")
        if not equals or name not in types:
            raise UsageError(f"{word!r} is no field of {what}", hint=hint)
        plain[name] = _value(types[name], text)
    if missing := [name for name in needed if name not in plain]:
        raise UsageError(f"{what} lacks {', '.join(missing)}", hint=hint)
    return record_from_plain(kind, plain)  # type: ignore[no-any-return]


def _value(kind: str, text: str) -> Any:
    if text.startswith("@"):
        try:
            return hashlib.sha256(Path(text[1:]).read_bytes()).hexdigest()
        except OSError as error:
            raise UsageError(f"cannot read {text[1:]}: {error.strerror}", hint="@FILE") from None
    if kind.startswith(("dict", "list")):
        items = [item for item in text.split(",") if item]
        if kind.startswith("list"):
            return items
        return {name: value for name, _, value in (item.partition(":") for item in items)}
    if kind in ("int", "float"):
        try:
            return int(text) if kind == "int" else float(text)
        except ValueError:
            raise UsageError(f"{text!r} is no number", hint="give one") from None
    return text == "true" if kind == "bool" else text
