"""One connection: bytes to requests, answers to bytes."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools
import structlog

from moneyer.endpoints.caller import plain_address
from moneyer.endpoints.http import MAX_BODY_BYTES, Answer, RawHeaders, Request
from moneyer.endpoints.http1.limits import (
    MAX_BODY_WIRE_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADER_FIELDS,
    MAX_TARGET_BYTES,
    MAX_WAITING_REQUESTS,
)
from moneyer.endpoints.http1.messages import (
    CONTINUE,
    Refusal,
    Turn,
    path_and_query,
    refusal_for,
    require_plain_chunks,
    write_answer,
)
from moneyer.protocol.failures import BadRequest, BodyTooLarge

if TYPE_CHECKING:
    from moneyer.endpoints.http1.server import Http1Server

log = structlog.get_logger()

_NEVER = float("inf")


class Connection(asyncio.Protocol):
    """The requests of one caller, answered one at a time and in their order (RFC 9112 section 9.3).

    llhttp reads them, strictly: framing that two readers could understand differently is refused.
    `deadline` is when the connection ends unless something happens first, in the server's seconds.
    """

    __slots__ = (
        "_body",
        "_body_size",
        "_headers",
        "_is_paused",
        "_is_reading",
        "_loop",
        "_parser",
        "_peer",
        "_resumed",
        "_secure",
        "_server",
        "_since_landmark",
        "_stage",
        "_target",
        "_transport",
        "_turns",
        "_working",
        "deadline",
        "is_lost",
    )

    def __init__(self, server: "Http1Server") -> None:
        self._server = server
        self._loop = server.loop
        self._parser = httptools.HttpRequestParser(self)
        self._turns: deque[Turn] = deque()
        self._working = False
        self._is_reading = True
        self._is_paused = False
        self.is_lost = False
        self._stage = "idle"
        self._since_landmark = 0
        self._resumed: asyncio.Future[None] | None = None
        self._headers: RawHeaders = []
        self._target = b""
        self._body: list[bytes] = []
        self._body_size = 0

    # ------------------------------------------------------------------ from the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._peer = plain_address(peer[0]) if peer else "unknown"
        self._secure = transport.get_extra_info("sslcontext") is not None
        self.deadline = self._server.now + self._server.limits.head
        if not self._server.welcomes(self):
            self._refuse(Refusal(503, "too many callers"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.is_lost, self._is_reading = True, False
        self._turns.clear()
        self._server.forget(self)
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        if not self._is_reading:
            return
        self._since_landmark += len(data)
        try:
            self._parser.feed_data(data)
            self._require_bounded()
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here: the request was answered as the plain one that it
            # also is, and what follows belongs to nobody (RFC 9110 section 7.8).
            self._is_reading = False
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, Refusal) else refusal_for(error))
        except Refusal as refusal:
            self._refuse(refusal)

    def eof_received(self) -> bool:
        """The caller has said all it will; it may still read (RFC 9112 section 9.6)."""
        if self._is_reading and self._stage == "body":
            self._complete(BadRequest("body-cut-off"))
        self._is_reading = False
        return self._working and not self._secure

    def pause_writing(self) -> None:
        self._resumed = self._loop.create_future()
        self.deadline = self._server.now + self._server.limits.unread

    def resume_writing(self) -> None:
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)
        self._resumed = None

    # --------------------------------------------------------------------- from the parser

    def on_message_begin(self) -> None:
        if not self._is_reading:
            raise Refusal(400, "nothing more is read")
        self._headers, self._target, self._body = [], b"", []
        self._body_size = 0
        self._stage = "head"
        if not self._working:
            self.deadline = self._server.now + self._server.limits.head

    def on_url(self, url: bytes) -> None:
        self._target += url
        if len(self._target) > MAX_TARGET_BYTES:
            raise Refusal(414, "the request target is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after the body is a trailer, and merged into nothing (RFC 9110 section 6.5.1).
        if self._stage == "head":
            self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        version = self._parser.get_http_version()
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
            self._meet_expectation(headers, version)
        self._stage = "body"
        if not self._working:
            self.deadline = self._server.now + self._server.limits.body

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if self._body_size <= MAX_BODY_BYTES:
            self._body.append(body)
        elif self._is_reading:
            self._complete(BodyTooLarge("body-too-large"))

    def on_message_complete(self) -> None:
        if self._is_reading:
            self._complete(None)
        self._since_landmark = 0

    # ------------------------------------------------------------------------- requests

    def _complete(self, unread: BadRequest | None) -> None:
        """The request has been read; or not, and why."""
        parser, headers = self._parser, self._headers
        self._stage = "idle"
        source, secure = self._server.callers.behind(self._peer, self._secure, headers)
        path, query = path_and_query(self._target)
        body = b"" if unread else b"".join(self._body)
        method = parser.get_method().decode()
        is_last = unread is not None or not parser.should_keep_alive() or parser.should_upgrade()
        if len(self._turns) >= MAX_WAITING_REQUESTS:
            is_last = True
        if is_last:
            self._is_reading = False
        self._take(
            Turn(
                Request(method, path, query, headers, body, source, secure, unread),
                is_last,
                parser.get_http_version() == "1.0",
            )
        )

    def _refuse(self, refusal: Refusal) -> None:
        if self._is_reading:
            self._is_reading = False
            self._take(Turn(refusal, True))

    def _take(self, turn: Turn) -> None:
        self._turns.append(turn)
        if self._working:
            # Whoever asks before the answer is there waits with the rest of what it has to say.
            self._is_paused = True
            self._transport.pause_reading()
        else:
            self._working = True
            self.deadline = _NEVER
            self._server.begins(self, self._loop.create_task(self._work()))

    def _meet_expectation(self, headers: RawHeaders, version: str) -> None:
        """RFC 9110 section 10.1.1. Raises Refusal."""
        if any(value.lower() != b"100-continue" for name, value in headers if name == b"expect"):
            raise Refusal(417, "the one expectation met here is 100-continue")
        if version == "1.1" and not self._working:
            self._transport.write(CONTINUE)

    def _require_bounded(self) -> None:
        """Raises Refusal where a head or a body has grown past its bound without coming to an end."""
        if self._since_landmark <= MAX_HEAD_BYTES:
            return
        if self._stage != "body":
            raise Refusal(431, "the header fields are too long")
        if self._since_landmark > MAX_BODY_WIRE_BYTES and self._is_reading:
            self._complete(BodyTooLarge("body-too-large"))

    # -------------------------------------------------------------------------- answers

    async def _work(self) -> None:
        """Answers what has been asked, until nothing is left."""
        turns, server, transport = self._turns, self._server, self._transport
        is_last = False
        while turns and not is_last:
            turn = turns[0]
            answer = await self._answer(turn.asked)
            is_last = turn.is_last or server.draining
            if transport.is_closing():
                break
            if turns:
                turns.popleft()
            transport.write(write_answer(answer, turn, server.date, is_last))
            if self._resumed is not None:
                await self._resumed
                self.deadline = _NEVER
        self._working = False
        server.finished(self)
        if self.is_lost:
            return
        if self._is_paused and not transport.is_closing():
            self._is_paused = False
            transport.resume_reading()
        if is_last or not self._is_reading:
            self._end()
        else:
            limits = server.limits
            self.deadline = server.now + {"head": limits.head, "body": limits.body}.get(
                self._stage, limits.idle
            )

    async def _answer(self, asked: Request | Refusal) -> Answer:
        if isinstance(asked, Refusal):
            return asked.answer
        try:
            return await self._server.handle(asked)
        except Exception as error:
            log.error("unhandled-exception", error=type(error).__name__)  # noqa: TRY400
            return Refusal(500, "this should not have happened").answer

    # ---------------------------------------------------------------------------- ends

    @property
    def is_idle(self) -> bool:
        """Whether nothing has been asked that is not answered."""
        return not self._working and self._stage == "idle"

    def overdue(self) -> None:
        """The deadline has passed."""
        if self._working or not self._is_reading or self._transport.is_closing():
            self._transport.abort()
        elif self._stage == "body":
            self._complete(BadRequest("body-too-slow"))
        elif self._stage == "head":
            self._refuse(Refusal(408, "the header fields took too long"))
        else:
            self.close()

    def close(self) -> None:
        """Ends the connection once what has been written is on its way."""
        self._is_reading = False
        self._transport.close()

    def abort(self) -> None:
        """Ends the connection."""
        self._transport.abort()

    def _end(self) -> None:
        """Ends the connection, listening on for a while: closed over unread bytes, it would be reset,
        and the answer lost (RFC 9112 section 9.6)."""
        self._is_reading = False
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self.deadline = self._server.now + self._server.limits.linger
        else:
            self._transport.close()
