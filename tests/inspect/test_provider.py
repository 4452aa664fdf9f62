"""The sandbox does what Inspect asks of every sandbox: its own conformance suite, and ours."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from inspect_ai.util import SandboxUnavailableError, SandboxUserUnsupportedError
from inspect_ai.util._sandbox import self_check

from tachograph.errors import UsageError
from tachograph.inspect.provider import Settings, TachographSandbox, opened, settings_of
from tachograph.sandbox.levels import LevelError

pytestmark = pytest.mark.anyio

CHECKS = {name: check for name, check in vars(self_check).items() if name.startswith("test_")}
AS_ROOT = "test_exec_as_user"
"""The one that asks for a second user, which there is none of."""


@pytest.fixture
async def sandbox() -> AsyncIterator[TachographSandbox]:
    """A sample's sandbox at level A."""
    try:
        environments = await TachographSandbox.sample_init("test", Settings(level="A"), {})
    except LevelError as error:
        pytest.skip(f"{error.message}; {error.hint}")
    yield environments["default"].as_type(TachographSandbox)
    await TachographSandbox.sample_cleanup("test", None, environments, interrupted=False)


@pytest.mark.parametrize("name", sorted(set(CHECKS) - {AS_ROOT}))
async def test_inspects_own_suite(name: str, sandbox: TachographSandbox) -> None:
    """Every check of it but one."""
    await CHECKS[name](sandbox)


@pytest.mark.parametrize("user", ["box", None])
async def test_its_only_user_is_box(user: str | None, sandbox: TachographSandbox) -> None:
    """Any other is refused in Inspect's own way."""
    assert (await sandbox.exec(["id", "-un"], user=user)).stdout == "box\n"
    with pytest.raises(SandboxUserUnsupportedError):
        await sandbox.exec(["id"], user="root")


async def test_processes_live_as_long_as_the_sample(sandbox: TachographSandbox) -> None:
    """What one command starts, the next finds."""
    await sandbox.exec(["sh", "-c", "setsid sleep 55 &"])
    assert "sleep 55" in (await sandbox.exec(["ps", "ax"])).stdout


async def test_a_cancelled_call_kills_its_command(sandbox: TachographSandbox) -> None:
    """At once, and the sandbox serves on."""
    began = time.monotonic()
    with anyio.move_on_after(0.3):
        await sandbox.exec(["sleep", "56"])
    assert time.monotonic() - began < 20
    while "sleep 56" in (await sandbox.exec(["ps", "ax"])).stdout:
        assert time.monotonic() - began < 20


async def test_a_passed_limit_is_said(sandbox: TachographSandbox) -> None:
    """As a failed command, with the reason where the model reads it."""
    small = Settings(level="A", memory_mib=100)
    environments = await TachographSandbox.sample_init("test", small, {})
    script = "x = bytearray(300 << 20); import time; time.sleep(9)"
    ended = await environments["default"].exec(["python3", "-c", script])
    await TachographSandbox.sample_cleanup("test", None, environments, interrupted=True)
    assert not ended.success
    assert "killed: memory: " in ended.stderr


async def test_nothing_is_left_of_a_sample() -> None:
    """Neither files nor processes."""
    sandbox, _ = opened(Settings())
    folder = sandbox.ground.path
    await sandbox.exec(["sh", "-c", "mkdir -p a/b; setsid sleep 57 &"])
    await TachographSandbox.sample_cleanup("test", None, {"default": sandbox}, interrupted=False)
    assert not folder.exists()
    with pytest.raises(SandboxUnavailableError):
        await sandbox.exec(["true"])


@pytest.mark.parametrize(
    ("config", "expected"),
    [(None, Settings()), ("A", Settings(level="A")), ("/somewhere/B", Settings(level="B")),
     (Settings(network=True), Settings(network=True))],
)  # fmt: skip
def test_what_the_command_line_may_say(config: Any, expected: Settings) -> None:
    """A level; Inspect puts a folder before it."""
    assert settings_of(config) == expected
    assert TachographSandbox.config_deserialize(expected.model_dump()) == expected


def test_an_unknown_word_is_a_usage_error() -> None:
    """With what may be said instead."""
    with pytest.raises(UsageError, match="not a level"):
        settings_of("compose.yaml")


def test_inspect_finds_it_by_its_entry_point() -> None:
    """Without any import of ours."""
    from inspect_ai.util._sandbox.registry import registry_find_sandboxenv

    assert registry_find_sandboxenv("tachograph") is TachographSandbox
