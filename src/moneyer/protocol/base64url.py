"""base64url without padding, strictly (RFC 7515 section 2, RFC 4648 section 3.5)."""

import binascii

_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/\x00\x00\x00")
_TO_URL = bytes.maketrans(b"+/", b"-_")


def encode(data: bytes) -> bytes:
    """The canonical text of `data`, as ASCII bytes."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL)


def decode(text: bytes) -> bytes:
    """The bytes behind `text`.

    Raises ValueError for padding, blanks, other alphabets and non-canonical trailing bits: one value
    has one spelling.
    """
    padded = text.translate(_TO_STANDARD) + b"=" * (-len(text) % 4)
    data = binascii.a2b_base64(padded, strict_mode=True)
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
