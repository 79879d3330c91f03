"""The documents of the bank, as they are served."""

from functools import cache
from importlib import resources
from typing import Any

import msgspec

from moneyer.endpoints.http import JSON, Answer
from moneyer.sandbox.bank.document.openapi import openapi
from moneyer.sandbox.bank.document.page import Place, Step, page

_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
_CHECK_BACK = (b"cache-control", b"no-cache")
_NOSNIFF = (b"x-content-type-options", b"nosniff")


class Shelf:
    """A document, as JSON and as a page. Everything is made once."""

    def __init__(self, document: dict[str, Any], place: Place, base_url: str, base_path: str) -> None:
        self._pages = _pages(document, place, base_url, base_path)

    def handle(self, method: str, path: str) -> Answer | None:
        """The document under `path`, None where there is none."""
        found = self._pages.get(path)
        if found is None or method in {"GET", "HEAD"}:
            return found
        return Answer(405, [(b"allow", b"GET, HEAD"), _CHECK_BACK])


@cache
def bank_shelf(base_url: str, base_path: str) -> Shelf:
    """The current APIs: `/v1/openapi.json`, and `/docs` to read."""
    beginning = (
        Step(
            "A token of the institution reaches every customer of it:",
            f'TOKEN=$(curl -s {base_url}/oauth2/v1/token -u "meridian-back-office:$SECRET" \\\n'
            '  -H "institutionId: 00016" -d grant_type=client_credentials \\\n'
            """  | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')""",
        ),
        Step(
            "and the accounts of one give what the lines below need:",
            f'set -- $(curl -s "{base_url}/v1/accounts?loginId=ada.marsh" '
            '-H "Authorization: Bearer $TOKEN" \\\n'
            """  | grep -o '"id":"[^"]*"' | cut -d'"' -f4); ACCOUNT=$1; ANOTHER=$2""",
        ),
    )
    place = Place("/v1/openapi.json", "/docs", beginning, "/docs/legacy", "legacy APIs")
    return Shelf(openapi(base_url), place, base_url, base_path)


def _pages(document: dict[str, Any], place: Place, base_url: str, base_path: str) -> dict[str, Answer]:
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
    read = Answer(200, html, page(document, place, base_url, base_path).encode())
    return {
        place.page: read,
        f"{place.page}/": read,
        "/docs/style.css": Answer(200, css, style.read_bytes()),
        place.document: Answer(200, json, described),
    }
