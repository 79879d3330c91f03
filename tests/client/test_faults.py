"""What goes wrong between an application and its token service, and what is asked for again."""

import threading
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from moneyer.client import (
    AuthorizationCode,
    ClientCredentials,
    ClientError,
    Password,
    Retry,
    ServiceUnavailable,
    SignInNeeded,
    Unreachable,
)
from moneyer.protocol.clock import SECOND
from tests.cli.process import Sandbox
from tests.client.conftest import QUICK, sandbox_settings, settings_for, settings_for_address
from tests.client.middleman import Middleman, dropped, lost, says
from tests.client.plain_v2 import GOOD_CODE, PlainV2
from tests.client.subject import Workshop
from tests.client.test_grants import HOUR, MOBILE, ada
from tests.processes import free_port


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


def _listening(port: int) -> Middleman:
    running = Middleman(PlainV2(), port)
    running.start()
    return running
