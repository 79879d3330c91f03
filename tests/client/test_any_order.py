"""The cache and the single flight under any order of what can happen, against a model."""

import asyncio
import itertools
from enum import Enum, auto
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.client import (
    AsyncTokenClient,
    ClientCredentials,
    Retry,
    ServiceUnavailable,
    Settings,
    TokenRefused,
    Tokens,
)
from moneyer.protocol.clock import SECOND
from tests.bank import TestClock

LIFETIME, MARGIN, REST = 600, 30, 5
"""Seconds; the margin is the settings' own, the rest that after an early renewal that failed."""


class Step(Enum):
    """What can happen next."""

    ASK = auto()
    LEAVE = auto()
    API_REFUSES = auto()
    API_REFUSES_AN_OLDER_ONE = auto()
    ANSWER = auto()
    FAIL = auto()
    REFUSE = auto()
    A_SECOND = auto()
    A_WHILE = auto()
    ALMOST_A_LIFETIME = auto()
    A_LIFETIME = auto()


PASSES = {
    Step.A_SECOND: 1,
    Step.A_WHILE: REST,
    Step.ALMOST_A_LIFETIME: LIFETIME - MARGIN,
    Step.A_LIFETIME: LIFETIME,
}


class Desk(httpx.AsyncBaseTransport):
    """A token service whose answers the test gives; two requests at once are a failure."""

    def __init__(self) -> None:
        self.waiting: asyncio.Future[httpx.Response] | None = None
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert self.waiting is None, "two requests at once"
        self.asked += 1
        self.waiting = asyncio.get_running_loop().create_future()
        return await self.waiting

    def answer(self, status: int, body: dict[str, Any]) -> None:
        assert self.waiting is not None
        self.waiting.set_result(httpx.Response(status, json=body))
        self.waiting = None


class Play:
    """A client, and what must be true of it: the newest token, how long it is good, who waits."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.desk = Desk()
        self.callers: list[asyncio.Task[Tokens]] = []
        self.number = 0
        self.newest: str | None = None
        self.expires_at = self.rest_until = self.asked_at = 0
        self.older: Tokens | None = None
        self.handed_out: Tokens | None = None
        self.client = AsyncTokenClient(
            Settings(
                base_url="https://bank.test",
                client_id="app",
                client_secret="secret",
                institution_id="00016",
                retry=Retry(attempts=1, longest_wait=REST),
            ),
            ClientCredentials,
            http=httpx.AsyncClient(transport=self.desk),
            clock=self.clock,
            chance=lambda: 0.0,
        )

    @property
    def is_good(self) -> bool:
        return self.newest is not None and self.clock.now() < self.expires_at

    @property
    def is_due(self) -> bool:
        now = self.clock.now()
        return now >= max(self.expires_at - MARGIN * SECOND, self.rest_until)

    async def step(self, step: Step) -> None:
        if step in PASSES:
            self.clock.advance(PASSES[step])
        elif step is Step.ASK:
            await self._ask(None)
        elif step is Step.API_REFUSES and self.handed_out is not None:
            if self.handed_out.access_token == self.newest:
                self.newest = None
            await self._ask(self.handed_out)
        elif step is Step.API_REFUSES_AN_OLDER_ONE and self.older is not None:
            await self._ask(self.older)
        elif step is Step.LEAVE and self.callers:
            leaver = self.callers.pop(0)
            leaver.cancel()
            await settled()
            assert leaver.cancelled()
            assert self.desk.waiting is not None, "it took the request with it"
        elif step in (Step.ANSWER, Step.FAIL, Step.REFUSE) and self.desk.waiting is not None:
            await self._answer(step)

    async def _ask(self, refused: Tokens | None) -> None:
        """Waits exactly where there is no good token, or where this is the one who renews early."""
        is_asking, asked = self.desk.waiting is not None, self.desk.asked
        expects_to_wait = not self.is_good or (self.is_due and not is_asking)
        steps = self.client.token() if refused is None else self.client.renew(refused)
        caller = asyncio.create_task(steps)
        await settled()
        assert caller.done() is not expects_to_wait
        assert self.desk.asked == asked + (expects_to_wait and not is_asking)
        if self.desk.asked > asked:
            self.asked_at = self.clock.now()
        if expects_to_wait:
            self.callers.append(caller)
        else:
            self._take(caller)

    async def _answer(self, step: Step) -> None:
        """Everybody who waits is told, and the same."""
        if step is Step.ANSWER:
            self.number += 1
            self.newest = f"t{self.number}"
            self.expires_at, self.rest_until = self.asked_at + LIFETIME * SECOND, 0
            body = {"access_token": self.newest, "token_type": "Bearer", "expires_in": LIFETIME}
            self.desk.answer(200, body)
        elif step is Step.FAIL:
            self.rest_until = self.clock.now() + REST * SECOND
            self.desk.answer(503, {})
        else:
            self.rest_until = self.expires_at
            self.desk.answer(400, {"error": "invalid_scope"})
        await settled()
        for caller in self.callers:
            if step is Step.ANSWER or self.is_good:
                self._take(caller)
            else:
                expected = ServiceUnavailable if step is Step.FAIL else TokenRefused
                assert type(caller.exception()) is expected
        self.callers.clear()

    def _take(self, caller: asyncio.Task[Tokens]) -> None:
        """The newest token there is, which nobody had refused by then."""
        got = caller.result()
        assert got.access_token == self.newest
        if got is not self.handed_out:
            self.older, self.handed_out = self.handed_out, got

    async def end(self) -> None:
        if self.desk.waiting is not None:
            self.desk.answer(503, {})
        await asyncio.gather(*self.callers, return_exceptions=True)
        await self.client.aclose()


async def settled() -> None:
    """Everything that can happen has happened: nothing here waits for a thread or a socket."""
    for _ in range(60):
        await asyncio.sleep(0)


USUAL = [
    (Step.ASK, Step.ANSWER),
    (Step.ASK, Step.ANSWER, Step.ALMOST_A_LIFETIME),
    (Step.ASK, Step.FAIL),
    (Step.ASK, Step.REFUSE),
    (Step.ASK, Step.ASK, Step.LEAVE),
]
"""What often happens in a row; any single step can come in between."""

fragments = st.sampled_from([*[(step,) for step in Step], *USUAL, *USUAL])


@settings(max_examples=300, deadline=None)
@given(st.lists(fragments, min_size=3, max_size=30))
def test_any_order_of_callers_answers_and_time(happenings: list[tuple[Step, ...]]) -> None:
    """There is one request at most; who waits has reason to; what is handed out is the newest token,
    unexpired and unrefused; a failure reaches everybody who waits; who leaves takes nothing along."""

    async def play() -> None:
        scene = Play()
        for step in itertools.chain(*happenings):
            await scene.step(step)
        await scene.end()

    asyncio.run(play())
