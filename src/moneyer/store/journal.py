"""The journal: every write of the hot path, gathered into groups and committed durably.

While one group is being committed the next gathers. Nobody is answered before the commit that holds
their decision; a commit that fails, or of which it is not known whether it happened, answers
StoreUnavailable to all in it.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeVar

from moneyer.protocol.failures import Overloaded, StoreUnavailable
from moneyer.store.rows import Operation

T = TypeVar("T")

MAX_GROUP = 256
MAX_WAITING = 4096

LINGER = 0.001
"""Seconds that a group smaller than the last one waits for more: under load a commit costs as much for
twenty as for two, and whoever comes alone never waits."""


class GroupRejected(Exception):
    """The store refused a statement of the group; nothing of the group was written."""


class Ledger(Protocol):
    """A store that can commit a group of operations as one durable transaction.

    Gives one value for each operation: what it decided, or the exception it raised. Raises
    GroupRejected when a statement was refused and nothing was written; StoreUnavailable when the
    commit failed or its fate is unknown.
    """

    async def commit(self, operations: Sequence[Operation[object]]) -> list[object]: ...


class Journal:
    """The one way to write on the hot path. Belongs to one event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: list[tuple[Operation[object], asyncio.Future[object]]] = []
        self._drain: asyncio.Task[None] | None = None

    async def perform(self, operation: Operation[T]) -> T:
        """What `operation` decided, once that is durable.

        Raises the Failure it decided on; StoreUnavailable when the commit failed or stayed unknown;
        Overloaded when too much is waiting. The caller may go away: the operation is done all the
        same.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise Overloaded("journal-full")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._waiting.append((operation, future))
        if self._drain is None:
            self._drain = loop.create_task(self._commit_groups())
        return await future  # type: ignore[return-value]

    async def close(self) -> None:
        """Waits until everything that was taken is committed."""
        while self._drain is not None:
            await asyncio.shield(self._drain)

    async def _commit_groups(self) -> None:
        last = 0
        try:
            while self._waiting:
                if len(self._waiting) < last:
                    await asyncio.sleep(LINGER)
                last = len(self._waiting)
                group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
                await self._commit(group)
        finally:
            self._drain = None

    async def _commit(self, group: list[tuple[Operation[object], asyncio.Future[object]]]) -> None:
        try:
            outcomes = await self._ledger.commit([operation for operation, _ in group])
        except GroupRejected as rejected:
            if len(group) > 1:
                # One of them is at fault: each gets its own transaction, so that only that one fails.
                for member in group:
                    await self._commit([member])
                return
            outcomes = [rejected]
        except StoreUnavailable as unavailable:
            outcomes = [StoreUnavailable(unavailable.reason) for _ in group]
        except Exception as error:
            outcomes = [error for _ in group]
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, StopIteration):
                # A future refuses this one, and the rest of the group would never be answered.
                future.set_exception(RuntimeError("StopIteration"))
            elif isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
