"""A request and an answer, apart from any server."""

from collections.abc import Set
from itertools import chain
from typing import NamedTuple

import msgspec

from moneyer.protocol.failures import BadHeader, BadRequest

MAX_HEADER_BYTES = 16 * 1024
MAX_HEADER_FIELDS = 64
MAX_BODY_BYTES = 32 * 1024
MAX_QUERY_BYTES = 8 * 1024

RawHeaders = list[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json")
NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))

READ_ONCE = frozenset(
    {
        b"authorization",
        b"institutionid",
        b"transactionid",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"transfer-encoding",
        b"host",
    }
)


class Request(msgspec.Struct, frozen=True):
    """One request. `source` is the caller's address; `secure` says that it came through TLS.

    `unread` is why the body could not be read; then `body` is empty.
    """

    method: str
    path: str
    query: bytes
    headers: RawHeaders
    body: bytes
    source: str
    secure: bool
    unread: BadRequest | None = None

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {self.path!r})"


class Answer(NamedTuple):
    """What is sent back."""

    status: int
    headers: RawHeaders
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Answer({self.status})"


class HangUp(Exception):
    """Raised in the place of an answer: the connection ends when the bytes `sent` are on their way.

    Nothing that serves in earnest raises it; it is how the sandbox plays a bad connection.
    """

    def __init__(self, sent: bytes = b"") -> None:
        super().__init__()
        self.sent = sent


def read_headers(raw: RawHeaders, once: Set[bytes] = READ_ONCE) -> dict[bytes, bytes]:
    """The headers by name, which ASGI servers give in lower case.

    Raises BadHeader for more than 64 fields or 16 KiB, and when one of `once` stands twice: two values
    never become one meaning.
    """
    if len(raw) > MAX_HEADER_FIELDS:
        raise BadHeader("too-many-headers")
    headers = dict(raw)
    if len(headers) != len(raw):
        names = [name for name, _ in raw]
        if any(names.count(name) > 1 for name in once):
            raise BadHeader("header-twice")
    if sum(map(len, chain.from_iterable(raw))) > MAX_HEADER_BYTES:
        raise BadHeader("headers-too-long")
    return headers


def json_answer(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Answer:
    """A JSON answer that nobody may keep (RFC 6749 section 5.1)."""
    return Answer(status, [JSON, *NO_STORE, *headers], body)
