"""A sandbox in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.processes import free_port


@contextmanager
def serving(folder: Path, host: str) -> Iterator[dict[str, Any]]:
    """The card of a sandbox while it serves."""
    command = [sys.executable, "-m", "moneyer", "sandbox", "--host", host]
    command += ["--port", str(free_port()), "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if re.search("Stop with Ctrl-C", line):
                    break
            yield msgspec.json.decode((folder / "sandbox.json").read_bytes())
        finally:
            server.terminate()
            server.communicate(timeout=20)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with serving(tmp_path_factory.mktemp("sandbox"), "127.0.0.1") as card:
        yield card


@pytest.fixture
def named_sandbox(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """At a name instead of an address: passkeys are bound to names."""
    with serving(tmp_path, "localhost") as card:
        yield card
