"""Clients that others wrote, over time: they renew by themselves, and follow a change of keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import msgspec
import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from joserfc import jwt as jose
from joserfc.jwk import KeySet
from oauthlib.oauth2 import LegacyApplicationClient
from requests_oauthlib import OAuth2Session

from moneyer.applications.application import Lifetimes
from moneyer.keys.lifecycle import rotate
from moneyer.keys.sealing import new_key
from moneyer.protocol.clock import SECOND, SystemClock
from tests.bank import BASE, DAY, Bank, TestClock
from tests.cli.process import Sandbox, free_port, sandbox, serving

HEADERS = {"institutionId": "00016"}
HOUR = 3600


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox."""
    with sandbox(tmp_path_factory.mktemp("bank")) as running:
        yield running


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries are told that plain HTTP is meant."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def url(bank: Sandbox) -> str:
    return f"{bank.base_url}/oauth2/v1/token"


def mobile(bank: Sandbox) -> tuple[str, str]:
    return "harbor-mobile", bank.secret("harbor-mobile")


def accepted(bank: Sandbox, refresh_token: str) -> bool:
    return bank.renew(refresh_token).status_code == 200


def test_requests_oauthlib_renews_by_itself(bank: Sandbox) -> None:
    """`expires_in` is text here, and understood; an expired token is renewed before the call."""
    client_id, secret = mobile(bank)
    ada = bank.customer("00016")
    session = OAuth2Session(client=LegacyApplicationClient(client_id=client_id))
    token = session.fetch_token(
        url(bank),
        username=ada["login_id"],
        password=ada["password"],
        auth=(client_id, secret),
        headers=HEADERS,
        include_client_id=False,
    )
    assert token["expires_at"] > SystemClock().now() / SECOND
    saved: list[dict[str, Any]] = []
    later = OAuth2Session(
        client_id,
        token={**token, "expires_at": 1.0, "expires_in": "-1"},
        auto_refresh_url=url(bank),
        token_updater=saved.append,
    )
    answer = later.get(f"{bank.base_url}/health/live", client_id=client_id, client_secret=secret)
    assert answer.status_code == 200
    (renewed,) = saved
    assert renewed["refresh_token"] != token["refresh_token"]
    assert accepted(bank, renewed["refresh_token"])


def test_authlib_renews_by_itself(bank: Sandbox) -> None:
    """Its session on requests, with a token that has expired."""
    ada = bank.customer("00016")
    saved: list[dict[str, Any]] = []

    def save(token: dict[str, Any], refresh_token: str = "", access_token: str = "") -> None:
        saved.append(token)

    session = AuthlibSession(*mobile(bank), token_endpoint=url(bank), update_token=save)
    token = session.fetch_token(
        url(bank), username=ada["login_id"], password=ada["password"], headers=HEADERS
    )
    session.token = {**token, "expires_at": 1, "expires_in": 0}
    assert session.get(f"{bank.base_url}/health/live").status_code == 200
    (renewed,) = saved
    assert renewed["refresh_token"] != token["refresh_token"]
    assert accepted(bank, renewed["refresh_token"])


def test_an_error_reaches_the_callers_of_a_library_as_rfc_6749_names_it(bank: Sandbox) -> None:
    """Though the body has V2's code and message as well."""
    client_id, secret = mobile(bank)
    session = AuthlibSession(client_id, secret, token_endpoint=url(bank))
    with pytest.raises(Exception, match="invalid_grant"):
        session.refresh_token(url(bank), refresh_token="mrt_nothing")
    wrong = AuthlibSession(client_id, "wrong", token_endpoint=url(bank))
    with pytest.raises(Exception, match="invalid_client"):
        wrong.refresh_token(url(bank), refresh_token="mrt_nothing")


class Rotated:
    """A bank whose key changed half an hour ago: a token from before, and its settings."""

    def __init__(self, bank: Bank, old_token: str) -> None:
        self.bank = bank
        self.old_token = old_token


@pytest.fixture
async def rotated(tmp_path: Path) -> Rotated:
    clock = TestClock(SystemClock().now() - 2 * HOUR * SECOND)
    bank = Bank(tmp_path, clock)
    bank.change_application("machine", lifetimes=Lifetimes(access_token=DAY))
    async with bank.open():
        answer = await bank.token("machine", grant_type="client_credentials")
    clock.advance(HOUR)
    desk = bank.admin.institutions
    spare = new_key(bank.keys.sealing, "00016", "ES256", clock.now(), None)
    desk.save_keys("00016", (*rotate(desk.keys("00016"), clock.now()), spare))
    bank.engine.dispose()
    return Rotated(bank, answer.json()["access_token"])


@pytest.mark.requirement("JW-05")
def test_a_change_of_keys_is_followed_by_verifiers(rotated: Rotated, tmp_path: Path) -> None:
    """PyJWT's and joserfc's readers of key sets accept tokens from before and after it."""
    bank, port = rotated.bank, free_port()
    variables = {
        "MONEYER_SERVER__BASE_URL": BASE,
        "MONEYER_SERVER__PORT": str(port),
        "MONEYER_SERVER__TRUSTED_PROXIES": "127.0.0.1/32",
        "MONEYER_STORE__SQLITE": str(bank.settings.database),
        "MONEYER_KEYS__MASTER_KEY_FILE": bank.settings.keys.master_key_file,
    }
    where = f"http://127.0.0.1:{port}"
    with serving("serve", folder=tmp_path, ready="serving ", variables=variables):
        answer = httpx.post(
            f"{where}/oauth2/v1/token",
            data={"grant_type": "client_credentials"},
            auth=("machine", bank.secrets["machine"]),
            headers={**HEADERS, "X-Forwarded-Proto": "https"},
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        tokens = (rotated.old_token, answer.json()["access_token"])
        assert len({jwt.get_unverified_header(token)["kid"] for token in tokens}) == 2
        reader = jwt.PyJWKClient(f"{where}/i/00016/oauth2/jwks")
        served = msgspec.json.decode(httpx.get(f"{where}/i/00016/oauth2/jwks", trust_env=False).content)
        for token in tokens:
            claims = jwt.decode(
                token,
                reader.get_signing_key_from_jwt(token),
                algorithms=["ES256"],
                audience=f"{BASE}/i/00016/apis",
                issuer=f"{BASE}/i/00016",
            )
            assert claims["sub"] == "client:machine"
            keys = KeySet.import_key_set(served)
            assert jose.decode(token, keys, algorithms=["ES256"]).claims == claims
