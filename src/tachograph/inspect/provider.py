"""The sandbox provider `tachograph`: each sample gets a workspace behind our walls.

    inspect eval x.py --sandbox tachograph        # the best level that can be had, said if lower
    inspect eval x.py --sandbox tachograph:A      # this level, or an error

In Python, limits and more can be said: sandbox=("tachograph", Settings(level="A", network=True)).
It needs no Docker, no image and no root. Each sample's processes live until its end, as in a
container; its files are gone after it. Proven by tests/inspect/test_provider.py, with Inspect's own
conformance suite. Not covered: other users than its own, `inspect sandbox` connections, images.
"""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

import anyio
from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
    sandboxenv,
)
from pydantic import BaseModel, ConfigDict

from tachograph.errors import BoxError, HeldError, UsageError
from tachograph.loop.bystanders import Bystanders
from tachograph.sandbox import Level
from tachograph.sandbox.inside.keeper import CANNOT_RUN
from tachograph.sandbox.staging import Staging
from tachograph.sandbox.workspace import Ended, Workspace, WorkspaceLimits

LEVELS: tuple[Level, ...] = ("A", "B", "D")
OWN_USER = "box"
STILL = Bystanders(crowded=True)
"""While a trial of this process is on, all of its workspaces stand still."""
log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Settings(BaseModel):
    """What a sample's workspace is like. All fields are optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level | None = None
    """None: the best that can be had, with a warning where that is not A."""
    network: bool = False
    """The machine's own network, its loopback included."""
    memory_mib: int = WorkspaceLimits.memory_mib
    tasks: int = WorkspaceLimits.tasks
    """Processes and threads at once."""
    disk_mib: int = WorkspaceLimits.disk_mib
    shown: tuple[str, ...] = ()
    """Paths of this machine that its commands may read as well."""
    hidden: tuple[str, ...] = ()
    """Folders that stay out of sight wherever they lie."""
    hidden_packages: tuple[str, ...] = ()
    """Of the interpreter's packages, those that stay out of sight."""

    @property
    def limits(self) -> WorkspaceLimits:
        """As the workspace takes them. Time is Inspect's to limit."""
        return WorkspaceLimits(wall_seconds=7 * 86_400.0, memory_mib=self.memory_mib,
                               tasks=self.tasks, disk_mib=self.disk_mib)  # fmt: skip


def settings_of(config: SandboxEnvironmentConfigType | None) -> Settings:
    """Of `--sandbox tachograph:A`, or of a Settings. Raises UsageError."""
    if config is None or isinstance(config, Settings):
        return config or Settings()
    if isinstance(config, str):
        # Inspect takes the word for a file's name, and puts the task's folder before it
        named = [level for level in LEVELS if level == Path(config).name]
        if named:
            return Settings(level=named[0])
    raise UsageError(f"sandbox tachograph:{config}: not a level",
                     hint="tachograph, tachograph:A, tachograph:B, or a Settings")  # fmt: skip


@sandboxenv(name="tachograph")
class TachographSandbox(SandboxEnvironment):
    """One sample's workspace."""

    def __init__(self, workspace: Workspace, ground: Staging) -> None:
        super().__init__()
        self.workspace = workspace
        self.ground = ground
        self.check_leave: Callable[[], object] | None = None
        """Asks the brake before a command, where this is the sandbox of one of our runs."""
        self.there = STILL.beside(workspace)
        self.there.__enter__()

    # -- begin and end ---------------------------------------------------------------------------

    @classmethod
    def default_concurrency(cls) -> int | None:
        """Samples at once: their work is this machine's."""
        return 2 * (os.cpu_count() or 1)

    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        """Settings, read back from a log."""
        return Settings(**config)

    @classmethod
    async def task_init(cls, task_name: str, config: SandboxEnvironmentConfigType | None) -> None:
        """Say once, before any sample, what level there will be. Raises BoxError."""
        trial = await in_thread(lambda: opened(settings_of(config)))
        sandbox, given_up = trial
        await in_thread(sandbox.close)
        for reason in given_up:
            log.warning("%s", reason)
        if sandbox.workspace.level != "A":
            log.warning("using box level %s; `tacho box probe` shows what it protects",
                        sandbox.workspace.level)  # fmt: skip

    @classmethod
    async def sample_init(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        """A fresh, empty workspace."""
        sandbox, _ = await in_thread(lambda: opened(settings_of(config)))
        return {"default": sandbox}

    @classmethod
    async def sample_cleanup(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment], interrupted: bool,
    ) -> None:  # fmt: skip
        """Kill what still runs, and remove the files; also where the sample was interrupted."""
        with anyio.CancelScope(shield=True):
            for environment in environments.values():
                await in_thread(environment.as_type(TachographSandbox).close)

    def close(self) -> None:
        """End it."""
        self.there.__exit__(None, None, None)
        self.workspace.close()
        self.ground.close()

    # -- what a sample asks ----------------------------------------------------------------------

    async def exec(
        self, cmd: list[str], input: str | bytes | None = None,  # noqa: A002 - Inspect's name
        cwd: str | None = None, env: dict[str, str] | None = None, user: str | None = None,
        timeout: int | None = None, timeout_retry: bool = True, concurrency: bool = True,
    ) -> ExecResult[str]:  # fmt: skip
        """Run a command. Raises as Inspect's SandboxEnvironment.exec says.

        Raises PermissionError where the brake holds the work of the sample's run.
        """
        if self.check_leave:
            try:
                await in_thread(self.check_leave)
            except HeldError as refusal:
                raise PermissionError(errno.EACCES, refusal.message, cmd[0]) from refusal
        if user not in (None, OWN_USER, str(self.workspace.uid)):
            raise SandboxUserUnsupportedError(f"the only user of this sandbox is {OWN_USER!r}")
        limit = SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE
        stopping = threading.Event()
        call = partial(
            self.workspace.exec, cmd, input=as_bytes(input), folder=cwd or "",
            environment=env, timeout_seconds=timeout, output_kib=-(-limit // 1024),
            stopping=stopping,
        )  # fmt: skip
        try:
            ended = await in_thread(call, stopping)
        except BoxError as error:
            raise SandboxUnavailableError(str(error)) from error
        return result_of(ended, cmd)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Write a file, with the folders above it. Raises the fitting OSError."""
        await in_thread(lambda: self.workspace.write(plain(file), as_bytes(contents)))

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        """A file's content. Raises the fitting OSError, and OutputLimitExceededError."""
        limit = SandboxEnvironmentLimits.MAX_READ_FILE_SIZE
        try:
            data = await in_thread(lambda: self.workspace.read(plain(file), limit_bytes=limit))
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise OutputLimitExceededError(
                    SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, None
                ) from None
            raise
        return data.decode() if text else data

    def default_polling_interval(self) -> float:
        """Seconds between looks at a service in the sandbox: it is near."""
        return 0.2


def opened(settings: Settings) -> tuple[TachographSandbox, list[str]]:
    """A sandbox, and a sentence for each level that could not be had. Raises BoxError."""
    ground = Staging(Path(tempfile.gettempdir()))
    folder = ground.path / "workspace"
    folder.mkdir()
    try:
        workspace, given_up = Workspace.open_best(
            folder, settings.level, limits=settings.limits, network=settings.network,
            shown=[Path(path) for path in settings.shown],
            hidden=[Path(path) for path in settings.hidden],
            hidden_packages=settings.hidden_packages,
        )  # fmt: skip
    except (BoxError, UsageError):
        ground.close()
        raise
    return TachographSandbox(workspace, ground), given_up


def result_of(ended: Ended, command: list[str]) -> ExecResult[str]:
    """A command's end as Inspect wants to hear of it."""
    stdout = ended.stdout.decode("utf-8", "replace")
    stderr = ended.stderr.decode("utf-8", "replace")
    if ended.complaint.startswith("too slow"):
        raise TimeoutError(ended.complaint)
    if ended.cut:
        raise OutputLimitExceededError(
            SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE_STR, stdout or stderr
        )
    if ended.status == CANNOT_RUN and stderr.rstrip().endswith(os.strerror(errno.EACCES)):
        raise PermissionError(errno.EACCES, stderr.strip(), command[0])
    if ended.complaint:
        stderr += f"\nkilled: {ended.complaint}\n"
    code = ended.status if ended.status >= 0 else 128 - ended.status
    return ExecResult(success=code == 0, returncode=code, stdout=stdout, stderr=stderr)


def as_bytes(text: str | bytes | None) -> bytes:
    """What goes through a pipe."""
    return text.encode() if isinstance(text, str) else text or b""


def plain(path: str) -> str:
    """A path without null characters. Raises FileNotFoundError: no file has such a name."""
    if "\0" in path:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return path


async def in_thread(call: Callable[[], Result], stopping: threading.Event | None = None) -> Result:
    """Do beside the event loop what blocks. With `stopping`, a caller that is cancelled goes at
    once and sets it; without, it waits until the thing is done.
    """
    try:
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=stopping is not None)
    finally:
        if stopping:
            stopping.set()
