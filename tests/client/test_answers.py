"""Answers that are none, come too slowly, or say too much."""

import asyncio
import gzip
import threading

import pytest

from moneyer.client import (
    ClientCredentials,
    Password,
    ProtocolError,
    RefreshToken,
    Retry,
    Timeouts,
    TokenRefused,
    Unreachable,
)
from tests.cli.process import eventually
from tests.client.conftest import QUICK, settings_for
from tests.client.middleman import Middleman, drips, says, waits
from tests.client.plain_v2 import CLIENT_SECRET, PASSWORD, PlainV2
from tests.client.subject import Workshop
from tests.client.test_grants import HOUR

ADA = Password("ada", PASSWORD)


GARBAGE = {
    "html": b"<!doctype html><title>Welcome to the hotel</title>",
    "nothing": b"",
    "cut off": b'{"access_token":"at-1","expires_in":"18',
    "a list": b"[]",
    "no UTF-8": b'{"access_token":"\xff"}',
    "a name twice": b'{"access_token":"a","access_token":"b","token_type":"Bearer"}',
    "no token": b'{"token_type":"Bearer","expires_in":"1800"}',
    "another type": b'{"access_token":"a","token_type":"DPoP"}',
    "a number for a token": b'{"access_token":7,"token_type":"Bearer"}',
    "a header inside": b'{"access_token":"a\\r\\nX: y","token_type":"Bearer"}',
    "a lifetime in words": b'{"access_token":"a","token_type":"Bearer","expires_in":"soon"}',
    "a lifetime that is true": b'{"access_token":"a","token_type":"Bearer","expires_in":true}',
    "a negative lifetime": b'{"access_token":"a","token_type":"Bearer","expires_in":-1}',
    "an endless lifetime": b'{"access_token":"a","token_type":"Bearer","expires_in":1e999}',
    "a list for a refresh token": b'{"access_token":"a","token_type":"Bearer","refresh_token":[1]}',
    "huge": b'{"access_token":"' + b"a" * 70_000 + b'","token_type":"Bearer"}',
    "deep": b'{"a":' * 5000,
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_is_named_and_never_taken_for_a_token(
    service: Middleman, workshop: Workshop, body: bytes
) -> None:
    """Nor does it reach the message."""
    service.spoil(*[says(200, body)] * QUICK.attempts)
    client = workshop.make(settings_for(service), ClientCredentials)
    with pytest.raises(ProtocolError) as failure:
        await client.token()
    assert "hotel" not in str(failure.value)
    service.faults.clear()
    assert (await client.token()).access_token == "at-1"


async def test_an_answer_without_end_is_not_read_to_its_end(
    service: Middleman, workshop: Workshop
) -> None:
    """It would fill the memory: the connection is closed after 64 KiB."""
    service.spoil(says(200, b" " * 50_000_000))
    client = workshop.make(settings_for(service), ClientCredentials)
    with pytest.raises(ProtocolError, match="too long"):
        await client.token()
    assert await asyncio.to_thread(eventually, lambda: service.cut_off == 1)


async def test_a_compressed_answer_is_not_unfolded(service: Middleman, workshop: Workshop) -> None:
    """A few bytes can be a gigabyte, and nobody asked for them."""
    service.spoil(*[says(200, gzip.compress(b"a" * 10_000_000), Content_Encoding="gzip")] * 4)
    client = workshop.make(settings_for(service), ClientCredentials)
    with pytest.raises(ProtocolError, match="compressed"):
        await client.token()


async def test_an_answer_that_cannot_be_read_counts_as_lost(
    service: Middleman, workshop: Workshop
) -> None:
    """It is asked for again, with the same refresh token."""
    client = workshop.make(settings_for(service))
    await client.sign_in(ADA)
    workshop.clock.advance(HOUR)
    service.spoil(says(200, GARBAGE["cut off"]))
    assert (await client.token()).refresh_token == "rt-2"
    assert [seen.form["refresh_token"] for seen in service.asked()[1:]] == ["rt-1", "rt-1"]


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_refusal_that_names_no_error_is_not_a_refusal(
    service: Middleman, workshop: Workshop, status: int
) -> None:
    """A page of some gateway ends no sign-in, and is not asked for again."""
    client = workshop.make(settings_for(service))
    await client.sign_in(ADA)
    workshop.clock.advance(HOUR)
    service.spoil(says(status, b"<html>blocked</html>"))
    with pytest.raises(ProtocolError):
        await client.token()
    assert len(service.asked()) == 2
    assert (await client.token()).refresh_token == "rt-2"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(service: Middleman, workshop: Workshop, status: int) -> None:
    """Credentials and tokens go where the settings say, and nowhere else."""
    with Middleman(PlainV2()) as elsewhere:
        service.spoil(says(status, Location=f"{elsewhere.base_url}/oauth2/v1/token"))
        client = workshop.make(settings_for(service), ClientCredentials)
        with pytest.raises(ProtocolError):
            await client.token()
        assert elsewhere.seen == []


async def test_an_answer_that_comes_too_slowly_is_given_up(
    service: Middleman, workshop: Workshop
) -> None:
    """A byte at a time, each of them in time: all of them together are not."""
    brief = Timeouts(connect=0.1, answer=0.3)
    settings = settings_for(service, timeouts=brief, retry=Retry(attempts=1))
    service.spoil(drips(b" " * 600, 0.05))
    with pytest.raises(Unreachable) as failure:
        await workshop.make(settings, ClientCredentials).token()
    assert failure.value.sent


async def test_an_answer_that_does_not_come_is_given_up(service: Middleman, workshop: Workshop) -> None:
    """And asked for again."""
    never = threading.Event()
    settings = settings_for(service, timeouts=Timeouts(connect=1.0, answer=0.2))
    service.spoil(waits(never))
    try:
        client = workshop.make(settings, ClientCredentials)
        assert (await client.token()).access_token == "at-1"
        assert len(service.asked()) == 2
    finally:
        never.set()


async def test_what_a_service_echoes_is_not_repeated(service: Middleman, workshop: Workshop) -> None:
    """An error that quotes the refresh token, the secret, the password, or control characters."""
    secret = CLIENT_SECRET
    said = f'{{"error":"bad","code":"X\\u001b[2J","error_description":"{secret} {PASSWORD} rt-99"}}'
    grants = (Password("ada", PASSWORD), RefreshToken("rt-99"))
    for grant in grants:
        service.spoil(says(400, said.encode()))
        with pytest.raises(TokenRefused) as refused:
            await workshop.make(settings_for(service)).sign_in(grant)
        told = f"{refused.value!r} {refused.value}"
        own = set(grant.parameters().values()) - {"ada"}
        assert not [text for text in (*own, secret, "\x1b") if text in told]
