"""`tacho brake replay`, `replay-served`: compute again what another party trained, or served."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tachograph.cli.exits import Exit
from tachograph.cli.options import AsJson
from tachograph.cli.output import remark, tell, tell_json
from tachograph.errors import UsageError

if TYPE_CHECKING:
    from tachograph.brake.training.replay_drawn import Found


def add_to(noun: typer.Typer) -> None:
    """Put the verb of this file on `tacho brake`."""
    noun.command(
        "replay", epilog="Example: tacho brake replay ./bundle alba/r-1 --beacon b-1 --draws 44"
    )(replay)
    noun.command(
        "replay-served", epilog="Example: tacho brake replay-served ./bundle alba --beacon b-2"
    )(replay_served)


def replay(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The bundle's folder.")],
    run: Annotated[str, typer.Argument(metavar="PARTY/RUN", help="Whose run, and which.")],
    beacon: Annotated[
        str, typer.Option("--beacon", metavar="NAME", help="The beacon round that draws.")
    ],
    draws: Annotated[
        int, typer.Option("--draws", metavar="N", help="How many segments.", min=1)
    ] = 44,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="Allow for another machine: a tolerance per segment."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take the segments that a beacon draws again, in a box, and compare with what was declared.

    What comes out are statements for a verifier to sign. Exit code 0 where all agree, 1 where one
    does not, 3 where one was not opened.
    """
    from tachograph.brake.bundle.bundle import read_bundle
    from tachograph.brake.training import replay_drawn
    from tachograph.brake.training.boxes import open_boxes
    from tachograph.ledger.entry import now

    party, slash, name = run.partition("/")
    if not slash:
        raise UsageError(f"{run!r} is not PARTY/RUN", hint="as in alba/r-1")
    evidence = read_bundle(bundle, now()).evidence
    seen = replay_drawn.run_named(evidence, party, name)
    numbers = replay_drawn.drawn(evidence, seen, beacon, draws)
    if not as_json:
        remark(f"{len(numbers)} of {len(seen.segments)} segments are drawn")
    codes, said = set(), []
    with open_boxes(unlike=calibrate) as boxes:
        for found in replay_drawn.replay_segments(evidence, seen, beacon, numbers, boxes):
            codes.add(code_of(found))
            said.append({"says": type(found).__name__, "said": asdict(found)})
            if not as_json:
                tell(line_of(found))
    if as_json:
        tell_json({"run": run, "beacon": beacon, "statements": said})
    raise typer.Exit(max(codes, key=[Exit.YES, Exit.UNKNOWN, Exit.NO].index))


def replay_served(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The bundle's folder.")],
    outputs: Annotated[
        str,
        typer.Argument(metavar="PARTY[/ROOT]", help="Whose outputs, and which; a few digits do."),
    ],
    beacon: Annotated[
        str, typer.Option("--beacon", metavar="NAME", help="The beacon round that draws.")
    ],
    draws: Annotated[
        int, typer.Option("--draws", metavar="N", help="How many records of each.", min=1)
    ] = 44,
    as_json: AsJson = False,
) -> None:
    """Compute the outputs that a beacon draws again, from the weights frozen before the pause.

    What comes out are statements for a verifier to sign; V9 judges them. Only numbers are read of
    the party, and no code of it. Exit code 0 where all agree, 1 where one does not, 3 where weights
    or records were not opened.
    """
    from tachograph.brake.bundle.bundle import read_bundle
    from tachograph.brake.training.replay_drawn import outputs_named, replay_outputs
    from tachograph.errors import FormatError
    from tachograph.ledger.entry import now

    party, _, begins = outputs.partition("/")
    evidence = read_bundle(bundle, now()).evidence
    codes, said, missing = set(), [], []
    for root in outputs_named(evidence, party, begins):
        try:
            found = replay_outputs(evidence, party, root, beacon, draws)
        except FormatError as error:
            codes.add(Exit.UNKNOWN)
            missing.append({"outputs": root, "missing": error.message})
            line = f"not opened: {error.message}"
        else:
            codes.add(Exit.YES if found.matched == found.drawn else Exit.NO)
            said.append({"says": type(found).__name__, "said": asdict(found)})
            line = (f"{found.matched} of {found.drawn} drawn records come from weights "
                    f"{found.model[:16]}, {found.tokens} tokens, token for token")  # fmt: skip
        if not as_json:
            tell(f"outputs {root[:16]}: {line}")
    if as_json:
        tell_json({"party": party, "beacon": beacon, "statements": said, "not_opened": missing})
    raise typer.Exit(max(codes, key=[Exit.YES, Exit.UNKNOWN, Exit.NO].index))


def code_of(found: Found) -> Exit:
    """Whether it agrees."""
    from tachograph.brake.said.records import SegmentReplayed
    from tachograph.brake.training.replay_drawn import NotOpened

    if isinstance(found, NotOpened):
        return Exit.UNKNOWN
    bad = isinstance(found, SegmentReplayed) and found.outcome in ("far", "failed")
    return Exit.NO if bad else Exit.YES


def line_of(found: Found) -> str:
    """For people."""
    from tachograph.brake.said.records import SegmentReplayed
    from tachograph.brake.training.replay_drawn import NotOpened

    if isinstance(found, NotOpened):
        return f"segment {found.segment}: not opened: {found.missing}"
    if not isinstance(found, SegmentReplayed):
        return f"segment {found.segment}: tolerance {found.tolerance:.1e}: {found.method}"
    said = {
        "exact": "the same, bit for bit",
        "near": f"off by {found.distance or 0.0:.1e} of its step, within {found.tolerance:.1e}",
        "far": f"off by {'more than can be said' if found.distance is None else found.distance}",
        "failed": f"the code gave nothing: {found.detail}",
    }[found.outcome]
    if found.first_bad_step is not None:
        said += f"; step {found.first_bad_step} is the first that does not follow"
    machine = "" if found.same_machine else " (another machine than declared)"
    return f"segment {found.segment}: {said}{machine}"
