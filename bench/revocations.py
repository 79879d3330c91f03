"""`python -m bench.revocations`: a feed of bulletins against a status list, in bytes and CPU.

What one institution's gateways are sent, and what it costs the service and each of them, at so many
live tokens and so many revocations a second.
"""

import argparse
import os
import random
import sys
import time
import zlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench.command import count
from moneyer.gateway.standing import Standing
from moneyer.protocol import base64url
from moneyer.tokens.bulletin import Bulletin, read_bulletin

ISSUER = "https://tokens.bank.example/i/00016"
LIFE = 1800
"""Seconds that a token lives: what is revoked has to be told for half of that on average."""
_ECDSA = ec.ECDSA(hashes.SHA256())


class Cost(NamedTuple):
    """What one second costs: bytes to each gateway, CPU µs at the service and at each gateway."""

    bytes_each: float
    service_us: float
    gateway_us: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.revocations", description=__doc__)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--gateways", type=int, default=1_000)
    parser.add_argument("--repeat", type=count, default=5)
    chosen = parser.parse_args()
    print(
        f"{chosen.tokens:,} live tokens, which live {LIFE} s; {chosen.gateways:,} gateways, each told"
        " once a second"
    )
    print(
        f"{'revoked/s':>10}  {'how':<12}{'bytes/s each':>14}{'MB/s in all':>13}"
        f"{'service µs/s':>14}{'gateway µs/s':>14}"
    )
    for rate in (1, 10, 100):
        for name, cost in (
            ("bulletins", feed(rate, chosen.repeat)),
            ("status list", status_list(rate, chosen.tokens, chosen.repeat)),
        ):
            total = cost.bytes_each * chosen.gateways / 1e6
            print(
                f"{rate:>10}  {name:<12}{cost.bytes_each:>14,.0f}{total:>13,.2f}"
                f"{cost.service_us:>14,.0f}{cost.gateway_us:>14,.0f}"
            )
    print(f"A gateway that starts: {start(100):,} bytes of bulletin at 100 revoked a second.")
    return 0


def feed(rate: int, repeat: int) -> Cost:
    """One bulletin a second with what was revoked in it; all gateways share its signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, standing = key.public_key(), Standing(ISSUER)
    bulletin = _bulletin(rate)
    payload = msgspec.json.encode(bulletin)
    signature = key.sign(payload, _ECDSA)

    def make() -> None:
        base64url.encode(msgspec.json.encode(bulletin))
        key.sign(payload, _ECDSA)

    def take() -> None:
        public.verify(signature, payload, _ECDSA)
        standing.learn(read_bulletin(payload))

    length = len(base64url.encode(payload)) + 190
    return Cost(length, cpu_us(make, repeat), cpu_us(take, repeat))


def status_list(rate: int, tokens: int, repeat: int) -> Cost:
    """A bit a token, the whole list anew each second: zlib, base64url, signed (IETF's status list)."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, bits = key.public_key(), bytearray(tokens // 8)
    for place in random.sample(range(tokens), min(tokens, rate * LIFE // 2)):
        bits[place // 8] |= 1 << place % 8
    payload = base64url.encode(zlib.compress(bytes(bits), 9))
    signature = key.sign(payload, _ECDSA)

    def make() -> None:
        key.sign(base64url.encode(zlib.compress(bytes(bits), 9)), _ECDSA)

    def take() -> None:
        public.verify(signature, payload, _ECDSA)
        zlib.decompress(base64url.decode(payload))

    return Cost(len(base64url.encode(payload)) + 190, cpu_us(make, repeat), cpu_us(take, repeat))


def start(rate: int) -> int:
    """Bytes of the bulletin that names all."""
    return len(base64url.encode(msgspec.json.encode(_bulletin(rate * LIFE // 2)))) + 190


def _bulletin(names: int) -> Bulletin:
    tokens = {base64url.encode(os.urandom(16)).decode(): 1_800_000_000 for _ in range(names)}
    return Bulletin(ISSUER, 1_800_000_000, tokens=tokens)


def cpu_us(once: Callable[[], None], repeat: int) -> float:
    """The least of several rounds."""
    least = float("inf")
    for _ in range(repeat):
        rounds, started = 0, time.thread_time()
        while time.thread_time() - started < 0.05:
            once()
            rounds += 1
        least = min(least, (time.thread_time() - started) / rounds)
    return least * 1e6


if __name__ == "__main__":
    sys.exit(main())
