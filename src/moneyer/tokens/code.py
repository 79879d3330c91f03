"""Authorization codes: used once, by the application they were made for (RFC 6749 section 4.1.2)."""

import hashlib

import msgspec

from moneyer.protocol import base64url
from moneyer.protocol.failures import BadToken
from moneyer.protocol.identifiers import is_institution_id
from moneyer.protocol.scopes import Scopes

PREFIX = "mac_"
SECRET_BYTES = 32
MAX_CODE_LENGTH = 4 + 32 + 1 + 43


class Code(msgspec.Struct, frozen=True):
    """A code as it rests: under the SHA-256 of its text, bound to everything it was made for.

    `identity` are the OpenID Connect scopes granted; `claims` those asked for by name, each after
    `id_token:` or `userinfo:`; `session_id` and `amr` are the session's it was issued in. What comes of
    a code has ids that follow from it, so that a second use can take back what the first one gave.
    """

    institution_id: str
    digest: bytes
    client_id: str
    customer_id: str
    scopes: Scopes
    identity: Scopes
    redirect_uri: str
    auth_time: int
    created_at: int
    expires_at: int
    nonce: str = ""
    audience: str = ""
    code_challenge: str | None = None
    taken_at: int | None = None
    session_id: str = ""
    amr: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Code({self.institution_id!r}, {self.digest.hex()[:8]})"

    @property
    def offline(self) -> bool:
        """Whether a refresh token comes of it (OpenID Connect Core section 11)."""
        return "offline_access" in self.identity


def write_code(institution_id: str, secret: bytes) -> str:
    """The code's text, which names its institution. `secret` is 32 random bytes."""
    return f"{PREFIX}{institution_id}.{base64url.encode(secret).decode()}"


def read_code(text: str) -> tuple[str, bytes]:
    """The institution that a code names, and the digest it rests under. Raises BadToken."""
    institution_id, _, encoded = text[len(PREFIX) :].partition(".")
    if (
        not text.startswith(PREFIX)
        or len(text) > MAX_CODE_LENGTH
        or len(encoded) != 43
        or not is_institution_id(institution_id)
    ):
        raise BadToken("code-malformed")
    return institution_id, digest_of(text)


def digest_of(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def family_id_of(digest: bytes) -> bytes:
    """The family that comes of the code resting under `digest`."""
    return hashlib.sha256(b"moneyer/family" + digest).digest()[:16]


def token_id_of(digest: bytes) -> str:
    """The `jti` of the access token that comes of the code, where no family does."""
    return base64url.encode(hashlib.sha256(b"moneyer/token" + digest).digest()[:16]).decode()
