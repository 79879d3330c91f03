"""Reading what a token service answered, strictly, whoever wrote it."""

import re
from email.utils import parsedate_to_datetime
from typing import Any

from moneyer.client.errors import (
    MoreProofNeeded,
    ProtocolError,
    ServiceUnavailable,
    SignInNeeded,
    TokenRefused,
)
from moneyer.client.tokens import Tokens
from moneyer.client.wire import MAX_ANSWER, Answer, Request
from moneyer.protocol.clock import SECOND
from moneyer.protocol.strict_json import read_object

_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_NUMBER = re.compile(r"[0-9]{1,10}")
_OPENS_NOTHING = frozenset({"CMN_90015", "CMN_90016"})
"""V2's codes for a wrong customer and for a wrong code or refresh token."""
_LONGEST_TEXT = 300


def read_tokens(answer: Answer, request: Request, asked_at: int, asked: tuple[str, ...] = ()) -> Tokens:
    """The tokens in a 200 (RFC 6749 section 5.1), `expires_in` as a number or as text.

    `asked_at` is the instant before the request was sent, `asked` the scopes that were asked for.
    Raises what `require_success` raises, and ProtocolError for anything else but tokens.
    """
    require_success(answer, request, asked_at)
    said = _object(answer)
    if str(said.get("token_type")).lower() != "bearer":
        raise ProtocolError("the answer is of another token_type than Bearer", answer.status)
    access_token = _text(said, "access_token", _BEARER)
    if access_token is None:
        raise ProtocolError("the answer has no access_token", answer.status)
    return Tokens(
        access_token,
        asked_at,
        _instant(said, "expires_in", asked_at),
        _scopes(said) or asked,
        _text(said, "refresh_token", _PRINTABLE),
        _instant(said, "refresh_token_expires_in", asked_at),
        _text(said, "id_token", _PRINTABLE),
    )


def require_success(answer: Answer, request: Request, now: int) -> None:
    """Raises ServiceUnavailable for 429 and 5xx, TokenRefused and its kinds for other 4xx, and
    ProtocolError for every other status but 200 and 204."""
    status = answer.status
    if status in (200, 204):
        return
    if status == 429 or status >= 500:
        raise ServiceUnavailable(f"the token service answered {status}", _retry_after(answer, now))
    if status < 400:
        raise ProtocolError("the token service answers elsewhere; nothing was sent on", status)
    raise _refusal(answer, request)


def _refusal(answer: Answer, request: Request) -> TokenRefused:
    said = _object(answer)
    names = ("code", "message", "error", "error_description")
    code, message, error, description = (_told(said.get(name), request) for name in names)
    if not (code or error):
        raise ProtocolError("the answer names no error", answer.status)
    told = (answer.status, code, message, error, description)
    if error == "mfa_required":
        refusal = MoreProofNeeded(*told)
        refusal.mfa_token = _text(said, "mfa_token", _PRINTABLE) or ""
        return refusal
    if error == "invalid_grant" or (not error and code in _OPENS_NOTHING):
        return SignInNeeded(*told)
    return TokenRefused(*told)


def _told(value: object, request: Request) -> str:
    """What the service says to people: one short printable line that repeats no secret of ours."""
    if not isinstance(value, str):
        return ""
    for secret in filter(None, request.secrets):
        value = value.replace(secret, "…")
    return re.sub(r"[^\x20-\x7e…]", " ", value)[:_LONGEST_TEXT]


def _object(answer: Answer) -> dict[str, Any]:
    if len(answer.body) > MAX_ANSWER:
        raise ProtocolError("the answer is far too long")
    try:
        return read_object(answer.body)
    except ValueError:
        raise ProtocolError("the answer is no JSON object", answer.status) from None


def _text(said: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str | None:
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ProtocolError(f"{name} is malformed")
    return value


def _instant(said: dict[str, Any], name: str, asked_at: int) -> int | None:
    """Seconds from now, as an instant: a whole number, or its digits as text; None where not told."""
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, int | str) or not _NUMBER.fullmatch(str(value)):
        raise ProtocolError(f"{name} is no whole number of seconds")
    return asked_at + int(value) * SECOND


def _scopes(said: dict[str, Any]) -> tuple[str, ...]:
    text = _text(said, "scope", _PRINTABLE) or ""
    return tuple(text.split())


def _retry_after(answer: Answer, now: int) -> float | None:
    """Seconds; the header is a number or a date (RFC 9110 section 10.2.3). Nonsense counts as none."""
    value = answer.headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(value):
        return float(value)
    try:
        then = parsedate_to_datetime(value)
        return max(0.0, then.timestamp() - now / SECOND)
    except (ValueError, OverflowError):
        return None
