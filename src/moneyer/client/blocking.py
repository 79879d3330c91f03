"""The client for threads."""

import secrets
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from typing import Self

import httpx

from moneyer.client.cache import Cache
from moneyer.client.conversation import Conversation, run
from moneyer.client.errors import ClientError
from moneyer.client.grants import Grant
from moneyer.client.renewal import Freshness
from moneyer.client.sending import NAME, send
from moneyer.client.settings import Settings
from moneyer.client.stores import MemoryStore, TokenStore
from moneyer.client.tokens import Tokens
from moneyer.client.wire import Answer, Request
from moneyer.protocol.clock import Clock, SystemClock


class TokenClient:
    """Tokens of one sign-in, for as many threads as like.

    `credentials` is asked when somebody has to sign in, and gives the grant to do it with; without it
    `sign_in` is called. `store` keeps the refresh token, in memory unless said otherwise. `http` is
    closed by whoever opened it.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Callable[[], Grant] | None = None,
        *,
        store: TokenStore | None = None,
        http: httpx.Client | None = None,
        clock: Clock | None = None,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self.settings = settings
        self._http = http or httpx.Client(headers=NAME)
        self._closes_http = http is None
        port = _Port(settings, credentials, store or MemoryStore(), self._http)
        self._clock = clock or SystemClock()
        self._chance = chance or secrets.SystemRandom().random
        self._conversation = Conversation(settings, port, self._clock, self._chance)
        self._cache = Cache(settings.margin, settings.retry)
        self._lock = threading.Lock()
        self._flight: Future[Tokens] | None = None

    def __repr__(self) -> str:
        return f"TokenClient({self.settings!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Waits for a renewal under way, whose answer must not be lost, and closes the connections."""
        self._await_landing()
        if self._closes_http:
            self._http.close()

    def token(self) -> Tokens:
        """Tokens to use now.

        Those that are due are renewed by one caller, with one attempt, while others go on with them;
        when that fails, they serve until they expire. Where there are none, all wait for one request,
        and its failure is theirs. Raises TokenRefused and SignInNeeded, ServiceUnavailable,
        ProtocolError, StoreFailed, and whatever `credentials` raises.
        """
        while True:
            with self._lock:
                tokens, freshness = self._cache.look(self._clock.now())
                is_due = tokens is not None and freshness is Freshness.DUE
                if tokens is not None and not (is_due and self._flight is None):
                    return tokens
                flight, is_mine = self._flight or Future(), self._flight is None
                self._flight = flight
            try:
                if is_mine:
                    retry = self.settings.retry.once() if is_due else self.settings.retry
                    self._fly(flight, self._conversation.renew(retry))
                return flight.result()
            except CancelledError:
                continue  # its thread was interrupted; another takes over
            except ClientError:
                with self._lock:
                    present = self._cache.usable(self._clock.now())
                if present is None:
                    raise
                return present

    def renew(self, refused: Tokens) -> Tokens:
        """Other tokens than `refused`, which an API did not accept; no request when others have renewed
        them already. Raises as `token` does."""
        with self._lock:
            self._cache.spoil(refused)
        return self.token()

    def sign_in(self, grant: Grant) -> Tokens:
        """Tokens for `grant`, in the place of those that were there. Raises as `token` does."""
        while True:
            with self._lock:
                if self._flight is None:
                    flight = self._flight = Future()
                    break
            self._await_landing()
        self._fly(flight, self._conversation.sign_in(grant, self.settings.retry))
        return flight.result()

    def revoke(self) -> None:
        """Signs out: ends the refresh token with all that came of it, or else the access token.

        Where this raises (as `token` does) nothing is forgotten, so that it can be tried again.
        """
        self._await_landing()
        with self._lock:
            present = self._cache.usable(self._clock.now())
        run(self._conversation.revoke(present.access_token if present else None))
        with self._lock:
            self._cache.empty()

    def _fly(self, flight: Future[Tokens], steps: Coroutine[object, None, Tokens]) -> None:
        """Takes the steps and tells everybody aboard. What interrupts this thread alone is raised here,
        and leaves the flight to the others."""
        try:
            tokens = run(steps)
        except Exception as failure:
            with self._lock:
                self._flight = None
                self._cache.note(failure, self._clock.now())
            flight.set_exception(failure)
        except BaseException:
            with self._lock:
                self._flight = None
            flight.cancel()
            raise
        else:
            with self._lock:
                self._flight = None
                self._cache.put(tokens, self._chance())
            flight.set_result(tokens)

    def _await_landing(self) -> None:
        with self._lock:
            flight = self._flight
        if flight is not None:
            wait([flight])


class _Port:
    """The world of threads: nothing here suspends."""

    def __init__(
        self,
        settings: Settings,
        credentials: Callable[[], Grant] | None,
        store: TokenStore,
        http: httpx.Client,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._store = store
        self._http = http

    async def send(self, request: Request) -> Answer:
        return send(self._http, request, self._settings.timeouts)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - the thread's own time

    async def load(self) -> str | None:
        return self._store.load()

    async def save(self, refresh_token: str | None) -> None:
        if refresh_token is None:
            self._store.clear()
        else:
            self._store.save(refresh_token)

    async def ask(self) -> Grant | None:
        return None if self._credentials is None else self._credentials()
