"""Passkeys (WebAuthn level 3): signing in without a password, or beside one.

The protocol is the library's; what is asked for and what is refused is decided here.
"""

import msgspec
import webauthn
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from moneyer.protocol import base64url
from moneyer.protocol.failures import BadCustomer

MAX_RESPONSE = 16 * 1024
TIMEOUT = 300_000
"""Milliseconds that the browser gives the customer."""

_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_BROKEN = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What the library raises for answers that no authenticator gives."""


class Passkey(msgspec.Struct, frozen=True):
    """A registered credential (WebAuthn section 4)."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str = ""
    is_backed_up: bool = False

    def __repr__(self) -> str:
        return "Passkey(…)"


class _Inner(msgspec.Struct, frozen=True):
    user_handle: str | None = msgspec.field(name="userHandle", default=None)

    def __repr__(self) -> str:
        return "_Inner(…)"


class _Answer(msgspec.Struct, frozen=True):
    raw_id: str = msgspec.field(name="rawId")
    response: _Inner

    def __repr__(self) -> str:
        return "_Answer(…)"


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Passkey).decode


def decode(plain: bytes) -> Passkey:
    """A passkey as `encode` wrote it."""
    return _decode(plain)


def registration_options(
    rp_id: str,
    rp_name: str,
    customer_id: str,
    login_id: str,
    display_name: str,
    existing: tuple[bytes, ...],
    challenge: bytes,
) -> str:
    """JSON for `navigator.credentials.create`: a passkey that is found without a user name and makes
    sure of its user. `existing` are the customer's credentials, which are not made again."""
    options = webauthn.generate_registration_options(
        rp_id=rp_id,
        rp_name=rp_name,
        user_id=bytes.fromhex(customer_id),
        user_name=login_id,
        user_display_name=display_name or login_id,
        challenge=challenge,
        timeout=TIMEOUT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=known) for known in existing],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return webauthn.options_to_json(options)


def authentication_options(rp_id: str, challenge: bytes, allowed: tuple[bytes, ...] = ()) -> str:
    """JSON for `navigator.credentials.get`; without `allowed` any passkey for this place will do."""
    options = webauthn.generate_authentication_options(
        rp_id=rp_id,
        challenge=challenge,
        timeout=TIMEOUT,
        allow_credentials=[PublicKeyCredentialDescriptor(id=known) for known in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def verify_registration(response: str, challenge: bytes, rp_id: str, origin: str) -> Passkey:
    """The new passkey. Raises BadCustomer for everything else."""
    _bounded(response)
    try:
        verified = webauthn.verify_registration_response(
            credential=response,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except _BROKEN:
        raise BadCustomer("passkey-refused") from None
    return Passkey(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        verified.aaguid,
        verified.credential_backed_up,
    )


def credential_id_of(response: str) -> bytes:
    """Which credential an answer claims to be of; nothing is proven yet. Raises BadCustomer."""
    return _text_to_bytes(_read(response).raw_id)


def user_handle_of(response: str) -> bytes | None:
    """Whose credential an answer says it is, or None. Raises BadCustomer."""
    handle = _read(response).response.user_handle
    return None if handle is None else _text_to_bytes(handle)


def verify_authentication(
    response: str, challenge: bytes, rp_id: str, origin: str, passkey: Passkey
) -> Passkey:
    """The passkey with its new count of signatures.

    Raises BadCustomer for another credential, challenge, place or origin, without verification of the
    user, with a wrong signature, and for a count that did not go up where there is one.
    """
    if credential_id_of(response) != passkey.credential_id:
        raise BadCustomer("passkey-other-credential")
    try:
        verified = webauthn.verify_authentication_response(
            credential=response,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except _BROKEN:
        raise BadCustomer("passkey-refused") from None
    return msgspec.structs.replace(
        passkey,
        sign_count=verified.new_sign_count,
        is_backed_up=verified.credential_backed_up,
    )


def _bounded(response: str) -> bytes:
    data = response.encode("utf-8", "replace")
    if len(data) > MAX_RESPONSE:
        raise BadCustomer("passkey-answer-too-long")
    return data


def _read(response: str) -> _Answer:
    try:
        return msgspec.json.decode(_bounded(response), type=_Answer)
    except (msgspec.DecodeError, RecursionError):
        raise BadCustomer("passkey-answer-malformed") from None


def _text_to_bytes(text: str) -> bytes:
    try:
        return base64url.decode(text.encode("ascii"))
    except ValueError:
        raise BadCustomer("passkey-answer-malformed") from None
