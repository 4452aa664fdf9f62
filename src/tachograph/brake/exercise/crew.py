"""The processes of the exercise: each is the command `tacho`, as anybody would start it.

Proven by tests/brake/exercise. Not covered: machines other than this one.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tachograph.errors import WorldError

TACHO = (sys.executable, "-c", "from tachograph.cli import main; main()")
"""The command, in this very installation."""
READY_SECONDS = 60.0
"""In which a server must have said where it listens."""
STOP_SECONDS = 10.0
COMMAND_SECONDS = 180.0
_LISTENS = re.compile(r"(?:at|on) (http://127\.0\.0\.1:\d+)")


class Crew:
    """Servers by name. Leaving the block stops those that were started here, and no others."""

    def __init__(self, folder: Path) -> None:
        """What they say is kept in `folder`."""
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._from: dict[str, int] = {}
        """Where in its log what a process says begins; earlier ones of its name wrote the rest."""
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Crew:
        """Return the crew."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all."""
        for process in self._running.values():
            process.terminate()
        for name in list(self._running):
            self.stop(name)

    def start(self, name: str, *arguments: str) -> None:
        """Start one."""
        with self._log(name).open("ab") as log:
            self._from[name] = log.tell()
            self._running[name] = subprocess.Popen(
                [*TACHO, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def url(self, name: str) -> str:
        """Where it listens, once it says so. Raises WorldError where it ends, or says nothing."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            said = self._log(name).read_bytes()[self._from[name] :].decode(errors="replace")
            if found := _LISTENS.search(said):
                return found[1]
            if self._running[name].poll() is not None:
                break
            time.sleep(0.05)
        raise WorldError(
            f"{name} did not begin to listen: {said.strip()[-300:]}", hint="see its log, try again"
        )

    def stop(self, name: str) -> None:
        """Stop one, and wait for its end."""
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


def tacho(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end. Raises WorldError after COMMAND_SECONDS."""
    return tacho_all([arguments])[0]


def tacho_all(calls: Sequence[Sequence[str]]) -> list[subprocess.CompletedProcess[str]]:
    """Run several commands side by side; what each came to, in order."""
    deadline = time.monotonic() + COMMAND_SECONDS
    started = [
        subprocess.Popen([*TACHO, *call], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for call in calls
    ]
    ended = []
    try:
        for process in started:
            out, err = process.communicate(timeout=max(0.0, deadline - time.monotonic()))
            ended.append(subprocess.CompletedProcess(process.args, process.returncode, out, err))
    except subprocess.TimeoutExpired as error:
        raise WorldError(
            f"a command took longer than {COMMAND_SECONDS:.0f} s: {error.cmd}",
            hint="play again on a machine that is less busy",
        ) from error
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.communicate()
    return ended


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now; the agreement must name them before anybody does."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports
