"""A bank's core on a loopback port: a small HTTP server that answers as a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from moneyer.customers.core_bank import CoreBank
from moneyer.institutions.institution import Policy
from tests.bank import Bank

TIMEOUT = 0.25
BEARER = "canary-core-bearer-canary"


class Core:
    """`answer` is what it sends back, bytes and all; None means silence. `endless` lets it never stop.

    `asked` is what it was sent, `taken` how much of an endless answer went out.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.answer: bytes | None = None
        self.endless = False
        self.taken = 0
        self.passwords: dict[tuple[str, str], str] = {}

    def reply(self, body: bytes, status: str = "200 OK", *headers: str) -> None:
        """From now on every question gets this answer."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        self.answer = "\r\n".join([*lines, "", ""]).encode() + body

    def judge(self) -> None:
        """From now on it compares passwords, as a core does; login ids to the letter."""
        self.answer = b"judge"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(
                int(line.split(":")[1])
                for line in head.splitlines()
                if line.lower().startswith("content-length:")
            )
            question = msgspec.json.decode(await reader.readexactly(length))
            self.heads.append(head)
            self.asked.append(question)
            if self.answer is None:
                await reader.read()  # silence, until the other side gives up
            else:
                if self.answer == b"judge":
                    who = (question["institution_id"], question["login_id"])
                    right = self.passwords.get(who) == question["password"]
                    body = b'{"verified":true}' if right else b'{"verified":false}'
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(body))
                    writer.write(b"Connection: close\r\n\r\n" + body)
                else:
                    writer.write(self.answer)
                await writer.drain()
                while self.endless:
                    writer.write(b" " * 65536)
                    await writer.drain()
                    self.taken += 65536
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def core_serving() -> AsyncIterator[Core]:
    core = Core()
    server = await asyncio.start_server(core.serve, "127.0.0.1", 0)
    core.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/verify"
    try:
        yield core
    finally:
        server.close()
        await server.wait_closed()


def asks_its_core(bank: Bank, institution_id: str = "00016") -> None:
    """The institution's policy from now on: passwords are the core's to check."""
    institution = bank.admin.institutions.get(institution_id)
    policy = msgspec.structs.replace(institution.policy, verifier="core-bank")
    assert isinstance(policy, Policy)
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))


def core_bank(core: Core, **members: Any) -> dict[str, CoreBank]:
    """The setting that names `core` for 00016."""
    return {"00016": CoreBank(core.url, bearer_token=BEARER, timeout=TIMEOUT, **members)}
