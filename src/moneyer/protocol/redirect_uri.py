"""Redirect URIs: what may be registered (RFC 6749 section 3.1.2, RFC 9700 section 2.6).

At use they are compared byte for byte with what was registered, before any parsing.
"""

import re
from urllib.parse import SplitResult, urlsplit

MAX_BYTES = 2048

_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=%]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOT_SEGMENT = re.compile(r"(\.|%2e){1,2}", re.IGNORECASE)
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1"})


def check_redirect_uri(uri: str) -> str:
    """`uri`, if an application may register it.

    Raises ValueError, saying why, unless it is an absolute https URI (or http on a loopback address)
    without fragment, wildcard, user information or dot segments, escaped ones included.
    """
    if len(uri) > MAX_BYTES:
        raise ValueError("a redirect URI has at most 2048 characters")
    if not _ALLOWED.fullmatch(uri):
        raise ValueError("a redirect URI holds only URI characters, no wildcard and no fragment")
    if _BROKEN_ESCAPE.search(uri):
        raise ValueError("a redirect URI has a percent sign only before two hexadecimal digits")
    parts, host = _split(uri)
    if parts.username is not None or parts.password is not None:
        raise ValueError("a redirect URI has no user information")
    if parts.scheme == "http":
        if host not in LOOPBACK_HOSTS:
            raise ValueError("a redirect URI is https, or http on 127.0.0.1 or [::1]")
    elif parts.scheme != "https" or not _HOST.fullmatch(host):
        raise ValueError("a redirect URI is an absolute https URI")
    if any(_DOT_SEGMENT.fullmatch(segment) for segment in parts.path.split("/")):
        raise ValueError("a redirect URI has no dot segments")
    return uri


def _split(uri: str) -> tuple[SplitResult, str]:
    """The parts, and the host or "". Raises ValueError for an address or port that is none."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        raise ValueError("a redirect URI has a host, and a port up to 65535 if any") from None
    return parts, parts.hostname or ""


def is_claimed_https(uri: str) -> bool:
    """Whether the system vouches for who receives what is sent there (RFC 8252 section 8.6)."""
    return uri.startswith("https://")
