"""What stands on an API call, and what a 401 to it means. No input and output."""

import re
import uuid
from urllib.parse import urlsplit

from moneyer.client.settings import Settings
from moneyer.client.tokens import Tokens

_ERROR = re.compile(r'\berror\s*=\s*"?([A-Za-z0-9_.-]+)', re.IGNORECASE)


def headers(settings: Settings, tokens: Tokens) -> dict[str, str]:
    """`Authorization`, `institutionId`, and a `transactionId` that no other request has."""
    given = {
        "Authorization": f"Bearer {tokens.access_token}",
        "institutionId": settings.institution_id,
    }
    if settings.send_transaction_id:
        given["transactionId"] = str(uuid.uuid4())
    return given


def is_about_the_token(status: int, challenge: str | None) -> bool:
    """Whether another token may help: a 401 whose `WWW-Authenticate` is absent, as V2's APIs leave it,
    or Bearer with `invalid_token` or no error (RFC 6750 section 3.1). Other errors, such as that of
    step-up (RFC 9470), want more than that."""
    if status != 401:
        return False
    if not challenge:
        return True
    if not re.search(r"(^|,)\s*bearer\b", challenge, re.IGNORECASE):
        return False
    error = _ERROR.search(challenge)
    return error is None or error[1] == "invalid_token"


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs are of one scheme, host and port (RFC 6454 section 4)."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port
