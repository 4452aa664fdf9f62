"""`tacho brake meter`, `compute`: what was done here, measured apart from the loop and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson, LedgerAt
from tachograph.cli.output import remark, tell, tell_json

KeyAt = Annotated[
    Path, typer.Option("--key", metavar="DIR", help="The meter's own folder, with its key.")
]


def add_to(app: typer.Typer) -> None:
    """Put the verbs of this file on `tacho brake`."""
    app.command("meter", epilog="Example: tacho brake meter --site hall --key meter")(meter)
    app.command("compute", epilog="Example: tacho brake compute --meter hall-meter")(compute)


def meter(
    site: Annotated[str, typer.Option("--site", help="Its site, as the agreement names it.")],
    key: KeyAt,
    name: Annotated[
        str, typer.Option("--meter", help="Its name [default: the site's, and -meter].")
    ] = "",
    scope: Annotated[
        str, typer.Option("--scope", help="machine, cgroup:FOLDER or session:ID.")
    ] = "machine",
    interval: Annotated[float, typer.Option("--interval", help="Seconds from beat to beat.")] = 10,
    window: Annotated[float, typer.Option("--window", help="Seconds of a window.")] = 60,
    peak: Annotated[
        float | None, typer.Option("--peak", help="FLOP per second of one core, at most.")
    ] = None,
    gpu_peak: Annotated[
        float | None, typer.Option("--gpu-peak", help="FLOP per second of one GPU, at most.")
    ] = None,
    register: Annotated[
        str, typer.Option("--register", metavar="URL", help="Hand over there, by HTTP.")
    ] = "",
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """Measure this machine until stopped: signed beats and windows, without gaps."""
    import signal
    import threading

    from tachograph.brake.meter.delivery import Delivery, ToLedger, ToRegister
    from tachograph.brake.meter.journal import Journal
    from tachograph.brake.meter.meter import Meter, Metered
    from tachograph.brake.meter.reading import Instruments
    from tachograph.cli.places import open_ledger

    instruments = Instruments.open(scope)
    gpus = instruments.gpus.ids if instruments.gpus else []
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    journal = Journal.open(key, name or f"{site}-meter")
    try:
        with open_ledger(ledger) as (book, _):
            delivery: Delivery = ToRegister(register) if register else ToLedger(book)
            one = Meter(Metered(site, interval, window, peak, gpu_peak), journal, delivery,
                        instruments, ledger=book, gpu_ids=gpus)  # fmt: skip
            remark(f"meter {journal.name} at {site}, its key {journal.key.verifier}")
            remark(f"measures {scope}: {instruments.read().told()}")
            remark(f"devices to declare: {', '.join(one.devices)}")
            one.run(stop)
    finally:
        journal.close()
    says = {"meter": journal.name, "statements": journal.said, "beats": journal.beats,
            "windows": journal.windows, "waiting": one.late}  # fmt: skip
    if as_json:
        tell_json(says)
    else:
        tell(f"{journal.beats} beats and {journal.windows} windows")
        if one.late:
            tell(f"statements wait in the journal: {one.late}")


def compute(
    name: Annotated[
        str, typer.Option("--meter", help="Compare with what this meter has measured.")
    ] = "",
    ledger: LedgerAt = None,
    as_json: AsJson = False,
) -> None:
    """What runs say that they used; with --meter, whether a meter saw as much, or more."""
    from dataclasses import asdict

    from tachograph.brake.meter.compare import compare
    from tachograph.brake.meter.declared import computes
    from tachograph.cli.places import open_ledger

    with open_ledger(ledger) as (book, _):
        found = computes(book)
        compared = compare(book, name) if name else None
    if as_json:
        runs = {run: asdict(each) | {"cpu_seconds": each.cpu_seconds}
                for run, each in found.items()}  # fmt: skip
        more = asdict(compared) | {"undeclared": compared.undeclared, "agrees": compared.agrees,
                                   "smallest": compared.smallest} if compared else None  # fmt: skip
        tell_json({"runs": runs, "compared": more})
    else:
        for run, each in found.items():
            parts = f", {each.killed} told in part" if each.killed else ""
            tell(f"{run}  {each.work}: {each.cpu_seconds:.1f} CPU s in {len(each.sittings)} "
                 f"sittings{parts}, {len(each.trials)} trials")  # fmt: skip
        if compared:
            tell(compared.told())
    raise typer.Exit(Exit.YES if compared is None or compared.agrees else Exit.NO)
