"""How each proxy says which call it asks about. Each has a path of its own, so that no caller can
choose another than its proxy speaks."""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from moneyer.endpoints.http import RawHeaders, Request
from moneyer.gateway.refusals import NoRoute

ENVOY = "/check/envoy"
NGINX = "/check/nginx"
TRAEFIK = "/check/traefik"


class Asked(NamedTuple):
    """The call that a proxy asks about. `path` is decoded, `raw_path` as the caller wrote it."""

    method: str
    path: str
    query: bytes
    raw_path: str

    def __repr__(self) -> str:
        return f"Asked({self.method!r}, {self.path!r})"


_PLAIN = "/:@!$&'()*+,;="
"""What stands in a path as it is (RFC 3986 section 3.3)."""


def nginx(request: Request) -> Asked:
    """`X-Original-Method` and `X-Original-URI`. Raises NoRoute."""
    return _from_headers(request.headers, b"x-original-method", b"x-original-uri")


def traefik(request: Request) -> Asked:
    """`X-Forwarded-Method` and `X-Forwarded-Uri`. Raises NoRoute."""
    return _from_headers(request.headers, b"x-forwarded-method", b"x-forwarded-uri")


def envoy(request: Request) -> Asked:
    """The call itself, its path behind a prefix (`path_prefix` of Envoy's ext_authz)."""
    path = request.path.removeprefix(ENVOY)
    return Asked(request.method, path, request.query, quote(path, safe=_PLAIN))


def convention_of(path: str) -> Callable[[Request], Asked] | None:
    """How to read a request to `path`; None where nobody asks."""
    if path.startswith(f"{ENVOY}/"):
        return envoy
    return {NGINX: nginx, TRAEFIK: traefik}.get(path)


def _from_headers(headers: RawHeaders, method_name: bytes, target_name: bytes) -> Asked:
    methods = [value for name, value in headers if name == method_name]
    targets = [value for name, value in headers if name == target_name]
    if len(methods) != 1 or len(targets) != 1 or not targets[0].startswith(b"/"):
        raise NoRoute("convention-broken")
    raw_path, _, query = targets[0].partition(b"?")
    path = unquote_to_bytes(raw_path).decode("utf-8", "replace")
    return Asked(methods[0].decode("latin-1"), path, query, raw_path.decode("latin-1"))
