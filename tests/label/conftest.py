"""A judge behind a real HTTP server on loopback, and a ledger for its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from label_workbench import MODEL, PRICED
from scripted_server import ScriptedServer

from tachograph.label import Judge
from tachograph.label.books import Shelf
from tachograph.ledger import Ledger
from tachograph.loop.budget import Budget
from tachograph.loop.propose.models import Call, Endpoint, Teller


@pytest.fixture(scope="session")
def teller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teller]:
    """The process that asks, shared: it takes seconds to come up."""
    teller = Teller(tmp_path_factory.mktemp("spool"))
    yield teller
    process = teller.process
    teller.close()
    if process:
        process.wait(30)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger", create=True) as book:
        yield book


@pytest.fixture
def judge_of(teller: Teller, ledger: Ledger) -> Callable[..., Judge]:
    """A judge that asks this server, with what the ledger knows by now."""

    def make(server: ScriptedServer, budget: Budget | None = None) -> Judge:
        shelf = Shelf(ledger, f"judge:{MODEL}", budget or Budget())
        call = Call((), most_output_tokens=1000, timeout_seconds=30)
        return Judge(shelf, teller, Endpoint(MODEL, server.url), PRICED, call)

    return make
