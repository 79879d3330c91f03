"""Bodies in XML or JSON, read into one struct."""

import re
from typing import TypeVar

import msgspec

from moneyer.endpoints.http import Request
from moneyer.protocol.failures import BodyTooLarge
from moneyer.protocol.strict_json import read_object
from moneyer.sandbox.legacy.problems import BAD_BODY, BAD_MEDIA_TYPE, BODY_TOO_LARGE, Declined
from moneyer.sandbox.legacy.wire import Sent
from moneyer.sandbox.legacy.xml.reading import plain_of
from moneyer.sandbox.legacy.xml.tree import MalformedXml, read_xml

S = TypeVar("S", bound=Sent)

_UTF_8 = rb"\s*(;\s*charset\s*=\s*\"?utf-8\"?\s*)?"
_XML = re.compile(rb"(application|text)/xml" + _UTF_8, re.IGNORECASE)
_JSON = re.compile(rb"application/json" + _UTF_8, re.IGNORECASE)


def read_body(
    request: Request, headers: dict[bytes, bytes], type_: type[S], root: str, *, wrapped: bool
) -> S:
    """The body; XML where no media type is said. `root` is the name of its root element, which in JSON
    is there as well where `wrapped`. Raises Declined."""
    media_type = headers.get(b"content-type", b"application/xml")
    is_xml = _XML.fullmatch(media_type) is not None
    if not is_xml and not _JSON.fullmatch(media_type):
        raise Declined(BAD_MEDIA_TYPE)
    if request.unread is not None:
        too_large = isinstance(request.unread, BodyTooLarge)
        raise Declined(BODY_TOO_LARGE if too_large else BAD_BODY)
    read = _from_xml if is_xml else _from_json
    try:
        return read(request.body, type_, root, wrapped)
    except (MalformedXml, ValueError, msgspec.MsgspecError):
        raise Declined(BAD_BODY) from None


def _from_xml(body: bytes, type_: type[S], root: str, _wrapped: bool) -> S:
    element = read_xml(body)
    if element.name != root:
        raise MalformedXml("another root")
    return msgspec.convert(plain_of(element, type_), type_, strict=False)


def _from_json(body: bytes, type_: type[S], root: str, wrapped: bool) -> S:
    read_object(body)
    if not wrapped:
        return msgspec.json.decode(body, type=type_)
    found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    if root not in found:
        raise ValueError("another root")
    return msgspec.json.decode(found[root], type=type_)
