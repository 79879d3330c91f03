"""One connection: requests in, answers out, and the time both may take."""

import asyncio
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

import structlog

from moneyer.endpoints.caller import plain_address
from moneyer.endpoints.http import Answer, HangUp, Request
from moneyer.endpoints.http1.limits import MAX_WAITING_REQUESTS, Stage
from moneyer.endpoints.http1.messages import CONTINUE, Refusal, Turn, write_answer
from moneyer.endpoints.http1.reader import RequestReader
from moneyer.protocol.failures import BadRequest

if TYPE_CHECKING:
    from moneyer.endpoints.http1.server import Http1Server

log = structlog.get_logger()

_NEVER = float("inf")

CALLER: ContextVar["Connection"] = ContextVar("CALLER")
"""The connection by which the request came that is being handled."""


class Connection(asyncio.Protocol):
    """The requests of one caller, answered one at a time and in their order (RFC 9112 section 9.3).

    `deadline` is when the connection ends unless something happens first, in the server's seconds.
    """

    __slots__ = (
        "_gone",
        "_has_left",
        "_loop",
        "_reader",
        "_resumed",
        "_secure",
        "_server",
        "_transport",
        "_turns",
        "_working",
        "deadline",
        "is_lost",
    )

    def __init__(self, server: "Http1Server") -> None:
        self._server = server
        self._loop = server.loop
        self._turns: deque[Turn] = deque()
        self._working = False
        self._resumed: asyncio.Future[None] | None = None
        self._gone: asyncio.Event | None = None
        self._has_left = False
        self.is_lost = False

    # ------------------------------------------------------------------ from the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        server = self._server
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        address = plain_address(peer[0]) if peer else "unknown"
        self._secure = transport.get_extra_info("sslcontext") is not None
        self._reader = RequestReader(self, server.callers, address, self._secure)
        self._have(server.limits.head)
        if not server.welcomes(self):
            self._reader.refuse(Refusal(503, "too many callers"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = self._reader.is_over = True
        self._turns.clear()
        self._server.forget(self)
        self._leave()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)

    def eof_received(self) -> bool:
        """The caller has said all it will; it may still read (RFC 9112 section 9.6)."""
        self._reader.cut_short(BadRequest("body-cut-off"))
        self._reader.is_over = True
        self._leave()
        return self._working and not self._secure

    def pause_writing(self) -> None:
        self._resumed = self._loop.create_future()
        self._have(self._server.limits.unread)

    def resume_writing(self) -> None:
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)
        self._resumed = None

    # --------------------------------------------------------------------- from the reader

    def take(self, turn: Turn) -> None:
        """Something is to be answered, after what has come before it."""
        if len(self._turns) >= MAX_WAITING_REQUESTS:
            turn = turn._replace(is_last=True)
            self._reader.is_over = True
        self._turns.append(turn)
        if self._working:
            # Whoever asks before the answer is there waits with the rest of what it has to say.
            self._transport.pause_reading()
        else:
            self._working = True
            self.deadline = _NEVER
            self._server.begins(self, self._loop.create_task(self._work()))

    def enter(self, stage: Stage) -> None:
        """What is read now, for which there is so much time as long as nobody waits for us."""
        if not self._working:
            self._have(self._server.seconds[stage])

    def go_ahead(self) -> None:
        """Tells the caller to send its body, unless it has an earlier answer to wait for."""
        if not self._working:
            self._transport.write(CONTINUE)

    # -------------------------------------------------------------------------- answers

    async def _work(self) -> None:
        """Answers what has been asked, until nothing is left."""
        turns, server, transport = self._turns, self._server, self._transport
        CALLER.set(self)
        is_last = False
        while turns and not is_last:
            turn = turns.popleft()
            try:
                answer = await self._answer(turn.asked)
            except HangUp as end:
                sent, is_last = end.sent, True
            else:
                is_last = turn.is_last or server.draining
                sent = write_answer(answer, turn, server.date, is_last)
            if transport.is_closing():
                break
            transport.write(sent)
            if self._resumed is not None:
                self._have(server.limits.unread)
                await self._resumed
                self.deadline = _NEVER
        self._working = False
        server.finished(self)
        if transport.is_closing():
            return
        if not transport.is_reading():
            transport.resume_reading()
        if is_last or self._reader.is_over:
            self._end()
        else:
            self.enter(self._reader.stage)

    async def _answer(self, asked: Request | Refusal) -> Answer:
        if isinstance(asked, Refusal):
            return asked.answer
        try:
            return await self._server.handle(asked)
        except HangUp:
            raise
        except Exception as error:
            log.error("unhandled-exception", error=type(error).__name__)  # noqa: TRY400
            return Refusal(500, "this should not have happened").answer

    async def gone(self) -> None:
        """Returns when the caller has said all it will, or is there no more.

        Who has closed and who has only finished speaking look alike until something is written.
        """
        self._gone = self._gone or asyncio.Event()
        if not self._has_left:
            await self._gone.wait()

    def _leave(self) -> None:
        self._has_left = True
        if self._gone is not None:
            self._gone.set()

    # ------------------------------------------------------------------ deadlines and ends

    @property
    def is_idle(self) -> bool:
        """Whether nothing has been asked that is not answered."""
        return not self._working and self._reader.stage == "idle"

    def overdue(self) -> None:
        """The deadline has passed."""
        if self._working or self._reader.is_over or self._transport.is_closing():
            self._transport.abort()
        elif self._reader.stage == "body":
            self._reader.cut_short(BadRequest("body-too-slow"))
        elif self._reader.stage == "head":
            self._reader.refuse(Refusal(408, "the header fields took too long"))
        else:
            self.close()

    def close(self) -> None:
        """Ends the connection once what has been written is on its way."""
        self._reader.is_over = True
        self._transport.close()

    def abort(self) -> None:
        """Ends the connection."""
        self._transport.abort()

    def _have(self, seconds: float) -> None:
        self.deadline = self._server.now + seconds

    def _end(self) -> None:
        """Ends the connection, listening on for a while: closed over unread bytes, it would be reset,
        and the answer lost (RFC 9112 section 9.6)."""
        self._reader.is_over = True
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._have(self._server.limits.linger)
        else:
            self._transport.close()
