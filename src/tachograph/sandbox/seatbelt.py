"""Level C's walls: the profile that macOS' `sandbox-exec` holds an interpreter to.

All that is not allowed is refused, the network with it. Later rules win over earlier ones. The
profile language is Apple's and undocumented; the text is proven by tests/sandbox/test_macos.py,
the walls that it stands for were never run on a Mac.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

SYSTEM = (
    "/usr/lib", "/usr/share", "/System/Library", "/System/Volumes/Preboot/Cryptexes",
    "/private/var/db/dyld", "/private/var/db/timezone", "/opt/homebrew/Cellar",
    "/opt/homebrew/opt", "/opt/homebrew/lib",
)  # fmt: skip
PROGRAMS = ("/bin", "/usr/bin", "/usr/libexec", "/Library/Developer", "/Applications/Xcode.app")
"""What a build or run command may start besides the interpreter and what lies in the scratch."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
# the second rule: what macOS goes on allowing under `deny default`, as Firefox's profile knows
# (SandboxPolicyContent.h)
HEAD = """(version 1)
(deny default)
(deny process-info* nvram* iokit-get-properties file-map-executable)
(allow sysctl-read)
(allow dynamic-code-generation)
(allow process-info* (target self))
(allow signal (target self))
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))
"""
SEVERAL = """(allow process-fork)
(allow process-info* (target same-sandbox))
(allow signal (target same-sandbox))
"""


def profile(*, interpreter: Sequence[Path], scratch: Path, hidden: Sequence[Path],
            several: bool) -> str:  # fmt: skip
    """The profile's text.

    `interpreter`: folders that it may read and run programs from. `scratch`: the one folder it may
    write to. `hidden`: not readable wherever it lies, such as the judge's code. `several`: it may
    fork and start the system's programs. All paths absolute, without symbolic links.
    """
    programs = [*interpreter, *map(Path, PROGRAMS), scratch] if several else [*interpreter]
    readable = sorted({*map(Path, SYSTEM), *interpreter, *programs, scratch})
    parents = sorted({parent for path in readable for parent in path.parents})
    rules = [
        HEAD + (SEVERAL if several else ""),
        rule("allow process-exec", "subpath", programs),
        rule("allow file-read-metadata", "literal", parents),
        rule("allow file-read*", "literal", map(Path, ("/", *DEVICES))),
        rule("allow file-read* file-map-executable", "subpath", readable),
        rule("deny file-read* file-map-executable process-exec", "subpath", hidden),
        rule("allow file-write*", "subpath", [scratch]),
        rule("allow file-write-data", "literal", [Path("/dev/null")]),
        "(deny network*)\n",
    ]
    return "".join(rules)


def rule(action: str, kind: str, paths: Iterable[Path]) -> str:
    """One rule over several paths."""
    return f"({action}" + "".join(f"\n    ({kind} {quoted(path)})" for path in paths) + ")\n"


def quoted(path: Path) -> str:
    """A string of the profile language."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
