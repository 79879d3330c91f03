"""What a renewal keeps, and what it leaves: stores, other processes, early ones that fail."""

from pathlib import Path

import pytest

from moneyer.client import (
    ClientCredentials,
    FileStore,
    Password,
    ServiceUnavailable,
    SignInNeeded,
    StoreFailed,
)
from tests.client.conftest import QUICK, settings_for
from tests.client.middleman import Middleman, says
from tests.client.plain_v2 import PASSWORD, PlainV2
from tests.client.subject import Workshop
from tests.client.test_grants import HOUR

ADA = Password("ada", PASSWORD)


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


async def test_a_process_that_slept_puts_nothing_older_over_what_another_kept(
    service: Middleman, workshop: Workshop, tmp_path: Path
) -> None:
    """It was answered, and stopped before it could keep that; others went on twice meanwhile. Its token
    in the place of theirs would be a replay when it is presented next."""

    class Slept(FileStore):
        newer = ""

        def load(self) -> str | None:
            found = super().load()
            if self.newer:
                super().save(self.newer)
                self.newer = ""
            return found

    path = tmp_path / "token"
    store = Slept(path)
    client = workshop.make(settings_for(service), store=store)
    await client.sign_in(ADA)
    workshop.clock.advance(HOUR)
    store.newer = "rt-9"
    assert (await client.token()).refresh_token == "rt-2"
    assert FileStore(path).load() == "rt-9"


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
