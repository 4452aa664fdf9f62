"""What asking models costs beyond the models.

    python bench/models.py
    python bench/models.py --quick

Eight proposers at once on one run, each turn a whole one (begin it in the ledger, write
the prompt, ask, record, read the answer), against a real server in a process of its own that
answers at once; and the same requests, eight at once, by the bare OpenAI client. Rounds alternate.
The difference for one proposal is the overhead; beside it, what Inspect's own `generate` takes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bars import Bar, report
from tachograph.ledger import Ledger
from tachograph.ledger.kinds import RunOpened, TurnBegun
from tachograph.loop.archive import Archive
from tachograph.loop.brief import brief_of
from tachograph.loop.budget import Budget, Spending
from tachograph.loop.bystanders import Bystanders
from tachograph.loop.desk import Given, TurnDesk
from tachograph.loop.propose.model import ModelProposer
from tachograph.loop.propose.models import Endpoint, Message, Teller
from tachograph.loop.propose.protocol import Attempt, Brief, Proposal
from tachograph.loop.run import Run
from tachograph.task import Task
from toy import write_task

SERVER = Path(__file__).parents[1] / "tests/loop/propose/scripted_server.py"
ANSWER = "LABEL: number %NUMBER%\n\nFILE: toy.py\n```\n{}# %NUMBER%\n```\n"
SEATS = 8
BAR_MS = 20.0
TICKS = os.sysconf("SC_CLK_TCK")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    options = parser.parse_args(arguments)
    return report(overhead(rounds=3 if options.quick else 10))


# -- overhead ------------------------------------------------------------------------------------


class Room:
    """The loop's part of a desk, where nothing is judged."""

    def __init__(self, run: Run, task: Task) -> None:
        self.run = run
        self.task = task
        self.spending = Spending(Budget(tokens=10**12))
        self.stopping = threading.Event()
        self.bystanders = Bystanders(crowded=False)
        self.opening = list(run.ledger.entries())

    def give(self, proposer: ModelProposer, turn: int, seat: int) -> Given:
        """A turn, from the seed, where nothing was tried yet."""
        begun = TurnBegun(self.run.id, turn, seat, proposer.name, self.task.seed.id, "", 0)
        brief = brief_of(Archive.of(self.opening), self.task, self.task.seed, begun)
        return Given(begun, proposer, brief, seat)

    def brief(self, given: Given) -> Brief:
        """The same all the time."""
        return given.brief

    def execute(self, given: Given, files: Mapping[str, str], entry: str) -> Any:
        """Not in this room."""
        raise NotImplementedError

    def trial(self, given: Given, proposal: Proposal) -> Attempt:
        """Not in this room."""
        raise NotImplementedError


@dataclass
class Round:
    """Milliseconds of each of many, eight at once, and of all together."""

    each_ms: list[float]
    wall_ms: float

    @property
    def share_ms(self) -> float:
        """Wall time for one of them, where eight go side by side."""
        return self.wall_ms / len(self.each_ms)


def overhead(rounds: int, count: int = 10) -> list[Bar]:
    """Alternate rounds of `count` by each of eight: ours, Inspect's, the bare client's."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), 0.0) as url:
        task = write_task(Path(folder) / "task")
        with Ledger.open(Path(folder) / "ledger", create=True) as ledger:
            run = open_run(ledger, Path(folder) / "ledger", task)
            teller = Teller(Path(folder) / "ledger")
            endpoint = Endpoint("openai-api/local/scripted", url)
            teller.open(endpoint)
            proposer = ModelProposer(endpoint, teller)
            room = Room(run, task)
            messages = asked_messages(proposer, room)
            bare, inspect = bare_client(url, messages), inspect_client(url, messages)
            kinds: dict[str, Callable[[int], Round]] = {
                "bare client": lambda n: many(bare, n),
                "Inspect's generate": lambda n: many(inspect, n),
                "a whole proposal": lambda n: propose_many(proposer, room, n),
            }
            for play in kinds.values():
                play(2)
            found: dict[str, list[Round]] = {name: [] for name in kinds}
            own, others = cpu_seconds(os.getpid()), cpu_seconds(teller_pid(teller))
            ours = 0.0
            for _ in range(rounds):
                for name, play in kinds.items():
                    before = cpu_seconds(os.getpid())
                    found[name].append(play(count))
                    if name == "a whole proposal":
                        ours += cpu_seconds(os.getpid()) - before
            del own
            teller_cpu = cpu_seconds(teller_pid(teller)) - others
            show_overhead(found, ours, teller_cpu, teller_pid(teller))
            teller.close()
    return overhead_bars(found)


def show_overhead(found: Mapping[str, Sequence[Round]], cpu: float, teller_cpu: float,
                  teller: int) -> None:  # fmt: skip
    """The table."""
    print(f"{SEATS} at once, instant server     {'median':>9} {'90 %':>9} {'wall/each':>10}")
    for name, rounds in found.items():
        each = sorted(ms for one in rounds for ms in one.each_ms)
        print(f"  {name:28} {statistics.median(each):6.1f} ms {each[len(each) * 9 // 10]:6.1f} ms "
              f"{statistics.median(r.share_ms for r in rounds):7.2f} ms")  # fmt: skip
    count = sum(len(one.each_ms) for one in found["a whole proposal"])
    print(f"CPU for one proposal: {1000 * cpu / count:.1f} ms here, "
          f"{1000 * teller_cpu / count:.1f} ms in the process that asks")  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"peak memory: {peak} MiB here (with Inspect, which only this benchmark imports), "
          f"{peak_mib(teller)} MiB in the process that asks")  # fmt: skip


def overhead_bars(found: Mapping[str, Sequence[Round]]) -> list[Bar]:
    """The overhead of a proposal, beyond what the bare client takes for the same request."""

    def share(name: str) -> float:
        return statistics.median(one.share_ms for one in found[name])

    wall = share("a whole proposal") - share("bare client")
    part = (share("Inspect's generate") - share("bare client")) / wall if wall > 0 else 0.0
    print(f"Inspect's own share of the overhead: {part:.0%}")
    return [
        Bar(f"overhead of a proposal, {SEATS} at once, wall time for each", f"<= {BAR_MS:g} ms",
            f"{wall:.1f} ms", wall <= BAR_MS),
    ]  # fmt: skip


def asked_messages(proposer: ModelProposer, room: Room) -> tuple[Message, ...]:
    """What a proposal asks, for the other two to ask the same."""
    from tachograph.loop.propose.model.prompt import prompt

    return prompt(room.give(proposer, 1, 1).brief, proposer.inputs_of(room.task))


def propose_many(proposer: ModelProposer, room: Room, count: int) -> Round:
    """Eight seats, `count` turns each."""
    numbers = iter(range(len(room.run.archive.turns) + 1, 10**9))
    lock = threading.Lock()
    each: list[float] = []

    def seat(number: int) -> None:
        for _ in range(count):
            with lock:
                turn = next(numbers)
            began = time.perf_counter()
            given = room.give(proposer, turn, number)
            proposal = proposer.propose(given.brief, TurnDesk(room, given))
            assert proposal is not None
            each.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    threads = [threading.Thread(target=seat, args=(n,)) for n in range(1, SEATS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(each) == SEATS * count
    return Round(each, 1000 * (time.perf_counter() - began))


class Clients:
    """One event loop in a thread, as the process that asks has one."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self.ask = ask
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def seats(self, count: int) -> list[float]:
        """Eight at once, `count` each."""
        each: list[float] = []

        async def seat() -> None:
            for _ in range(count):
                began = time.perf_counter()
                await self.ask()
                each.append(1000 * (time.perf_counter() - began))

        await asyncio.gather(*(seat() for _ in range(SEATS)))
        return each


def many(clients: Clients, count: int) -> Round:
    """A round of eight at once."""
    began = time.perf_counter()
    each = asyncio.run_coroutine_threadsafe(clients.seats(count), clients.loop).result()
    return Round(each, 1000 * (time.perf_counter() - began))


def bare_client(url: str, messages: Sequence[Message]) -> Clients:
    """OpenAI's own client."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="none", base_url=url, max_retries=0)
    plain: Any = [{"role": m.role, "content": m.text} for m in messages]
    return Clients(lambda: client.chat.completions.create(
        model="scripted", messages=plain, max_tokens=16_384))  # fmt: skip


def inspect_client(url: str, messages: Sequence[Message]) -> Clients:
    """Inspect's generate over that client."""
    from tachograph.loop.propose.models import Call
    from tachograph.loop.propose.models.inside.reach import Reach, generate

    model = Reach().model("openai-api/local/scripted", url, {})
    call = Call(tuple(messages))
    return Clients(lambda: generate(model, call))


# -- parts ---------------------------------------------------------------------------------------


def open_run(ledger: Ledger, folder: Path, task: Task) -> Run:
    """A run without a judge."""
    from tachograph.loop.clock import Rules

    run = Run.open(ledger, folder, task, Budget(), Rules(), box={}, proposers=["model"])
    assert any(isinstance(e.body, RunOpened) for e in ledger.entries())
    return run


@contextmanager
def serving(folder: Path, delay_seconds: float) -> Iterator[str]:
    """The scripted server in a process of its own; its address."""
    text = folder / "answer.txt"
    text.write_text(ANSWER.format("def f(x):\n    return 2 * x\n"))
    command = [sys.executable, str(SERVER), "--text", str(text), "--delay", str(delay_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.kill()


def teller_pid(teller: Teller) -> int:
    """Of the process that asks."""
    assert teller.process is not None
    return teller.process.pid


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mib(pid: int) -> int:
    """Most memory that a process ever held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.exit(main())
