"""A bounded, strict reader of `application/x-www-form-urlencoded` bodies (RFC 6749 appendix B).

One spelling has one meaning: a name may stand once, bytes must be UTF-8, a percent sign must begin
an escape, control characters are refused. Limits are checked before anything is built.
"""

import re
from urllib.parse import unquote_to_bytes

from moneyer.protocol.failures import BadParameter, BadRequest, UnprintableParameter

MAX_FIELDS = 64
MAX_NAME_BYTES = 64

REPEATABLE = frozenset({"resource", "audience"})
"""The only parameters that RFC 8707 section 2 and RFC 8693 section 2.1 allow to repeat."""

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_UNENCODED = re.compile(rb"[\x21-\x24\x26-\x2a\x2c-\x7e]*")
"""Every character stands for itself, and none is a control character."""
_PRINTABLE = re.compile("[\x20-\x7e]*")


class Form:
    """The parameters of one request; a parameter without a value counts as omitted (RFC 6749, 3.2)."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def names(self) -> frozenset[str]:
        """The names that have a value."""
        return frozenset(self._values)

    def has_any(self, names: frozenset[str]) -> bool:
        """Whether at least one of `names` has a value."""
        return not names.isdisjoint(self._values)

    def only(self, names: frozenset[str]) -> "Form":
        """The same form without every other parameter."""
        return Form({name: self._values[name] for name in names if name in self._values})

    def text(self, name: str, max_bytes: int) -> str | None:
        """The value of `name` in any script, or None. Raises BadParameter when it is too long."""
        value = self._values.get(name)
        if value is None:
            return None
        if len(value) > max_bytes or len(value.encode()) > max_bytes:
            raise BadParameter(name, "too-long")
        if _CONTROL.search(value):
            raise BadParameter(name, "control-character")
        return value

    def printable(self, name: str, max_bytes: int) -> str | None:
        """The value of `name`, or None. Raises UnprintableParameter outside printable ASCII."""
        value = self._values.get(name)
        if value is None:
            return None
        if not _PRINTABLE.fullmatch(value):
            raise UnprintableParameter(name, "not-printable")
        if len(value) > max_bytes:
            raise BadParameter(name, "too-long")
        return value

    def require(self, name: str, max_bytes: int) -> str:
        """As `printable`, but an omitted parameter raises BadParameter."""
        value = self.printable(name, max_bytes)
        if value is None:
            raise BadParameter(name, "missing")
        return value


EMPTY = Form({})


def decode_component(raw: bytes) -> str:
    """One form-encoded name or value. Raises ValueError for broken escapes and for non-UTF-8."""
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        if _BROKEN_ESCAPE.search(raw):
            raise ValueError("broken escape")
        raw = unquote_to_bytes(raw)
    return raw.decode("utf-8")


def read_form(body: bytes) -> Form:
    """The parameters in `body`, whose size the caller has already bounded.

    Raises BadRequest for more than 64 fields, long or repeated names, broken escapes, bytes that are
    not UTF-8, and control characters; for control characters in a value the failure names the
    parameter only where it is one that a person types.
    """
    if not body:
        return EMPTY
    if body.count(b"&") >= MAX_FIELDS:
        raise BadRequest("too-many-fields")
    is_plain = _UNENCODED.fullmatch(body) is not None
    decode = bytes.decode if is_plain else decode_component
    values: dict[str, str] = {}
    seen: set[str] = set()
    try:
        for field in filter(None, body.split(b"&")):
            raw_name, _, raw_value = field.partition(b"=")
            name = decode(raw_name)
            if len(raw_name) > MAX_NAME_BYTES * 3 or len(name.encode()) > MAX_NAME_BYTES:
                raise BadRequest("name-too-long")
            if name in seen and name not in REPEATABLE:
                raise BadRequest("parameter-twice")
            seen.add(name)
            if raw_value:
                values[name] = decode(raw_value)
    except ValueError:
        raise BadRequest("form-encoding") from None
    for name, value in () if is_plain else values.items():
        if _CONTROL.search(value) or _CONTROL.search(name):
            if name in TYPED_BY_PEOPLE:
                raise BadParameter(name, "control-character")
            raise UnprintableParameter("unnamed", "control-character")
    return Form(values)


TYPED_BY_PEOPLE = frozenset({"username", "password"})
"""Parameters whose own error a person can act on (RFC 6749 appendices A.15 and A.16)."""
