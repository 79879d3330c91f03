"""`moneyer sandbox`, `moneyer serve`, `moneyer migrate`."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import httpx
import msgspec
import typer
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from rich.console import Console

from moneyer.app import build
from moneyer.cli.context import (
    SANDBOX_FOLDER,
    Complaint,
    SettingsOption,
    sandbox_settings,
    settings_from,
)
from moneyer.logging import configure
from moneyer.sandbox.seed import SandboxFolder
from moneyer.sandbox.welcome import welcome
from moneyer.settings import Settings, read_settings
from moneyer.store.engine import opened
from moneyer.store.sqlite.connection import AlreadyServing, ServingLock
from moneyer.store.upgrade import require_current, upgrade

HEADER_TIMEOUT = 10_000
"""Milliseconds in which the headers of a request have to arrive."""


def sandbox(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 8080,
    data: Annotated[Path, typer.Option(help="Where its data lies.")] = SANDBOX_FOLDER,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Demand transactionId, as the vendor's host does.")
    ] = False,
) -> None:
    """Start a bank to try things on: institutions, applications, customers, and ready curl lines."""
    port = port or _free_port(host)
    base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    configure("warning")
    folder = SandboxFolder(data)
    data.mkdir(parents=True, exist_ok=True)
    lock = ServingLock(folder.database)
    try:
        # Before anything is cleared: another sandbox may be serving from this folder.
        lock.acquire()
        if fresh:
            folder.clear()
        card = folder.prepare(base_url)
    except AlreadyServing as error:
        raise Complaint(str(error)) from None
    finally:
        lock.release()
    settings = sandbox_settings(read_settings(None), data, base_url)
    server = msgspec.structs.replace(
        settings.server, host=host, port=port, require_transaction_id=strict
    )
    console = Console()
    run(
        msgspec.structs.replace(settings, server=server),
        ready=lambda: welcome(console, card, str(data)),
    )


def serve(
    settings: SettingsOption = None,
    workers: Annotated[int, typer.Option(min=1, help="Serving processes.")] = 1,
) -> None:
    """Serve, with settings from a file and the environment."""
    if workers > 1:
        raise Complaint(
            f"--workers {workers}: one process at a time may serve from SQLite, where a second "
            "writer makes both wait for half a second"
        )
    chosen = settings_from(settings, None)
    configure(chosen.log.level)
    chosen.master_key()
    if not chosen.database.exists():
        raise Complaint(f"there is no database at {chosen.database}: run `moneyer migrate`")
    with opened(chosen.database) as engine:
        require_current(engine)
    lock = ServingLock(chosen.database)
    try:
        lock.acquire()
    except AlreadyServing as error:
        raise Complaint(str(error)) from None
    lock.release()
    run(chosen, ready=lambda: typer.echo(f"serving {chosen.base_url}", err=True))


def migrate(settings: SettingsOption = None) -> None:
    """Create the database, or bring its schema to this version."""
    chosen = settings_from(settings, None)
    path = chosen.database
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    with opened(path) as engine:
        upgrade(engine)
    typer.echo(f"{path} is ready")


def run(settings: Settings, ready: Callable[[], None]) -> None:
    """Serves until SIGINT or SIGTERM; calls `ready` when the first request would be answered."""
    _require_free_port(settings.server.host, settings.server.port)
    uvloop.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Callable[[], None]) -> None:
    server = settings.server
    tls = bool(server.tls_certificate)
    granian = Server(
        build(settings),
        address=server.host,
        port=server.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT, max_buffer_size=65536),
        websockets=False,
        backlog=1024,
        log_enabled=False,
        ssl_cert=Path(server.tls_certificate) if tls else None,
        ssl_key=Path(server.tls_key) if tls else None,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, granian.stop)
    serving = asyncio.create_task(granian.serve())
    waiting = asyncio.create_task(_until_live(settings))
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done() and not serving.done():
        ready()
    else:
        waiting.cancel()
    await serving


async def _until_live(settings: Settings) -> None:
    """Returns when the service answers. The certificate is our own, so it is not judged here."""
    server = settings.server
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104
    scheme = "https" if server.tls_certificate else "http"
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{server.port}/health/live"
    async with httpx.AsyncClient(verify=False, trust_env=False) as client:  # noqa: S501
        while True:
            try:
                if (await client.get(url, timeout=2)).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.02)


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _require_free_port(host: str, port: int) -> None:
    """Raises Complaint, in words, where the server itself would only log a number."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Complaint(f"cannot listen on {host} port {port}: {error.strerror}") from None
