"""How a refusal stands on the wire: in the family's code, with a challenge (RFC 6750 section 3)."""

from typing import NamedTuple
from xml.sax.saxutils import escape

import msgspec

from moneyer.gateway.call import RawHeaders
from moneyer.gateway.families import LEGACY
from moneyer.gateway.refusals import (
    CannotTell,
    ContextMalformed,
    ContextMismatch,
    ProofInvalid,
    Refused,
    ScopeMissing,
    StepUp,
    TokenInvalid,
    TokenMissing,
)
from moneyer.gateway.route import Family, Route

REALM = "moneyer"
NO_ROUTE = "CMN_90011"
UNAVAILABLE = "CMN_90000"
_NAMESPACE = "http://schema.intuit.com/fs/common/v2"
_JSON = (b"content-type", b"application/json")
_XML = (b"content-type", b"application/xml")
_NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


class RefusalAnswer(NamedTuple):
    """An answer of the guard's own. `headers` say nothing of lengths."""

    status: int
    headers: RawHeaders
    body: bytes

    def __repr__(self) -> str:
        return f"RefusalAnswer({self.status})"


class _Words(msgspec.Struct, frozen=True):
    code: str
    message: str


def refusal_answer(refused: Refused, route: Route | None) -> RefusalAnswer:
    """What the caller of `route` is told; None where the path has no route."""
    family = route.family if route else None
    code = refusal_code(refused, family)
    headers: RawHeaders = [_XML if family is LEGACY else _JSON, *_NO_STORE]
    if challenge := challenge_of(refused):
        headers.append((b"www-authenticate", challenge.encode()))
    if isinstance(refused, CannotTell):
        headers.append((b"retry-after", str(refused.retry_after).encode()))
    body = _xml(refused, code) if family is LEGACY else msgspec.json.encode(_Words(code, refused.words))
    return RefusalAnswer(refused.status, headers, body)


def refusal_code(refused: Refused, family: Family | None) -> str:
    """The code of a family for a refusal; of the platform where there is none."""
    match refused:
        case CannotTell():
            return UNAVAILABLE
        case _ if family is None:
            return NO_ROUTE
        case TokenMissing():
            return family.missing
        case TokenInvalid() | StepUp():
            return family.invalid
        case ContextMalformed() | ContextMismatch():
            return family.mismatch
        case _:
            return family.forbidden


def challenge_of(refused: Refused) -> str:
    """What stands in `WWW-Authenticate` (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3);
    "" for a refusal that another token would not mend."""
    if isinstance(refused, ProofInvalid):
        return f'DPoP realm="{REALM}", algs="ES256", error="{refused.error}"'
    if refused.status != 401 and not isinstance(refused, ScopeMissing):
        return ""
    parts = [f'Bearer realm="{REALM}"']
    if refused.error:
        parts.append(f'error="{refused.error}"')
    if isinstance(refused, ScopeMissing):
        parts.append(f'scope="{" ".join(refused.scopes)}"')
    if isinstance(refused, StepUp):
        if refused.acrs:
            parts.append(f'acr_values="{" ".join(refused.acrs)}"')
        if refused.max_age is not None:
            parts.append(f'max_age="{refused.max_age}"')
    return ", ".join(parts)


def _xml(refused: Refused, code: str) -> bytes:
    """The legacy APIs' own form (wire-v1)."""
    kind = "SYSTEM_ERROR" if refused.status >= 500 else "APP_ERROR"
    words = escape(refused.words)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Status xmlns="{_NAMESPACE}">'
        f"<statusMessage>{words}</statusMessage><errorInfo><errorType>{kind}</errorType>"
        f"<errorCode>{code}</errorCode><errorMessage>{words}</errorMessage></errorInfo></Status>"
    ).encode()
