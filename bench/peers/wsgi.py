"""Granian with one worker, as both Python peers are served."""

from collections.abc import Mapping
from pathlib import Path

from bench.server import ServerProcess, free_port


def granian(
    name: str, programs: Path, application: str, log: Path, environment: Mapping[str, str]
) -> ServerProcess:
    """Serves the WSGI `application` with the programs of a peer's environment."""
    port = free_port()
    command = [
        *(str(programs / "granian"), "--interface", "wsgi", "--no-ws"),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
        *("--workers", "1", "--blocking-threads", "2", application),
    ]
    return ServerProcess(name, command, port, log, environment=environment)
