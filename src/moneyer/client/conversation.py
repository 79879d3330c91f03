"""What is said to the token service, in which order: written once, for threads and for tasks.

The steps are coroutines over a port. `blocking` drives them with a port that never suspends, so that
they run to their end at once; `asynchronous` awaits them.
"""

import itertools
from collections.abc import Callable, Coroutine
from typing import Protocol, TypeVar

from moneyer.client.answers import read_tokens, require_success
from moneyer.client.errors import ProtocolError, ServiceUnavailable, SignInNeeded
from moneyer.client.grants import Grant, Password, RefreshToken
from moneyer.client.retrying import Retry, wait_before_next
from moneyer.client.settings import Settings
from moneyer.client.tokens import Tokens
from moneyer.client.wire import Answer, Request, revocation_request, token_request
from moneyer.protocol.clock import Clock

T = TypeVar("T")


class Port(Protocol):
    """The world outside."""

    async def send(self, request: Request) -> Answer:
        """Sends once, follows nothing. Raises Unreachable, and ProtocolError for too long an answer."""

    async def sleep(self, seconds: float) -> None: ...

    async def load(self) -> str | None:
        """The refresh token in the store. Raises StoreFailed, as `save` does."""

    async def save(self, refresh_token: str | None) -> None:
        """None clears the store."""

    async def ask(self) -> Grant | None:
        """What the application signs in with; None where it gave no credentials."""


class Conversation:
    """One application's side. `chance` draws from 0 to 1."""

    def __init__(
        self, settings: Settings, port: Port, clock: Clock, chance: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._port = port
        self._clock = clock
        self._chance = chance
        self._refused: Password | None = None

    async def renew(self, retry: Retry) -> Tokens:
        """Tokens from the refresh token in the store; without one, or when it opens nothing any more,
        from the credentials that the application gives.

        A refresh token that was refused is dropped, unless another process has renewed it meanwhile:
        then it goes on with that one. Raises TokenRefused, ServiceUnavailable, ProtocolError,
        StoreFailed; SignInNeeded where there are no credentials, or a password that was refused before:
        sent again and again, it would lock the customer out.
        """
        refusal, presented = SignInNeeded(), None
        for _ in range(2):
            stored = await self._port.load()
            if stored is None or stored == presented:
                break
            presented = stored
            try:
                return await self._exchange(RefreshToken(stored), retry, stored=stored)
            except SignInNeeded as failure:
                refusal = failure
        if presented is not None:
            await self._port.save(None)
        grant = await self._port.ask()
        if grant is None or grant == self._refused:
            raise refusal
        return await self.sign_in(grant, retry)

    async def sign_in(self, grant: Grant, retry: Retry) -> Tokens:
        """Tokens for `grant`; whoever was signed in before is forgotten. Raises as `renew` does."""
        try:
            tokens = await self._exchange(grant, retry)
        except SignInNeeded:
            if isinstance(grant, Password):
                self._refused = grant
            raise
        self._refused = None
        return tokens

    async def revoke(self, access_token: str | None) -> None:
        """Ends the refresh token and all that came of it; without one, the access token.

        What is kept here is dropped only when the service has confirmed. Raises as `renew` does.
        """
        token = await self._port.load() or access_token
        if token is not None:
            await self._surely(
                lambda: revocation_request(self._settings, token),
                require_success,
                self._settings.retry,
                single_use=False,
            )
        await self._port.save(None)

    async def _exchange(self, grant: Grant, retry: Retry, stored: str | None = None) -> Tokens:
        """The tokens for `grant`. A refresh token among them is kept before anybody uses it.

        Where `stored` was presented and something else is kept by now, another process has gone on from
        it while this one slept: what it kept is newer, and ours in its place would be a replay.
        """
        asked = self._settings.scopes if grant.takes_scopes else ()

        def read(answer: Answer, request: Request, asked_at: int) -> Tokens:
            return read_tokens(answer, request, asked_at, asked)

        tokens = await self._surely(
            lambda: token_request(self._settings, grant), read, retry, single_use=grant.single_use
        )
        presented = grant.refresh_token if isinstance(grant, RefreshToken) else None
        kept = tokens.refresh_token or presented
        present = await self._port.load()
        is_overtaken = stored is not None and present not in (None, stored)
        if kept is None or (kept != present and not is_overtaken):
            await self._port.save(kept)
        return tokens

    async def _surely(
        self,
        build: Callable[[], Request],
        read: Callable[[Answer, Request, int], T],
        retry: Retry,
        *,
        single_use: bool,
    ) -> T:
        """What `read` makes of the answer; sent again, with the same token, as far as that may be."""
        for attempt in itertools.count(1):
            request, asked_at = build(), self._clock.now()
            try:
                return read(await self._port.send(request), request, asked_at)
            except (ServiceUnavailable, ProtocolError) as failure:
                wait = wait_before_next(failure, attempt, retry, self._chance(), single_use=single_use)
            await self._port.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


def run(steps: Coroutine[object, None, T]) -> T:
    """The result of a coroutine whose port never suspends."""
    try:
        steps.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise AssertionError("a port for threads has suspended")
