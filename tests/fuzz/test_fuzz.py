"""Hostile requests by the thousand: none brings about a 5xx, an unforeseen error, or a leak.

FUZZ_REQUESTS says how many (20,000 unless said otherwise), FUZZ_SEED repeats a run that failed.
"""

import asyncio
import os
import secrets
import time
from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import pytest
import structlog

from moneyer.app import build
from moneyer.audit.chain import Head, Link, verify_chain
from tests.bank import Bank, TestClock, lifespan
from tests.fuzz.corpus import Pool
from tests.fuzz.harness import Harness
from tests.fuzz.hostile import Grammar

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "20000"))
SEED = int(os.environ.get("FUZZ_SEED", "0")) or secrets.randbits(32)
BANK_LIFE = 50_000
"""Requests after which a new bank is opened, so that the database stays small."""
TOGETHER = 32
"""Requests that are under way at once: they meet in the same groups of the journal."""


@pytest.mark.requirement("TE-04", "TE-07", "TE-14", "TE-18", "JW-05")
async def test_no_input_brings_about_a_5xx_or_an_unforeseen_error(tmp_path: Path) -> None:
    """Every answer is a success that had to be earned, or a row of the published table."""
    began, statuses, bodies = time.monotonic(), Counter[int](), set[bytes]()
    for number, first in enumerate(range(0, REQUESTS, BANK_LIFE)):
        folder = tmp_path / str(number)
        folder.mkdir()
        bank = Bank(folder, TestClock())
        try:
            harness = await besiege(bank, f"{SEED}/{number}", min(BANK_LIFE, REQUESTS - first))
        finally:
            bank.engine.dispose()
        statuses += harness.statuses
        bodies |= harness.bodies
        assert_audit_is_whole(bank)
    rate = statuses.total() / (time.monotonic() - began)
    print(f"\nseed {SEED}: {statuses.total()} requests, {rate:.0f}/s, {sorted(statuses.items())}")
    assert statuses[200] > REQUESTS // 50
    assert len(bodies) < 60, "errors differ by more than the table: something is echoed"


async def besiege(bank: Bank, seed: str, requests: int) -> Harness:
    """Sends `requests` hostile requests to one bank; at the end an honest one still succeeds."""
    async with bank.open():
        pool = await filled_pool(bank)
    roomy = msgspec.structs.replace(bank.settings.passwords, queue=1000)
    app = build(msgspec.structs.replace(bank.settings, passwords=roomy), bank.clock)
    harness, random = Harness(bank, app, pool), Random(seed)
    grammar = Grammar(bank, pool, random)
    with structlog.testing.capture_logs() as lines:
        async with lifespan(app):
            sent = 0
            while sent < requests:
                batch = [grammar.draw() for _ in range(min(TOGETHER, requests - sent))]
                outcomes = await asyncio.gather(*map(harness.fire, batch), return_exceptions=True)
                for request, outcome in zip(batch, outcomes, strict=True):
                    if outcome is not None:
                        pytest.fail(f"FUZZ_SEED={SEED} after {sent}: {outcome!r}\n{request!r}\n{lines}")
                assert not lines, f"FUZZ_SEED={SEED} after {sent}: {lines}"
                sent += len(batch)
                bank.clock.advance(random.random())
    async with bank.open():
        assert (await bank.token("machine", grant_type="client_credentials")).status_code == 200
    return harness


async def filled_pool(bank: Bank) -> Pool:
    """Good tokens, codes and bearers to begin with."""
    pool = Pool()
    for institution, client in (("00016", "mobile"), ("00042", "rival")):
        members = await bank.sign_in(client, institution)
        pool.refresh += [(client, institution, members["refresh_token"])] * 5
        pool.access.append(members["access_token"])
        pool.bearers.append((institution, await bank.page_token(institution)))
        for identity in ("openid", "openid,offline_access", "offline_access"):
            pool.codes.append((institution, await bank.code(institution, requested_scopes=identity)))
    return pool


def assert_audit_is_whole(bank: Bank) -> None:
    """The chain of events holds from its first link to its head, for every writer."""
    with bank.engine.connect() as connection:
        heads = connection.exec_driver_sql("SELECT writer, sequence, digest FROM chain_heads").all()
        for head in heads:
            rows = connection.exec_driver_sql(
                "SELECT institution_id, writer, sequence, at, name, body, digest FROM events"
                " WHERE writer = ? ORDER BY sequence",
                (head.writer,),
            )
            verify_chain((Link(*row) for row in rows), Head(*head))
