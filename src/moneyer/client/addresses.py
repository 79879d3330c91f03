"""Where secrets may be sent."""

import ipaddress
from urllib.parse import urlsplit

from moneyer.client.errors import InsecureAddress


def require_secure(url: str) -> str:
    """`url`, if it is https, or plain HTTP on this machine. Raises InsecureAddress."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise InsecureAddress("an address cannot be read as a URL") from None
    if parts.scheme == "https" and host:
        return url
    if parts.scheme == "http" and is_loopback(host):
        return url
    raise InsecureAddress("secrets are sent by https alone, or by http to this machine")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by address or as `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_endpoint(url: str) -> str:
    """`url`, if tokens may be asked for there: secure, without user information, query and fragment.

    Raises InsecureAddress, and ValueError.
    """
    parts = urlsplit(require_secure(url))
    if parts.username is not None or parts.password is not None:
        raise ValueError("an endpoint has no user information")
    if "?" in url or "#" in url:
        raise ValueError("an endpoint has neither query nor fragment")
    return url
