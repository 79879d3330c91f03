"""Pasting a document's commands into a shell, beside a sandbox of its own."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from tests.drills.service import Laptop

ROOT = Path(__file__).parents[2]


async def pasted(document: Path, folder: Path) -> list[str]:
    """What every block that is marked to run prints, in one shell, one after the other.

    Raises AssertionError where one of the commands fails.
    """
    blocks = commands(document)
    server = Laptop(folder / ".moneyer")
    await server.start()
    try:
        script = "set -e\n" + "".join(f"{block}echo; echo ---\n" for block in blocks)
        script = script.replace("http://127.0.0.1:8080", server.base_url)
        script = script.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        done = await asyncio.to_thread(_in_bash, script, folder)
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    return done.stdout.split("---\n")[:-1]


def commands(document: Path) -> list[str]:
    """The blocks of a document that are marked to run."""
    return re.findall(r"<!-- run -->\n```sh\n(.*?)```", document.read_text(), re.S)


def _in_bash(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
