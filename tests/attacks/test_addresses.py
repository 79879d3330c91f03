"""TM-CS: who guesses is made to wait by address, and by no address is anybody else."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from moneyer.app import build
from moneyer.guards.attempts import RateLimits
from tests.bank import BASE, PASSWORD, Bank, TestClock, lifespan

Doors = Callable[..., Any]
LIMIT = 20


@pytest.fixture
def doors(closed_bank: Bank) -> Doors:
    """Opens the bank; gives a client for each address that somebody calls from."""

    @asynccontextmanager
    async def opened(*addresses: str, **settings: Any) -> AsyncIterator[list[httpx.AsyncClient]]:
        app = build(msgspec.structs.replace(closed_bank.settings, **settings), closed_bank.clock)
        async with lifespan(app), AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(
                    httpx.AsyncClient(
                        transport=httpx.ASGITransport(app, client=(address, 4711)), base_url=BASE
                    )
                )
                for address in addresses
            ]

    return opened


async def machine(
    bank: Bank, caller: httpx.AsyncClient, secret: str | None = None, **headers: str
) -> int:
    """The status of a token request of `machine` with its secret, or with a guess."""
    answer = await caller.post(
        "/oauth2/v1/token",
        data={"grant_type": "client_credentials"},
        headers={
            "Authorization": bank.basic("machine", secret), "institutionId": "00016", **headers
        },
    )  # fmt: skip
    return answer.status_code


async def guess(bank: Bank, caller: httpx.AsyncClient, times: int = LIMIT, **headers: str) -> None:
    for _ in range(times):
        assert await machine(bank, caller, "a guess", **headers) == 401


@pytest.mark.requirement("CA-09")
async def test_another_address_is_unaffected(closed_bank: Bank, doors: Doors) -> None:
    async with doors("192.0.2.1", "192.0.2.2", "2001:db8::1") as (guesser, neighbour, far):
        await guess(closed_bank, guesser)
        assert await machine(closed_bank, guesser) == 429
        assert await machine(closed_bank, neighbour) == 200
        assert await machine(closed_bank, far) == 200


async def test_ipv4_callers_on_a_socket_for_both_families_are_told_apart(
    closed_bank: Bank, doors: Doors
) -> None:
    """Such a socket writes them all into one IPv6 network: one guesser would silence the world."""
    async with doors("::ffff:192.0.2.1", "::ffff:192.0.2.2", "192.0.2.1") as (one, other, plain):
        await guess(closed_bank, one)
        assert await machine(closed_bank, one) == 429
        assert await machine(closed_bank, plain) == 429, "the same caller, in whichever spelling"
        assert await machine(closed_bank, other) == 200


async def test_an_allow_list_of_ipv4_networks_knows_its_callers_in_both_spellings(
    closed_bank: Bank, doors: Doors
) -> None:
    closed_bank.change_application("machine", allowed_addresses=("192.0.2.0/28",))
    async with doors("::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.99") as (mapped, plain, off):
        assert await machine(closed_bank, mapped) == 200
        assert await machine(closed_bank, plain) == 200
        assert await machine(closed_bank, off) == 400


async def test_a_caller_with_a_whole_ipv6_network_has_one_address_to_guess_from(
    closed_bank: Bank, doors: Doors
) -> None:
    network = [str(ipaddress.ip_address("2001:db8:0:1::") + 7**n) for n in range(LIMIT)]
    async with doors(*network, "2001:db8:0:1:ffff::", "2001:db8:0:2::1") as callers:
        for caller in callers[:LIMIT]:
            await guess(closed_bank, caller, 1)
        assert await machine(closed_bank, callers[-2]) == 429
        assert await machine(closed_bank, callers[-1]) == 200


@pytest.mark.requirement("BC-03")
async def test_what_a_stranger_says_about_its_address_is_not_believed(
    closed_bank: Bank, doors: Doors
) -> None:
    """A new X-Forwarded-For for each guess gives no new tries; nor does one lend the allow-list."""
    closed_bank.change_application("web", allowed_addresses=("198.51.100.0/24",))
    async with doors("192.0.2.1") as (guesser,):
        for n in range(LIMIT):
            forwarded = {"X-Forwarded-For": f"198.51.100.{n}", "Forwarded": f"for=198.51.100.{n}"}
            await guess(closed_bank, guesser, 1, **forwarded)
        assert await machine(closed_bank, guesser, **{"X-Forwarded-For": "198.51.100.200"}) == 429


@pytest.mark.requirement("BC-03")
async def test_behind_our_own_proxy_its_last_word_counts_and_what_the_caller_put_before_it_does_not(
    closed_bank: Bank, doors: Doors
) -> None:
    """`X-Forwarded-For: whatever I like, 203.0.113.1`: the proxy added the last entry."""
    server = msgspec.structs.replace(closed_bank.settings.server, trusted_proxies=("192.0.2.0/24",))
    async with doors("::ffff:192.0.2.9", server=server) as (proxy,):
        tls = {"X-Forwarded-Proto": "https"}
        for n in range(LIMIT):
            await guess(closed_bank, proxy, 1, **tls, **{"X-Forwarded-For": f"10.0.0.{n}, 203.0.113.1"})
        assert await machine(closed_bank, proxy, **tls, **{"X-Forwarded-For": "203.0.113.1"}) == 429
        assert await machine(closed_bank, proxy, **tls, **{"X-Forwarded-For": "203.0.113.2"}) == 200
        plain = {"X-Forwarded-For": "203.0.113.2", "X-Forwarded-Proto": "http"}
        assert await machine(closed_bank, proxy, **plain) == 400


@pytest.mark.requirement("CA-09", "CA-10")
async def test_a_wait_outlives_a_restart_and_ends_by_itself(
    closed_bank: Bank, doors: Doors, clock: TestClock
) -> None:
    async with doors("192.0.2.1") as (guesser,):
        await guess(closed_bank, guesser)
    async with doors("192.0.2.1") as (guesser,):
        assert await machine(closed_bank, guesser) == 429
        assert await machine(closed_bank, guesser, "a guess") == 429
        clock.advance(60)
        assert await machine(closed_bank, guesser) == 200


async def test_guesses_that_are_not_enough_are_remembered_over_a_restart_too(
    closed_bank: Bank, doors: Doors
) -> None:
    for _ in range(2):
        async with doors("192.0.2.1") as (guesser,):
            await guess(closed_bank, guesser, LIMIT // 2)
    async with doors("192.0.2.1") as (guesser,):
        assert await machine(closed_bank, guesser) == 429


@pytest.mark.requirement("CA-10")
async def test_known_and_unknown_clients_throttle_alike(closed_bank: Bank, doors: Doors) -> None:
    """After as many guesses, with the same bytes; nor does a block on one say anything of the other."""
    async with doors("192.0.2.1") as (guesser,):
        answers = {}
        for client_id in ("machine", "nobody"):
            sent = {"Authorization": closed_bank.basic(client_id, "a guess"), "institutionId": "00016"}
            answers[client_id] = [
                await guesser.post("/oauth2/v1/token", content=b"", headers={**sent, **FORM})
                for _ in range(LIMIT + 2)
            ]
        for known, unknown in zip(*answers.values(), strict=True):
            assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
            assert known.headers.keys() == unknown.headers.keys()
            assert known.headers.get("retry-after") == unknown.headers.get("retry-after")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.requirement("PW-02")
async def test_one_address_that_fails_at_many_logins_is_made_to_wait(
    closed_bank: Bank, doors: Doors, clock: TestClock
) -> None:
    """Stuffing one password into many logins: 429 for this address, the next one still signs in."""
    limits = RateLimits(source_failures=12, application_failures=30)
    async with doors("192.0.2.1", "192.0.2.2", "192.0.2.3", rate_limits=limits) as callers:

        async def attempt(caller: httpx.AsyncClient, login_id: str, password: str) -> int:
            answer = await caller.post(
                "/oauth2/v1/token",
                data={"grant_type": "password", "username": login_id, "password": password},
                headers={"Authorization": closed_bank.basic("mobile"), "institutionId": "00016"},
            )
            return answer.status_code

        first, second, third = callers
        assert [await attempt(first, f"user{n}", "Summer2026!") for n in range(13)] == [401] * 12 + [
            429
        ]
        assert await attempt(first, "ada", PASSWORD) == 429
        assert await attempt(second, "ada", PASSWORD) == 200
        for caller, times in ((second, 12), (third, 6)):
            for n in range(times):
                assert await attempt(caller, f"more{n}", "Summer2026!") == 401
        assert await attempt(third, "ada", PASSWORD) == 429, "the application has failed too often"
        clock.advance(60)
        assert await attempt(third, "ada", PASSWORD) == 200


async def test_wrong_secrets_that_arrive_at_once_all_count(closed_bank: Bank, doors: Doors) -> None:
    async with doors("192.0.2.1") as (guesser,):
        await asyncio.gather(*(machine(closed_bank, guesser, "a guess") for _ in range(LIMIT)))
        assert await machine(closed_bank, guesser) == 429
