"""A box: one warm zygote behind walls, and any number of calls in it, one at a time.

The levels are in levels.py. `Box.open` never falls to a lower one: it raises BoxError, says why and
how to get it. `Box.open_best` takes the best that can be had and returns what it gave up.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

from tachograph.errors import BoxError
from tachograph.sandbox.call import Call, CandidateError, Line, failed
from tachograph.sandbox.launch import PACKAGE, Launched, launch
from tachograph.sandbox.levels import CHAIN, HERE, Level, LevelError
from tachograph.sandbox.limits import Limits
from tachograph.sandbox.memory import MemoryFile, sealed_inputs
from tachograph.sandbox.outcome import Failed, Finished
from tachograph.sandbox.program import Program
from tachograph.sandbox.spare import SpareUid
from tachograph.sandbox.staging import Staging
from tachograph.sandbox.stopwatch import Stopwatch
from tachograph.sandbox.watch import Watch

FORKS_PER_ZYGOTE = 1000
COMMAND_PROCESSES = 32
PROGRAMS_KEPT = 64
PROGRAMS_BYTES = 128 << 20
BOUND_AT_START = {"LD_BIND_NOW": "1"}
"""Else each child looks up again every symbol that its zygote had no use for: a twentieth of a
call. The zygote takes it out of the environment before it forks."""
TRIAL = Program(files={"trial.py": "def call(): return 1"}, entry="trial:call")


class Box:
    """Use it in a `with`. Not for two threads at once: open one box per core."""

    elsewhere: ClassVar[dict[str, type[Box]]] = {}
    """By platform: the class of boxes where this one, which needs Linux, cannot serve."""

    def __init_subclass__(cls, *, platform: str) -> None:
        Box.elsewhere[platform] = cls

    def __init__(self, *, level: Level, python: Path | None, libraries: Sequence[str],
                 limits: Limits, cores: Sequence[int], hidden: Sequence[str] = (),
                 variables: Mapping[str, str] | None = None) -> None:  # fmt: skip
        self.level: Level = level
        self.limits = limits
        self.cores = tuple(cores)
        self.python = python or Path(sys.executable)
        self.libraries = tuple(libraries)
        self.hidden = tuple(hidden)
        self.variables = dict(variables or {})
        self.forks = 0
        self.zygote: Launched | None = None
        self.programs: dict[Hashable, tuple[MemoryFile, bool]] = {}
        self.programs_bytes = 0
        self.spare: SpareUid | None = None
        self.expected: Line | None = None
        """To the child of a call that is to come."""
        self.begun: Call | None = None
        """One whose program is being loaded, and whose inputs are to come."""
        self.ending: Call | None = None
        """The latest; the zygote's report of its end was not taken yet."""
        self.zygote_is_cold = True
        self.stopwatch: Stopwatch | None = None
        """Times calls where this process has other threads (`time_apart`)."""
        self.ground = Staging()
        self.staging = self.ground.path

    @classmethod
    def open(cls, *, level: Level = "A", python: Path | None = None,
             libraries: Sequence[str] = (), limits: Limits | None = None,
             core: int | None = None, hidden: Sequence[str] = (),
             variables: Mapping[str, str] | None = None) -> Box:  # fmt: skip
        """A box in which a trial call has run. `core`: the first of `limits.threads` cores; default
        the last. `hidden`: packages that it does not show, though they are installed. `variables`:
        more of the environment, such as what a maths library reads as it is loaded.

        Raises BoxError where the level cannot be had here (the hint says how to get it), or where
        the interpreter or a library fails.
        """
        if level not in HERE:
            raise LevelError(level, f"it is not made for {sys.platform}")
        limits = limits or Limits()
        kind = cls.elsewhere.get(sys.platform, cls)
        box = kind(level=level, python=python, libraries=libraries, limits=limits, hidden=hidden,
                   cores=choose_cores(limits.threads, core), variables=variables)  # fmt: skip
        try:
            box.start()
            tried = box.run(TRIAL, {})
            if isinstance(tried, Failed):
                raise BoxError(f"a trial call at level {level} failed: {tried.detail}",
                               hint="raise the limits")  # fmt: skip
            box.settle()
        except BoxError:
            box.close()
            raise
        return box

    @classmethod
    def open_best(cls, level: Level | None = None, *, python: Path | None = None,
                  libraries: Sequence[str] = (), limits: Limits | None = None,
                  core: int | None = None, hidden: Sequence[str] = (),
                  variables: Mapping[str, str] | None = None,
                  ) -> tuple[Box, list[str]]:  # fmt: skip
        """A box at `level`, or where that is None at the best level that can be had here (A or B;
        on macOS C), with one sentence for each higher level given up: show them to the user.

        Raises BoxError where none can be had; level D is never chosen without being asked for.
        """
        given_up: list[str] = []
        for wanted in (level,) if level else CHAIN:
            try:
                box = cls.open(level=wanted, python=python, libraries=libraries, limits=limits,
                               core=core, hidden=hidden, variables=variables)  # fmt: skip
            except LevelError as error:
                if level:
                    raise
                given_up.append(f"{error.message} ({error.hint})")
            else:
                return box, given_up
        raise BoxError("no sandbox level is available: " + "; ".join(given_up),
                       hint="only where you trust every candidate: ask for level D")  # fmt: skip

    def start(self) -> None:
        """Start the zygote and wait until it is warm."""
        if os.getuid() == 0 and self.level != "D" and self.spare is None:
            self.spare = SpareUid()
        spare = self.spare.uid if self.spare else os.getuid()
        self.staging.chmod(0o700)
        if os.getuid() == 0 and self.level == "B":
            try:
                os.chown(self.staging, spare, spare)
            except OSError as error:
                raise LevelError("B", f"chown to a spare uid: {error.strerror}") from None
        config = {
            "libraries": self.libraries, "staging": str(self.staging), "masks": [str(PACKAGE)],
            "hidden": self.hidden, "spare_uid": spare, "cores": self.cores,
            "limits": asdict(self.limits),
        }  # fmt: skip
        self.zygote = launch("zygote", level=self.level, python=self.python, config=config,
                             environment=self.environment() | BOUND_AT_START)  # fmt: skip

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The zygote's process, if it has been started."""
        return self.zygote.process if self.zygote else None

    def environment(self) -> dict[str, str]:
        """All that a box sees of the environment."""
        root = "/box" if self.level == "A" else str(self.staging)
        threads = str(self.limits.threads)
        pools = ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR", "VECLIB_MAXIMUM")
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC",
            "HOME": root + "/tmp", "TMPDIR": root + "/tmp", "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": root + "/work/.cache/numba",
        } | {f"{pool}_NUM_THREADS": threads for pool in pools} | self.variables  # fmt: skip

    def run(self, program: Program, inputs: Mapping[str, Any] | MemoryFile, *,
            warm: bool = False) -> Finished | Failed:  # fmt: skip
        """One call of `program` in a fresh box, on `inputs`. `warm`: exercised first, for a race.

        Raises BoxError when the box, not the candidate, is at fault; the next call starts anew.
        """
        try:
            begun, self.begun = self.begun, None
            if begun and (begun.program.key, begun.warm) == (program.key, warm):
                call = begun
            else:
                call = self.begin(program, warm=warm)
            with sealed_inputs(inputs) as sealed:
                try:
                    setup = call.begin()
                    if not call.has_kept and call.kept_bytes:
                        self.remember(program, call.left_behind())
                    wall, cpu = call.go(sealed)
                    return call.result(setup, wall, cpu)
                except CandidateError as ended:
                    return failed(ended, call.log.text(), call.end().cpu_seconds)
                finally:
                    call.ask_to_end()
        except BoxError:
            self.stop()
            raise

    def begin(self, program: Program, *, warm: bool, ahead: bool = False) -> Call:
        """Ask for a call, after the one before has ended. Raises BoxError."""
        line = self.line()
        files, has_kept = self.files_of(program)
        limits = self.limits_of(program)
        watch = Watch(limits, None if self.level == "A" else self.staging)
        self.ending = Call(line, program, files, level=self.level, has_kept=has_kept, warm=warm,
                           limits=limits, watch=watch, stopwatch=self.stopwatch,
                           ahead=ahead)  # fmt: skip
        return self.ending

    def limits_of(self, program: Program) -> Limits:
        """Those of the box, with room for the processes of a command."""
        if program.run and self.limits.processes == 1:
            return replace(self.limits, processes=COMMAND_PROCESSES)
        return self.limits

    def load(self, program: Program, *, warm: bool = False) -> None:
        """The next call will be of this program: it is loaded while this process does something
        else. Not where this process must look at a limit meanwhile; at level D, which has no
        walls, it looks when it comes back.

        Where the box of the call before could not be cleared, there is a new one, and it is no
        fault of this call's. Raises BoxError.
        """
        if self.level == "B" or self.limits_of(program).processes > 1:
            return
        try:
            self.settle()
        except BoxError:
            self.stop()
        try:
            self.begun = self.begin(program, warm=warm, ahead=True)
        except BoxError:
            self.stop()
            raise

    def unload(self) -> None:
        """What was loaded and not called ends."""
        self.begun = None
        if self.ending is not None:
            self.ending.ask_to_end()

    def expect(self) -> None:
        """A call will come soon: its child is forked while this process does something else.

        Not where one waits, or has begun to load; nor while the zygote could use the time between
        two calls to warm itself.
        """
        if self.zygote and not (self.expected or self.begun or self.zygote_is_cold):
            with contextlib.suppress(BoxError):  # the call itself will say what is wrong
                self.expected = Line(self.zygote.line)

    def line(self) -> Line:
        """The line to a child that waits, after the latest call has ended. Raises BoxError."""
        self.settle()
        if self.zygote is None or self.forks >= FORKS_PER_ZYGOTE:
            self.restart()
        assert self.zygote is not None
        self.forks += 1
        line, self.expected = self.expected, None
        return line or Line(self.zygote.line)

    def settle(self) -> None:
        """Nothing of the latest call is there any more when this returns. Raises BoxError."""
        if self.ending is not None:
            self.zygote_is_cold = self.ending.end().cold
            self.ending.close()
            self.ending = None

    def files_of(self, program: Program) -> tuple[MemoryFile, bool]:
        """The program's files as the box reads them, and whether an earlier box's are with them."""
        if program.key not in self.programs:
            self.remember(program, {})
        return self.programs[program.key]

    def remember(self, program: Program, kept: dict[str, Any]) -> None:
        """Keep the program's sealed files, with what its loading left."""
        value = {"files": dict(program.files), "kept": kept}
        made = MemoryFile.sealed("files", value), bool(kept)
        self.forget(program.key)
        self.programs[program.key] = made
        self.programs_bytes += made[0].size
        while len(self.programs) > 1 and (
            len(self.programs) > PROGRAMS_KEPT or self.programs_bytes > PROGRAMS_BYTES
        ):
            self.forget(next(iter(self.programs)))

    def forget(self, program: Hashable) -> None:
        """Let go of a program's files, if they are kept."""
        if program in self.programs:
            held, _ = self.programs.pop(program)
            self.programs_bytes -= held.size
            held.close()

    def restart(self) -> None:
        """A new zygote in place of the old one, and a new stopwatch."""
        self.stop()
        if self.stopwatch is not None:
            self.time_apart(False)
            self.time_apart(True)
        self.forks = 0
        self.start()

    def stop(self) -> None:
        """End the zygote; whatever it had forked ends with it."""
        for held in (self.ending, self.expected):
            if held is not None:
                held.close()
        self.begun = self.ending = self.expected = None
        self.zygote_is_cold = True
        if self.zygote is not None:
            self.zygote.stop()
            self.zygote = None

    def time_apart(self, apart: bool) -> None:
        """Whether calls are timed by a process of their own, which other threads of this one
        cannot disturb. Only where this class times them, which is on Linux. Raises BoxError.
        """
        if apart and self.stopwatch is None and type(self) is Box:
            self.stopwatch = Stopwatch()
        elif not apart and self.stopwatch is not None:
            self.stopwatch.close()
            self.stopwatch = None

    def close(self) -> None:
        """End the zygote and remove what it stood on."""
        self.stop()
        self.time_apart(False)
        for program in list(self.programs):
            self.forget(program)
        if self.spare is not None:
            self.spare.close()
            self.spare = None
        self.ground.close()

    def __enter__(self) -> Box:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def usable_cores() -> list[int]:
    """The cores that this process may use."""
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    else:  # noqa: RET505 - one branch a platform, so that each is checked on its own
        return list(range(os.cpu_count() or 1))


def choose_cores(threads: int, core: int | None) -> list[int]:
    """`threads` of the cores that this process may use, from `core` on; default: the last ones."""
    allowed = usable_cores()
    if threads > len(allowed):
        raise BoxError(f"{threads} cores asked for, {len(allowed)} there",
                       hint="lower limits.threads in task.toml")  # fmt: skip
    first = len(allowed) - threads if core is None else min(core, len(allowed) - threads)
    return allowed[first : first + threads]
