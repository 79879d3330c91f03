"""Scopes: their grammar, and the rule that a grant never holds more than was held (RFC 6749, 3.3)."""

import re
from collections.abc import Iterable

from moneyer.protocol.failures import BadScope

MAX_BYTES = 2048
MAX_SCOPES = 100

Scopes = tuple[str, ...]

_TOKEN = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+")

IDENTITY_SCOPES = frozenset({"openid", "profile", "email", "phone", "offline_access"})
"""OpenID Connect's scopes: what a customer shares or permits, never a right at an API."""


def split_scopes(text: str, separator: str) -> Scopes:
    """The scopes in `text`, blanks trimmed, each once, in the order given.

    `separator` is "," in the V2 dialect and " " in RFC 6749. Raises BadScope for an empty list, an
    empty or malformed element, more than 100 scopes or more than 2 KiB.
    """
    if len(text) > MAX_BYTES:
        raise BadScope("scopes-too-long")
    parts = text.split() if separator == " " else [part.strip(" ") for part in text.split(separator)]
    if not parts or len(parts) > MAX_SCOPES:
        raise BadScope("scopes-malformed")
    for part in parts:
        if not _TOKEN.fullmatch(part):
            raise BadScope("scopes-malformed")
    return tuple(dict.fromkeys(parts))


def narrow(requested: Scopes | None, held: Scopes) -> Scopes:
    """What is granted: all that is held when nothing was asked for, else exactly what was asked for.

    The result keeps the order of `held`, so that equal sets are equal values. Raises BadScope when
    something asked for is not held.
    """
    if requested is None:
        return held
    wanted = frozenset(requested)
    if not wanted <= frozenset(held):
        raise BadScope("scope-not-held")
    return tuple(scope for scope in held if scope in wanted)


def valid_scope(scope: str) -> bool:
    """Whether `scope` can be registered: one token without blank, comma, quote or backslash."""
    return _TOKEN.fullmatch(scope) is not None


def join(scopes: Iterable[str]) -> str:
    """The `scope` claim: blank separated (RFC 9068 section 2.2.3)."""
    return " ".join(scopes)
