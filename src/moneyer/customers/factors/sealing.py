"""Sealing what a factor keeps secret: AES-256-GCM, bound to the row it rests in."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


def seal(key: bytes, plain: bytes, binding: bytes) -> bytes:
    """`plain` under `key`, good for `binding` alone."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, binding)


def unseal_bytes(key: bytes, sealed: bytes, binding: bytes) -> bytes:
    """What was sealed. Raises ValueError under another key or binding, and for anything altered."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], binding)
    except InvalidTag:
        raise ValueError("sealed under another key, or for another place") from None
