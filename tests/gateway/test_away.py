"""Asking again while the service does not answer: soon, and without harm to others."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from moneyer.gateway import follower as follower_module
from moneyer.gateway.build import GuardSettings, following, guarding
from moneyer.sandbox.cast import APIS
from tests.bank import BASE, Bank, TestClock
from tests.clients.live import ADA, LiveBank
from tests.gateway.calls import check, gets_through, transport_of
from tests.gateway.line import Line, settings_of


class Count:
    """How often it was asked."""

    def __init__(self, answer: Callable[[], httpx.Response]) -> None:
        self.asked = 0
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return self._answer()


def refuse() -> httpx.Response:
    raise httpx.ConnectError("away")


SETTINGS = GuardSettings(BASE, "apis", "secret")


@pytest.mark.requirement("GW-04")
@pytest.mark.parametrize("answer", [refuse, lambda: httpx.Response(503)], ids=["gone", "unavailable"])
async def test_a_service_that_comes_back_is_heard_within_the_second(
    answer: Callable[[], httpx.Response],
) -> None:
    service = Count(answer)
    async with guarding(SETTINGS, transport=httpx.MockTransport(service)):
        await asyncio.sleep(2)
        before = service.asked
        await asyncio.sleep(2)
        assert service.asked - before >= 2


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_gateway_whose_secret_is_refused_guesses_no_further(status: int) -> None:
    """The service would count, and block its address: others ask from there as well."""
    service = Count(lambda: httpx.Response(status))
    async with guarding(SETTINGS, transport=httpx.MockTransport(service)):
        await asyncio.sleep(2)
        assert service.asked == 1


async def test_a_long_silence_is_told_of_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment is worth no warning, and an hour not one for every try."""
    monkeypatch.setattr(follower_module, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(follower_module, "WORTH_A_WORD", 1.0)
    service = Count(refuse)
    with capture_logs() as said:
        async with guarding(SETTINGS, transport=httpx.MockTransport(service)):
            await asyncio.sleep(2.6)
    levels = [line["log_level"] for line in said if line["event"] == "token-service-away"]
    assert levels[0] == "info"
    assert 1 <= levels.count("warning") <= 2


async def test_a_gateway_that_lets_nobody_through_is_not_ready(bank: Bank, clock: TestClock) -> None:
    """A load balancer is to send callers elsewhere."""
    line = Line(transport_of(bank))
    settings = settings_of(bank, longest_silence=60)
    async with following(settings, clock=clock, transport=line) as (guard, follower):
        await check(guard, (await bank.sign_in())["access_token"])
        assert follower.is_ready
        line.is_cut = True
        clock.advance(61)
        assert not follower.is_ready


@pytest.mark.parametrize("base_url", ["https://bank.test/", "bank.test", ""])
async def test_a_base_url_that_is_in_no_issuer_is_refused(base_url: str) -> None:
    """Nothing the service signs would ever be about it: the server does not start."""
    with pytest.raises(ValueError, match="base_url"):
        async with guarding(GuardSettings(base_url, "apis", "secret")):
            pytest.fail("it started")


async def test_a_service_with_a_certificate_of_ones_own_authority(tmp_path: Path) -> None:
    """`ca_file` says whom to trust; without it nobody unknown is."""
    live = LiveBank(tmp_path)
    secrets = {one.client_id: one.client_secret for one in live.card.applications}
    settings = GuardSettings(live.base_url, APIS, secrets[APIS], ca_file=str(live.certificate))
    with live.serving(), live.browser() as http:
        answer = http.post(
            "/oauth2/v1/token",
            data={"grant_type": "password", "username": ADA.login_id, "password": ADA.password},
            auth=("harbor-mobile", secrets["harbor-mobile"]),
            headers={"institutionId": "00016"},
        )
        token = answer.json()["access_token"]
        async with guarding(settings) as guard:
            assert await gets_through(guard, token)
        unknown = GuardSettings(live.base_url, APIS, secrets[APIS])
        async with following(unknown) as (_, follower):
            await asyncio.sleep(1)
            assert not follower.is_ready
