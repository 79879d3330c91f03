"""Styles, script and logos."""

from moneyer.endpoints.browser.frame import PageCall
from moneyer.endpoints.http import Answer, Request
from moneyer.pages.brand import brand_css, brand_logo
from moneyer.pages.render import ASSETS
from moneyer.protocol.failures import MethodNotAllowed

_NOSNIFF = (b"x-content-type-options", b"nosniff")
_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
_A_WHILE = (b"cache-control", b"public, max-age=300")
# A logo opened by itself is a document: it may run nothing and load nothing.
_INERT = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; sandbox")


def asset(request: Request, name: str) -> Answer | None:
    """A file under its own name, which never changes; None when there is no such file."""
    found = ASSETS.get(name)
    if found is None:
        return None
    if request.method not in {"GET", "HEAD"}:
        raise MethodNotAllowed("GET", "HEAD")
    return Answer(200, [(b"content-type", found.content_type), _FOR_EVER, _NOSNIFF], found.body)


async def brand(call: PageCall) -> Answer:
    """The bank's colours."""
    institution = call.open_page("GET", "HEAD")
    headers = [(b"content-type", b"text/css; charset=utf-8"), _A_WHILE, _NOSNIFF]
    return Answer(200, headers, brand_css(institution.brand))


async def logo(call: PageCall) -> Answer:
    """The bank's logo."""
    institution = call.open_page("GET", "HEAD")
    headers = [(b"content-type", b"image/svg+xml"), _A_WHILE, _NOSNIFF, _INERT]
    return Answer(200, headers, brand_logo(institution.brand, institution.name))
