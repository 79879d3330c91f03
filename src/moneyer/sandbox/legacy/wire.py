"""How structs stand on the legacy wire."""

import msgspec


class Told(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An answer, or a part of one."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Sent(msgspec.Struct, frozen=True, rename="camel"):
    """A body that a caller sends, or a part of one. What it says besides is passed over: old clients
    send all that they have ever known."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Valued(msgspec.Struct, frozen=True):
    """An identifier: in XML its value is the element's text, in JSON the member `value`."""

    value: str = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Guid(Valued, frozen=True):
    """A customer's own identifier, 32 hexadecimal digits."""

    type: str = "GUID"
