"""One refresh token presented many times at once has one successor."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from moneyer.audit.chain import Head, Link, verify_chain
from moneyer.protocol.clock import SystemClock
from tests.bank import Bank, TestClock
from tests.drills.ledger import Ledger
from tests.drills.load import Client
from tests.drills.service import Laptop

AT_ONCE = 32


async def test_thirty_two_at_once_agree(bank: Bank) -> None:
    """The same answer to each, byte for byte; the generation moves by one; one rotation is recorded."""
    first = (await bank.exchange(await bank.code(requested_scopes="offline_access"))).json()
    answers = await asyncio.gather(*(bank.renew(first["refresh_token"], "web") for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(bank.events("refresh:rotated")) == 1
    assert len(bank.events("refresh:retried")) == AT_ONCE - 1


@pytest.mark.requirement("RT-05")
async def test_thirty_two_at_once_agree_at_a_real_server(tmp_path: Path) -> None:
    """Over thirty-two connections to a process of its own."""
    server = Laptop(tmp_path / "bank")
    await server.start()
    try:
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(trust_env=False, limits=limits) as http:
            client = Client(server, Ledger(), http)
            code = await client.code()
            assert code is not None
            first = await client.token(client.web, grant_type="authorization_code", code=code)
            assert first is not None
            token = first.json()["refresh_token"]
            answers = await asyncio.gather(
                *(
                    client.token(client.web, grant_type="refresh_token", refresh_token=token)
                    for _ in range(AT_ONCE)
                )
            )
        received = {answer.json()["refresh_token"] for answer in answers if answer is not None}
        assert [answer.status_code for answer in answers if answer] == [200] * AT_ONCE
        assert len(received) == 1
    finally:
        server.stop()


async def test_two_processes_on_one_file_agree(tmp_path: Path) -> None:
    """Each renews the same token many times, both at once: one successor, one rotation, one chain."""
    clock = TestClock(SystemClock().now())
    bank = Bank(tmp_path, clock)
    async with bank.open():
        code = await bank.code(requested_scopes="offline_access")
        token = (await bank.exchange(code)).json()["refresh_token"]
    successors = race_two_processes(tmp_path, token)
    assert len(successors) == 2 * AT_ONCE
    assert len(set(successors)) == 1
    assert len(bank.events("refresh:rotated")) == 1
    with bank.engine.connect() as connection:
        sql = "SELECT * FROM events WHERE writer = 'racer' ORDER BY sequence"
        links = [Link(*row) for row in connection.exec_driver_sql(sql)]
        head = connection.exec_driver_sql("SELECT * FROM chain_heads WHERE writer = 'racer'").one()
    verify_chain(links, Head(*head))
    bank.engine.dispose()


def race_two_processes(folder: Path, token: str) -> list[str]:
    """What two processes received for the same token, both begun and then let go."""
    command = [sys.executable, "-m", "tests.concurrency.racer", str(folder / "moneyer.db")]
    command += [(folder / "master.key").read_text().strip(), token, str(AT_ONCE)]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        outputs.append(racer.communicate()[0])
        assert racer.returncode == 0
    return [line for output in outputs for line in output.split()]
