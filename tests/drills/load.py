"""The callers of a drill: every grant, renewal, retry and revocation, each written down.

A request that was under way when something broke may have happened or not; the same request, sent
again, has to find out without harm.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec

import httpx

from tests.drills.ledger import Closed, Ledger, token_id_of
from tests.drills.service import Bank

ADA = {"username": "ada.marsh", "institution_user_id": "5B7C1E90A4D24F6E8C3A1D2E4F506172"}
INSTITUTION = {"institutionId": "00016"}
MENDED = 60.0
"""Seconds after a failure within which tokens must be struck again."""


class Client:
    """One caller. `call` gives None when the server died before it answered, or said 503."""

    def __init__(self, bank: Bank, ledger: Ledger, http: httpx.AsyncClient) -> None:
        self.bank = bank
        self.ledger = ledger
        self.http = http
        self.web = bank.credentials("northstar-budget")
        self.page = bank.credentials("meridian-sign-in")

    async def call(self, method: str, path: str, **arguments: Any) -> httpx.Response | None:
        self.ledger.asked += 1
        try:
            response = await self.http.request(method, self.bank.base_url + path, **arguments)
        except httpx.TransportError:
            self.ledger.cut_off += 1
            await asyncio.sleep(0.01)
            return None
        if response.status_code == 503:
            self.ledger.unavailable += 1
            assert "retry-after" in response.headers
            await asyncio.sleep(0.02)
            return None
        assert response.status_code < 500, response.text
        return response

    async def token(self, credentials: tuple[str, str], **form: str) -> httpx.Response | None:
        return await self.call(
            "POST", "/oauth2/v1/token", auth=credentials, headers=INSTITUTION, data=form
        )

    async def page_token(self) -> str | None:
        """What opens the back channel to the sign-in page."""
        answer = await self.token(self.page, grant_type="client_credentials")
        return None if answer is None else str(answer.json()["access_token"])

    async def ask_for_code(self, page_token: str) -> httpx.Response | None:
        """A code for a family with renewal, asked for by the sign-in page."""
        return await self.call(
            "POST",
            "/v1/auth-code",
            headers={**INSTITUTION, "Authorization": f"Bearer {page_token}"},
            data={
                "client_id": "northstar-budget",
                "scopes": "accounts:read",
                "requested_scopes": "offline_access",
                **ADA,
            },
        )

    async def code(self) -> str | None:
        page_token = await self.page_token()
        answer = None if page_token is None else await self.ask_for_code(page_token)
        return None if answer is None else str(answer.json()["code"])


P = ParamSpec("P")


async def surely(
    ask: Callable[P, Awaitable[httpx.Response | None]], *arguments: P.args, **named: P.kwargs
) -> httpx.Response:
    """The answer to `ask`, which is repeated until there is one. Raises TimeoutError."""
    async with asyncio.timeout(MENDED):
        while (answer := await ask(*arguments, **named)) is None:
            pass
    return answer


async def machine(client: Client, stop: asyncio.Event) -> None:
    """Takes institution-scoped tokens, and writes down each that it got."""
    credentials = client.bank.credentials("meridian-back-office")
    while not stop.is_set():
        answer = await client.token(credentials, grant_type="client_credentials")
        if answer is not None:
            client.ledger.committed("tokens")
            client.ledger.token_ids.add(token_id_of(answer.json()["access_token"]))


async def chain(client: Client, stop: asyncio.Event, chance: random.Random) -> None:
    """Opens families with codes, turns them, and revokes them in the end."""
    ledger = client.ledger
    while not stop.is_set():
        current = await open_family(client, stop)
        if current is None:
            continue
        for _ in range(chance.randint(1, 40)):
            if stop.is_set():
                ledger.kept.append(current)
                return
            answer = await client.token(client.web, grant_type="refresh_token", refresh_token=current)
            if answer is None:
                continue
            if answer.status_code != 200:
                ledger.wrongly_revoked.append(answer.text)
                break
            previous, current = current, answer.json()["refresh_token"]
            ledger.committed("rotations")
            ledger.turned(current)
            if chance.random() < 0.1:
                await retry(client, previous)
        else:
            await revoke(client, current)


async def retry(client: Client, previous: str) -> None:
    """The generation before, once more: the same successor as it was answered first."""
    answer = await client.token(client.web, grant_type="refresh_token", refresh_token=previous)
    if answer is None:
        return
    if answer.status_code != 200:
        client.ledger.wrongly_revoked.append(answer.text)
        return
    client.ledger.committed("retries")
    client.ledger.turned(answer.json()["refresh_token"])


async def sign_in(client: Client, stop: asyncio.Event) -> None:
    """Signs a customer in with a password, now and then; what it opens can be renewed once."""
    mobile = client.bank.credentials("harbor-mobile")
    customer = next(c for c in client.bank.card["customers"] if c["login_id"] == "ada.marsh")
    secret = {"username": customer["login_id"], "password": customer["password"]}
    while not stop.is_set():
        await asyncio.sleep(0.05)
        answer = await client.token(mobile, grant_type="password", **secret)
        if answer is None:
            continue
        if answer.status_code != httpx.codes.OK:
            # Attempts are counted before the password is looked at, and those that broke off stay
            # counted: after several of them in a row the right password has to wait too.
            client.ledger.told_to_wait += 1
            continue
        first = answer.json()["refresh_token"]
        client.ledger.committed("passwords")
        client.ledger.turned(first)
        renewed = None
        while renewed is None and not stop.is_set():
            renewed = await client.token(mobile, grant_type="refresh_token", refresh_token=first)
        if renewed is not None and renewed.status_code != 200:
            client.ledger.wrongly_revoked.append(renewed.text)


async def read_keys(client: Client, stop: asyncio.Event) -> None:
    """Reads a key set and metadata on connections of their own. Whoever meets a process that is just
    dying asks once more, as a resource server would."""
    issuer = f"{client.bank.base_url}/i/00016"
    paths = ("/oauth2/jwks", "/.well-known/openid-configuration")
    while not stop.is_set():
        for path in paths:
            faults = []
            for _ in range(2):
                try:
                    answer = await client.http.get(issuer + path, headers={"Connection": "close"})
                except httpx.TransportError as error:
                    client.ledger.cut_off += 1
                    faults.append(repr(error))
                    continue
                if answer.status_code != httpx.codes.OK:
                    faults.append(f"{answer.status_code}")
                break
            client.ledger.acknowledged["key sets and metadata"] += not faults or len(faults) == 1
            if len(faults) > 1 or any(fault.isdigit() for fault in faults):
                client.ledger.unserved.append(", ".join(faults))
        await asyncio.sleep(0.05)


async def take_back(client: Client, stop: asyncio.Event) -> None:
    """Revokes access tokens as soon as they are struck: once that is acknowledged they open nothing."""
    while not stop.is_set():
        await asyncio.sleep(0.05)
        token = await client.page_token()
        if token is None:
            continue
        answer = await client.call(
            "DELETE", "/oauth2/v1/revoke", auth=client.page, data={"token": token}
        )
        if answer is not None:
            assert answer.status_code == 204
            client.ledger.committed("access tokens revoked")
            client.ledger.taken_back.append(token)
            await must_open_nothing(client, token)


async def must_open_nothing(client: Client, access_token: str) -> None:
    answer = await surely(client.ask_for_code, access_token)
    if answer.json().get("error") != "invalid_token":
        client.ledger.revived.append(f"access token {token_id_of(access_token)}")


async def look_back(client: Client, closed: Closed) -> None:
    """What was revoked or redeemed before a failure stays so after it."""
    ledger = client.ledger
    for token in closed.refresh_tokens:
        renewed = await surely(
            client.token, client.web, grant_type="refresh_token", refresh_token=token
        )
        if renewed.status_code == 200:
            ledger.revived.append(f"after a failure: {token[:16]}")
    for token in closed.access_tokens:
        await must_open_nothing(client, token)
    for code in closed.codes:
        again = await surely(client.token, client.web, grant_type="authorization_code", code=code)
        if again.status_code == 200:
            ledger.doubled.append("one code, redeemed again after a failure")


async def renew_what_is_left(client: Client) -> None:
    """Whoever was told a refresh token last, and did not give it up, can renew with it."""
    for token in client.ledger.kept:
        answer = await surely(client.token, client.web, grant_type="refresh_token", refresh_token=token)
        if answer.status_code != 200:
            client.ledger.wrongly_revoked.append(answer.text)
            continue
        client.ledger.acknowledged["renewals in the end"] += 1
        client.ledger.turned(answer.json()["refresh_token"])


async def open_family(client: Client, stop: asyncio.Event) -> str | None:
    """The first refresh token of a new family. A code whose exchange was cut off is tried once more."""
    code = await client.code()
    if code is None:
        return None
    answers = 0
    for _ in range(2):
        answer = await client.token(client.web, grant_type="authorization_code", code=code)
        while answer is None and not stop.is_set():
            answer = await client.token(client.web, grant_type="authorization_code", code=code)
        if answer is None:
            return None
        if answer.status_code == 200:
            answers += 1
            first = str(answer.json()["refresh_token"])
            client.ledger.committed("codes")
            client.ledger.turned(first)
            if answers > 1:
                client.ledger.doubled.append("one code, two answers")
            if client.ledger.acknowledged["codes"] % 4:
                return first
            client.ledger.redeemed.append(code)
        # Every fourth code is presented once more: it must give nothing, and takes its family along.
    return None


async def revoke(client: Client, current: str) -> None:
    """Once a revocation is acknowledged, the family is dead for good."""
    answer = await client.call("DELETE", "/oauth2/v1/revoke", auth=client.web, data={"token": current})
    if answer is None:
        return
    assert answer.status_code == 204
    client.ledger.committed("revocations")
    client.ledger.revoked.append(current)
    again = await client.token(client.web, grant_type="refresh_token", refresh_token=current)
    if again is not None and again.status_code == 200:
        client.ledger.revived.append(current[:16])
