"""One serving process: the socket, TLS, and the way from the start to an end in good order."""

import asyncio
import os
import resource
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from moneyer.cli.context import Complaint

if TYPE_CHECKING:
    from moneyer.endpoints.http import Answer, Request
    from moneyer.endpoints.router import Guest, Router
    from moneyer.settings import Settings

MAX_CONNECTIONS = 16_384
"""Callers connected at once. A thousand is what one caller with a loop can hold open for ever."""

BACKLOG = 1024
"""Callers that wait for their connection to be taken."""

HANDSHAKE = 10.0
"""Seconds in which TLS has to be agreed on."""

GRACE = 3.0
"""Seconds for which requests under way may go on once the service has been told to stop."""

LEAVING = 3.0
"""Seconds in which callers learn that a process is about to go whose place another has taken."""


Guests = Callable[[], AbstractAsyncContextManager["Guest | None"]]
"""Opens what is served besides the service, for as long as it serves."""


class Answering(Protocol):
    """Who answers: the router, or what stands in front of it."""

    async def handle(self, request: "Request") -> "Answer": ...
    def hold_nobody(self) -> None: ...


Wrap = Callable[["Router"], Answering]
"""Puts something in front of the router."""


class Place(NamedTuple):
    """What a worker has from the process that started it, besides the socket: the descriptors of a pipe
    to say on that it serves, and of one whose end tells it to leave."""

    ready: int
    alive: int

    def say_ready(self) -> None:
        os.write(self.ready, b".")
        os.close(self.ready)


@asynccontextmanager
async def nobody() -> "AsyncIterator[Guest | None]":
    """A service without guests."""
    yield None


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to `host` and `port`, where 0 is any port that is free. Raises Complaint."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        where = f"{host} port {port}" if port else host
        raise Complaint(f"cannot listen on {where}: {error.strerror}") from None
    return listening


def run(
    settings: "Settings",
    listening: socket.socket,
    ready: Callable[[], None],
    place: Place | None = None,
    guests: "Guests | None" = None,
    wrap: "Wrap | None" = None,
) -> None:
    """Serves until SIGINT or SIGTERM, or until a worker's place is taken from it.

    Calls `ready` when the first request would be answered; `guests` opens what else is served under
    this address; `wrap` is the sandbox's, to play faults to order. Raises Complaint, and what
    `moneyer.app.running` raises.
    """
    import uvloop

    context = tls_context(settings)
    uvloop.run(_serve(settings, listening, context, ready, place, guests or nobody, wrap))


async def _serve(
    settings: "Settings",
    listening: socket.socket,
    context: ssl.SSLContext | None,
    ready: Callable[[], None],
    place: Place | None,
    guests: "Guests",
    wrap: "Wrap | None",
) -> None:
    from moneyer.app import cancelled, running
    from moneyer.endpoints.caller import Callers
    from moneyer.endpoints.http1.limits import Limits
    from moneyer.endpoints.http1.server import Http1Server

    loop, told, is_replaced = asyncio.get_running_loop(), asyncio.Event(), False

    def leave(alive: int) -> None:
        nonlocal is_replaced
        is_replaced = True
        loop.remove_reader(alive)
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    if place:
        loop.add_reader(place.alive, leave, place.alive)
    # What hinders the start is said in words before anyone is listened to, and the store is closed in
    # good order however the server ends.
    async with guests() as guest, running(settings, guest=guest) as router:
        front: Answering = wrap(router) if wrap else router
        server = Http1Server(
            front.handle,
            Callers(settings.trusted_proxies()),
            Limits(connections=_room_for_connections()),
        )
        doors = await loop.create_server(
            server.connection,
            sock=listening,
            backlog=BACKLOG,
            ssl=context,
            ssl_handshake_timeout=HANDSHAKE if context else None,
        )
        keeping_time = asyncio.create_task(server.run())
        ready()
        await told.wait()
        front.hold_nobody()
        if is_replaced:
            doors.close()
            await server.drain(LEAVING, GRACE)
        else:
            # The doors stay open meanwhile: a load balancer is to see that this is no place to go.
            server.draining = True
            router.look_elsewhere()
            told.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(settings.server.drain):
                    await told.wait()
            doors.close()
            await server.drain(0, GRACE)
        await cancelled(keeping_time)


def _room_for_connections() -> int:
    """How many connections there are file descriptors for, after asking for as many as are allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + 256
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MAX_CONNECTIONS, max(64, soft - 256))


def tls_context(settings: "Settings") -> ssl.SSLContext | None:
    """What TLS is served with, from version 1.2 on (RFC 9325 section 3.1.1); None where it is off.

    Raises Complaint unless certificate and key can be read and belong together.
    """
    certificate, key = settings.server.tls_certificate, settings.server.tls_key
    if not certificate:
        return None
    for name, file in (("tls_certificate", certificate), ("tls_key", key)):
        try:
            Path(file).read_bytes()
        except OSError as error:
            raise Complaint(f"server.{name}: {file}: {error.strerror}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise Complaint(
            f"server.tls_certificate, server.tls_key: not a certificate and its key ({error.reason})"
        ) from None
    return context
