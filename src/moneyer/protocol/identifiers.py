"""Identifiers that stand on the wire, and how new ones are drawn."""

import re
import secrets

from moneyer.protocol.randomness import random_bytes

_INSTITUTION_ID = re.compile("[A-Za-z0-9]{1,32}")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_UUID = re.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_VARIANT = {digit: "89ab"[number % 4] for number, digit in enumerate("0123456789abcdef")}
_CUSTOMER_ID = re.compile("[0-9A-F]{32}")

PLATFORM = "-"
"""Stands where an institution id would, for rows that belong to none. No institution can have it."""


def is_institution_id(text: str) -> bool:
    """`institutionId` is opaque text: "16" and "00016" are two institutions."""
    return _INSTITUTION_ID.fullmatch(text) is not None


def is_client_id(text: str) -> bool:
    """Unreserved characters only (RFC 3986), so that the encoded and the plain form are equal."""
    return _CLIENT_ID.fullmatch(text) is not None


def is_transaction_id(text: str) -> bool:
    """`transactionId` is a UUID of any version, in either case."""
    return _UUID.fullmatch(text) is not None


def is_customer_id(text: str) -> bool:
    """`institutionUserId`: 32 upper-case hexadecimal digits; also the customer's `sub`."""
    return _CUSTOMER_ID.fullmatch(text) is not None


def new_transaction_id() -> str:
    """A random UUID (RFC 9562 section 5.4)."""
    drawn = random_bytes(16).hex()
    variant = _VARIANT[drawn[16]]
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"


def new_client_id() -> str:
    return secrets.token_hex(16)


def new_customer_id() -> str:
    return secrets.token_hex(16).upper()


def new_business_id() -> str:
    """`institutionCustomerId`: 32 lower-case hexadecimal digits."""
    return secrets.token_hex(16)
