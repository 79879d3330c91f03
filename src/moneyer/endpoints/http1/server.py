"""All connections of one process: their deadlines, their number, their end."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from email.utils import formatdate

from moneyer.endpoints.caller import Callers
from moneyer.endpoints.http import Answer, Request
from moneyer.endpoints.http1.connection import Connection
from moneyer.endpoints.http1.limits import Limits, Stage

TICK = 1.0
"""Seconds between two looks at the deadlines: the grain of every time limit."""


class Http1Server:
    """Hands each request to `handle` and sends its answer.

    Use `connection` as the protocol factory of `loop.create_server`, and `run` beside it. `handle`
    goes on to its end even where the caller has gone.
    """

    def __init__(
        self,
        handle: Callable[[Request], Awaitable[Answer]],
        callers: Callers | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.handle = handle
        self.callers = callers or Callers()
        self.limits = limits or Limits()
        self.seconds: dict[Stage, float] = {
            "idle": self.limits.idle,
            "head": self.limits.head,
            "body": self.limits.body,
        }
        self.loop = asyncio.get_running_loop()
        self.draining = False
        # A connection waits for its caller or works for it. The longest-waiting comes first.
        self._waiting: OrderedDict[Connection, None] = OrderedDict()
        self._working: dict[Connection, asyncio.Task[None]] = {}
        self._tick()

    def connection(self) -> Connection:
        """A new connection (a protocol factory)."""
        return Connection(self)

    async def run(self) -> None:
        """Keeps the time and ends what is overdue, until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            self._tick()
            for connection in [*self._waiting, *self._working]:
                if connection.deadline < self.now:
                    connection.overdue()

    async def drain(self, patience: float, grace: float) -> None:
        """Lets every caller go in good order; returns when none is left.

        From now on each answer says `Connection: close`. A caller whose connection is idle has
        `patience` seconds to be told so; then idle connections are closed. What is under way may take
        `grace` seconds longer, and is cut off after that.
        """
        self.draining = True
        if not await self._are_gone(patience):
            for connection in list(self._waiting):
                if connection.is_idle:
                    connection.close()
            if not await self._are_gone(grace):
                for connection in [*self._waiting, *self._working]:
                    connection.abort()
                await self._are_gone(grace)

    async def _are_gone(self, seconds: float) -> bool:
        deadline = self.loop.time() + seconds
        while self._waiting or self._working:
            if self.loop.time() >= deadline:
                return False
            await asyncio.sleep(0.01)
        return True

    def _tick(self) -> None:
        self.now = self.loop.time()
        self.date = f"date: {formatdate(time.time(), usegmt=True)}\r\n".encode()

    # ----------------------------------------------------------------- from a connection

    def welcomes(self, connection: Connection) -> bool:
        """Takes a new connection, in the place of the longest-waiting one where there is no other.

        False where all are at work.
        """
        self._waiting[connection] = None
        if len(self._waiting) + len(self._working) <= self.limits.connections:
            return True
        longest = next(iter(self._waiting))
        if longest is connection:
            return False
        longest.abort()
        self.forget(longest)
        return True

    def begins(self, connection: Connection, task: asyncio.Task[None]) -> None:
        """A connection has something to answer."""
        self._waiting.pop(connection, None)
        self._working[connection] = task

    def finished(self, connection: Connection) -> None:
        """A connection has answered everything."""
        del self._working[connection]
        if not connection.is_lost:
            self._waiting[connection] = None

    def forget(self, connection: Connection) -> None:
        """A connection has ended; what it works on goes on."""
        self._waiting.pop(connection, None)
