"""The public keys that an application registered (RFC 7517), for signing its client assertions."""

from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

MAX_KEYS = 20
MIN_RSA_BITS = 2048

Key = ECKey | OKPKey | RSAKey

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k", "oth"})
_ALGORITHMS = {"EC": ("ES256",), "OKP": ("Ed25519", "EdDSA"), "RSA": ("PS256", "RS256")}


class ClientKey(NamedTuple):
    """One key, and the one algorithm it is for (RFC 8725 section 3.1)."""

    key: Key
    algorithm: str


class ClientKeys(NamedTuple):
    """An application's keys by `kid`; a single key may go without one and then has ""."""

    keys: dict[str, ClientKey]


@lru_cache(maxsize=1024)
def read_client_keys(text: str) -> ClientKeys:
    """The keys in a JWK set.

    Raises ValueError, saying why to an operator, for anything but 1 to 20 public keys on P-256, of
    Ed25519, or RSA of 2,048 bits and more with `alg`, each with a `kid` of its own.
    """
    try:
        entries = msgspec.json.decode(text, type=dict[str, Any]).get("keys")
    except msgspec.DecodeError:
        raise ValueError("jwks is a JSON object with the member keys") from None
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_KEYS:
        raise ValueError(f"jwks holds 1 to {MAX_KEYS} keys")
    keys: dict[str, ClientKey] = {}
    for entry in entries:
        kid = entry.get("kid", "") if isinstance(entry, dict) else None
        if not isinstance(kid, str) or len(kid) > 128 or kid in keys or (not kid and len(entries) > 1):
            raise ValueError("each key of several has a kid of its own, of at most 128 characters")
        keys[kid] = _read_key(entry)
    return ClientKeys(keys)


def _read_key(entry: dict[str, Any]) -> ClientKey:
    if not _PRIVATE.isdisjoint(entry):
        raise ValueError("jwks holds public keys alone; a private member has no place in it")
    kind = entry.get("kty")
    allowed = _ALGORITHMS.get(kind, ()) if isinstance(kind, str) else ()
    algorithm = entry.get("alg") or (allowed[0] if kind in {"EC", "OKP"} else "")
    if algorithm not in allowed:
        raise ValueError("a key is of kty EC, OKP, or RSA with alg PS256 or RS256")
    try:
        key = _import(kind, entry)
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError("a key cannot be read") from None
    if isinstance(key, RSAKey) and key.raw_value.key_size < MIN_RSA_BITS:
        raise ValueError(f"an RSA key has at least {MIN_RSA_BITS} bits")
    return ClientKey(key, algorithm)


def _import(kind: object, entry: dict[str, Any]) -> Key:
    if kind == "EC" and entry.get("crv") == "P-256":
        return ECKey.import_key(entry)
    if kind == "OKP" and entry.get("crv") == "Ed25519":
        return OKPKey.import_key(entry)
    if kind == "RSA":
        return RSAKey.import_key(entry)
    raise ValueError(kind)
