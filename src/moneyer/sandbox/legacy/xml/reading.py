"""From elements to the plain values that a struct is made of."""

import types
import typing
from typing import Any

import msgspec

from moneyer.sandbox.legacy.wire import Valued
from moneyer.sandbox.legacy.xml.tree import Element, MalformedXml

Plain = str | dict[str, Any]


def plain_of(element: Element, type_: type[msgspec.Struct]) -> dict[str, Any]:
    """What `element` says of the members of `type_`; elements that are none of them are passed over.

    Raises MalformedXml for a member that stands twice and is no list.
    """
    if issubclass(type_, Valued) and not element.children:
        return {"value": element.text}
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(type_)}
    found: dict[str, Any] = {}
    for child in element.children:
        if child.name not in fields:
            continue
        inner, is_list = _inner(fields[child.name])
        value = _value(child, inner)
        if is_list:
            found.setdefault(child.name, []).append(value)
        elif child.name in found:
            raise MalformedXml("an element stands twice")
        else:
            found[child.name] = value
    return found


def _value(element: Element, type_: Any) -> Plain:
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return plain_of(element, type_)
    if element.children:
        raise MalformedXml("elements instead of text")
    return element.text


def _inner(type_: Any) -> tuple[Any, bool]:
    """The type of one element of that name, and whether there may be many."""
    origin = typing.get_origin(type_)
    if origin is typing.Annotated:
        return _inner(typing.get_args(type_)[0])
    if origin in {typing.Union, types.UnionType}:
        kept = [one for one in typing.get_args(type_) if one is not type(None)]
        return _inner(kept[0])
    if origin in {list, tuple}:
        return typing.get_args(type_)[0], True
    return type_, False
