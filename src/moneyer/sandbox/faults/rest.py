"""Waiting that holds up nobody else."""

import asyncio
from typing import Any

from moneyer.endpoints.http1.connection import CALLER


class Rest:
    """Where requests wait that were ordered to be slow."""

    def __init__(self) -> None:
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Lets everybody go who waits; nobody waits any more."""
        self._ending.set()

    async def wait(self, milliseconds: int) -> None:
        """Returns when the time has passed, the caller has gone, or the server stops."""
        caller = CALLER.get(None)
        until: list[asyncio.Task[Any]] = [asyncio.create_task(self._ending.wait())]
        if caller is not None:
            until.append(asyncio.create_task(caller.gone()))
        try:
            await asyncio.wait(until, timeout=milliseconds / 1000, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in until:
                task.cancel()
