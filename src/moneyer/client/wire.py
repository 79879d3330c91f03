"""Requests as bytes, and answers as they came. No input and output."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

from moneyer.client.grants import Grant, RefreshToken
from moneyer.client.settings import Settings

FORM = "application/x-www-form-urlencoded"
MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the token service. `secrets` are those parts that no error may repeat."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Request({self.method} {self.url})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"


def token_request(settings: Settings, grant: Grant) -> Request:
    """The request for tokens, with a `transactionId` of its own."""
    form = {"grant_type": grant.grant_type, **grant.parameters()}
    if grant.takes_scopes and settings.scopes:
        form[settings.dialect.scope_parameter] = settings.dialect.scope_separator.join(settings.scopes)
    headers = _headers(settings)
    if settings.dialect.has_headers and (
        settings.institution_on_refresh or not isinstance(grant, RefreshToken)
    ):
        headers["institutionId"] = settings.institution_id
    secrets = tuple(value for name, value in grant.parameters().items() if name not in _OPEN)
    return _request(settings, "POST", settings.token_endpoint, headers, form, secrets)


def revocation_request(settings: Settings, token: str) -> Request:
    """The request that ends `token` (RFC 7009 section 2.1; a DELETE with a body in V2)."""
    method, url = settings.dialect.revocation_method, settings.revocation_endpoint
    return _request(settings, method, url, _headers(settings), {"token": token}, (token,))


_OPEN = frozenset({"username", "redirect_uri"})


def _headers(settings: Settings) -> dict[str, str]:
    headers = {"Content-Type": FORM, "Accept": "application/json", "Accept-Encoding": "identity"}
    if settings.dialect.has_headers and settings.send_transaction_id:
        headers["transactionId"] = str(uuid.uuid4())
    return headers


def _request(
    settings: Settings,
    method: str,
    url: str,
    headers: dict[str, str],
    form: dict[str, str],
    secrets: tuple[str, ...],
) -> Request:
    if settings.client_secret is None:
        form = {**form, "client_id": settings.client_id}
    else:
        headers["Authorization"] = basic(settings.client_id, settings.client_secret)
        secrets = (*secrets, settings.client_secret, headers["Authorization"].partition(" ")[2])
    return Request(method, url, headers, urlencode(form).encode("ascii"), secrets)


def basic(client_id: str, client_secret: str) -> str:
    """HTTP Basic, each half encoded as in a form first (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")
