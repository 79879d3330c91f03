"""How soon a guard refuses what was revoked, over a real connection to a real process.

A few trials here, and no clock judges them; `make gateway-drill` makes a thousand and demands a second.
"""

import asyncio
import os
import time
from pathlib import Path

import httpx

from moneyer.gateway.build import GuardSettings, guarding
from moneyer.gateway.guard import Guard
from moneyer.gateway.refusals import CannotTell, Refused
from moneyer.sandbox.cast import APIS
from tests.cli.process import Sandbox
from tests.cli.process import sandbox as start
from tests.gateway.calls import check

TRIALS = int(os.environ.get("TRIALS", "12"))
IS_DRILL = "TRIALS" in os.environ
PATIENCE = 30.0
AT_ONCE = 6


async def trial(http: httpx.AsyncClient, guard: Guard, sandbox: Sandbox) -> float:
    """Seconds from the acknowledgement of a revocation to the first refusal at the guard."""
    auth = ("meridian-back-office", sandbox.secret("meridian-back-office"))
    answer = await http.post(
        "/oauth2/v1/token",
        data={"grant_type": "client_credentials"},
        auth=auth,
        headers={"institutionId": "00016"},
    )
    token = answer.json()["access_token"]
    await check(guard, token, loginId="ada.marsh")
    ended = await http.post("/oauth2/v1/revoke", data={"token": token}, auth=auth)
    assert ended.status_code == 204
    acknowledged = time.monotonic()
    while time.monotonic() - acknowledged < PATIENCE:
        try:
            await check(guard, token, loginId="ada.marsh")
        except CannotTell:
            raise
        except Refused as refusal:
            if refusal.reason == "token-revoked":
                return time.monotonic() - acknowledged
            raise
        await asyncio.sleep(0.001)
    return PATIENCE


async def test_a_revoked_token_is_soon_refused(tmp_path: Path) -> None:
    with start(tmp_path) as sandbox:
        settings = GuardSettings(sandbox.base_url, APIS, sandbox.secret(APIS))
        took: list[float] = []
        async with (
            guarding(settings) as guard,
            httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as http,
        ):

            async def one_after_another() -> None:
                while len(took) < TRIALS:
                    took.append(await trial(http, guard, sandbox))

            await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    took.sort()
    places = {"median": 0.5, "p90": 0.9, "p99": 0.99, "worst": 1.0}
    figures = {name: took[min(len(took) - 1, int(len(took) * p))] for name, p in places.items()}
    print(f"{len(took)} trials: " + ", ".join(f"{n} {s * 1000:.0f} ms" for n, s in figures.items()))
    assert took[-1] < (1.0 if IS_DRILL else PATIENCE)
