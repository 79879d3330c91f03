"""The `claims` parameter: what is asked for by name (OpenID Connect Core section 5.5)."""

from typing import Any, NamedTuple

import msgspec

from moneyer.protocol.failures import BadParameter
from moneyer.tokens.id_token import CLAIMS


class Wishes(NamedTuple):
    """`claims` that are known here, each after `id_token:` or `userinfo:`; the contexts wished for, and
    whether one of them is demanded; whom it must be about, or ""."""

    claims: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    acr_is_essential: bool = False
    subject: str = ""

    def __repr__(self) -> str:
        return "Wishes(…)"


class _Wish(msgspec.Struct, frozen=True):
    """One member. Of claims that are not known here a value may be anything (section 5.5.1)."""

    essential: bool = False
    value: Any = None
    values: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return "_Wish(…)"

    @property
    def texts(self) -> tuple[str, ...]:
        """The values that are text: of claims that are known here, no other can be met."""
        given = self.values or (self.value,)
        return tuple(value for value in given if isinstance(value, str) and value)


class _Wishes(msgspec.Struct, frozen=True):
    userinfo: dict[str, _Wish | None] = {}
    id_token: dict[str, _Wish | None] = {}

    def __repr__(self) -> str:
        return "_Wishes(…)"


def read_wishes(text: str | None) -> Wishes:
    """What the parameter says; claims that are not known here are left out. Raises BadParameter."""
    if text is None:
        return Wishes()
    try:
        asked = msgspec.json.decode(text, type=_Wishes)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError):
        raise BadParameter("claims", "malformed") from None
    names = tuple(
        f"{place}:{name}"
        for place, wishes in (("id_token", asked.id_token), ("userinfo", asked.userinfo))
        for name in wishes
        if name in CLAIMS
    )
    acr = asked.id_token.get("acr") or _Wish()
    subject = asked.id_token.get("sub") or asked.userinfo.get("sub") or _Wish()
    if not isinstance(subject.value, str | None):
        raise BadParameter("claims", "malformed")
    return Wishes(names, acr.texts, acr.essential and bool(acr.texts), subject.value or "")
