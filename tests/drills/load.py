"""The callers of a drill: every grant, renewal, retry and revocation, each written down.

A request that was under way when something broke may have happened or not; the same request, sent
again, has to find out without harm.
"""

import asyncio
import random
from typing import Any

import httpx

from tests.drills.ledger import Ledger, token_id_of
from tests.drills.service import Bank

ADA = {"username": "ada.marsh", "institution_user_id": "5B7C1E90A4D24F6E8C3A1D2E4F506172"}
INSTITUTION = {"institutionId": "00016"}


class Client:
    """One caller. `call` gives None when the server died before it answered, or said 503."""

    def __init__(self, bank: Bank, ledger: Ledger, http: httpx.AsyncClient) -> None:
        self.bank = bank
        self.ledger = ledger
        self.http = http
        self.web = bank.credentials("northstar-budget")

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

    async def code(self) -> str | None:
        """A code for a family with renewal, asked for by the sign-in page."""
        page = await self.token(
            self.bank.credentials("meridian-sign-in"), grant_type="client_credentials"
        )
        if page is None:
            return None
        answer = await self.call(
            "POST",
            "/v1/auth-code",
            headers={**INSTITUTION, "Authorization": f"Bearer {page.json()['access_token']}"},
            data={
                "client_id": "northstar-budget",
                "scopes": "accounts:read",
                "requested_scopes": "offline_access",
                **ADA,
            },
        )
        return None if answer is None else str(answer.json()["code"])


async def machine(client: Client, stop: asyncio.Event) -> None:
    """Takes institution-scoped tokens, and writes down each that it got."""
    credentials = client.bank.credentials("meridian-back-office")
    while not stop.is_set():
        answer = await client.token(credentials, grant_type="client_credentials")
        if answer is not None:
            client.ledger.acknowledged["tokens"] += 1
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
                return
            answer = await client.token(client.web, grant_type="refresh_token", refresh_token=current)
            if answer is None:
                continue
            if answer.status_code != 200:
                ledger.wrongly_revoked.append(answer.text)
                break
            previous, current = current, answer.json()["refresh_token"]
            ledger.acknowledged["rotations"] += 1
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
    client.ledger.acknowledged["retries"] += 1
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
        client.ledger.acknowledged["passwords"] += 1
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
                    faults.append(repr(error))
                    continue
                if answer.status_code != httpx.codes.OK:
                    faults.append(f"{answer.status_code}")
                break
            client.ledger.acknowledged["key sets and metadata"] += not faults or len(faults) == 1
            if len(faults) > 1 or any(fault.isdigit() for fault in faults):
                client.ledger.unserved.append(", ".join(faults))
        await asyncio.sleep(0.05)


async def look_back(client: Client, revoked: list[str], redeemed: list[str]) -> None:
    """What was revoked stays so after a restart; what was redeemed is not redeemed again."""
    for token in revoked:
        answer = await client.token(client.web, grant_type="refresh_token", refresh_token=token)
        if answer is not None and answer.status_code == 200:
            client.ledger.revived.append(f"after a restart: {token[:16]}")
    for code in redeemed:
        answer = await client.token(client.web, grant_type="authorization_code", code=code)
        if answer is not None and answer.status_code == 200:
            client.ledger.doubled.append("one code, redeemed again after a restart")


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
            client.ledger.acknowledged["codes"] += 1
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
    client.ledger.acknowledged["revocations"] += 1
    client.ledger.revoked.append(current)
    again = await client.token(client.web, grant_type="refresh_token", refresh_token=current)
    if again is not None and again.status_code == 200:
        client.ledger.revived.append(current[:16])
