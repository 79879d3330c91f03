"""What goes wrong between an application and its token service, and what the client makes of it."""

import asyncio
import gzip
import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from moneyer.client import (
    AuthorizationCode,
    ClientCredentials,
    ClientError,
    FileStore,
    Password,
    ProtocolError,
    RefreshToken,
    Retry,
    ServiceUnavailable,
    SignInNeeded,
    StoreFailed,
    Timeouts,
    TokenRefused,
    Unreachable,
)
from moneyer.protocol.clock import SECOND
from tests.cli.process import Sandbox, eventually
from tests.client.conftest import QUICK, sandbox_settings, settings_for, settings_for_address
from tests.client.middleman import Middleman, drips, dropped, lost, says, waits
from tests.client.plain_v2 import CLIENT_SECRET, GOOD_CODE, PASSWORD, PlainV2
from tests.client.subject import Workshop
from tests.client.test_grants import HOUR, MOBILE, ada
from tests.processes import free_port

ADA = Password("ada", PASSWORD)


@pytest.mark.parametrize("losses", [1, 3])
async def test_a_lost_answer_is_asked_for_again_with_the_same_token_and_the_family_lives(
    sandbox: Sandbox, front: Middleman, workshop: Workshop, losses: int
) -> None:
    """At a running Moneyer, which has committed the rotation each time."""
    client = workshop.make(sandbox_settings(sandbox, front.base_url, MOBILE))
    first = await client.sign_in(ada(sandbox))
    workshop.clock.advance(HOUR)
    front.spoil(*[lost] * losses)
    second = await client.token()
    presented = [seen.form["refresh_token"] for seen in front.asked()[1:]]
    assert presented == [first.refresh_token] * (losses + 1)
    retried = sandbox.renew(first.refresh_token or "").json()
    assert retried["refresh_token"] == second.refresh_token
    workshop.clock.advance(HOUR)
    third = await client.token()
    assert third.refresh_token not in (None, first.refresh_token, second.refresh_token)


async def test_when_all_answers_are_lost_the_next_call_goes_on_with_the_same_token(
    sandbox: Sandbox, front: Middleman, workshop: Workshop
) -> None:
    """Nothing was kept of what nobody heard."""
    client = workshop.make(sandbox_settings(sandbox, front.base_url, MOBILE))
    await client.sign_in(ada(sandbox))
    workshop.clock.advance(HOUR)
    front.spoil(*[lost] * QUICK.attempts)
    with pytest.raises(Unreachable) as failure:
        await client.token()
    assert failure.value.sent
    assert (await client.token()).refresh_token is not None
    assert len({seen.form["refresh_token"] for seen in front.asked()[1:]}) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_short_retry_after_is_waited_for(
    service: Middleman, workshop: Workshop, status: int
) -> None:
    """And the request is sent again with another `transactionId`."""
    service.spoil(says(status, Retry_After="1"), says(status, Retry_After="0"))
    client = workshop.make(settings_for(service), ClientCredentials)
    assert (await client.token()).access_token == "at-1"
    ids = [seen.headers["transactionid"] for seen in service.asked()]
    assert len(set(ids)) == len(ids) == 3


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_long_retry_after_ends_the_call_and_keeps_others_away(
    service: Middleman, workshop: Workshop, form: str
) -> None:
    """Nobody asks again before it has passed; then it works."""
    then = datetime.fromtimestamp(workshop.clock.now() / SECOND + 120, UTC)
    header = "120" if form == "seconds" else format_datetime(then, usegmt=True)
    service.spoil(says(503, Retry_After=header))
    client = workshop.make(settings_for(service), ClientCredentials)
    for _ in range(3):
        with pytest.raises(ServiceUnavailable) as failure:
            await client.token()
        assert failure.value.retry_after == pytest.approx(120, abs=1)
    assert len(service.asked()) == 1
    workshop.clock.advance(121)
    assert (await client.token()).access_token == "at-1"


async def test_a_retry_after_beyond_reason_counts_for_minutes(
    service: Middleman, workshop: Workshop
) -> None:
    """A service cannot lock its applications out for years."""
    service.spoil(says(503, Retry_After="999999999"))
    client = workshop.make(settings_for(service), ClientCredentials)
    with pytest.raises(ServiceUnavailable):
        await client.token()
    workshop.clock.advance(QUICK.longest_retry_after + 1)
    assert (await client.token()).access_token == "at-1"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_broken_service_is_asked_as_often_as_the_policy_allows(
    service: Middleman, workshop: Workshop, status: int
) -> None:
    """Never more."""
    service.spoil(*[says(status, b"<html>")] * 9)
    client = workshop.make(settings_for(service), ClientCredentials)
    with pytest.raises(ServiceUnavailable) as failure:
        await client.token()
    assert failure.value.retry_after is None
    assert len(service.asked()) == QUICK.attempts


async def test_nobody_listens(workshop: Workshop) -> None:
    """The connection is refused; nothing was sent."""
    settings = settings_for_address(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable) as failure:
        await workshop.make(settings, ClientCredentials).token()
    assert not failure.value.sent


async def test_a_code_that_may_have_arrived_is_not_sent_again(
    service: Middleman, workshop: Workshop
) -> None:
    """Whatever became of it: a lost answer, a 503, an answer that cannot be read."""
    for number, fault in enumerate((lost, dropped, says(503, Retry_After="0"), says(200, b"<")), 1):
        service.spoil(fault)
        with pytest.raises(ClientError):
            await workshop.make(settings_for(service)).sign_in(AuthorizationCode(GOOD_CODE))
        assert len(service.asked()) == number


async def test_a_code_is_sent_again_where_no_connection_was_made(
    workshop: Workshop,
) -> None:
    """The service comes up between two attempts."""
    late: list[Middleman] = []
    port = free_port()
    patient = Retry(attempts=60, first_wait=0.05, longest_wait=0.2)
    settings = settings_for_address(f"http://127.0.0.1:{port}", retry=patient)
    client = workshop.make(settings)
    starter = threading.Timer(0.3, lambda: late.append(_listening(port)))
    starter.start()
    try:
        assert (await client.sign_in(AuthorizationCode(GOOD_CODE))).refresh_token == "rt-1"
    finally:
        starter.join()
        for running in late:
            running.close()


async def test_a_wrong_password_is_sent_once(service: Middleman, workshop: Workshop) -> None:
    """And not again when the application gives the same one for every call: that would lock the
    customer out."""
    client = workshop.make(settings_for(service), lambda: Password("ada", "guess"))
    for _ in range(3):
        with pytest.raises(SignInNeeded):
            await client.token()
    assert len(service.asked()) == 1


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


async def test_a_store_that_fails_stops_the_renewal_before_anything_is_used(
    service: Middleman, workshop: Workshop, plain: PlainV2
) -> None:
    """The next call presents the old token again, which the service answers alike."""

    class Full:
        def __init__(self) -> None:
            self.kept: str | None = None
            self.is_full = False

        def load(self) -> str | None:
            return self.kept

        def save(self, refresh_token: str) -> None:
            if self.is_full:
                raise StoreFailed("no space left")
            self.kept = refresh_token

        def clear(self) -> None:
            self.kept = None

    store = Full()
    client = workshop.make(settings_for(service), store=store)
    await client.sign_in(ADA)
    workshop.clock.advance(HOUR)
    store.is_full = True
    with pytest.raises(StoreFailed):
        await client.token()
    assert store.kept == "rt-1"
    store.is_full = False
    plain.refresh_tokens.add("rt-1")
    assert (await client.token()).refresh_token == store.kept == "rt-3"


async def test_a_token_that_is_due_serves_on_while_the_service_is_down(
    service: Middleman, workshop: Workshop
) -> None:
    """One attempt, then a rest; the failure shows only when the token has expired."""
    client = workshop.make(settings_for(service), ClientCredentials)
    first = await client.token()
    workshop.clock.advance(1800 - 20)
    service.spoil(*[says(503)] * 99)
    for _ in range(5):
        assert await client.token() is first
    assert len(service.asked()) == 2
    workshop.clock.advance(QUICK.longest_wait + 1)
    assert await client.token() is first
    assert len(service.asked()) == 3
    workshop.clock.advance(20)
    with pytest.raises(ServiceUnavailable):
        await client.token()
    service.faults.clear()
    assert (await client.token()).access_token == "at-2"


async def test_a_refusal_before_the_end_is_not_asked_for_again_until_then(
    service: Middleman, workshop: Workshop, plain: PlainV2
) -> None:
    """The sign-in is over, the token is not yet."""
    client = workshop.make(settings_for(service))
    first = await client.sign_in(ADA)
    plain.refresh_tokens.clear()
    workshop.clock.advance(1800 - 20)
    for _ in range(3):
        assert await client.token() is first
    assert len(service.asked()) == 2
    workshop.clock.advance(20)
    with pytest.raises(SignInNeeded):
        await client.token()
    assert len(service.asked()) == 2


async def test_processes_that_share_a_store_go_on_from_each_other(
    service: Middleman, workshop: Workshop, tmp_path: Path
) -> None:
    """The second never presents what the first has used up."""
    path = f"{tmp_path}/refresh"
    one = workshop.make(settings_for(service), store=FileStore(path))
    other = workshop.make(settings_for(service), store=FileStore(path))
    await one.sign_in(ADA)
    for client, expected in ((other, "rt-2"), (one, "rt-3"), (other, "rt-4")):
        workshop.clock.advance(HOUR)
        assert (await client.token()).refresh_token == expected
    assert FileStore(path).load() == "rt-4"


async def test_a_renewal_by_another_process_meanwhile_is_no_end(
    service: Middleman, workshop: Workshop, tmp_path: Path
) -> None:
    """The token was read, the other was quicker: what it has stored is tried before giving up."""
    path = f"{tmp_path}/refresh"
    store = FileStore(path)
    one = workshop.make(settings_for(service), store=store)
    other = workshop.make(settings_for(service), store=FileStore(path))
    await one.sign_in(ADA)
    workshop.clock.advance(HOUR)
    stale = store.load()
    await other.token()
    moved = store.load()
    answers = iter([stale, moved, moved, moved])

    class Behind(FileStore):
        def load(self) -> str | None:
            return next(answers, moved)

    late = workshop.make(settings_for(service), store=Behind(path))
    assert (await late.token()).refresh_token == "rt-3"
    assert [seen.form.get("refresh_token") for seen in service.asked()[-2:]] == ["rt-1", "rt-2"]


async def test_a_service_that_does_not_rotate_keeps_its_token(
    service: Middleman, workshop: Workshop, plain: PlainV2
) -> None:
    """An answer without a refresh token leaves the old one (RFC 6749 section 6)."""
    plain.rotates = False
    client = workshop.make(settings_for(service))
    await client.sign_in(ADA)
    for _ in range(3):
        workshop.clock.advance(HOUR)
        await client.token()
    assert [seen.form["refresh_token"] for seen in service.asked()[1:]] == ["rt-1"] * 3


async def test_signing_somebody_else_in_forgets_who_was_there(
    service: Middleman, workshop: Workshop
) -> None:
    """The next renewal is never made with the refresh token of another."""
    client = workshop.make(settings_for(service), ClientCredentials)
    await client.sign_in(ADA)
    await client.sign_in(ClientCredentials())
    workshop.clock.advance(HOUR)
    await client.token()
    assert service.asked()[-1].form["grant_type"] == "client_credentials"


async def test_a_revocation_that_fails_forgets_nothing(service: Middleman, workshop: Workshop) -> None:
    """It can be tried again."""
    client = workshop.make(settings_for(service))
    await client.sign_in(ADA)
    service.spoil(*[says(503)] * QUICK.attempts)
    with pytest.raises(ServiceUnavailable):
        await client.revoke()
    await client.revoke()
    assert {seen.form["token"] for seen in service.asked("/oauth2/v1/revoke")} == {"rt-1"}


async def test_without_a_refresh_token_the_access_token_is_revoked(
    service: Middleman, workshop: Workshop, plain: PlainV2
) -> None:
    """Where there is neither, nobody is asked."""
    client = workshop.make(settings_for(service), ClientCredentials)
    await client.token()
    for _ in range(2):
        await client.revoke()
    (seen,) = service.asked("/oauth2/v1/revoke")
    assert seen.form == {"token": "at-1"}
    assert plain.live == set()


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


def _listening(port: int) -> Middleman:
    running = Middleman(PlainV2(), port)
    running.start()
    return running
