"""Fixtures of the attacks: a sandbox in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from moneyer.sandbox.seed import SandboxFile
from tests.attacks.real_server import RealServer, serving


@pytest.fixture(scope="session")
def sandbox_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def sandbox(sandbox_folder: Path) -> Iterator[RealServer]:
    """A sandbox as an integrator starts it: a real process, a real socket."""
    data = sandbox_folder / "data"
    with serving(
        sandbox_folder / "output", "sandbox", "--port", "{port}", "--data", str(data)
    ) as server:
        yield server
        assert server.is_alive()


@pytest.fixture(scope="session")
def card(sandbox: RealServer, sandbox_folder: Path) -> SandboxFile:
    """The sandbox's applications and customers with their secrets."""
    return msgspec.json.decode((sandbox_folder / "data/sandbox.json").read_bytes(), type=SandboxFile)
