"""A bulkhead for password hashing: few threads, at the lowest priority, behind a short queue.

One argon2id check costs as much processor time as hundreds of other requests. Measured: with one
thread a core at nice 19 and a queue of eight, a flood of password requests leaves the other grants'
p99 where it was, and every check that is accepted is answered in a fraction of a second.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from moneyer.protocol.failures import Overloaded

T = TypeVar("T")


def _lower_priority() -> None:
    """This thread yields to every other (on Linux, priority belongs to the thread)."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


class HashingPool:
    """Runs password checks. `threads` work at once, `queue` more may wait, the rest are refused."""

    def __init__(self, threads: int | None = None, queue: int = 8) -> None:
        self._threads = threads or os.cpu_count() or 1
        self._room = self._threads + queue
        self._executor = ThreadPoolExecutor(
            self._threads, thread_name_prefix="argon2", initializer=_lower_priority
        )

    @contextmanager
    def place(self) -> Iterator[None]:
        """Holds one place for a whole password check. Raises Overloaded at once when none is free."""
        if self._room == 0:
            raise Overloaded("password-queue-full")
        self._room -= 1
        try:
            yield
        finally:
            self._room += 1

    async def run(self, check: Callable[..., T], *arguments: object) -> T:
        """What `check(*arguments)` returns or raises, from one of the threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, check, *arguments)

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
