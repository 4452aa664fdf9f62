"""`tacho run`, `resume`, `propose`."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt, RunId
from tachograph.cli.output import quoted, remark, tell, tell_json
from tachograph.cli.stop import Stop
from tachograph.cli.team import (
    AnswerSeconds,
    AnswerTokens,
    BaseUrl,
    Directions,
    Money,
    PolicyName,
    PricesAt,
    Proposers,
    Seats,
    Tokens,
    TurnSeconds,
    UntilText,
    Wanted,
    check_models,
    recorded,
    say_estimate,
    say_opened,
    team_text,
)
from tachograph.errors import HeldError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tachograph.ledger import Entry
    from tachograph.loop.archive import Archive, Record
    from tachograph.loop.bench import Bench
    from tachograph.loop.budget import Budget
    from tachograph.loop.opening import Opening
    from tachograph.loop.propose.protocol import Proposer
    from tachograph.loop.propose.registry import Setting
    from tachograph.loop.run import Run
    from tachograph.loop.team import Team
    from tachograph.sandbox import Level

DEFAULT_SECONDS = 300.0
STATED = {
    "kept": Exit.YES,
    "not-resolved": Exit.UNKNOWN,
    "too-costly": Exit.UNKNOWN,
    "box-failed": Exit.UNKNOWN,
}

Trials = Annotated[int | None, typer.Option("--trials", help="Stop after this many trials.")]
Seconds = Annotated[float | None, typer.Option("--seconds", help="Stop after this much time.")]
CpuSeconds = Annotated[
    float | None, typer.Option("--cpu-seconds", help="Stop after this much CPU in boxes.")
]
Parallel = Annotated[int, typer.Option("--parallel", help="Candidates checked at once.")]
LevelName = Annotated[
    str | None, typer.Option("--level", metavar="A|B|C", help="Box level [default: the best].")
]
Unsafe = Annotated[
    bool, typer.Option("--unsafe-no-sandbox", help="Level D: candidates run without walls.")
]
KeepSealed = Annotated[
    bool, typer.Option("--keep-sealed", help="Scored tasks: do not open the hold-out at the end.")
]
TaskAt = Annotated[
    str | None, typer.Option("--task", metavar="DIR", help="The task's folder, if it moved.")
]


def add_to(app: typer.Typer) -> None:
    """Put the verbs of this file on the command."""
    app.command("run", epilog="Example: tacho run char-lm --seconds 600")(run_task)
    app.command("resume", epilog="Example: tacho resume last --trials 50")(resume_run)
    app.command("propose", epilog="Example: tacho propose last --from ./my-version")(propose)


def run_task(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A built-in task or a folder.")],
    proposer: Proposers = None,
    seats: Seats = None,
    policy: PolicyName = None,
    direction: Directions = None,
    trials: Trials = None,
    seconds: Seconds = None,
    cpu_seconds: CpuSeconds = None,
    tokens: Tokens = None,
    money: Money = None,
    until: UntilText = None,
    turn_seconds: TurnSeconds = None,
    parallel: Parallel = 1,
    base_url: BaseUrl = "",
    prices: PricesAt = None,
    answer_tokens: AnswerTokens = None,
    answer_seconds: AnswerSeconds = None,
    level: LevelName = None,
    unsafe_no_sandbox: Unsafe = False,
    keep_sealed: KeepSealed = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the run's own choices.")] = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Run the closed loop on a task: propose, check, clock, keep; until a budget is spent."""
    from tachograph.loop.opening import Opening
    from tachograph.task import load

    loaded = load(task)
    specs = proposer or ["recipes"]
    wanted = Wanted.of(specs, seats, policy, direction, until, turn_seconds)
    check_models(specs, base_url, prices, answer_tokens, answer_seconds)
    box = level_of(level, unsafe_no_sandbox)
    with Opening(loaded, box) as opening:
        # here, because the box takes as long to warm up as this process takes to import them
        import secrets

        from tachograph.cli.places import ledger_folder, open_ledger, remember_task
        from tachograph.loop.budget import Budget
        from tachograph.loop.propose.registry import Setting
        from tachograph.loop.run import Run
        from tachograph.loop.team import Team, seated

        budget = Budget(trials, seconds, cpu_seconds, tokens, money)
        if budget == Budget():
            budget = Budget(wall_seconds=DEFAULT_SECONDS)
        random_seed = secrets.randbits(32) if seed is None else seed
        team = wanted.team(Team(), loaded, random_seed)
        setting = Setting(ledger_folder(ledger), box, base_url, prices, answer_tokens,
                          team.turn_seconds, answer_seconds)  # fmt: skip
        with (
            convened(opening, parallel, specs, setting, budget) as (bench, proposers),
            open_ledger(ledger, create=True) as (book, folder),
        ):
            remember_task(folder, loaded)
            team = seated(team, proposers)
            run = Run.open(book, folder, loaded, budget, bench.rules, box=bench.description,
                           proposers=[each.name for each in proposers], team=team.plain(),
                           random_seed=random_seed)  # fmt: skip
            reason = sit(run, bench, proposers, team, budget, quiet=as_json, sealed=keep_sealed)
            finish(run, reason, as_json)


def resume_run(
    run: RunId,
    proposer: Proposers = None,
    seats: Seats = None,
    policy: PolicyName = None,
    direction: Directions = None,
    trials: Trials = None,
    seconds: Seconds = None,
    cpu_seconds: CpuSeconds = None,
    tokens: Tokens = None,
    money: Money = None,
    until: UntilText = None,
    turn_seconds: TurnSeconds = None,
    parallel: Parallel = 1,
    base_url: BaseUrl = "",
    prices: PricesAt = None,
    answer_tokens: AnswerTokens = None,
    answer_seconds: AnswerSeconds = None,
    level: LevelName = None,
    unsafe_no_sandbox: Unsafe = False,
    keep_sealed: KeepSealed = False,
    task: TaskAt = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was stopped or killed. What is said now replaces what it began with."""
    from tachograph.cli.places import open_ledger, recall_run
    from tachograph.loop.budget import Budget
    from tachograph.loop.opening import Opening
    from tachograph.loop.team import Team, seated

    wanted = Wanted.of(proposer, seats, policy, direction, until, turn_seconds)
    with open_ledger(ledger) as (book, folder):
        found, loaded = recall_run(book, folder, run, task)
        opened = found.archive.opened
        assert opened is not None
        specs = list(wanted.specs or found.archive.team["proposers"])
        check_models(specs, base_url, prices, answer_tokens, answer_seconds)
        given = Budget(trials, seconds, cpu_seconds, tokens, money)
        budget = given if given != Budget() else Budget(**opened.budget)
        found.still_sealed()
        team = wanted.team(Team.of(found.archive.team), loaded, opened.random_seed)
        box = level_of(level, unsafe_no_sandbox)
        with Opening(loaded, box) as opening:
            from tachograph.loop.propose.registry import Setting

            setting = Setting(folder, box, base_url, prices, answer_tokens, team.turn_seconds,
                              answer_seconds)  # fmt: skip
            with convened(opening, parallel, specs, setting, budget) as (bench, proposers):
                team = seated(team, proposers)
                changed = recorded(team, proposers) != found.archive.team
                found.resume(recorded(team, proposers) if changed else None)
                reason = sit(found, bench, proposers, team, budget, quiet=as_json,
                             sealed=keep_sealed)  # fmt: skip
                finish(found, reason, as_json)


def propose(
    run: RunId,
    source: Annotated[
        Path, typer.Option("--from", metavar="DIR", help="A folder with the editable files.")
    ],
    label: Annotated[str, typer.Option("--label", help="The change, in a few words.")] = "by hand",
    note: Annotated[str, typer.Option("--note", help="A sentence about it.")] = "",
    level: LevelName = None,
    unsafe_no_sandbox: Unsafe = False,
    task: TaskAt = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Try a change of your own: the full verdict, as text or as JSON."""
    from tachograph.cli.places import open_ledger, recall_run
    from tachograph.loop.bench import open_bench
    from tachograph.loop.budget import Budget
    from tachograph.loop.propose.hand import Hand
    from tachograph.loop.report import record_data
    from tachograph.loop.turn import Loop

    with open_ledger(ledger) as (book, folder):
        found, loaded = recall_run(book, folder, run, task)
        hand = Hand(source, label, note)
        candidate = hand.candidate(loaded).id
        if candidate in found.archive.records and found.archive.records[candidate].finished_at:
            remark("this very candidate was tried before; its verdict stands")
        else:
            found.still_sealed()
            wanted = level_of(level, unsafe_no_sandbox)
            with open_bench(loaded, level=wanted) as bench:
                say_level(bench)
                Loop(found, bench, [hand], Budget()).take(hand)
        record = found.archive.records[candidate]
        if as_json:
            tell_json(record_data(record))
        else:
            tell_verdict(found.archive, record)
    raise typer.Exit(STATED.get(record.verdict, Exit.NO))


# -- parts -----------------------------------------------------------------------------------------


@contextmanager
def convened(opening: Opening, parallel: int, specs: Sequence[str], setting: Setting,
             budget: Budget) -> Iterator[tuple[Bench, list[Proposer]]]:  # fmt: skip
    """The boxes and the proposers of a sitting; said before it begins: what to know of them.

    Imports what a sitting needs, which takes as long as the box that is opening.
    """
    from tachograph.loop.bench import open_bench
    from tachograph.loop.propose.registry import opened

    import_all("tachograph.loop.propose.recipes", "tachograph.loop.turn", "tachograph.cli.screen",
               "tachograph.loop.estimate", "tachograph.loop.score.holdout",
               "tachograph.task.compare")  # fmt: skip
    gc.freeze()  # what was imported stays; else collections go through it again and again
    with (
        open_bench(opening.task, level=opening.level, parallel=parallel, opening=opening) as bench,
        opened(specs, setting) as proposers,
    ):
        say_level(bench)
        say_opened(proposers)
        say_estimate(proposers, opening.task, budget)
        yield bench, proposers


def sit(run: Run, bench: Bench, proposers: Sequence[Proposer], team: Team, budget: Budget, *,
        quiet: bool, sealed: bool) -> str:  # fmt: skip
    """One sitting of the loop, on the screen; Ctrl-C and SIGTERM end it cleanly. Why it ended.

    The hold-out of a scored task is opened at its end, unless it is to stay sealed.
    """
    from tachograph.cli.screen import open_screen

    says = heading(run, bench) + team_text(team, [proposer.name for proposer in proposers])
    try:
        with Stop() as stop, open_screen(says, budget, quiet=quiet) as screen:
            from tachograph.loop.score.holdout import open_holdout
            from tachograph.loop.turn import Loop

            def listen(entry: Entry) -> None:
                screen.entry(entry)
                stop.check()

            screen.watch(run.archive)
            run.listen = listen
            stop.arm()
            loop = Loop(run, bench, proposers, budget, team=team)
            reason = loop.drive()
            if bench.task.metric == "score" and not sealed and not loop.held:
                open_holdout(run, bench)
            return reason
    except HeldError as refusal:
        return refusal.message
    except KeyboardInterrupt:
        return "interrupted"
    finally:
        run.listen = None


def finish(run: Run, reason: str, as_json: bool) -> None:
    """Record the end, sign the head, say what was found; ends the process."""
    from tachograph.loop.report import run_data, summary

    run.close(reason)
    run.ledger.sign_head()
    if as_json:
        tell_json(run_data(run))
    else:
        tell(f"{reason}; {summary(run.archive)}")
        if not run.permission().allowed:
            tell(f"next: tacho resume {run.id}, when the brake allows it")
        elif run.archive.trials:
            tell(f"next: tacho show {run.id}")
        else:
            tell(f"next: tacho propose {run.id} --from DIR tries a version of your own")
    if reason == "interrupted":
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.YES if run.archive.best else Exit.NO)


def import_all(*modules: str) -> None:
    """Import them, whatever is used of them later."""
    for name in modules:
        import_module(name)


def heading(run: Run, bench: Bench) -> str:
    """The first line of the screen."""
    return f"run {run.id} on {bench.task.name}, box level {bench.examiner.box.level}"


def say_level(bench: Bench) -> None:
    """A level below A is never taken in silence."""
    for reason in bench.given_up:
        remark(f"warning: {reason}")
    level = bench.examiner.box.level
    if bench.given_up:
        remark(f"warning: using box level {level}; `tacho box probe` shows what it protects")
    if level == "D":
        remark(
            "warning: level D: candidates run WITHOUT a sandbox, and their scores are not sealed"
        )


def level_of(name: str | None, unsafe: bool) -> Level | None:
    """The level asked for; D only by its long flag."""
    if unsafe:
        if name not in (None, "D"):
            raise UsageError(f"--level {name} and --unsafe-no-sandbox exclude each other")
        return "D"
    if name == "D":
        raise UsageError("level D has no walls", hint="say it in full: --unsafe-no-sandbox")
    if name not in (None, "A", "B", "C"):
        raise UsageError(f"no box level '{name}'", hint="the levels are A, B and C")
    return name  # type: ignore[return-value]


def tell_verdict(archive: Archive, record: Record) -> None:
    """Everything about one trial."""
    from tachograph.loop.report import record_text, timed_text
    from tachograph.loop.score.words import comparison_text

    tell(f"{record.id}  {record_text(record)}")
    checked = record.checked
    if checked and checked.detail:
        tell(quoted(checked.detail))
    for timed in record.timed:
        against = "the seed" if archive.opened and timed.against == archive.opened.seed_candidate \
            else timed.against  # fmt: skip
        flags = f" ({', '.join(timed.flags)})" if timed.flags else ""
        tell(f"  {timed.stage}: {timed.verdict}, {timed_text(timed)} against {against}{flags}")
    for scored in record.compared:
        tell(f"  {scored.stage}: {scored.verdict}, {comparison_text(scored)}")
    for failure in record.box_failures:
        tell(f"  the box broke: {failure.reason}")
