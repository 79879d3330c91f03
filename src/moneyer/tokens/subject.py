"""Who a token is about, as an application may know it (OpenID Connect Core section 8).

Applications of the bank itself see the customer's id. Third parties each see another subject for the
same customer, which they cannot compare; it is the id enciphered, so that nothing has to be stored.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from moneyer.applications.application import Application
from moneyer.protocol import base64url


def subject_for(key: bytes, application: Application, institution_id: str, customer_id: str) -> str:
    """The `sub` of `customer_id` for `application`: the same whenever it is asked for."""
    if not application.is_third_party:
        return customer_id
    sealed = AESSIV(key).encrypt(bytes.fromhex(customer_id), _binding(application, institution_id))
    return base64url.encode(sealed).decode()


def customer_of(key: bytes, application: Application, institution_id: str, subject: str) -> str:
    """The customer behind a `sub` that was made for `application`; "" for any other text."""
    if not application.is_third_party:
        return subject
    try:
        sealed = base64url.decode(subject.encode("ascii"))
        plain = AESSIV(key).decrypt(sealed, _binding(application, institution_id))
    except (ValueError, InvalidTag):
        return ""
    return plain.hex().upper()


def _binding(application: Application, institution_id: str) -> list[bytes]:
    return [b"moneyer/subject", institution_id.encode(), application.sector.encode()]
