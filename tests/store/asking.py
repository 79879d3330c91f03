"""Requests of every kind that writes: prepared once, sent as often as a test likes."""

from collections import Counter
from collections.abc import Awaitable, Callable

import httpx
import msgspec

from tests.bank import PASSWORD, Bank

Send = Callable[[], Awaitable[httpx.Response]]


async def client_credentials(bank: Bank) -> Send:
    return lambda: bank.token("machine", grant_type="client_credentials")


async def password(bank: Bank, text: str = PASSWORD) -> Send:
    return lambda: bank.token("mobile", grant_type="password", username="ada", password=text)


async def code(bank: Bank) -> Send:
    text = await bank.code(requested_scopes="offline_access")
    return lambda: bank.exchange(text)


async def refresh(bank: Bank) -> Send:
    token = await offline(bank)
    return lambda: bank.renew(token, "web")


async def revoke(bank: Bank) -> Send:
    token = await offline(bank)
    return lambda: bank.revoke(token, "web")


async def auth_code(bank: Bank) -> Send:
    bearer = await bank.page_token()
    return lambda: bank.ask_code(bearer=bearer)


GRANTED: dict[Callable[[Bank], Awaitable[Send]], str] = {
    client_credentials: "token:issued",
    password: "family:opened",
    code: "code:taken",
    refresh: "refresh:rotated",
    revoke: "family:revoked",
    auth_code: "code:issued",
}
"""What each kind of request leaves in the audit log when it is granted."""


async def offline(bank: Bank) -> str:
    """The refresh token of a new family of `web`."""
    answer = await bank.exchange(await bank.code(requested_scopes="offline_access"))
    assert answer.status_code == 200
    return str(answer.json()["refresh_token"])


async def use_every_secret(bank: Bank) -> None:
    """So that no request has the first use of its secret, or its first key, to write as well."""
    for client_id in bank.secrets:
        await bank.token(client_id, grant_type="none")
    await bank.page_token()


def says_try_again(answer: httpx.Response) -> bool:
    """503 in the words of the contract, with a wait."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["cache-control"] == "no-store"
    body = msgspec.json.decode(answer.content)
    return (body["code"], body["error"]) == ("CMN_90002", "temporarily_unavailable")


def names(bank: Bank) -> Counter[str]:
    """How often each kind of event happened."""
    return Counter(event["name"] for event in bank.events())
