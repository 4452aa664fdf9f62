"""One call of untrusted code in a box, timed from outside.

    from tachograph.sandbox import Box, Program

    program = Program(files={"double.py": "def double(x): return 2 * x"}, entry="double:double")
    with Box.open(level="A") as box:
        print(box.run(program, {"x": 21}))      # Finished(output=42, wall_seconds=...)

For commands that live longer, in a folder: workspace.py. Neither knows a ledger or a task. What
each level protects: docs/guides/what-the-box-protects.md.
"""

import sys

from tachograph.sandbox.box import Box
from tachograph.sandbox.levels import Level
from tachograph.sandbox.limits import Limits
from tachograph.sandbox.memory import MemoryFile
from tachograph.sandbox.outcome import Failed, Finished
from tachograph.sandbox.program import Program

if sys.platform == "darwin":
    import tachograph.sandbox.macos  # noqa: F401 - it makes itself known to Box

__all__ = ["Box", "Failed", "Finished", "Level", "Limits", "MemoryFile", "Program"]
