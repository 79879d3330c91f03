"""Calling addresses that applications registered, without being led astray (SSRF).

A name is looked up once, every address it has is judged, and the connection goes to one that was
judged: a second answer of the name server changes nothing. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode, urlsplit

import structlog

PATIENCE = 5.0
"""Seconds for the whole call."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_CGNAT = ipaddress.ip_network("100.64.0.0/10")

log = structlog.get_logger()


class Unreachable(Exception):
    """Nobody was asked, or nobody answered; the message is a short code."""


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_public(text: str) -> bool:
    """Whether an address is one of the open internet's own."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if address in _NAT64 or address in _NAT64_LOCAL or address.teredo is not None:
            return False
    elif address in _CGNAT:
        return False
    return address.is_global and not address.is_multicast


class Outbound:
    """Posts forms to registered https addresses. `allow_private` is for development alone: with it any
    address, port and plain http will do."""

    def __init__(self, *, allow_private: bool = False, resolver: Resolver = resolve) -> None:
        self._allow_private = allow_private
        self._resolve = resolver
        self._tls = ssl.create_default_context()

    async def post_form(self, url: str, fields: Mapping[str, str]) -> int:
        """The status that `url` answers with. Raises Unreachable."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._post(url, urlencode(fields).encode())
        except TimeoutError:
            raise Unreachable("timeout") from None
        except (OSError, ValueError, ssl.SSLError, asyncio.IncompleteReadError):
            raise Unreachable("connection") from None

    async def _post(self, url: str, body: bytes) -> int:
        parts = urlsplit(url)
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        if not self._allow_private and (not is_tls or port != 443):
            raise Unreachable("address-not-allowed")
        addresses = await self._resolve(host, port)
        if not addresses or not (self._allow_private or all(map(is_public, addresses))):
            raise Unreachable("address-not-allowed")
        reader, writer = await asyncio.open_connection(
            addresses[0],
            port,
            ssl=self._tls if is_tls else None,
            server_hostname=host if is_tls else None,
        )
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            head = (
                f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(body)}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode("ascii") + body)
            await writer.drain()
            line = (await reader.readuntil(b"\r\n")).split(b" ", 2)
            if len(line) < 2 or not line[0].startswith(b"HTTP/1.") or not line[1].isdigit():
                raise Unreachable("answer-malformed")
            return int(line[1])
        finally:
            writer.close()
