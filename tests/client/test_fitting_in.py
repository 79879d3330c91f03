"""How the client fits into an application: its HTTP client, its callbacks, its second factors."""

import httpx
import pytest

from moneyer.client import (
    AsyncTokenClient,
    ClientCredentials,
    MoreProofNeeded,
    Password,
    SecondFactor,
    Settings,
    SignInNeeded,
    TokenClient,
)
from moneyer.protocol.clock import SECOND
from tests.bank import BASE, PASSWORD, Bank
from tests.browser import Browser, claims, standard_application
from tests.client import plain_v2
from tests.client.conftest import settings_for
from tests.client.middleman import Middleman, says
from tests.client.plain_v2 import PlainV2
from tests.client.subject import Workshop
from tests.sign_in.test_factors import MFA, demand


async def test_an_http_client_of_the_applications_own_is_used_and_left_open(
    service: Middleman,
) -> None:
    """But its credentials and its redirects are not: both are the token service's business."""
    with Middleman(PlainV2()) as elsewhere:
        to = f"{elsewhere.base_url}/oauth2/v1/token"
        with httpx.Client(auth=("other", "credentials"), follow_redirects=True) as http:
            with TokenClient(settings_for(service), ClientCredentials, http=http) as client:
                assert client.token().access_token == "at-1"
                service.spoil(says(307, Location=to))
                with pytest.raises(Exception, match="elsewhere"):
                    client.sign_in(ClientCredentials())
            assert not http.is_closed
        async with httpx.AsyncClient(auth=("other", "credentials"), follow_redirects=True) as tasks:
            async with AsyncTokenClient(
                settings_for(service), ClientCredentials, http=tasks
            ) as client_of_tasks:
                assert (await client_of_tasks.token()).access_token == "at-2"
            assert not tasks.is_closed
        assert elsewhere.seen == []


def test_an_application_can_be_tested_without_a_network() -> None:
    """With httpx's own mock transport."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"access_token": "at", "token_type": "bearer"})

    settings = Settings(
        base_url="https://bank.example", client_id="a", client_secret="s", institution_id="00016"
    )
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        tokens = TokenClient(settings, ClientCredentials, http=http).token()
    assert (tokens.access_token, tokens.expires_at) == ("at", None)


async def test_credentials_may_be_a_coroutine_function(service: Middleman) -> None:
    """A prompt, or a vault over the network."""

    async def credentials() -> Password:
        return Password("ada", plain_v2.PASSWORD)

    async with AsyncTokenClient(settings_for(service), credentials) as client:
        assert (await client.token()).refresh_token == "rt-1"


async def test_what_credentials_raise_reaches_the_application(
    service: Middleman, workshop: Workshop
) -> None:
    """As it is; the next call asks again."""
    turns = iter([KeyError("vault"), None])

    def credentials() -> ClientCredentials:
        if failure := next(turns):
            raise failure
        return ClientCredentials()

    client = workshop.make(settings_for(service), credentials)
    with pytest.raises(KeyError):
        await client.token()
    assert (await client.token()).access_token == "at-1"


async def test_another_password_than_the_refused_one_is_tried(
    service: Middleman, workshop: Workshop
) -> None:
    """The customer has typed it anew; also the refused one, where the application insists."""
    typed = iter(["guess", "guess", plain_v2.PASSWORD])
    client = workshop.make(settings_for(service), lambda: Password("ada", next(typed)))
    for _ in range(2):
        with pytest.raises(SignInNeeded):
            await client.token()
    assert len(service.asked()) == 1
    assert (await client.token()).refresh_token == "rt-1"
    for asked in (3, 4):
        with pytest.raises(SignInNeeded):
            await client.sign_in(Password("ada", "guess"))
        assert len(service.asked()) == asked


async def test_a_second_factor_follows_the_password(bank: Bank) -> None:
    """`mfa_required` says what to go on with; the token of the factor shows in no message."""
    bank.add_application(standard_application())
    await demand(bank)
    browser = Browser(bank)
    await browser.authorize(scope="openid transfers:write")
    await browser.sign_in()
    generator, _ = await browser.set_up_totp()
    settings = Settings(
        base_url=BASE,
        client_id="mobile",
        client_secret=bank.secrets["mobile"],
        institution_id="00016",
        scopes=("transfers:write",),
    )
    client = AsyncTokenClient(settings, http=bank.http, clock=bank.clock)
    with pytest.raises(MoreProofNeeded) as asked:
        await client.sign_in(Password("ada", PASSWORD))
    assert asked.value.mfa_token.startswith("mmt_")
    assert asked.value.mfa_token not in f"{asked.value} {asked.value!r}"
    bank.clock.advance(30)
    code = generator.at(bank.clock.now() // SECOND)
    tokens = await client.sign_in(SecondFactor(asked.value.mfa_token, otp=code))
    assert claims(tokens.access_token)["acr"] == MFA
    bank.clock.advance(3600)
    assert (await client.token()).refresh_token != tokens.refresh_token
