"""Who calls: the address and the transport of a request, as far as they can be believed."""

import ipaddress
from collections.abc import Iterable

from moneyer.endpoints.http import RawHeaders

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Callers:
    """Names the caller of a request. `trusted_proxies` are the networks whose X-Forwarded-For and
    X-Forwarded-Proto are believed."""

    def __init__(self, trusted_proxies: Iterable[Network] = ()) -> None:
        self._trusted = tuple(trusted_proxies)

    def behind(self, peer: str, secure: bool, headers: RawHeaders) -> tuple[str, bool]:
        """The caller's address, and whether it came through TLS.

        `peer` is the address at the other end of the connection as `plain_address` gives it, `secure`
        whether that connection is TLS.
        """
        if self._trusted and self._is_trusted(peer):
            peer = plain_address(_last(headers, b"x-forwarded-for")) or peer
            proto = _last(headers, b"x-forwarded-proto")
            secure = proto == "https" if proto else secure
        return peer, secure

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)


def plain_address(address: str) -> str:
    """An IPv4 address as such, where a socket for both families maps it (RFC 4291 section 2.5.5.2)."""
    return address.removeprefix("::ffff:") if "." in address else address


def _last(headers: RawHeaders, name: bytes) -> str:
    """The last entry of a list-valued header: the one our own proxy added."""
    values = [value for key, value in headers if key.lower() == name]
    return values[-1].decode("latin-1").rpartition(",")[2].strip() if values else ""
