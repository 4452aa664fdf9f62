"""A uid that nothing else on the machine runs under, for the boxes of a judge that is root.

Two boxes must never share one: the kernel's process limit counts by uid, and level B clears up by
uid. The claim is an abstract socket's name, which is taken in one step and which the kernel lets go
of however its owner ends. Proven by tests/sandbox/test_levels.py. Not covered: containers that
share the machine's uids but not its network namespace.
"""

from __future__ import annotations

import pwd
import socket
from pathlib import Path

from tachograph.errors import BoxError

FIRST, LAST = 60_706, 61_183
"""Unused in systemd's table of uids (systemd.io/UIDS-GIDS)."""


class SpareUid:
    """A claimed uid. Close it when nothing runs under it any more."""

    def __init__(self) -> None:
        """Raises BoxError where all are taken."""
        taken = uids_in_use()
        for uid in range(FIRST, LAST + 1):
            claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                claim.bind(f"\0tachograph-spare-uid-{uid}")
            except OSError:
                claim.close()
                continue
            if uid not in taken:
                self.uid = uid
                self.claim = claim
                return
            claim.close()
        raise BoxError("all spare uids are taken", hint="close other boxes")

    def close(self) -> None:
        """Give it back."""
        self.claim.close()


def uids_in_use() -> set[int]:
    """Uids that have an account or a process."""
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            taken.add(process.stat().st_uid)
        except OSError:
            continue
    return taken
