"""Recovery codes: ten, each good once, for a customer without the other factors."""

import hmac
import secrets

COUNT = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 16
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_codes() -> tuple[str, ...]:
    """Ten codes of 80 random bits each, in Crockford's base32, in groups of four."""
    codes = ("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(COUNT))
    return tuple("-".join(code[n : n + 4] for n in range(0, _LENGTH, 4)) for code in codes)


def normal(code: str) -> str:
    """The code without what people add or confuse: case, dashes, blanks, O for 0, I and L for 1."""
    return code.upper().translate(_ALIKE)


def digest(key: bytes, customer_id: str, code: str) -> bytes:
    """What is kept of a code in its normal form.

    NIST SP 800-63B-4 section 3.1.2.2 wants a password hash for less than 112 bits. HMAC under a key
    that is not in the database does as well: without the key there is nothing to guess against.
    """
    return hmac.digest(key, f"recovery\x00{customer_id}\x00{normal(code)}".encode(), "sha256")


def spend(digests: tuple[bytes, ...], presented: bytes) -> tuple[bytes, ...] | None:
    """The digests without the one presented; None when it is not among them."""
    matches = [hmac.compare_digest(kept, presented) for kept in digests]
    if not any(matches):
        return None
    return tuple(kept for kept, is_match in zip(digests, matches, strict=True) if not is_match)
