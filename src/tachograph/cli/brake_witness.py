"""`tacho brake witness`, `fork`: what stands between a log and two histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from tachograph.cli.options import AsJson
from tachograph.cli.output import tell, tell_json
from tachograph.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from tachograph.brake.heads.policy import Policy
    from tachograph.merkle.note import VerifierKey

Keys = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it at run time
    typer.Option("--key", metavar="VKEY", help="A public key, from its owner; any number."),
]
PolicyAt = Annotated[
    Optional[Path],  # noqa: UP045 - likewise
    typer.Option("--policy", metavar="FILE", help="Logs and witnesses, as a C2SP tlog-policy."),
]
LINE = 300
"""Most characters that are shown of what was said."""


def add_to(app: typer.Typer) -> None:
    """Put the verbs of this file on `tacho brake`."""
    app.command("witness", epilog="Example: tacho brake witness w --name example.net/w")(witness)
    app.command("fork", epilog="Example: tacho brake fork FILE --key VKEY")(fork)


def witness(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The witness's folder.")],
    name: Annotated[str | None, typer.Option(help="For a new one: a URL, less scheme.")] = None,
    logs: Annotated[
        Optional[list[str]],  # noqa: UP045 - likewise
        typer.Option("--log", metavar="VKEY", help="A log to cosign from now on; any number."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 7380,
    as_json: AsJson = False,
) -> None:
    """Cosign other parties' heads over HTTP, as long as they follow from one another."""
    from tachograph.brake.wire.web import serve
    from tachograph.brake.witness import Witness, add_log, create_witness, witness_application
    from tachograph.merkle.note import parse_verifier_key

    known = [parse_verifier_key(text) for text in logs or []]
    if name is not None:
        create_witness(folder, name)
    elif not (folder / "key").exists():
        raise UsageError(f"no witness in {folder}", hint="--name NAME makes one")
    for key in known:
        add_log(folder, key)
    opened = Witness.open(folder)

    def ready(url: str) -> None:
        if as_json:
            tell_json({"url": url, "key": str(opened.verifier), "logs": list(opened.origins)})
            return
        tell(f"witness {opened.verifier}")
        for origin in opened.origins:
            tell(f"log {origin}")
        tell(f"listening on {url}")

    serve(witness_application(opened), host=host, port=port, ready=ready)


def fork(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The proof.")],
    key: Keys = None,
    policy: PolicyAt = None,
    as_json: AsJson = False,
) -> None:
    """Check, offline, the proof that somebody signed two histories, or said two things as one.

    The file is what `tacho brake watch` or `tacho brake audit --proofs` wrote: two heads of one
    log, or two envelopes of one speaker. Which of the two it is, it says itself.
    """
    from tachograph.brake.said.conviction import BEGINS

    keys, text = known_keys(key, policy), read_text(file)
    (two_statements if text.startswith(BEGINS) else two_histories)(text, keys, as_json)


def two_statements(text: str, keys: Sequence[VerifierKey], as_json: bool) -> None:
    """Whom two envelopes convict."""
    from tachograph.brake.said.conviction import convict, parse_pair
    from tachograph.merkle.note import ED25519

    found = convict(parse_pair(text), [one for one in keys if one.algorithm == ED25519])
    one, two = found.statements
    if as_json:
        said = [{"says": type(s.said).__name__, "said": asdict(s.said)} for s in (one, two)]
        tell_json({"proven": True, "agreement": one.agreement, "speaker": one.by,
                   "numbers": [one.number, two.number], "statements": said,
                   "reason": found.reason, "accused": [str(found.key)]})  # fmt: skip
        return
    tell(f"proven: {found.reason}, under the agreement {one.agreement}")
    for statement in (one, two):
        shown = str(asdict(statement.said))
        more = "" if len(shown) <= LINE else f"... ({len(shown)} characters; --json has all)"
        tell(f"{statement.number}: {type(statement.said).__name__} {shown[:LINE]}{more}")
    tell(f"both signed by {found.key}")


def two_histories(text: str, keys: Sequence[VerifierKey], as_json: bool) -> None:
    """Who signed two heads that cannot both be of one log."""
    from tachograph.brake.heads.fork import check_fork, parse_fork

    accused = check_fork(parse_fork(text), keys)
    one, two = accused.heads
    if as_json:
        heads = [{"size": head.size, "root": head.root.hex()} for head in accused.heads]
        tell_json({"proven": True, "origin": one.origin, "heads": heads,
                   "accused": [str(key) for key in accused.keys]})  # fmt: skip
        return
    tell(f"proven: two histories of {one.origin}, at {one.size} and at {two.size} entries")
    for culprit in accused.keys:
        tell(f"both signed by {culprit}")


def known_keys(texts: list[str] | None, policy: Path | None) -> list[VerifierKey]:
    """The keys given one by one, and those of a policy. Raises UsageError for none."""
    from tachograph.brake.heads.cosignature import CosignerKey, MldsaCosignerKey
    from tachograph.merkle.note import VerifierKey, parse_key

    keys = [parse_key(text, VerifierKey, CosignerKey, MldsaCosignerKey) for text in texts or []]
    if policy is not None:
        rules = read_policy(policy)
        keys += [log.key for log in rules.logs] + [witness.key for witness in rules.witnesses]
    if not keys:
        raise UsageError("whose signatures?", hint="--key VKEY, or --policy FILE")
    return keys


def read_policy(path: Path) -> Policy:
    """The policy in a file. Raises NotFoundError, EvidenceError."""
    from tachograph.brake.heads.policy import POLICY_BYTES, parse_policy

    return parse_policy(read_bytes(path, POLICY_BYTES + 1))


def read_text(path: Path, limit: int = 1 << 21) -> str:
    """A file that should be text. What is not UTF-8 does not parse as anything here."""
    return read_bytes(path, limit).decode("utf-8", errors="replace")


def read_bytes(path: Path, limit: int) -> bytes:
    """The beginning of a file. Raises NotFoundError."""
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise NotFoundError(f"cannot read {path}: {error.strerror}", hint="name a file") from None
