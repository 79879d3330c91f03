"""Whose a request says it is.

Nothing here is proven, tokens are not verified, and neither has to be: all that follows from it is that
a fault is played which the owner of the sandbox has ordered.
"""

from typing import Any

import msgspec

from moneyer.applications.assertion import claimed_client_id
from moneyer.endpoints.http import Request
from moneyer.protocol import base64url
from moneyer.protocol.basic import parse_basic
from moneyer.protocol.failures import BadRequest, Failure
from moneyer.protocol.form import EMPTY, Form, read_form
from moneyer.sandbox.faults.place import Place


def form_of(request: Request) -> Form:
    """The body's form; an empty one where it has none that can be read."""
    try:
        return read_form(request.body)
    except BadRequest:
        return EMPTY


def claims_of(token: bytes) -> dict[str, Any]:
    """What is written in a JWT, unverified; nothing for what is none."""
    try:
        _, payload, _ = token.split(b".")
        claims = msgspec.json.decode(base64url.decode(payload))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def application_of(request: Request, place: Place) -> str:
    """The client id: at a token endpoint from Basic, the body or an assertion, at an API or another
    resource from the access token. "" where none is named, and everywhere else."""
    if place.kind in {"api", "bearer"}:
        return str(_bearer_claims(request).get("client_id", ""))
    if place.kind != "token":
        return ""
    try:
        return parse_basic(_header(request, b"authorization")).client_id
    except Failure:
        form = form_of(request)
    try:
        if assertion := form.text("client_assertion", 16 * 1024):
            return claimed_client_id(assertion)
        return form.text("client_id", 128) or ""
    except Failure:
        return ""


def institution_of(request: Request, place: Place) -> str:
    """The institution: from the path, a header, the access token, the refresh token or the code. ""
    where none is named."""
    named = place.institution_id or (
        _header(request, b"institutionid") or _header(request, b"di_fiid") or b""
    ).decode("latin-1")
    if named:
        return named
    if claimed := _bearer_claims(request).get("institution_id"):
        return str(claimed)
    form = form_of(request)
    try:
        text = form.text("refresh_token", 1024) or form.text("code", 1024) or ""
    except Failure:
        return ""
    return text.partition("_")[2].partition(".")[0]


def bearer_of(request: Request) -> bytes:
    """The access token that a call presents; b"" where there is none."""
    scheme, _, token = (_header(request, b"authorization") or b"").partition(b" ")
    return token.strip(b" ") if scheme.lower() in {b"bearer", b"dpop"} else b""


def _bearer_claims(request: Request) -> dict[str, Any]:
    return claims_of(bearer_of(request))


def _header(request: Request, name: bytes) -> bytes | None:
    return dict(request.headers).get(name)
