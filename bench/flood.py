"""`python -m bench.flood`: a flood of sign-ins, and what is left of everything else meanwhile."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import uvloop
from argon2.low_level import Type, hash_secret_raw

from bench.command import seconds, stop_on_signals
from bench.failures import BadAnswer, BenchFailure, Refused
from bench.limit import cpu_seconds_each
from bench.load import Flow, Window, run_window
from bench.peers.moneyer import OnSqlite
from bench.peers.peer import Running
from bench.rounds import arrangements
from bench.server import pin
from bench.wire import frame

_OTHERS = ("client_credentials", "refresh_token")
_CONNECTIONS = 400
_TICK = 0.01


class Flood:
    """Sends one request again and again, so many a second, whatever comes back.

    One that finds no free connection is not sent, and counted as such.
    """

    def __init__(self, port: int, request: bytes, rate: int) -> None:
        self._port = port
        self._request = request
        self._each_tick = rate * _TICK
        self._free: list[asyncio.Transport] = []
        self.answers: Counter[int] = Counter()
        self.not_sent = 0
        self.seconds = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        for _ in range(_CONNECTIONS):
            transport, _ = await loop.create_connection(lambda: _Caller(self), "127.0.0.1", self._port)
            self._free.append(transport)
        began, due = time.perf_counter(), 0.0
        try:
            while True:
                due += self._each_tick
                while due >= 1:
                    due -= 1
                    if self._free:
                        self._free.pop().write(self._request)
                    else:
                        self.not_sent += 1
                await asyncio.sleep(_TICK)
        finally:
            self.seconds = time.perf_counter() - began

    def answered(self, status: int, transport: asyncio.Transport) -> None:
        self.answers[status] += 1
        self._free.append(transport)


class _Caller(asyncio.Protocol):
    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._pending += data
        framed = frame(self._pending)
        if framed is not None:
            self._pending = b""
            self._flood.answered(framed[0], self._transport)


async def _beside(
    flood: Flood | None, running: Running, flows: Sequence[Flow], length: float
) -> Window:
    process = running.process
    flooding = asyncio.create_task(flood.run()) if flood else None
    try:
        return await run_window(process.port, flows, process.cpu_seconds, 1.0, length)
    finally:
        if flooding:
            flooding.cancel()
            await asyncio.gather(flooding, return_exceptions=True)


def raw_hashes_a_second() -> float:
    """argon2id as Moneyer's passwords cost it (19 MiB, two passes), one after another on one core."""

    def once() -> None:
        hash_secret_raw(b"a password", bytes(16), 2, 19456, 1, 32, Type.ID)

    return 1 / cpu_seconds_each(once, 3.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.flood", description=__doc__)
    parser.add_argument("--rate", type=int, default=2000, help="sign-ins offered a second")
    parser.add_argument("--seconds", type=seconds, default=8.0)
    chosen = parser.parse_args()
    stop_on_signals()
    place = arrangements()[-1]
    pin(place.server_core)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as scratch,
            OnSqlite().start(Path(scratch)) as running,
        ):
            raw = raw_hashes_a_second()
            pin(place.generator_core)
            _report(running, raw, chosen.rate, chosen.seconds)
    except (BenchFailure, BadAnswer, Refused, OSError) as failure:
        print(f"\nbench failed: {failure}", file=sys.stderr)
        return 1
    return 0


def _report(running: Running, raw: float, rate: int, length: float) -> None:
    flows = {load: make(32) for load, make in running.flows.items()}
    alone = uvloop.run(_beside(None, running, running.flows["password"](4), length))
    print(
        f"sign-ins, nothing beside them: {alone.rate:.1f}/s; argon2id alone: {raw:.1f}/s; "
        f"{100 * alone.rate / raw:.0f} %"
    )
    request = running.flows["password"](1)[0].next_request()
    for load in _OTHERS:
        before = uvloop.run(_beside(None, running, flows[load], length))
        flood = Flood(running.process.port, request, rate)
        during = uvloop.run(_beside(flood, running, flows[load], length))
        offered = sum(flood.answers.values()) + flood.not_sent
        print(
            f"{load}: {before.rate:.0f}/s, p99 {before.p99_ms:.1f} ms; in the flood "
            f"{during.rate:.0f}/s ({100 * during.rate / before.rate:.0f} %), p99 "
            f"{during.p99_ms:.1f} ms ({during.p99_ms / before.p99_ms:.1f} times)\n"
            f"    flood: {offered / flood.seconds:.0f} a second offered, answers "
            f"{dict(sorted(flood.answers.items()))}, {flood.not_sent} without a free connection"
        )


if __name__ == "__main__":
    sys.exit(main())
