"""A sandbox in a process of its own, and Debian's Chromium.

Both are gone before the next module: the browser's driver keeps an event loop running here.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.processes import free_port

CHROMIUM = shutil.which("chromium")


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM, "apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window of its own, in which an error in the console or of a script fails the test."""
    context = chromium.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    expected = "the server responded with a status of 40"
    assert [fault for fault in faults if expected not in fault] == []
