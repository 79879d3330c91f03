"""Logout tokens on their way: tried again where that may help, and not where it cannot."""

import asyncio
from collections.abc import Mapping

import pytest

from moneyer.grants.back_channel_logout import TRIES, Deliveries
from moneyer.outbound import Unreachable


class Away:
    """An application that answers by these statuses one after another; 0 is no answer."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = iter(statuses)
        self.tokens: list[str] = []
        self.pauses: list[float] = []
        self.made = 0
        self.done = 0

    async def post(self, url: str, fields: Mapping[str, str]) -> int:
        self.tokens.append(fields["logout_token"])
        status = next(self._statuses)
        if not status:
            raise Unreachable("timeout")
        return status

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def make(self) -> str:
        self.made += 1
        return f"token {self.made}"

    async def over(self) -> None:
        self.done += 1

    async def told(self) -> int:
        """How often it was tried."""
        deliveries = Deliveries(self.post, self.sleep)
        deliveries.begin("https://portal.example/bye", "portal", self.make, self.over)
        await asyncio.gather(*deliveries._tasks)
        return len(self.tokens)


@pytest.mark.requirement("LO-07")
@pytest.mark.parametrize("statuses", [(0, 200), (500, 0, 204), (503, 404, 302, 200)], ids=str)
async def test_what_may_have_been_an_accident_is_tried_again_with_a_new_token(
    statuses: tuple[int, ...],
) -> None:
    away = Away(*statuses)
    assert await away.told() == len(statuses)
    assert len(set(away.tokens)) == len(statuses)
    assert away.pauses == list(TRIES[: len(statuses)])
    assert away.done == 1


@pytest.mark.requirement("LO-07")
async def test_a_refusal_ends_it_at_once() -> None:
    away = Away(0, 400, 200)
    assert await away.told() == 2
    assert away.done == 1


@pytest.mark.requirement("LO-07")
async def test_who_is_away_throughout_is_left_for_later() -> None:
    away = Away(*(0 for _ in TRIES))
    assert await away.told() == len(TRIES)
    assert away.done == 0
