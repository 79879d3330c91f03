"""A request over httpx: once, to where it is meant for, no more of the answer than a token needs."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from moneyer.client.errors import ProtocolError, Unreachable
from moneyer.client.settings import Timeouts
from moneyer.client.wire import MAX_ANSWER, Answer, Request

NAME = {"User-Agent": "moneyer-client"}

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def send(http: httpx.Client, request: Request, timeouts: Timeouts) -> Answer:
    """The answer. Redirects are not followed, and credentials of `http` not used. Raises Unreachable,
    and ProtocolError when the answer is too long."""
    deadline = time.monotonic() + timeouts.connect + timeouts.answer
    with (
        _failures_named(),
        http.stream(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            auth=None,
            follow_redirects=False,
            timeout=httpx.Timeout(timeouts.answer, connect=timeouts.connect),
        ) as response,
    ):
        _require_plain(response)
        body = b""
        for piece in response.iter_bytes():
            body = _with(body, piece)
            if time.monotonic() > deadline:
                raise Unreachable("the answer did not end in time", sent=True)
        return _answer(response, body)


async def send_async(http: httpx.AsyncClient, request: Request, timeouts: Timeouts) -> Answer:
    """As `send`."""
    with _failures_named():
        async with (
            asyncio.timeout(timeouts.connect + timeouts.answer),
            http.stream(
                request.method,
                request.url,
                headers=dict(request.headers),
                content=request.body,
                auth=None,
                follow_redirects=False,
                timeout=httpx.Timeout(timeouts.answer, connect=timeouts.connect),
            ) as response,
        ):
            _require_plain(response)
            body = b""
            async for piece in response.aiter_bytes():
                body = _with(body, piece)
            return _answer(response, body)


@contextmanager
def _failures_named() -> Iterator[None]:
    """Turns what httpx raises into Unreachable. The original is left behind: it holds the request."""
    try:
        yield
    except _NEVER_SENT:
        raise Unreachable("no connection to the token service", sent=False) from None
    except (TimeoutError, httpx.TimeoutException):
        raise Unreachable("the token service did not answer in time", sent=True) from None
    except httpx.TransportError:
        raise Unreachable("the connection ended before the answer did", sent=True) from None


def _require_plain(response: httpx.Response) -> None:
    """Raises ProtocolError for a compressed answer, which nobody asked for: few bytes can be many."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ProtocolError("the answer is compressed", response.status_code)


def _with(body: bytes, piece: bytes) -> bytes:
    if len(body) + len(piece) > MAX_ANSWER:
        raise ProtocolError("the answer is far too long")
    return body + piece


def _answer(response: httpx.Response, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, body)
