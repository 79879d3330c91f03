"""What the audit log says about a refresh that was refused: why, and nothing that did not happen."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.bank import Bank
from tests.store.asking import offline

Refused = Callable[[Bank, str], Awaitable[httpx.Response]]


async def too_wide(bank: Bank, token: str) -> httpx.Response:
    return await bank.renew(token, "web", scopes="transfers:write")


async def another_application(bank: Bank, token: str) -> httpx.Response:
    return await bank.renew(token, "mobile")


async def another_institution(bank: Bank, token: str) -> httpx.Response:
    return await bank.renew(token, "web", "00042")


async def junk(bank: Bank, token: str) -> httpx.Response:
    return await bank.renew(token[:-3] + "AAA", "web")


async def revoked(bank: Bank, token: str) -> httpx.Response:
    await bank.revoke(token, "web")
    return await bank.renew(token, "web")


async def idle(bank: Bank, token: str) -> httpx.Response:
    bank.clock.advance(14 * 86400)
    return await bank.renew(token, "web")


@pytest.mark.requirement("RT-01", "RT-02")
@pytest.mark.parametrize(
    ("refuse", "name", "reason"),
    [
        (too_wide, "refresh:refused", "scope-not-held"),
        (another_application, "refresh:refused", "other-application"),
        (another_institution, "request:refused", "other-institution"),
        (junk, "request:refused", "refresh-tag-wrong"),
        (revoked, "refresh:refused", "family-revoked"),
        (idle, "refresh:refused", "family-idle"),
    ],
)
async def test_a_refused_refresh_has_one_event_that_says_why(
    bank: Bank, refuse: Refused, name: str, reason: str
) -> None:
    """And the token itself stands nowhere in the log."""
    token = await offline(bank)
    before = len(bank.events(name))
    answer = await refuse(bank, token)
    assert answer.status_code == 400
    events = bank.events(name)
    assert len(events) == before + 1
    assert events[-1]["reason"] == reason
    assert events[-1]["transaction_id"] == answer.headers["transactionid"]
    assert events[-1].get("generation", 0) == 0
    assert not any(token[9:40] in str(event) for event in bank.events())
