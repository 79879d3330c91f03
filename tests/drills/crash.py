"""The crash drill: a server is killed again and again while it works, and a ledger is kept.

Every client writes down what was acknowledged to it. A request that was under way when the server
died may have happened or not; the same request, sent again, has to find out without harm.
"""

import asyncio
import base64
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.drills.server import Server

ADA = {"username": "ada.marsh", "institution_user_id": "5B7C1E90A4D24F6E8C3A1D2E4F506172"}
INSTITUTION = {"institutionId": "00016"}


@dataclass
class Ledger:
    """What was acknowledged, and what turned out to be wrong."""

    acknowledged: Counter[str] = field(default_factory=Counter)
    doubled: list[str] = field(default_factory=list)
    wrongly_revoked: list[str] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)
    unavailable: int = 0
    revoked: list[str] = field(default_factory=list)
    redeemed: list[str] = field(default_factory=list)
    token_ids: set[str] = field(default_factory=set)
    turns: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        return [*self.doubled, *self.wrongly_revoked, *self.revived]

    def lines(self) -> list[str]:
        """The ledger, for people."""
        return [
            *(f"acknowledged {name}: {count}" for name, count in sorted(self.acknowledged.items())),
            f"answered 503: {self.unavailable}",
            f"lost or wrongly revoked: {len(self.wrongly_revoked)}, doubled: {len(self.doubled)}, "
            f"revived: {len(self.revived)}",
        ]

    def turned(self, refresh_token: str) -> None:
        """A refresh token was received: its generation has one token, whoever asks and how often."""
        family, generation = place_of(refresh_token)
        known = self.turns.setdefault((family, generation), refresh_token)
        if known != refresh_token:
            self.doubled.append(f"two tokens of generation {generation} of {family}")


def place_of(refresh_token: str) -> tuple[str, int]:
    """The family and the generation that a refresh token names."""
    raw = base64.urlsafe_b64decode(refresh_token.partition(".")[2] + "=")
    return raw[:16].hex(), int.from_bytes(raw[16:20])


def token_id_of(access_token: str) -> str:
    payload = access_token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"])


class Client:
    """One caller. `call` gives None when the server died before it answered, or said 503."""

    def __init__(self, server: Server, ledger: Ledger, http: httpx.AsyncClient) -> None:
        self.server = server
        self.ledger = ledger
        self.http = http
        self.web = server.credentials("northstar-budget")

    async def call(self, method: str, path: str, **arguments: Any) -> httpx.Response | None:
        try:
            response = await self.http.request(method, self.server.base_url + path, **arguments)
        except httpx.TransportError:
            await asyncio.sleep(0.01)
            return None
        if response.status_code == 503:
            self.ledger.unavailable += 1
            assert "retry-after" in response.headers
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
            self.server.credentials("meridian-sign-in"), grant_type="client_credentials"
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
    credentials = client.server.credentials("meridian-back-office")
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
    mobile = client.server.credentials("harbor-mobile")
    customer = next(c for c in client.server.card["customers"] if c["login_id"] == "ada.marsh")
    secret = {"username": customer["login_id"], "password": customer["password"]}
    while not stop.is_set():
        await asyncio.sleep(0.05)
        answer = await client.token(mobile, grant_type="password", **secret)
        if answer is None:
            continue
        first = answer.json()["refresh_token"]
        client.ledger.acknowledged["passwords"] += 1
        client.ledger.turned(first)
        renewed = None
        while renewed is None and not stop.is_set():
            renewed = await client.token(mobile, grant_type="refresh_token", refresh_token=first)
        if renewed is not None and renewed.status_code != 200:
            client.ledger.wrongly_revoked.append(renewed.text)


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


async def drill(server: Server, kills: int, seed: int, chains: int = 8) -> Ledger:
    """Kills the server `kills` times under load; gives the ledger, the last server still running."""
    ledger, stop, chance = Ledger(), asyncio.Event(), random.Random(seed)
    await server.start()
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        workers = [asyncio.create_task(machine(Client(server, ledger, http), stop))]
        workers += [
            asyncio.create_task(chain(Client(server, ledger, http), stop, random.Random(seed + n)))
            for n in range(chains)
        ]
        workers.append(asyncio.create_task(sign_in(Client(server, ledger, http), stop)))
        auditor = Client(server, ledger, http)
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.05, 0.6))
            revoked, redeemed = ledger.revoked[-20:], ledger.redeemed[-20:]
            server.kill()
            if chance.random() < 0.1:
                await server.kill_while_starting(chance.uniform(0.1, 0.8))
            await server.start()
            await look_back(auditor, revoked, redeemed)
        await asyncio.sleep(0.3)
        stop.set()
        await asyncio.gather(*workers)
        await look_back(auditor, ledger.revoked, ledger.redeemed)
    return ledger
