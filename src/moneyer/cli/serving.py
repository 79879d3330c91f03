"""`moneyer sandbox`, `moneyer serve`, `moneyer migrate`."""

import asyncio
import os
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from moneyer.cli.context import (
    SANDBOX_FOLDER,
    Complaint,
    SettingsOption,
    console,
    require_file,
    sandbox_settings,
    settings_for_serving,
)

if TYPE_CHECKING:
    from moneyer.settings import Settings

HEADER_TIMEOUT = 10_000
"""Milliseconds in which the headers of a request have to arrive."""

MAX_CONNECTIONS = 16_384
"""Callers connected at once; beyond it new ones wait until the silent are closed. A thousand, the
server's default, is what one caller with a loop can hold open for ever."""

GRACE = 3.0
"""Seconds for which requests under way may go on once the service has been told to stop."""


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
    from moneyer.logging import configure
    from moneyer.sandbox.seed import SandboxFolder
    from moneyer.sandbox.welcome import welcome
    from moneyer.settings import read_settings

    port = port or _free_port(host)
    base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    configure("warning")
    folder = SandboxFolder(data)
    data.mkdir(parents=True, exist_ok=True)
    # Before anything is cleared: another sandbox may be serving from this folder.
    with _alone_on(folder.database):
        _require_free_port(host, port)
        if fresh:
            folder.clear()
        card = folder.prepare(base_url)
    settings = sandbox_settings(read_settings(None), data, base_url)
    server = msgspec.structs.replace(
        settings.server, host=host, port=port, require_transaction_id=strict
    )
    run(
        msgspec.structs.replace(settings, server=server),
        ready=lambda: welcome(console, card, str(data), strict=strict),
    )


def serve(
    settings: SettingsOption = None,
    workers: Annotated[int, typer.Option(min=1, help="Serving processes.")] = 1,
) -> None:
    """Serve, with settings from a file and the environment."""
    from moneyer.logging import configure
    from moneyer.store.engine import opened
    from moneyer.store.postgresql.server import require_confined
    from moneyer.store.upgrade import require_current

    chosen = settings_for_serving(settings)
    if workers > 1:
        raise Complaint(
            f"--workers {workers}: start `moneyer serve` once for each process, each with a "
            "server.port and a store.node of its own"
            if chosen.store.postgresql
            else f"--workers {workers}: one process at a time may serve from SQLite, where a second "
            "writer makes both wait for half a second"
        )
    configure(chosen.log.level)
    chosen.master_key()
    database = chosen.database
    require_file(database)
    with opened(database) as engine:
        require_current(engine)
        require_confined(engine)
    if isinstance(database, Path):
        with _alone_on(database):
            pass
    run(chosen, ready=lambda: typer.echo(f"serving {chosen.base_url}", err=True))


def migrate(
    settings: SettingsOption = None,
    to: Annotated[str | None, typer.Option(help="Another revision, earlier or later.")] = None,
) -> None:
    """Create the database, or bring its schema to this version, beside servers at work."""
    from moneyer.store.engine import opened
    from moneyer.store.upgrade import move_to, upgrade

    database = settings_for_serving(settings).database_to_migrate
    if isinstance(database, Path):
        database.parent.mkdir(parents=True, exist_ok=True)
        if not database.exists():
            os.close(os.open(database, os.O_CREAT | os.O_RDWR, 0o600))
    with opened(database) as engine:
        upgrade(engine) if to is None else move_to(engine, to)
    typer.echo(f"{database} is ready")


@contextmanager
def _alone_on(database: Path) -> Iterator[None]:
    """Holds the lock of the one process that may serve from `database`. Raises AlreadyServing."""
    from moneyer.store.sqlite.connection import ServingLock

    lock = ServingLock(database)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def run(settings: "Settings", ready: Callable[[], None]) -> None:
    """Serves until SIGINT or SIGTERM; calls `ready` when the first request would be answered."""
    import uvloop

    _require_free_port(settings.server.host, settings.server.port)
    _require_usable_certificate(settings)
    uvloop.run(_serve(settings, ready))


async def _serve(settings: "Settings", ready: Callable[[], None]) -> None:
    from moneyer.app import running
    from moneyer.endpoints.asgi import AsgiApp
    from moneyer.protocol.clock import SystemClock

    # Opened here and not in the server's lifespan: what hinders the start is then said in words, and
    # the store is closed in good order however the server ends.
    async with running(settings, SystemClock()) as router:
        app = AsgiApp(lambda: nullcontext(router), settings.trusted_proxies())
        await _serve_app(app, settings, ready)


async def _serve_app(app: object, settings: "Settings", ready: Callable[[], None]) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    server = settings.server
    tls = bool(server.tls_certificate)
    granian = Server(
        app,
        address=server.host,
        port=server.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT, max_buffer_size=65536),
        websockets=False,
        backlog=1024,
        backpressure=_room_for_connections(),
        log_enabled=False,
        ssl_cert=Path(server.tls_certificate) if tls else None,
        ssl_key=Path(server.tls_key) if tls else None,
    )
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    serving = asyncio.create_task(granian.serve())
    waiting = asyncio.create_task(_until_live(settings))
    stopping = asyncio.create_task(told.wait())
    await asyncio.wait({serving, waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done() and not serving.done():
        waiting.result()
        ready()
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    stopping.cancel()
    if not serving.done():
        granian.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({serving}, timeout=GRACE)
        # Whoever is cut off now, in the middle of a request, has nothing to say that matters.
        loop.set_exception_handler(lambda _loop, _context: None)
        serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    if not told.is_set():
        raise Complaint("the server ended without being told to")


def _room_for_connections() -> int:
    """How many connections there are file descriptors for, after asking for as many as are allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + 256
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MAX_CONNECTIONS, max(64, soft - 256))


async def _until_live(settings: "Settings") -> None:
    """Returns when the service answers. The certificate is our own, so it is not judged here."""
    import httpx

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
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise Complaint(f"cannot listen on {host}: {error.strerror}") from None
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


def _require_usable_certificate(settings: "Settings") -> None:
    """Raises Complaint unless TLS is off, or certificate and key can be read and belong together."""
    certificate, key = settings.server.tls_certificate, settings.server.tls_key
    if not certificate:
        return
    for name, file in (("tls_certificate", certificate), ("tls_key", key)):
        try:
            Path(file).read_bytes()
        except OSError as error:
            raise Complaint(f"server.{name}: {file}: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise Complaint(
            f"server.tls_certificate, server.tls_key: not a certificate and its key ({error.reason})"
        ) from None
