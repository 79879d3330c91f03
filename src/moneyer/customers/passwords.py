"""Passwords: argon2id over a peppered, normalised password, and what may become one.

RFC 9106; NIST SP 800-63B-4 section 3.1.1; OWASP ASVS 11.4.2.
"""

import hmac
import unicodedata

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from moneyer.protocol.failures import BadCustomer, BadParameter

MAX_BYTES = 1024
MIN_CHARACTERS = 15

_COMMON = frozenset(
    {
        "passwordpassword",
        "123456789012345",
        "1234567890123456",
        "qwertyuiopasdfgh",
        "qwertyuiop123456",
        "aaaaaaaaaaaaaaa",
        "letmeinletmein1",
        "iloveyouiloveyou",
        "administrator123",
        "changemechangeme",
    }
)


class PasswordHasher:
    """Makes and checks password hashes. Costs 19 MiB and about 17 ms; never call it on an event loop.

    `pepper` is a server key kept apart from the database: a stolen table alone cannot be guessed at.
    """

    def __init__(self, pepper: bytes, *, memory_kib: int = 19456, passes: int = 2) -> None:
        self._pepper = pepper
        self._argon2 = argon2.PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        self._dummy = self.hash("no customer has this password")

    def hash(self, password: str) -> str:
        """What is stored of `password`: an encoded argon2id hash with its own salt."""
        return self._argon2.hash(self._peppered(password))

    def verify(self, stored: str | None, password: str) -> str | None:
        """Raises BadCustomer unless `password` is the one behind `stored`.

        Returns a new hash when the parameters have changed since, else None. Where `stored` is None
        or empty (no such customer, or one who may not sign in) the same work is done, and it raises.
        """
        try:
            self._argon2.verify(stored or self._dummy, self._peppered(password))
        except (VerificationError, InvalidHashError):
            raise BadCustomer("password-wrong") from None
        if not stored:
            raise BadCustomer("password-wrong")
        return self.hash(password) if self._argon2.check_needs_rehash(stored) else None

    def _peppered(self, password: str) -> bytes:
        """HMAC-SHA-256 over the NFC form: the same password from every keyboard, no length limit."""
        normal = unicodedata.normalize("NFC", password).encode()
        return hmac.digest(self._pepper, normal, "sha256")


def read_password(password: str | None) -> str:
    """A password as a customer sent it. Raises BadParameter when missing, over 1,024 bytes or with
    control characters (RFC 6749 appendix A.16); nothing else is judged at sign-in."""
    if not password:
        raise BadParameter("password", "missing")
    if len(password.encode()) > MAX_BYTES:
        raise BadParameter("password", "too-long")
    return password


def check_new_password(password: str, login_id: str) -> str:
    """`password`, if a customer may choose it; raises ValueError with the reason.

    At least 15 characters, no composition rules, not among the commonest, not made of the login id
    (NIST SP 800-63B-4 sections 3.1.1.2 and 3.1.1.3).
    """
    normal = unicodedata.normalize("NFC", password)
    if len(normal) < MIN_CHARACTERS:
        raise ValueError(f"a password has at least {MIN_CHARACTERS} characters")
    if len(normal.encode()) > MAX_BYTES:
        raise ValueError("a password has at most 1,024 bytes")
    if any(ord(character) < 32 or ord(character) == 127 for character in normal):
        raise ValueError("a password has no control characters")
    folded = normal.casefold()
    if folded in _COMMON or len(set(folded)) < 4:
        raise ValueError("this password is among the first that are tried")
    if len(login_id) >= 4 and not folded.replace(login_id.casefold(), "").strip("0123456789 -_.!"):
        raise ValueError("a password is not made of the login id")
    return normal
