"""How structs stand on the wire: names as the vendor spells them, nothing unknown taken."""

from typing import Annotated

import msgspec

Day = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
Instant = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Wire(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An answer, or a part of one."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Asked(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Parameters or a body that a caller sends; an unknown name is refused."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Nothing(Asked, frozen=True):
    """No parameters but those that name the customer."""
