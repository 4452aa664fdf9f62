"""`tacho label`: a model judges sessions; what it says is a table for `tacho gauge sessions`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt
from tachograph.cli.output import put, remark, tell, tell_json
from tachograph.cli.team import AnswerSeconds, AnswerTokens, BaseUrl, Money, PricesAt, Tokens
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from tachograph.gauges.logs.words import Words
    from tachograph.label import Judge, Label

DEFAULT_OUT = Path("labels.csv")
ANSWER_TOKENS = 4096
"""Of one answer, thoughts included; the answer itself is a line."""
MOST_PARALLEL = 64
SHOWN = 5
"""Faults that are told; all are in the table."""


def add_to(app: typer.Typer) -> None:
    """Put `label` on the command."""
    app.command("label", epilog="Example: tacho label ~/.claude/projects --model openai/NAME")(
        label
    )


def label(
    sessions: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[LOG]...", help="Logs of Claude Code, Codex or ATIF; folders too."),
    ] = None,
    model: Annotated[str, typer.Option("--model", metavar="PROVIDER/MODEL", help="Judges.")] = "",
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The table.")] = DEFAULT_OUT,
    rubric: Annotated[bool, typer.Option("--rubric", help="Print what the judge is told.")] = False,
    parallel: Annotated[int, typer.Option("--parallel", help="Sessions asked about at once.")] = 1,
    tokens: Tokens = None,
    money: Money = None,
    base_url: BaseUrl = "",
    prices: PricesAt = None,
    answer_tokens: AnswerTokens = None,
    answer_seconds: AnswerSeconds = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Have a model judge sessions: class, success, redirections. Answers are kept in the ledger."""
    from tachograph.label.rubric import rubric as text
    from tachograph.label.rubric import rubric_name

    if rubric:
        put(f"rubric {rubric_name()}\n\n{text()}".rstrip())
        return
    if not model or not sessions:
        raise UsageError("no sessions or no model", hint="tacho label LOG --model PROVIDER/MODEL")
    if not 1 <= parallel <= MOST_PARALLEL:
        raise UsageError(f"--parallel {parallel}", hint=f"1 to {MOST_PARALLEL}")
    from tachograph.cli.places import open_ledger
    from tachograph.label import Judge, write_labels
    from tachograph.label.books import Shelf
    from tachograph.loop.budget import Budget
    from tachograph.loop.propose.models import Call, Endpoint, Prices, Teller
    from tachograph.loop.propose.models.prices import read_prices

    words = read_all(sessions)
    table = read_prices(prices) if prices else Prices()
    bounds = Call((), most_output_tokens=answer_tokens or ANSWER_TOKENS,
                  timeout_seconds=answer_seconds or 600.0)  # fmt: skip
    endpoint, budget = Endpoint(model, base_url), Budget(tokens=tokens, money_usd=money)
    with open_ledger(ledger, create=True) as (book, folder):
        shelf = Shelf(book, f"judge:{model}", budget)
        teller = Teller(folder)
        judge = Judge(shelf, teller, endpoint, table, bounds)
        try:
            if any(not judge.answered(each) for each in words):
                teller.open(endpoint)
            remark(f"{len(words)} sessions, two questions each; answers are kept in {folder}")
            labels = judge.labels(words, parallel)
        finally:
            teller.close()
        write_labels(out, labels, judge=model, prompt=rubric_name())
        say(labels, judge, out, rubric_name(), as_json=as_json)
    raise typer.Exit(Exit.YES if all(each.whole for each in labels) else Exit.UNKNOWN)


def read_all(paths: Sequence[Path]) -> list[Words]:
    """The words of all sessions. Raises UsageError where there are none, or one is there twice."""
    from tachograph.errors import NotFoundError
    from tachograph.gauges.logs.words import read_words

    for path in paths:
        if not path.exists():
            raise NotFoundError(f"{path}: no such file", hint="mend the path")
    found = [words for path in paths for words in read_words(path)]
    if not found:
        hint = "logs of Claude Code, Codex or ATIF; tables bring their labels"
        raise UsageError("no session with words in these files", hint=hint)
    names = [words.session for words in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"session {twice!r} is there twice", hint="name each log once")
    return found


def say(labels: Sequence[Label], judge: Judge, out: Path, rubric: str, *, as_json: bool) -> None:
    """What came of it, in words or as one document."""
    whole = sum(each.whole for each in labels)
    spent = judge.shelf.spending
    costs = [each.cost_usd for each in labels]
    cost = None if None in costs else sum(each for each in costs if each is not None)
    if as_json:
        tell_json({
            "out": str(out), "judge": judge.endpoint.model, "prompt": rubric,
            "sessions": len(labels), "labelled": whole, "cost_usd": cost,
            "spent_now": {"tokens": spent.tokens, "money_usd": spent.money_usd},
            "faults": {each.session: list(each.faults) for each in labels if each.faults},
        })  # fmt: skip
        return
    priced = "at a price that is not known" if cost is None else f"for {cost:.4f} USD"
    tell(f"labelled {whole} of {len(labels)} sessions {priced}, by {judge.endpoint.model}, "
         f"rubric {rubric}")  # fmt: skip
    faulty = [each for each in labels if each.faults]
    for each in faulty[:SHOWN]:
        remark(f"unlabelled: {each.session}: {'; '.join(each.faults)}"[:300])
    if len(faulty) > SHOWN:
        remark(f"and {len(faulty) - SHOWN} more; the table has all")
    tell(f"wrote {out}; next: tacho gauge sessions LOG --labels {out}")
