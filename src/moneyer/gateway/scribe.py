"""Writing down what is to be remembered, without anybody's waiting for anybody else's work."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from moneyer.gateway.knowledge import Answer, Everything, KeySet
from moneyer.gateway.memory import Memory, Record

P = ParamSpec("P")
T = TypeVar("T")


class Scribe:
    """Does what a memory has to do, one thing after another, in a thread of its own.

    Not in the event loop's threads: a revocation holds once it is written down, and the service that is
    guarded may fill those with slow work. What has begun is finished, whoever gives up waiting for it.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="moneyer-memory")
        self._turn = asyncio.Lock()

    async def load(self) -> list[Record]:
        """What was remembered, in order."""
        return await self._do(self._memory.load)

    async def add(self, record: Answer | KeySet) -> bool:
        """False where it is time to write down all anew."""
        async with self._turn:
            return await self._do(self._memory.add, record)

    async def begin(self, everything: Callable[[], Everything]) -> None:
        """Writes down all anew, as it is when its turn has come."""
        async with self._turn:
            await self._do(self._memory.begin, everything())

    def close(self) -> None:
        """Returns when all is written, and another may write."""
        self._thread.shutdown()
        self._memory.close()

    async def _do(self, step: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        work = self._thread.submit(step, *arguments, **named)
        return await asyncio.wrap_future(work)
