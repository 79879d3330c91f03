"""A drill: something is broken again and again while callers are at work, and a ledger is kept."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import httpx

from tests.drills.ledger import Ledger
from tests.drills.load import INSTITUTION, Client, chain, look_back, machine, read_keys, sign_in
from tests.drills.service import Bank

Failure = Callable[[random.Random], Awaitable[None]]
"""Breaks something, and returns when it is mended or mends itself."""

MENDED = 60.0
"""Seconds after a failure within which tokens must be struck again."""


async def drill(
    bank: Bank, fail: Failure, times: int, seed: int, *, chains: int = 8, keys: bool = True
) -> Ledger:
    """Lets `fail` happen so many times to a bank that is served, under load; gives the ledger.

    `keys` asks for key sets and metadata throughout: one process alone takes them along when it dies.
    """
    ledger, stop, chance = Ledger(), asyncio.Event(), random.Random(seed)
    began = time.monotonic()
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        callers = [asyncio.create_task(machine(Client(bank, ledger, http), stop))]
        callers += [
            asyncio.create_task(chain(Client(bank, ledger, http), stop, random.Random(seed + n)))
            for n in range(chains)
        ]
        callers.append(asyncio.create_task(sign_in(Client(bank, ledger, http), stop)))
        if keys:
            callers.append(asyncio.create_task(read_keys(Client(bank, ledger, http), stop)))
        auditor = Client(bank, ledger, http)
        for _ in range(times):
            await asyncio.sleep(chance.uniform(0.05, 0.6))
            revoked, redeemed = ledger.revoked[-20:], ledger.redeemed[-20:]
            broken = time.monotonic()
            await fail(chance)
            await until_a_token_is_struck(auditor)
            ledger.gaps.append(time.monotonic() - broken)
            await look_back(auditor, revoked, redeemed)
        await asyncio.sleep(0.3)
        stop.set()
        await asyncio.gather(*callers)
        ledger.seconds = time.monotonic() - began
        await look_back(auditor, ledger.revoked, ledger.redeemed)
    return ledger


async def until_a_token_is_struck(client: Client) -> None:
    credentials = client.bank.credentials("meridian-back-office")
    form = {"grant_type": "client_credentials"}
    async with asyncio.timeout(MENDED):
        while True:
            answer = await client.call(
                "POST", "/oauth2/v1/token", auth=credentials, headers=INSTITUTION, data=form
            )
            if answer is not None:
                client.ledger.acknowledged["tokens"] += 1
                return
