"""Credentials that were proven before are not proven again; what has changed since still counts."""

import pytest

from moneyer.endpoints import proven
from moneyer.protocol.clock import SECOND
from tests.bank import Bank


async def status(bank: Bank, basic: str, **headers: str) -> int:
    answer = await bank.raw("grant_type=client_credentials", {"Authorization": basic, **headers})
    return answer.status_code


@pytest.mark.requirement("CA-11")
async def test_a_secret_that_ends_ends_without_any_change_being_told(bank: Bank) -> None:
    """Its end was known when it was proven, and comes in the middle of one snapshot."""
    basic = bank.basic("machine")
    end = bank.clock.now() + 60 * SECOND
    bank.admin.applications.rotate_secret("machine", bank.keys.client_secret, end)
    await bank.refresh()
    assert await status(bank, basic) == 200
    bank.clock.advance(59)
    assert await status(bank, basic) == 200
    bank.clock.advance(2)
    assert await status(bank, basic) == 401


async def test_a_disabled_application_is_refused_although_it_was_proven(bank: Bank) -> None:
    basic = bank.basic("machine")
    assert await status(bank, basic) == 200
    bank.change_application("machine", status="disabled")
    await bank.refresh()
    assert await status(bank, basic) == 401


async def test_an_address_that_guesses_is_blocked_although_it_was_proven(bank: Bank) -> None:
    right, wrong = bank.basic("machine"), bank.basic("machine", "a guess")
    assert await status(bank, right) == 200
    while await status(bank, wrong) == 401:
        pass
    assert await status(bank, right) == 429


async def test_no_spelling_of_what_was_proven_proves_anything_else(bank: Bank) -> None:
    basic = bank.basic("machine")
    assert await status(bank, basic) == 200
    for other in (basic[:-4] + "AAAA", bank.basic("mobile", basic), ""):
        assert await status(bank, other) == 401, other


async def test_only_so_many_are_remembered(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proven, "LARGEST", 1)
    for _ in range(2):
        for client_id in ("machine", "mobile"):
            answer = await bank.token(client_id, grant_type="client_credentials")
            assert answer.status_code == (200 if client_id == "machine" else 401)
