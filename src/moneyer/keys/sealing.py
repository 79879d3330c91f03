"""The master key, and everything that is derived from it.

The master key stays outside the database. What rests inside is sealed under it, and what is hashed
inside is hashed under keys derived from it: a copy of the database alone opens nothing.
"""

import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from moneyer.institutions.institution import Algorithm
from moneyer.keys.algorithms import PrivateKey, generate, public_jwk, thumbprint
from moneyer.keys.lifecycle import KeyRecord
from moneyer.protocol import base64url

MASTER_KEY_BYTES = 32
_NONCE_BYTES = 12


class ServerKeys(msgspec.Struct, frozen=True):
    """Keys for one purpose each, all 32 bytes. `version` is stored beside what they made."""

    version: int
    refresh_tag: bytes
    ratchet: bytes
    client_secret: bytes
    pepper: bytes
    guess: bytes
    sealing: bytes
    browser: bytes
    pairwise: bytes
    factors: bytes

    def __repr__(self) -> str:
        return f"ServerKeys(version={self.version})"


def derive(master_key: bytes, version: int = 1) -> ServerKeys:
    """The keys behind `master_key` (HKDF-Expand, RFC 5869, one label a purpose)."""
    if len(master_key) != MASTER_KEY_BYTES:
        raise ValueError("a master key has 32 bytes")

    def expand(purpose: str) -> bytes:
        label = f"moneyer/{version}/{purpose}".encode()
        return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=label).derive(master_key)

    return ServerKeys(version, *(expand(purpose) for purpose in ServerKeys.__struct_fields__[1:]))


def parse_master_key(text: str) -> bytes:
    """A master key as settings hold it: 43 characters of base64url. Raises ValueError."""
    try:
        key = base64url.decode(text.strip().encode())
    except ValueError:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError("a master key is 32 bytes in base64url, 43 characters")
    return key


def new_master_key_file(path: Path) -> None:
    """Writes a new master key to `path`, readable by its owner alone; never over an existing one."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(base64url.encode(secrets.token_bytes(MASTER_KEY_BYTES)) + b"\n")


def _binding(institution_id: str, kid: str) -> bytes:
    """What a sealed key is bound to, so that one pasted into another row does not open."""
    return f"signing_keys\x00{institution_id}\x00{kid}".encode()


def seal(key: bytes, plain: bytes, binding: bytes) -> bytes:
    """`plain` under `key` with AES-256-GCM, good in the place that `binding` names alone."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, binding)


def unseal_bytes(key: bytes, sealed: bytes, binding: bytes) -> bytes:
    """What was sealed. Raises ValueError under another key or binding, and for anything altered."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], binding)
    except InvalidTag:
        raise ValueError("sealed under another key, or for another place") from None


def new_key(
    sealing: bytes, institution_id: str, algorithm: Algorithm, now: int, activates_at: int | None
) -> KeyRecord:
    """A new signing key for an institution, announced now, sealed with AES-256-GCM."""
    key = generate(algorithm)
    jwk = public_jwk(key)
    kid = thumbprint(jwk)
    plain = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    sealed = seal(sealing, plain, _binding(institution_id, kid))
    return KeyRecord(institution_id, kid, algorithm, jwk, sealed, now, activates_at)


def unseal(sealing: bytes, record: KeyRecord) -> PrivateKey:
    """The private key of `record`. Raises ValueError under another master key or in another row."""
    try:
        plain = unseal_bytes(sealing, record.sealed, _binding(record.institution_id, record.kid))
    except ValueError:
        raise ValueError(f"signing key {record.kid} was sealed under another master key") from None
    key = serialization.load_der_private_key(plain, password=None)
    if not isinstance(key, PrivateKey):
        raise TypeError(f"signing key {record.kid} is of a kind that is not used here")
    return key
