"""Reading the key sets of institutions, each no more than once a second."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx
import structlog

from moneyer.gateway.knowledge import KeySet

AGE = 600.0
"""Seconds after which a key set is read again."""
PAUSE = 1.0
"""Seconds between two readings of one key set, whatever callers send."""
PATIENCE = 2.0
"""Seconds for which a key set is waited for."""

log = structlog.get_logger()


class KeySets:
    """Belongs to one event loop. `take` is given what was read, and raises ValueError for nonsense."""

    def __init__(self, http: httpx.AsyncClient, take: Callable[[KeySet], Awaitable[None]]) -> None:
        self._http = http
        self._take = take
        self._read_at: dict[str, float] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._beside: asyncio.Task[None] | None = None

    async def read(self, institution_id: str) -> None:
        """Returns when the key set was read, at once where that was done a moment ago.

        Of those who ask at the same time one reads, and all have the answer; who gives up waiting ends
        nothing; whatever goes wrong is logged.
        """
        reading = self._reading.get(institution_id)
        if reading is None:
            if self._age(institution_id) < PAUSE:
                return
            reading = asyncio.create_task(self._read(institution_id))
            self._reading[institution_id] = reading
            reading.add_done_callback(lambda _: self._reading.pop(institution_id))
        await asyncio.wait({reading})

    def is_old(self, institution_id: str) -> bool:
        """Whether it is time to read it again."""
        return self._age(institution_id) >= AGE

    def read_beside(self, institutions: Sequence[str]) -> None:
        """Reads these one after another, while others go on: a thousand key sets take longer than a
        revocation may. Does nothing while it is at that already."""
        if institutions and (self._beside is None or self._beside.done()):
            self._beside = asyncio.create_task(self._read_all(institutions))

    async def close(self) -> None:
        """Reads no more."""
        at_work = [*self._reading.values(), *([self._beside] if self._beside else [])]
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)

    async def _read_all(self, institutions: Sequence[str]) -> None:
        for institution_id in institutions:
            await self.read(institution_id)

    async def _read(self, institution_id: str) -> None:
        try:
            answer = await self._http.get(f"/i/{institution_id}/oauth2/jwks", timeout=PATIENCE)
            answer.raise_for_status()
            await self._take(KeySet(institution_id, answer.text))
        except Exception as error:
            unexpected = not isinstance(error, httpx.HTTPError | ValueError)
            log.warning("key-set-unread", reason=reason_of(error), exc_info=unexpected)
        finally:
            self._read_at[institution_id] = asyncio.get_running_loop().time()

    def _age(self, institution_id: str) -> float:
        """Seconds since it was read."""
        read_at = self._read_at.get(institution_id, float("-inf"))
        return asyncio.get_running_loop().time() - read_at


def reason_of(error: Exception) -> str:
    """What to tell an operator: the status where there was an answer, else the kind of error."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return type(error).__name__
