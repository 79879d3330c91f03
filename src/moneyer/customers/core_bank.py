"""The password check at the bank's own core, over HTTPS.

The call: `POST {url}` with JSON `{"institution_id", "login_id", "password"}` and, where one is set, a
bearer token. The answer: 200 with `{"verified": true | false}`. Everything else, and silence, means
that the check was not made: the customer is told to try again, never that the password was wrong.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import httpx
import msgspec

from moneyer.customers.customer import Customer
from moneyer.customers.verifiers import Verified
from moneyer.protocol.failures import BadCustomer, CoreBankUnavailable, Overloaded

MAX_ANSWER_BYTES = 4096


class CoreBank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an institution's core answers, and how long it is waited for."""

    url: str
    bearer_token: str = ""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 2.0
    concurrency: Annotated[int, msgspec.Meta(ge=1)] = 32

    def __repr__(self) -> str:
        return f"CoreBank(url={self.url!r})"


class _Answer(msgspec.Struct):
    verified: bool


class CircuitBreaker:
    """After five failures in a row, nothing is sent for ten seconds; then one call tries again.

    `monotonic` gives seconds from any origin.
    """

    FAILURES = 5
    REST = 10.0

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures = 0
        self._closed_until = 0.0

    def enter(self) -> None:
        """Raises CoreBankUnavailable while the circuit is open."""
        if self._failures < self.FAILURES:
            return
        left = self._closed_until - self._monotonic()
        if left > 0:
            raise CoreBankUnavailable("core-bank-circuit-open", retry_after=int(left) + 1)
        self._closed_until = self._monotonic() + self.REST

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        self._closed_until = self._monotonic() + self.REST


class CoreBankVerifier:
    """Asks one institution's core. Close it when the service stops."""

    def __init__(self, core: CoreBank, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._core = core
        self._breaker = CircuitBreaker()
        self._free = core.concurrency
        headers = {"Accept-Encoding": "identity"}
        if core.bearer_token:
            headers["Authorization"] = f"Bearer {core.bearer_token}"
        self._client = httpx.AsyncClient(
            timeout=core.timeout,
            headers=headers,
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    @contextmanager
    def place(self) -> Iterator[None]:
        """Room for one call. Raises Overloaded when as many as allowed are under way."""
        if self._free == 0:
            raise Overloaded("core-bank-busy")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def refuse(self, password: str) -> NoReturn:
        """Raises BadCustomer at once: the core is not asked about a login that is locked here."""
        raise BadCustomer("login-locked")

    async def verify(
        self, institution_id: str, login_id: str, customer: Customer | None, password: str
    ) -> Verified:
        # Logins are found here whatever their case; the core may know another person by another case.
        asked_about = customer.login_id if customer else login_id
        self._breaker.enter()
        try:
            async with asyncio.timeout(self._core.timeout):
                verified = await self._ask(institution_id, asked_about, password)
        except (httpx.HTTPError, msgspec.MsgspecError, RecursionError, TimeoutError):
            self._breaker.failed()
            raise CoreBankUnavailable("core-bank-failed") from None
        self._breaker.succeeded()
        if not verified:
            raise BadCustomer("password-wrong")
        if customer is None or customer.institution_id != institution_id:
            raise BadCustomer("customer-unknown")
        if customer.status != "active":
            raise BadCustomer("customer-disabled")
        return Verified(customer)

    async def _ask(self, institution_id: str, login_id: str, password: str) -> bool:
        question = {"institution_id": institution_id, "login_id": login_id, "password": password}
        answer = b""
        async with self._client.stream("POST", self._core.url, json=question) as response:
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > MAX_ANSWER_BYTES:
                    break
        if response.status_code != httpx.codes.OK or len(answer) > MAX_ANSWER_BYTES:
            raise httpx.HTTPError("the core bank gave no answer to the question")
        return msgspec.json.decode(answer, type=_Answer).verified

    async def close(self) -> None:
        await self._client.aclose()
