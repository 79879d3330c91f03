"""What no token service on this server could do without: the HTTP exchange and the crypto.

`python -m bench.limit PORT FILE` serves the echo; FILE holds an EchoAnswer as JSON.
"""

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from bench.failures import ServerFailure
from bench.server import ServerProcess
from bench.wire import Answer, ask

_FROM_THE_SERVER = {"date", "server", "content-length", "connection", "transfer-encoding"}
_START_SECONDS = 10.0

Message = MutableMapping[str, Any]


class EchoAnswer(msgspec.Struct, frozen=True):
    headers: list[tuple[str, str]]
    body: str


def launch_echo(name: str, answer: Answer, port: int, place: Path) -> ServerProcess:
    """Serve the bytes of `answer`, for any request, on the core of the calling thread."""
    headers = [(n, v) for n, v in answer.headers if n.lower() not in _FROM_THE_SERVER]
    copied = place / f"{name}.json"
    copied.write_bytes(msgspec.json.encode(EchoAnswer(headers, answer.body.decode())))
    command = [sys.executable, "-m", "bench.limit", str(port), str(copied)]
    return ServerProcess(f"echo of {name}", command, port, place / f"{name}.log")


def wait_for_echo(process: ServerProcess, request: bytes) -> Answer:
    deadline = process.started_at + _START_SECONDS
    while True:
        try:
            return ask(process.port, request)
        except OSError:
            process.check_alive()
            if time.perf_counter() > deadline:
                raise ServerFailure(f"{process.name} does not answer") from None
            time.sleep(0.02)


def crypto_seconds(signatures: int, macs: int, digests: int, duration: float) -> float:
    """CPU seconds of one request's crypto, from a tight loop of about `duration` seconds.

    A signature is ES256 over 500 bytes, deterministic (RFC 6979); a MAC is HMAC-SHA-256 of 43
    bytes under a key whose pads are prepared; a digest is SHA-256 of 43 bytes.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    payload, secret, mac = os.urandom(500), os.urandom(43), _prepared_hmac(os.urandom(32))

    def once() -> None:
        for _ in range(signatures):
            key.sign(payload, algorithm)
        for _ in range(macs):
            mac(secret)
        for _ in range(digests):
            hashlib.sha256(secret).digest()

    return cpu_seconds_each(once, duration)


def _prepared_hmac(key: bytes) -> Callable[[bytes], bytes]:
    """The cheapest HMAC-SHA-256 Python has for a fixed key: half the time of hmac.digest."""
    block = key.ljust(64, b"\0")
    inner_pad = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer_pad = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def mac(message: bytes) -> bytes:
        inner, outer = inner_pad.copy(), outer_pad.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()

    return mac


def cpu_seconds_each(once: Callable[[], None], duration: float) -> float:
    for _ in range(200):
        once()
    calls = 0
    started = time.thread_time()
    stop_at = time.perf_counter() + duration
    while time.perf_counter() < stop_at:
        for _ in range(50):
            once()
        calls += 50
    return (time.thread_time() - started) / calls


def _echo(
    answer: EchoAnswer,
) -> Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]:
    body = answer.body.encode()
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    headers.append((b"content-length", str(len(body)).encode()))
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    whole = {"type": "http.response.body", "body": body, "more_body": False}

    async def app(
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        await send(start)
        await send(whole)

    return app


async def _serve(port: int, answer: EchoAnswer) -> None:
    server = Server(
        _echo(answer),
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
    )
    asyncio.get_running_loop().add_signal_handler(15, server.stop)
    await server.serve()


if __name__ == "__main__":
    chosen = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=EchoAnswer)
    uvloop.run(_serve(int(sys.argv[1]), chosen))
