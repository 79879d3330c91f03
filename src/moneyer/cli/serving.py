"""`moneyer sandbox`, `moneyer serve`, `moneyer migrate`."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
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
from moneyer.cli.server import Place, listen, run, tls_context
from moneyer.cli.supervisor import NotReady, Supervisor, worker_command

if TYPE_CHECKING:
    from moneyer.settings import Settings


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
    from moneyer.sandbox.faults.front import Faults
    from moneyer.sandbox.guests import guests_of
    from moneyer.sandbox.seed import SandboxFolder
    from moneyer.sandbox.welcome import welcome
    from moneyer.settings import read_settings

    configure("warning")
    folder = SandboxFolder(data)
    data.mkdir(parents=True, exist_ok=True)
    # Before anything is cleared: another sandbox may be serving from this folder.
    with _alone_on(folder.database):
        listening = listen(host, port)
        port = listening.getsockname()[1]
        base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        if fresh:
            folder.clear()
        card = folder.prepare(base_url)
    settings = sandbox_settings(read_settings(None), data, base_url)
    server = msgspec.structs.replace(
        settings.server, host=host, port=port, require_transaction_id=strict
    )
    run(
        msgspec.structs.replace(settings, server=server),
        listening,
        ready=lambda: welcome(console, card, str(data), strict=strict),
        guests=partial(guests_of, card, folder, strict=strict),
        wrap=partial(Faults, folder=data),
    )


def serve(
    settings: SettingsOption = None,
    workers: Annotated[int, typer.Option(min=1, help="Serving processes.")] = 1,
) -> None:
    """Serve, with settings from a file and the environment; SIGHUP replaces workers one by one."""
    from moneyer.logging import configure

    chosen = settings_for_serving(settings)
    if workers > 1 and not chosen.store.postgresql:
        raise Complaint(
            f"--workers {workers}: one process at a time may serve from SQLite, where a second "
            "writer makes both wait for half a second"
        )
    configure(chosen.log.level)
    _require_usable(chosen)
    listening = listen(chosen.server.host, chosen.server.port)
    if workers == 1:
        run(chosen, listening, lambda: _say_serving(chosen))
        return
    tls_context(chosen)
    command = worker_command(str(settings) if settings else None)

    async def supervise() -> None:
        await Supervisor(command, listening, workers, chosen.server.drain).run(
            lambda: _say_serving(chosen)
        )

    try:
        asyncio.run(supervise())
    except NotReady as error:
        raise typer.Exit(error.status or 1) from None


def worker(
    number: Annotated[int, typer.Option(help="Its place among the workers.")],
    listening: Annotated[int, typer.Option(help="The descriptor of the listening socket.")],
    ready: Annotated[int, typer.Option(help="The descriptor to say on that it serves.")],
    alive: Annotated[int, typer.Option(help="The descriptor that ends when it has to leave.")],
    settings: SettingsOption = None,
) -> None:
    """Serve in a place that `serve --workers` has made; not for the command line."""
    from moneyer.logging import configure

    chosen = settings_for_serving(settings)
    configure(chosen.log.level)
    store = msgspec.structs.replace(chosen.store, node=f"{chosen.store.node}.{number}")
    place = Place(ready, alive)
    run(
        msgspec.structs.replace(chosen, store=store),
        socket.socket(fileno=listening),
        place.say_ready,
        place,
    )


def _say_serving(settings: "Settings") -> None:
    typer.echo(f"serving {settings.base_url}", err=True)


def _require_usable(settings: "Settings") -> None:
    """What hinders the start, before anyone is told to wait. Raises Complaint, and the store's own."""
    from moneyer.store.engine import opened
    from moneyer.store.postgresql.server import require_confined
    from moneyer.store.upgrade import require_current

    settings.master_key()
    database = settings.database
    require_file(database)
    with opened(database) as engine:
        require_current(engine)
        require_confined(engine)
    if isinstance(database, Path):
        with _alone_on(database):
            pass


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
