"""What tests of the loop stand on: real boxes at level A, a real ledger, tiny tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from loop_toys import make_steady, make_task, opened

from tachograph.errors import BoxError
from tachograph.ledger import Ledger
from tachograph.loop.bench import Bench, open_bench
from tachograph.loop.clock import Rules

BenchMaker = Callable[..., Bench]


@pytest.fixture
def new_bench(tmp_path: Path) -> Iterator[BenchMaker]:
    """Opens a bench at level A on a new toy task; arguments are those of `make_task`.

    `steady`: times follow from the sources, so that no load of the machine changes a verdict.
    """
    with ExitStack() as stack:

        def make(*, parallel: int = 1, rules: Rules | None = None, steady: bool = False,
                 **toy: Any) -> Bench:  # fmt: skip
            task = make_task(tmp_path / f"task-{len(list(tmp_path.iterdir()))}", **toy)
            try:
                bench = stack.enter_context(
                    open_bench(task, level="A", parallel=parallel, rules=rules)
                )
            except BoxError as error:
                pytest.skip(f"no box at level A: {error.message}")
            for examiner in bench.examiners if steady else ():
                make_steady(examiner)
            return bench

        yield make


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A new one; its folder is `ledger_folder`."""
    with opened(tmp_path / "ledger") as found:
        yield found


@pytest.fixture
def ledger_folder(tmp_path: Path) -> Path:
    """Where `ledger` lies."""
    return tmp_path / "ledger"
