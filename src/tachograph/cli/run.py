"""`tacho run`, `resume`, `propose`, `show`, `plot`, `runs`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt, RunId
from tachograph.cli.output import quoted, remark, tell, tell_json
from tachograph.cli.stop import Stop
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from tachograph.ledger import Entry
    from tachograph.loop.archive import Archive, Record
    from tachograph.loop.bench import Bench
    from tachograph.loop.budget import Budget
    from tachograph.loop.run import Run
    from tachograph.sandbox import Level

DEFAULT_SECONDS = 300.0
DIFF_LINES = 100
STATED = {"kept": Exit.YES, "not-resolved": Exit.UNKNOWN, "box-failed": Exit.UNKNOWN}

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
    app.command("show", epilog="Example: tacho show last")(show)
    app.command("plot", epilog="Example: tacho plot last --out progress.png")(plot)
    app.command("runs", epilog="Example: tacho runs")(runs)


def run_task(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A built-in task or a folder.")],
    trials: Trials = None,
    seconds: Seconds = None,
    cpu_seconds: CpuSeconds = None,
    parallel: Parallel = 1,
    level: LevelName = None,
    unsafe_no_sandbox: Unsafe = False,
    keep_sealed: KeepSealed = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the run's own choices.")] = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Run the closed loop on a task: propose, check, clock, keep; until a budget is spent."""
    from tachograph.cli.places import open_ledger, remember_task
    from tachograph.loop.bench import open_bench
    from tachograph.loop.budget import Budget
    from tachograph.task import load

    loaded = load(task)
    budget = Budget(trials, seconds, cpu_seconds)
    if budget == Budget():
        budget = Budget(wall_seconds=DEFAULT_SECONDS)
    wanted = level_of(level, unsafe_no_sandbox)
    import_beside("tachograph.loop.run", "tachograph.loop.propose.recipes", "tachograph.loop.turn")
    with (
        open_bench(loaded, level=wanted, parallel=parallel) as bench,
        open_ledger(ledger, create=True) as (book, folder),
    ):
        from tachograph.loop.run import Run

        remember_task(folder, loaded)
        say_level(bench)
        run = Run.open(book, folder, loaded, budget, bench.rules, box=bench.description,
                       proposers=["recipes"], random_seed=seed)  # fmt: skip
        finish(run, sit(run, bench, budget, quiet=as_json, sealed=keep_sealed), as_json)


def resume_run(
    run: RunId,
    trials: Trials = None,
    seconds: Seconds = None,
    cpu_seconds: CpuSeconds = None,
    parallel: Parallel = 1,
    level: LevelName = None,
    unsafe_no_sandbox: Unsafe = False,
    keep_sealed: KeepSealed = False,
    task: TaskAt = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was stopped or killed. New bounds replace those it was opened with."""
    from tachograph.cli.places import open_ledger, recall_task
    from tachograph.loop.bench import open_bench
    from tachograph.loop.budget import Budget
    from tachograph.loop.run import Run

    with open_ledger(ledger) as (book, folder):
        found = Run.read(book, run, folder)
        opened = found.archive.opened
        assert opened is not None
        given = Budget(trials, seconds, cpu_seconds)
        budget = given if given != Budget() else Budget(**opened.budget)
        loaded = recall_task(folder, opened.task_digest, task)
        found.check_task(loaded)
        wanted = level_of(level, unsafe_no_sandbox)
        import_beside("tachograph.loop.propose.recipes", "tachograph.loop.turn")
        with open_bench(loaded, level=wanted, parallel=parallel) as bench:
            say_level(bench)
            found.resume()
            finish(found, sit(found, bench, budget, quiet=as_json, sealed=keep_sealed), as_json)


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
    from tachograph.cli.places import open_ledger, recall_task
    from tachograph.loop.bench import open_bench
    from tachograph.loop.budget import Budget
    from tachograph.loop.propose.hand import Hand
    from tachograph.loop.report import record_data
    from tachograph.loop.run import Run
    from tachograph.loop.turn import Loop

    with open_ledger(ledger) as (book, folder):
        found = Run.read(book, run, folder)
        opened = found.archive.opened
        assert opened is not None
        loaded = recall_task(folder, opened.task_digest, task)
        found.check_task(loaded)
        hand = Hand(source, label, note)
        candidate = hand.candidate(loaded).id
        if candidate in found.archive.records and found.archive.records[candidate].finished_at:
            remark("this very candidate was tried before; its verdict stands")
        else:
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


def show(
    run: RunId = "last",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the best's files there.")
    ] = None,
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """What a run found: its trials, the lineage of the best, and the best as a diff."""
    from tachograph.cli.places import open_ledger
    from tachograph.loop.report import diff, record_text, run_data, summary
    from tachograph.loop.run import Run
    from tachograph.loop.score.words import summary_lines

    with open_ledger(ledger) as (book, folder):
        found = Run.read(book, run, folder)
        archive = found.archive
        opened, best = archive.opened, archive.best
        assert opened is not None
        changes = (
            diff(found.candidate(opened.seed_candidate), found.candidate(best.id)) if best else ""
        )
        if out and best:
            write_files(out, found.candidate(best.id).files)
        if as_json:
            tell_json(run_data(found) | {"diff": changes})
            return
        ended = archive.closed.reason if archive.closed else "not ended: tacho resume goes on"
        tell(f"run {found.id} on {opened.task}, box level {opened.box.get('level')}: {ended}")
        tell(summary(archive))
        for line in summary_lines(archive):
            tell(line)
        for title, records in (("trials", archive.trials),
                               ("lineage", archive.lineage(best.id) if best else [])):  # fmt: skip
            if records:
                tell(f"\n{title}")
                for number, record in enumerate(records, 1):
                    tell(f"{number:4}  {record_text(record)}")
        if changes:
            tell("\n" + shortened(changes, found.id))


def shortened(changes: str, run: str) -> str:
    """The diff, cut where it would bury the rest."""
    lines = changes.splitlines()
    if len(lines) <= DIFF_LINES:
        return changes
    rest = f"({len(lines) - DIFF_LINES} more lines: tacho show {run} --out DIR writes the files)"
    return "\n".join([*lines[:DIFF_LINES], rest])


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write a candidate's files below `folder`. Raises UsageError where that cannot be."""
    try:
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    except OSError as error:
        raise UsageError(
            f"cannot write below {folder}: {error.strerror}", hint="--out DIR"
        ) from None


def plot(
    run: RunId = "last",
    out: Annotated[Path, typer.Option("--out", help="A .png or .svg file.")] = Path("run.png"),
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Draw a run's progress: best so far with its interval, every trial a point."""
    from tachograph.cli.places import open_ledger
    from tachograph.loop.plot import plot as draw
    from tachograph.loop.run import find

    if out.suffix not in (".png", ".svg"):
        raise UsageError(f"--out {out}: not a .png or .svg file", hint="--out run.png")
    with open_ledger(ledger) as (book, _):
        found = find(book, run)
        draw(book.entries(run=found), out)
    if as_json:
        tell_json({"run": found, "picture": str(out)})
    else:
        tell(f"wrote {out}")


def runs(ledger: LedgerAt = None, as_json: AsJson = False) -> None:
    """List the ledger's runs, the oldest first."""
    from tachograph.cli.places import open_ledger
    from tachograph.loop.report import summary
    from tachograph.loop.run import archives

    with open_ledger(ledger) as (book, _):
        found = archives(book)
    rows = [{"run": run, "task": archive.opened.task if archive.opened else "",
             "ended": archive.closed.reason if archive.closed else None,
             "summary": summary(archive)} for run, archive in found.items()]  # fmt: skip
    if as_json:
        tell_json(rows)
        return
    for row in rows:
        tell(f"{row['run']}  {row['task']:16}  {row['ended'] or 'not ended'}; {row['summary']}")


# -- parts -----------------------------------------------------------------------------------------


def sit(run: Run, bench: Bench, budget: Budget, *, quiet: bool, sealed: bool) -> str:
    """One sitting of the loop, on the screen; Ctrl-C and SIGTERM end it cleanly. Why it ended.

    The hold-out of a scored task is opened at its end, unless it is to stay sealed.
    """
    from tachograph.cli.screen import open_screen

    try:
        with Stop() as stop, open_screen(heading(run, bench), budget, quiet=quiet) as screen:
            from tachograph.loop.propose.recipes import Recipes
            from tachograph.loop.score.holdout import open_holdout
            from tachograph.loop.turn import Loop

            def listen(entry: Entry) -> None:
                screen.entry(entry)
                stop.check()

            screen.watch(run.archive)
            run.listen = listen
            stop.arm()
            reason = Loop(run, bench, [Recipes()], budget).drive()
            if bench.task.metric == "score" and not sealed:
                open_holdout(run, bench)
            return reason
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
        if run.archive.trials:
            tell(f"next: tacho show {run.id}")
        else:
            tell(f"next: tacho propose {run.id} --from DIR tries a version of your own")
    if reason == "interrupted":
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.YES if run.archive.best else Exit.NO)


def import_beside(*modules: str) -> None:
    """Begin to import what is needed once the box stands; it takes as long as the box does.

    Not as a daemon: an interpreter that ends in the middle of an import may crash.
    """
    threading.Thread(target=lambda: [import_module(name) for name in modules]).start()


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
