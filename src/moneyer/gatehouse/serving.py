"""`moneyer gateway` at work: from the start to an end in good order."""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

from moneyer.endpoints.http1.server import Http1Server
from moneyer.gatehouse.front import Front
from moneyer.gatehouse.settings import GatewaySettings
from moneyer.gateway.build import following
from moneyer.gateway.door import Door

BACKLOG = 1024
GRACE = 3.0
"""Seconds for which answers under way may take once the process has been told to stop."""


async def serve(settings: GatewaySettings, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Answers proxies until SIGINT or SIGTERM. Raises BadSettings before anyone is answered."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    routes, trusted, gateway = settings.table(), settings.trusted(), settings.gateway
    async with following(settings.guard()) as (guard, follower):
        front = Front(
            Door(guard, routes),
            trusted,
            lambda: follower.is_ready,
            base_url=gateway.base_url,
            certificate_header=gateway.certificate_header,
        )
        server = Http1Server(front.handle)
        doors = await loop.create_server(server.connection, sock=listening, backlog=BACKLOG)
        keeping_time = asyncio.create_task(server.run())
        ready()
        await told.wait()
        # The doors stay open meanwhile: a load balancer is to see that this is no place to go.
        front.is_draining = server.draining = True
        told.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(gateway.drain):
                await told.wait()
        doors.close()
        await server.drain(0, GRACE)
        keeping_time.cancel()
        with suppress(asyncio.CancelledError):
            await keeping_time
