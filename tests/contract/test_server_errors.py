"""Errors that are not the caller's: what it is told, and what the operator finds in the log."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
import structlog

from moneyer.app import build
from moneyer.keys.sealing import derive, new_key
from moneyer.store.engine import is_postgresql, writing
from tests.bank import BASE, PASSWORD, Bank
from tests.contract import wire
from tests.contract.wire import refused

SIGN_IN: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}


def seal_keys_elsewhere(bank: Bank) -> None:
    """Gives 00016 an active key that another master key sealed, as after a mixed-up restore."""
    stranger = derive(bytes(32)).sealing
    now = bank.clock.now()
    keys = tuple(new_key(stranger, "00016", "ES256", now, active) for active in (now, None))
    bank.admin.institutions.save_keys("00016", keys)


@pytest.mark.requirement("TE-12", "TE-13")
async def test_a_key_under_another_master_key_makes_no_token(closed_bank: Bank) -> None:
    """500 CMN_90019 for every grant; the log says why; the other institution goes on."""
    seal_keys_elsewhere(closed_bank)
    with structlog.testing.capture_logs() as lines:
        async with closed_bank.open() as bank:
            refused(await bank.token("machine", grant_type="client_credentials"), wire.CANNOT_SIGN)
            refused(await bank.token("mobile", **SIGN_IN), wire.CANNOT_SIGN)
            elsewhere = await bank.token("machine", "00042", grant_type="client_credentials")
            assert elsewhere.status_code == 200
            assert (await bank.http.get("/i/00016/oauth2/jwks")).status_code == 200
    assert [line["event"] for line in lines] == ["cannot-sign", "cannot-sign"]
    assert {line["reason"] for line in lines} == {"signing-key-does-not-open"}


@pytest.mark.requirement("RV-06")
async def test_a_token_that_cannot_be_checked_is_not_called_revoked(closed_bank: Bank) -> None:
    """204 would say that the token is dead; nobody knows, so it is 500."""
    async with closed_bank.open() as bank:
        token = (await bank.token("machine", grant_type="client_credentials")).json()["access_token"]
        with bank.engine.begin() as connection:
            connection.execute(sa.text("UPDATE signing_keys SET sealed = :junk"), {"junk": bytes(150)})
            connection.exec_driver_sql("UPDATE directory_version SET version = version + 1")
        await bank.refresh()
        refused(await bank.revoke(token, "machine"), wire.CANNOT_SIGN)


@pytest.mark.requirement("TE-12")
async def test_what_nobody_foresaw_is_500_and_the_log_names_the_place_and_no_value(bank: Bank) -> None:
    """A customer's row that was damaged: the caller learns nothing, the log no value."""
    with bank.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE customers SET person = '{\"given_name\": ada-was-here'")
    with structlog.testing.capture_logs() as lines:
        answer = await bank.token("mobile", **SIGN_IN)
    refused(answer, wire.UNFORESEEN)
    (line,) = lines
    assert line["event"] == "unhandled-exception"
    assert line["error"] == "DecodeError"
    assert line["transaction_id"] == answer.headers["transactionid"]
    assert any("records.py" in place for place in line["where"])
    assert PASSWORD not in str(line)
    assert "ada-was-here" not in str(line)
    assert (await bank.token("machine", grant_type="client_credentials")).status_code == 200


@pytest.mark.requirement("TE-18", "CA-09")
async def test_the_21st_wrong_secret_within_a_minute_is_told_to_wait(bank: Bank) -> None:
    wrong = {"Authorization": bank.basic("machine", "wrong")}
    for _ in range(20):
        refused(await bank.raw("grant_type=client_credentials", wrong), wire.CREDENTIALS)
    answer = await bank.raw("grant_type=client_credentials", wrong)
    refused(answer, wire.QUOTA)
    refused(await bank.raw("grant_type=client_credentials"), wire.QUOTA)
    bank.clock.advance(int(answer.headers["retry-after"]))
    assert (await bank.raw("grant_type=client_credentials")).status_code == 200


@pytest.mark.requirement("CA-09")
async def test_every_endpoint_that_takes_a_secret_counts_into_the_same_limit(bank: Bank) -> None:
    wrong = {"Authorization": bank.basic("machine", "wrong")}
    for _ in range(10):
        refused(await bank.raw("grant_type=client_credentials", wrong), wire.CREDENTIALS)
        answer = await bank.raw("token=x", wrong, path="/oauth2/v1/revoke", method="DELETE")
        refused(answer, wire.CREDENTIALS)
    refused(await bank.raw("token=x", wrong, path="/oauth2/v1/revoke", method="DELETE"), wire.QUOTA)


@pytest.mark.requirement("TE-18")
async def test_a_full_password_queue_is_told_to_wait(closed_bank: Bank) -> None:
    small = msgspec.structs.replace(closed_bank.settings.passwords, threads=1, queue=0)
    async with closed_bank.open(passwords=small) as bank:
        answers = await asyncio.gather(*(bank.token("mobile", **SIGN_IN) for _ in range(6)))
        good = [answer for answer in answers if answer.status_code == 200]
        assert len(good) >= 1
        for answer in answers:
            if answer not in good:
                refused(answer, wire.OVERLOAD)
        assert len(good) < 6
        assert (await bank.token("mobile", **SIGN_IN)).status_code == 200


@pytest.mark.requirement("TE-18", "TE-12")
async def test_a_store_that_cannot_commit_is_told_to_come_back(bank: Bank) -> None:
    """Another process holds the database: 503, never a token, never "invalid"."""
    with writing(bank.engine) as other, structlog.testing.capture_logs() as lines:
        if is_postgresql(other):
            other.exec_driver_sql("LOCK TABLE events")
        refused(await bank.token("machine", grant_type="client_credentials"), wire.NOT_STORED)
    assert [line["event"] for line in lines] == ["unavailable"]
    assert (await bank.token("machine", grant_type="client_credentials")).status_code == 200


@pytest.mark.requirement("TE-18", "TE-12")
async def test_before_the_start_and_after_the_end_there_is_a_503(closed_bank: Bank) -> None:
    app = build(closed_bank.settings, closed_bank.clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        answer = await client.post("/oauth2/v1/token", data={"grant_type": "client_credentials"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["code"] == "CMN_90002"
