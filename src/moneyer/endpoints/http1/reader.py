"""What a caller sends: bytes to requests, within bounds."""

from typing import Protocol

import httptools

from moneyer.endpoints.caller import Callers
from moneyer.endpoints.http import MAX_BODY_BYTES, RawHeaders, Request
from moneyer.endpoints.http1.limits import (
    MAX_BODY_WIRE_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADER_FIELDS,
    MAX_TARGET_BYTES,
    Stage,
)
from moneyer.endpoints.http1.messages import (
    Refusal,
    Turn,
    path_and_query,
    refusal_for,
    require_known_expectation,
    require_plain_chunks,
)
from moneyer.protocol.failures import BadRequest, BodyTooLarge


class Receiver(Protocol):
    """Whom a reader reads for."""

    def take(self, turn: Turn) -> None:
        """A request has been read, or what was sent is refused."""

    def enter(self, stage: Stage) -> None:
        """A head, or a body, has begun."""

    def go_ahead(self) -> None:
        """The caller waits for leave to send its body (RFC 9110 section 10.1.1)."""


class RequestReader:
    """Reads the requests of one caller with llhttp, strictly: framing that two readers could understand
    differently is refused.

    `is_over` once nothing more of what comes is read: after the last request, and after a refusal.
    """

    __slots__ = (
        "_body",
        "_body_size",
        "_callers",
        "_headers",
        "_parser",
        "_peer",
        "_receiver",
        "_secure",
        "_since_landmark",
        "_target",
        "_version",
        "is_over",
        "stage",
    )

    def __init__(self, receiver: Receiver, callers: Callers, peer: str, secure: bool) -> None:
        self._receiver = receiver
        self._callers = callers
        self._peer = peer
        self._secure = secure
        self._parser = httptools.HttpRequestParser(self)
        self.is_over = False
        self.stage: Stage = "idle"
        # Bytes since a head or a message was complete: what has no end yet must not grow.
        self._since_landmark = 0
        self._version = ""
        self._target = b""
        self._headers: RawHeaders = []
        self._body: list[bytes] = []
        self._body_size = 0

    def feed(self, data: bytes) -> None:
        """Reads on. What cannot be read is a refusal for the receiver."""
        if self.is_over:
            return
        self._since_landmark += len(data)
        try:
            self._parser.feed_data(data)
            self._require_bounded()
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here: the request was taken as the plain one that it also is,
            # and what follows belongs to nobody (RFC 9110 section 7.8).
            self.is_over = True
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.refuse(cause if isinstance(cause, Refusal) else refusal_for(error))
        except Refusal as refusal:
            self.refuse(refusal)

    def refuse(self, refusal: Refusal) -> None:
        """Answers what was sent so far with a refusal, and reads no more."""
        if not self.is_over:
            self.is_over = True
            self._receiver.take(Turn(refusal, True))

    def cut_short(self, failure: BadRequest) -> None:
        """Hands on a request whose body is not there and will not be, and reads no more."""
        if not self.is_over and self.stage == "body":
            self._complete(failure)

    # --------------------------------------------------------------------- from the parser

    def on_message_begin(self) -> None:
        if self.is_over:
            raise Refusal(400, "nothing more is read")
        self._headers, self._target, self._body = [], b"", []
        self._body_size = 0
        self._enter("head")

    def on_url(self, url: bytes) -> None:
        self._target += url
        if len(self._target) > MAX_TARGET_BYTES:
            raise Refusal(414, "the request target is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after the body is a trailer, and merged into nothing (RFC 9110 section 6.5.1).
        if self.stage == "head":
            self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        version = self._version = self._parser.get_http_version()
        if version not in {"1.1", "1.0"}:
            raise Refusal(505, "HTTP/1.1 and HTTP/1.0 are spoken here")
        headers = self._headers
        if len(headers) > MAX_HEADER_FIELDS or (
            self._since_landmark > MAX_HEAD_BYTES
            and len(self._target) + sum(len(n) + len(v) + 4 for n, v in headers) > MAX_HEAD_BYTES
        ):
            raise Refusal(431, "the header fields are too long or too many")
        self._since_landmark = 0
        names = [name for name, _ in headers]
        if names.count(b"host") != 1 and (version == "1.1" or b"host" in names):
            raise Refusal(400, "exactly one Host is needed")
        if b"transfer-encoding" in names:
            require_plain_chunks(headers, version)
        if b"expect" in names:
            require_known_expectation(headers)
            if version == "1.1":
                self._receiver.go_ahead()
        self._enter("body")

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if self._body_size <= MAX_BODY_BYTES:
            self._body.append(body)
        else:
            self.cut_short(BodyTooLarge("body-too-large"))

    def on_message_complete(self) -> None:
        if not self.is_over:
            self._complete(None)
        self._since_landmark = 0

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self._receiver.enter(stage)

    def _complete(self, unread: BadRequest | None) -> None:
        """The request has been read; or not, and why."""
        parser, headers = self._parser, self._headers
        self.stage = "idle"
        self.is_over = unread is not None or not parser.should_keep_alive() or parser.should_upgrade()
        source, secure = self._callers.behind(self._peer, self._secure, headers)
        path, query = path_and_query(self._target)
        body = b"" if unread else b"".join(self._body)
        method = parser.get_method().decode()
        request = Request(method, path, query, headers, body, source, secure, unread)
        self._receiver.take(Turn(request, self.is_over, self._version == "1.0"))

    def _require_bounded(self) -> None:
        """Raises Refusal where a head or a body has grown past its bound without coming to an end."""
        if self._since_landmark <= MAX_HEAD_BYTES:
            return
        if self.stage != "body":
            raise Refusal(431, "the header fields are too long")
        if self._since_landmark > MAX_BODY_WIRE_BYTES:
            self.cut_short(BodyTooLarge("body-too-large"))
