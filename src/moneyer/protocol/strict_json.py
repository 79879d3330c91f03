"""JSON that others signed, read without leniency (RFC 8725 section 3.7, RFC 7519 section 4)."""

import json
from typing import Any

MAX_DEPTH = 8


def read_object(data: bytes) -> dict[str, Any]:
    """One JSON object in UTF-8. Raises ValueError for a name that stands twice, NaN and infinities,
    more than eight levels, and anything that is no object."""
    if data.count(b"{") + data.count(b"[") > 64 * MAX_DEPTH:
        raise ValueError("too much structure")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict) or _depth(value) > MAX_DEPTH:
        raise ValueError("no object, or too deep")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse(_constant: str) -> None:
    raise ValueError("no number")


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
