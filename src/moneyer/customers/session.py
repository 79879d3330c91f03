"""A customer's session at one institution's pages: what the browser's cookie stands for."""

import hashlib
from typing import Literal

import msgspec

SECRET_BYTES = 32


class Session(msgspec.Struct, frozen=True):
    """A sign-in that lasts. Rests under the SHA-256 of the cookie's secret; instants in microseconds.

    `session_id` is the `sid` that applications are told; it outlives a change of the cookie.
    `auth_time` is when the customer last proved who they are from the beginning, `amr` how, since then.
    `clients` are the applications that were given an id_token, to be told of the end.
    """

    institution_id: str
    digest: bytes
    session_id: str
    customer_id: str
    amr: tuple[str, ...]
    auth_time: int
    started_at: int
    seen_at: int
    expires_at: int
    clients: tuple[str, ...] = ()
    status: Literal["live", "ended"] = "live"

    def __repr__(self) -> str:
        return f"Session({self.institution_id!r}, {self.session_id})"

    def is_live(self, now: int, idle: int) -> bool:
        """Whether it holds at `now`; `idle` is for how many microseconds it may go unused."""
        return self.status == "live" and now < self.expires_at and now < self.seen_at + idle


def session_digest(secret: bytes) -> bytes:
    return hashlib.sha256(b"moneyer/session" + secret).digest()
