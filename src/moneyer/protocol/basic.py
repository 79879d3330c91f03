"""HTTP Basic client credentials (RFC 6749 section 2.3.1, RFC 7617)."""

import binascii
import re
from typing import NamedTuple

from moneyer.protocol.failures import BadClient, BadHeader
from moneyer.protocol.form import decode_component

MAX_CLIENT_ID = 128
MAX_CLIENT_SECRET = 256

_CONTROL = re.compile("[\x00-\x1f\x7f]")


class BasicCredentials(NamedTuple):
    """What the caller claims to be; nothing is proven yet."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return "BasicCredentials(…)"


def parse_basic(header: bytes | None) -> BasicCredentials:
    """The credentials in an `Authorization` header.

    The identifier and the secret are each form-encoded before they are joined by a colon; the first
    colon separates. Raises BadClient when the header is missing, of another scheme or malformed, and
    BadHeader when two headers were joined by a comma.
    """
    if header is None:
        raise BadClient("no-credentials")
    if b"," in header:
        raise BadHeader("authorization-twice")
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic":
        raise BadClient("other-scheme")
    try:
        pair = binascii.a2b_base64(encoded.strip(b" "), strict_mode=True)
        raw_id, colon, raw_secret = pair.partition(b":")
        client_id, client_secret = decode_component(raw_id), decode_component(raw_secret)
    except ValueError:
        raise BadClient("malformed-credentials") from None
    if not (colon and client_id and client_secret):
        raise BadClient("malformed-credentials")
    if len(client_id) > MAX_CLIENT_ID or len(client_secret) > MAX_CLIENT_SECRET:
        raise BadClient("malformed-credentials")
    if _CONTROL.search(client_id) or _CONTROL.search(client_secret):
        raise BadClient("malformed-credentials")
    return BasicCredentials(client_id, client_secret)
