"""The load generator: kept connections, one request under way on each, little parsing."""

import asyncio
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast
from urllib.parse import quote_plus

from bench.failures import BadAnswer, Refused
from bench.wire import frame, with_body

_GRACE_SECONDS = 10.0
_REFRESH_TOKEN = re.compile(rb'"refresh_token"\s*:\s*"([^"\\]+)"')


class Flow(Protocol):
    """What one connection asks, request after request."""

    def next_request(self) -> bytes: ...

    def take(self, body: bytes) -> None: ...


class Repeat:
    """The same request for ever."""

    def __init__(self, request: bytes) -> None:
        self._request = request

    def next_request(self) -> bytes:
        return self._request

    def take(self, body: bytes) -> None:
        pass


class Refresh:
    """Several families in turn; each answer's refresh token is the family's next request."""

    def __init__(self, head: bytes, tokens: Iterable[bytes]) -> None:
        self._head = head
        self._tokens = deque(tokens)

    def next_request(self) -> bytes:
        form = "grant_type=refresh_token&refresh_token=" + quote_plus(self._tokens.popleft())
        return with_body(self._head, form.encode("ascii"))

    def take(self, body: bytes) -> None:
        self._tokens.append(refresh_token_in(body))


def refresh_token_in(body: bytes) -> bytes:
    found = _REFRESH_TOKEN.search(body)
    if found is None:
        raise BadAnswer("an answer without a refresh_token")
    return found[1]


@dataclass(frozen=True)
class Window:
    """The counted seconds of one load on one server."""

    requests: int
    seconds: float
    cpu_seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def cpu_us(self) -> float:
        """Server CPU per answered request, in microseconds."""
        return self.cpu_seconds / self.requests * 1e6

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@dataclass
class _Tally:
    stopping: bool = False
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    refusal: bytes = b""
    failures: list[str] = field(default_factory=list)

    def check(self) -> None:
        refused = {status: n for status, n in self.statuses.items() if status != 200}
        if self.failures or refused:
            broken = "; ".join(sorted(set(self.failures)))
            raise Refused(
                f"answers by status {dict(self.statuses)}, broken connections "
                f"{len(self.failures)} {broken}\nfirst refusal: {self.refusal[:300]!r}"
            )


class _Connection(asyncio.Protocol):
    def __init__(self, flow: Flow, tally: _Tally) -> None:
        self._flow = flow
        self._tally = tally
        self._pending = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        request = self._flow.next_request()
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._pending:
            data = self._pending + data
        try:
            framed = frame(data)
            if framed is None:
                self._pending = data
                return
            self._pending = b""
            self._answered(framed[0], data[framed[1] : framed[2]])
        except BadAnswer as failure:
            self._end(str(failure))

    def _answered(self, status: int, body: bytes) -> None:
        tally = self._tally
        tally.latencies.append(time.perf_counter() - self._sent_at)
        tally.statuses[status] += 1
        if status != 200:
            tally.refusal = tally.refusal or body
            self._end(None)
            return
        self._flow.take(body)
        if tally.stopping:
            self._end(None)
        else:
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"the server closed a connection ({exc or 'in order'})")

    def _end(self, failure: str | None) -> None:
        if self.done.done():
            return
        if failure is not None:
            self._tally.failures.append(failure)
        self.done.set_result(None)
        self._transport.close()


async def run_window(
    port: int,
    flows: Sequence[Flow],
    cpu_seconds: Callable[[], float],
    warm_up: float,
    seconds: float,
) -> Window:
    """Load the server with one connection a flow, and count for `seconds` after the warm-up.

    Every connection ends with its last answer read, so a flow can be used again. Raises Refused
    if any answer, counted or not, was not a 200.
    """
    tally = _Tally()
    async with asyncio.timeout(warm_up + seconds + _GRACE_SECONDS):
        connections = [await _connect(port, flow, tally) for flow in flows]
        for connection in connections:
            connection.send()
        await asyncio.sleep(warm_up)
        latencies: list[float] = []
        tally.latencies = latencies
        started, cpu_started = time.perf_counter(), cpu_seconds()
        await asyncio.sleep(seconds)
        ended, cpu_ended = time.perf_counter(), cpu_seconds()
        tally.latencies = []
        tally.stopping = True
        await asyncio.gather(*(connection.done for connection in connections))
    tally.check()
    if len(latencies) < 2:
        raise Refused("no answers in the counted seconds")
    latencies.sort()
    return Window(
        requests=len(latencies),
        seconds=ended - started,
        cpu_seconds=cpu_ended - cpu_started,
        p50_ms=latencies[len(latencies) // 2] * 1e3,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1e3,
    )


async def _connect(port: int, flow: Flow, tally: _Tally) -> _Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: _Connection(flow, tally), "127.0.0.1", port)
    return connection
