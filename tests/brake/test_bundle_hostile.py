"""Bundles made by an enemy: an error with a hint or a verdict, in bounded memory."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redteam.world import World

from tachograph.brake.audit import audit
from tachograph.brake.bundle.bundle import read_bundle
from tachograph.brake.bundle.folder import Limits
from tachograph.errors import TachographError
from tachograph.merkle.note import encode_base64

SMALL = Limits(file_bytes=2**20, total_bytes=2**24, names=2_000)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, World]]:
    """A small honest bundle; tests copy it before they break it."""
    world = World(5, hours=2, paused=False)
    yield world.write(tmp_path_factory.mktemp("honest") / "bundle"), world


def said(folder: Path, at: str, limits: Limits = SMALL) -> str:
    """What an audit comes to: a verdict, or one of our own errors."""
    try:
        report = audit(read_bundle(folder, at, limits))
    except TachographError as error:
        assert error.hint
        return error.kind
    assert report.unseen
    return "fail" if report.failed else "pass"


def files_of(folder: Path) -> list[Path]:
    """Every file of a bundle, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


SPLICES = st.tuples(
    st.integers(0, 10**6),
    st.floats(0, 1),
    st.sampled_from(["cut", "flip", "double", "insert", "swap"]),
    st.binary(max_size=40),
)


UNTIMED = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=15, **UNTIMED)
@given(splices=st.lists(SPLICES, min_size=1, max_size=3))
def test_broken_files_never_raise_anything_foreign(
    honest: tuple[Path, World], splices: list[tuple[int, float, str, bytes]]
):
    """Any file, cut, flipped, doubled, filled: a verdict, or an error with a hint."""
    try_splices(honest, splices)


@pytest.mark.long
@settings(max_examples=500, **UNTIMED)
@given(splices=st.lists(SPLICES, min_size=1, max_size=5))
def test_broken_files_at_length(
    honest: tuple[Path, World], splices: list[tuple[int, float, str, bytes]]
):
    """The same, for longer."""
    try_splices(honest, splices)


def try_splices(honest: tuple[Path, World], splices: list[tuple[int, float, str, bytes]]) -> None:
    """Break a copy of the honest bundle, and audit it."""
    source, world = honest
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "bundle"
        shutil.copytree(source, folder)
        files = files_of(folder)
        for which, where, how, data in splices:
            path = files[which % len(files)]
            path.write_bytes(broken(path.read_bytes(), where, how, data))
        assert said(folder, world.at)


def broken(data: bytes, where: float, how: str, new: bytes) -> bytes:
    """One way of breaking some bytes."""
    at = int(where * len(data))
    match how:
        case "cut":
            return data[:at]
        case "flip" if at < len(data):
            return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]
        case "double":
            return data[:at] + data
        case "swap":
            return data[at:] + data[:at]
        case _:
            return data[:at] + new + data[at:]


def test_every_flipped_bit_of_what_is_signed_is_noticed(honest: tuple[Path, World]):
    """No byte of the register's head can change without a failure; witnesses can stand in."""
    source, world = honest
    path = source / "logs/register/checkpoint"
    text = path.read_bytes()
    random = Random("heads")
    try:
        for at in random.sample(range(text.index(b"witness") - 4), 25):
            path.write_bytes(text[:at] + bytes([text[at] ^ 0x02]) + text[at + 1 :])
            assert said(source, world.at) != "pass", at
    finally:
        path.write_bytes(text)


FLOODS = {
    "signatures": ("logs/register/checkpoint", "\n— w0 " + "A" * 40),
    "deep JSON": ("openings/alba/1.json", "[" * 400_000),
    "deep TOML": ("agreement.note", "a = " + "[" * 200_000),
    "long line": ("agreement.note", "a = 1" + "0" * 900_000),
    "many tables": ("agreement.note", "[[party]]\n" * 60_000),
    "many definitions": ("agreement.note", 'witnesses = """' + "witness a b\n" * 40_000 + '"""\n'),
    "a proof without end": (
        "proofs/x.tlog-proof",
        "c2sp.org/tlog-proof@v1\nindex 1\n" + (encode_base64(b"h" * 32) + "\n") * 20_000,
    ),
    "a head of 2**63": ("logs/register/checkpoint", None),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_refused_soon(name: str, honest: tuple[Path, World], tmp_path: Path):
    """A reason, and no hang: whoever waits for it would see the tests stand still."""
    source, world = honest
    folder = tmp_path / "bundle"
    shutil.copytree(source, folder)
    file, text = FLOODS[name]
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is None:
        lines = path.read_text().split("\n")
        lines[1] = str(2**63)
        path.write_text("\n".join(lines))
    elif name == "signatures":
        path.write_text(path.read_text() + text[1:] * 20_000)
    else:
        path.write_text(text)
    assert said(folder, world.at) != "pass" or file.startswith("openings")


def test_ten_thousand_held_heads_cost_what_they_weigh(honest: tuple[Path, World], tmp_path: Path):
    """Each is one signature; more than that are refused."""
    source, world = honest
    folder = tmp_path / "bundle"
    shutil.copytree(source, folder)
    for number in range(2_001):
        (folder / f"held/x{number:06}").write_text("x")
    assert said(folder, world.at) == "format"


PROGRAM = """
import resource, sys
from pathlib import Path
from tachograph.brake.bundle.bundle import read_bundle
from tachograph.errors import TachographError
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]), int(sys.argv[3])))
try:
    found = read_bundle(Path(sys.argv[1]), sys.argv[2])
    print(*(refused.reason for refused in found.refused), sep="\\n")
except TachographError as error:
    print(error.message)
"""


def test_a_giant_file_takes_no_memory(honest: tuple[Path, World], tmp_path: Path):
    """A sparse file of 8 GiB in place of a bundle of entries, in a process that may have 1 GiB."""
    source, world = honest
    folder = tmp_path / "bundle"
    shutil.copytree(source, folder)
    (entries,) = (folder / "logs/register/tile/entries").rglob("*.p/*")
    with entries.open("wb") as file:
        file.truncate(8 * 2**30)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), world.at, str(2**30)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "are allowed" in done.stdout
    assert resource.getrlimit(resource.RLIMIT_AS)


def test_links_out_of_the_bundle_are_not_followed(honest: tuple[Path, World], tmp_path: Path):
    """Not to a file, not to a folder, not where the agreement should be."""
    source, world = honest
    folder = tmp_path / "bundle"
    shutil.copytree(source, folder)
    (tmp_path / "secret").write_text("secret")
    (folder / "held/link").symlink_to(tmp_path / "secret")
    (folder / "logs/evil").symlink_to(source / "logs/register", target_is_directory=True)
    found = read_bundle(folder, world.at)
    assert sorted(one.where for one in found.refused) == ["held/link", "logs/evil"]
    assert not any("secret" in one.reason for one in found.refused)
    (folder / "agreement.note").unlink()
    (folder / "agreement.note").symlink_to(source / "agreement.note")
    assert said(folder, world.at) == "format"
