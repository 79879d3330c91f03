"""A customer's factor as it rests."""

from typing import Literal

import msgspec

from moneyer.protocol import base64url

FactorKind = Literal["totp", "passkey", "recovery"]


class Factor(msgspec.Struct, frozen=True):
    """One way to prove more than a password. Instants are microseconds since 1970.

    `sealed` holds its secret, or public key, under a key from the master key. `counter` is the last
    time step of a one-time code that was accepted, or a passkey's count of signatures.
    """

    institution_id: str
    factor_id: str
    customer_id: str
    kind: FactorKind
    label: str
    sealed: bytes
    counter: int
    created_at: int
    last_used_at: int | None = None
    status: Literal["live", "removed"] = "live"

    def __repr__(self) -> str:
        return f"Factor({self.institution_id!r}, {self.kind!r})"


def totp_id(customer_id: str) -> str:
    return f"totp:{customer_id}"


def recovery_id(customer_id: str) -> str:
    return f"recovery:{customer_id}"


def credential_id(passkey: Factor) -> bytes:
    """The other way round of `passkey_id`."""
    return base64url.decode(passkey.factor_id.removeprefix("pk:").encode())


def passkey_id(credential_id: bytes) -> str:
    return "pk:" + base64url.encode(credential_id).decode()
