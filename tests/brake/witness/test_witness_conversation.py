"""Another witness's own test conversation, replayed over HTTP against ours."""

from __future__ import annotations

import re
from pathlib import Path

from tachograph.brake.heads.cosignature import CosigningKey
from tachograph.brake.wire.exchange import post
from tachograph.brake.wire.web import running
from tachograph.brake.witness import Witness, witness_application
from tachograph.brake.witness.memory import Memory
from tachograph.merkle.note import VerifierKey, parse_signatures, parse_verifier_key

KEY = CosigningKey("example.com/witness", bytes(range(32)))
SIGSUM = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
SIGSUM_KEY = "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"
GOLANG = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
DEVIATION = ("unknown log", 403, 404)
"""litewitness answers an unknown log with 403, where the specification says 404."""


def steps(path: Path) -> list[tuple[bytes, int, str]]:
    """Requests of a hurl script: body, expected status, what is asserted of the answer."""
    found = re.findall(
        r"^POST \S+\n```\n(.*?)```\nHTTP (\d+)\n\[Asserts\]\nbody (\S+ \".*?\")$",
        path.read_text(), re.DOTALL | re.MULTILINE,
    )  # fmt: skip
    return [(body.encode(), int(status), asserted) for body, status, asserted in found]


def converse(path: Path, tmp_path: Path, origin: str, key: VerifierKey) -> list[str]:
    """The answers' bodies; statuses and assertions are checked on the way."""
    memory = Memory(tmp_path / "heads", create=True)
    witness = Witness(KEY, {origin: [key]}, memory, tmp_path / "forks")
    bodies = []
    with running(witness_application(witness)) as url:
        for body, status, asserted in steps(path):
            answered = post(f"{url}/add-checkpoint", body, limit=10_000)
            name, said, ours = DEVIATION
            expected = ours if status == said and name in asserted else status
            assert answered.status == expected
            text = answered.body.decode()
            if status == 409:
                assert asserted == f"== {text!r}".replace("'", '"')
                assert answered.content_type == "text/x.tlog.size"
            if status == 200:
                assert asserted == 'contains "— example.com/witness"'
                (line,) = parse_signatures(text)
                KEY.verifier.check(body.decode().split("\n\n")[1] + "\n", line.data)
            bodies.append(text)
    return bodies


def test_the_sigsum_conversation(vectors: Path, tmp_path: Path) -> None:
    """Nine requests: three cosigned, six refused, each for its reason."""
    path = vectors / "torchwood/cmd/litewitness/testdata/litewitness.txt"
    key = VerifierKey(SIGSUM, bytes.fromhex(SIGSUM_KEY))
    assert len(converse(path, tmp_path, SIGSUM, key)) == 9


def test_the_go_checksum_database(vectors: Path, tmp_path: Path) -> None:
    """A log whose origin is not its key's name."""
    path = vectors / "torchwood/cmd/litewitness/testdata/sumdb.txt"
    key = parse_verifier_key(GOLANG)
    assert len(converse(path, tmp_path, "go.sum database tree", key)) == 1
