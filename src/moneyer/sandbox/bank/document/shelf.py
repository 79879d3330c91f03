"""The documents of the bank, as they are served: `/v1/openapi.json`, and `/docs` to read."""

from functools import cache
from importlib import resources

import msgspec

from moneyer.endpoints.http import JSON, Answer
from moneyer.sandbox.bank.document.openapi import openapi
from moneyer.sandbox.bank.document.page import page

_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
_CHECK_BACK = (b"cache-control", b"no-cache")
_NOSNIFF = (b"x-content-type-options", b"nosniff")


class Shelf:
    """Everything is made once."""

    def __init__(self, base_url: str, base_path: str) -> None:
        self._pages = _pages(base_url, base_path)

    def handle(self, method: str, path: str) -> Answer | None:
        """The document under `path`, None where there is none."""
        found = self._pages.get(path)
        if found is None or method in {"GET", "HEAD"}:
            return found
        return Answer(405, [(b"allow", b"GET, HEAD"), _CHECK_BACK])


@cache
def _pages(base_url: str, base_path: str) -> dict[str, Answer]:
    document = openapi(base_url)
    style = resources.files("moneyer.sandbox.bank.document") / "style.css"
    html = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", _POLICY),
        (b"referrer-policy", b"no-referrer"),
        _CHECK_BACK,
        _NOSNIFF,
    ]
    css = [(b"content-type", b"text/css; charset=utf-8"), _CHECK_BACK, _NOSNIFF]
    json = [JSON, _CHECK_BACK, _NOSNIFF]
    described = msgspec.json.format(msgspec.json.encode(document), indent=2)
    read = Answer(200, html, page(document, base_url, base_path).encode())
    return {
        "/docs": read,
        "/docs/": read,
        "/docs/style.css": Answer(200, css, style.read_bytes()),
        "/v1/openapi.json": Answer(200, json, described),
    }
