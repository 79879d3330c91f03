"""`python -m bench.gateway`: what a gateway's check costs, against a bare echo and one ES256 check.

One core, one run. The front of `moneyer gateway` is served by our own HTTP server and asked as nginx
asks it, in turn with an echo of the same bytes on the same server. Ratios are the result.
"""

import argparse
import asyncio
import ipaddress
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import uvloop

from bench.command import count, seconds
from bench.limit import cpu_seconds_each
from bench.load import Repeat, run_window
from moneyer.endpoints.http import Answer, Request
from moneyer.endpoints.http1.server import Http1Server
from moneyer.gatehouse.front import Front
from moneyer.gateway.apis import APIS
from moneyer.gateway.call import ApiCall
from moneyer.gateway.door import Door
from moneyer.gateway.facts import facts_of
from moneyer.gateway.route import Routes
from moneyer.gateway.token import SignatureCache
from tests.gateway.alone import Alone

CONNECTIONS = 32


class Round(NamedTuple):
    """CPU µs a request."""

    gateway: float
    echo: float
    verify: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.gateway", description=__doc__)
    parser.add_argument("--seconds", type=seconds, default=1.5)
    parser.add_argument("--rounds", type=count, default=5)
    chosen = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cached, anew = inside()
    print(f"the decision alone: {cached:.1f} µs with a token seen before, {anew:.1f} µs with a new one")
    verify = verification()
    for name, is_new in (("a token seen before", False), ("a new token each time", True)):
        rounds = [uvloop.run(one_round(chosen.seconds, verify, is_new)) for _ in range(chosen.rounds)]
        ratios = [(r.echo + r.verify) / r.gateway for r in rounds]
        print(
            f"{name}: gateway {statistics.median(r.gateway for r in rounds):.1f} µs, echo "
            f"{statistics.median(r.echo for r in rounds):.1f} µs, ES256 {verify:.1f} µs: "
            f"ratio (echo + ES256) / gateway {statistics.median(ratios):.0%}"
            f" ({min(ratios):.0%} to {max(ratios):.0%}); to the echo alone "
            f"{statistics.median(r.echo / r.gateway for r in rounds):.0%}"
        )
    return 0


def inside() -> tuple[float, float]:
    """CPU µs of one decision without HTTP: signature known, and not."""
    alone = Alone()
    door = Door(alone.guard, ROUTES)
    headers = [(b"authorization", f"Bearer {alone.strike()}".encode()), (b"host", b"api.bank.test")]
    call = ApiCall("GET", "/v1/accounts", b"", headers)

    def once() -> None:
        try:
            door.decide(call).send(None)
        except StopIteration:
            return

    def anew() -> None:
        alone.guard._signatures = SignatureCache()
        once()

    return cpu_seconds_each(once, 0.5) * 1e6, cpu_seconds_each(anew, 0.5) * 1e6


def verification() -> float:
    """CPU µs of one ES256 verification."""
    alone = Alone()
    token = alone.strike()
    key = alone.standings["00016"].key_of(token.split(".")[0].encode())
    assert key is not None
    signed, _, signature = token.encode().rpartition(b".")
    from moneyer.protocol import base64url

    raw = base64url.decode(signature)
    return cpu_seconds_each(lambda: key.verify(raw, signed), 0.5) * 1e6


ROUTES = Routes([route for routes in APIS.values() for route in routes])


async def one_round(duration: float, verify: float, is_new: bool) -> Round:
    """The gateway, then the echo of its answer, under the same requests."""
    alone = Alone()
    front = Front(Door(alone.guard, ROUTES), [ipaddress.ip_network("127.0.0.0/8")], lambda: True)
    token = alone.strike()
    request = (
        f"GET /check/nginx HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\n"
        "X-Original-Method: GET\r\nX-Original-URI: /v1/accounts\r\n\r\n"
    ).encode()
    call = ApiCall("GET", "/v1/accounts", b"", [(b"authorization", f"Bearer {token}".encode())])
    verified = await alone.guard.check(call, ROUTES.find("GET", "/v1/accounts")[0])  # type: ignore[index]
    answer = Answer(200, facts_of(verified))

    async def asked(request: Request) -> Answer:
        if is_new:
            alone.guard._signatures._found.clear()
        return await front.handle(request)

    async def echo(_request: Request) -> Answer:
        return answer

    gateway = await window(asked, request, duration)
    return Round(gateway, await window(echo, request, duration), verify)


async def window(
    handle: Callable[[Request], Awaitable[Answer]], request: bytes, duration: float
) -> float:
    """CPU µs a request of a server in a process of its own."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _child(handle, write)
    port = int(os.read(read, 16))
    clock = (~child << 3) | 2
    flows = [Repeat(request)] * CONNECTIONS
    try:
        found = await run_window(port, flows, lambda: time.clock_gettime(clock), 0.3, duration)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)  # noqa: ASYNC222 - killed already
        os.close(read)
        os.close(write)
    return found.cpu_us


def _child(handle: Callable[[Request], Awaitable[Answer]], ready: int) -> None:
    """Serves in the forked process until it is killed."""

    async def serve() -> None:
        server = Http1Server(handle)
        loop = asyncio.get_running_loop()
        doors = await loop.create_server(server.connection, "127.0.0.1", 0)
        os.write(ready, str(doors.sockets[0].getsockname()[1]).encode())
        await server.run()

    asyncio._set_running_loop(None)
    try:
        asyncio.new_event_loop().run_until_complete(serve())
    finally:
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
