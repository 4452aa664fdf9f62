"""A process that asks models, shared by the tests below: it takes seconds to come up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from model_workbench import CANARIES
from scripted_server import Script, ScriptedServer

from tachograph.loop.propose.models import Endpoint, Teller


@pytest.fixture(scope="session")
def teller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teller]:
    """Started with an environment full of secrets."""
    kept = {name: os.environ.get(name) for name in CANARIES}
    os.environ.update(CANARIES)
    teller = Teller(tmp_path_factory.mktemp("ledger"))
    teller.start()
    for name, value in kept.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
    yield teller
    process = teller.process
    teller.close()
    if process:
        process.wait(30)


@pytest.fixture
def teller_alone(tmp_path: Path) -> Iterator[Teller]:
    """One that a test may kill."""
    teller = Teller(tmp_path)
    yield teller
    process = teller.process
    teller.close()
    if process:
        process.wait(30)


@pytest.fixture
def serve() -> Iterator[Callable[[Script], ScriptedServer]]:
    """Starts a server with a script."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(ScriptedServer(script))


@pytest.fixture
def endpoint_of() -> Callable[..., Endpoint]:
    """The endpoint of a server."""

    def make(server: ScriptedServer, **arguments: object) -> Endpoint:
        return Endpoint("openai-api/local/scripted", server.url, arguments)

    return make


@pytest.fixture
def folder_of(teller: Teller) -> Path:
    """Where the shared process keeps answers."""
    return teller.spool.folder
