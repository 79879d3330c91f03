"""A drill: something is broken again and again while callers are at work, and a ledger is kept."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import httpx

from tests.drills.ledger import Ledger
from tests.drills.load import (
    Client,
    chain,
    look_back,
    machine,
    read_keys,
    renew_what_is_left,
    sign_in,
    surely,
    take_back,
)
from tests.drills.service import Bank

Failure = Callable[[random.Random], Awaitable[None]]
"""Breaks something, and returns when it is mended or mends itself."""


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
        callers.append(asyncio.create_task(take_back(Client(bank, ledger, http), stop)))
        auditor, back_office = Client(bank, ledger, http), bank.credentials("meridian-back-office")
        for _ in range(times):
            await asyncio.sleep(chance.uniform(0.05, 0.6))
            closed = ledger.closed(20)
            broken = time.monotonic()
            await fail(chance)
            await surely(auditor.token, back_office, grant_type="client_credentials")
            ledger.committed("tokens")
            ledger.gaps.append(time.monotonic() - broken)
            await look_back(auditor, closed)
        await asyncio.sleep(0.3)
        stop.set()
        await asyncio.gather(*callers)
        ledger.seconds = time.monotonic() - began
        await look_back(auditor, ledger.closed())
        await renew_what_is_left(auditor)
    return ledger
