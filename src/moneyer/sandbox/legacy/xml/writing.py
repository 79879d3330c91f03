"""Structs as elements: no attributes, no prefixes, in the manner of the V1 token endpoint."""

from collections.abc import Iterator
from typing import Any

import msgspec

from moneyer.dialects import v1
from moneyer.sandbox.legacy.wire import Valued


def write_xml(root: str, value: msgspec.Struct) -> bytes:
    """A document. What is empty is left out; a list is its element again and again."""
    return f"{v1.DECLARATION}<{root}>{''.join(_members(value))}</{root}>".encode()


def _members(value: msgspec.Struct) -> Iterator[str]:
    for field in msgspec.structs.fields(type(value)):
        found = getattr(value, field.name)
        for one in found if isinstance(found, list | tuple) else [found]:
            if one is not None and one != "":
                yield f"<{field.encode_name}>{_content(one)}</{field.encode_name}>"


def _content(value: Any) -> str:
    """The inside of an element. Decimal numbers have cents, and nothing here has less."""
    if isinstance(value, Valued):
        return v1.text(value.value)
    if isinstance(value, msgspec.Struct):
        return "".join(_members(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.2f}" if isinstance(value, float) else v1.text(str(value))
