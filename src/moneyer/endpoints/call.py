"""The frame around every endpoint: what is checked before, and how a failure is answered."""

import traceback
from collections.abc import Awaitable, Callable, Set
from typing import Literal, TypeVar

import structlog

from moneyer.applications.application import Application
from moneyer.audit.events import Event, Trace
from moneyer.dialects.v2 import V2
from moneyer.endpoints.http import (
    MAX_QUERY_BYTES,
    NO_STORE,
    READ_ONCE,
    Answer,
    RawHeaders,
    Request,
    read_headers,
)
from moneyer.endpoints.service import Service
from moneyer.grants.mint import RecordEvent
from moneyer.protocol.failures import (
    BadHeader,
    BadInstitutionId,
    BadRequest,
    BadTransactionId,
    CannotSign,
    CoreBankUnavailable,
    Failure,
    InsecureTransport,
    MethodNotAllowed,
    MoreProofNeeded,
    NotEntitled,
    StoreUnavailable,
    Throttled,
    Unavailable,
)
from moneyer.protocol.form import Form, decode_component, read_form
from moneyer.protocol.identifiers import (
    is_institution_id,
    is_transaction_id,
    new_transaction_id,
)

log = structlog.get_logger()

BASIC_CHALLENGE = b'Basic realm="moneyer", charset="UTF-8"'
FORM = b"application/x-www-form-urlencoded"

_NEVER_IN_A_URI = frozenset(
    {
        "client_secret",
        "password",
        "refresh_token",
        "code",
        "token",
        "access_token",
        "code_verifier",
        "client_assertion",
    }
)


class Call:
    """One call of an endpoint, as far as it has been read.

    `institution_header` and `transaction_header` are the names that the dialect has for them;
    `read_once` are the headers that may not stand twice.
    """

    dialect = V2
    institution_header = b"institutionid"
    transaction_header = b"transactionid"
    transaction_id_is: Literal["as-set", "needed", "optional"] = "as-set"
    read_once: Set[bytes] = READ_ONCE

    def __init__(self, request: Request, service: Service) -> None:
        self.request = request
        self.service = service
        self.now = service.mint.clock.now()
        self.headers: dict[bytes, bytes] = {}
        self.trace = Trace(request.source, "")
        self.application: Application | None = None
        self.institution_id: str | None = None

    def open(self, *methods: str) -> None:
        """Checks method, transport, media type, size and headers. Raises BadRequest and its kinds."""
        self.begin(*methods, form=True)
        institution_id = self.headers.get(self.institution_header)
        if institution_id is not None:
            text = institution_id.decode("latin-1")
            if not is_institution_id(text):
                raise BadInstitutionId("institution-id-malformed")
            self.institution_id = text

    def require_form(self) -> None:
        """Raises BadHeader unless the body is declared as a form, and why it was not read."""
        if not is_form(self.headers.get(b"content-type")):
            raise BadHeader("media-type")
        if self.headers.get(b"content-encoding", b"identity") != b"identity":
            raise BadHeader("content-encoding")
        if self.request.unread is not None:
            raise self.request.unread

    def begin(self, *methods: str, form: bool = False) -> None:
        """Checks method, transport, headers, the media type of a form, and the query.

        Raises BadRequest and its kinds.
        """
        request, settings = self.request, self.service.settings
        if request.method not in methods:
            raise MethodNotAllowed(*methods)
        if settings.require_tls and not request.secure:
            raise InsecureTransport("plain-http")
        self.headers = read_headers(request.headers, self.read_once)
        if form:
            self.require_form()
        if request.query:
            if len(request.query) > MAX_QUERY_BYTES:
                raise BadRequest("query-too-long")
            _refuse_secrets_in(request.query)
        transaction_id = self._transaction_id(self.headers.get(self.transaction_header))
        self.trace = Trace(request.source, transaction_id)

    def _transaction_id(self, header: bytes | None) -> str:
        if header is None:
            wanted = self.transaction_id_is
            if wanted == "needed" or (
                wanted == "as-set" and self.service.settings.require_transaction_id
            ):
                raise BadTransactionId("transaction-id-missing")
            return new_transaction_id()
        text = header.decode("latin-1")
        if not is_transaction_id(text):
            raise BadTransactionId("transaction-id-malformed")
        return text

    def require_institution_id(self) -> str:
        """Raises BadInstitutionId when the header is missing."""
        if self.institution_id is None:
            raise BadInstitutionId("institution-id-missing")
        return self.institution_id

    def form(self) -> Form:
        """Raises BadRequest and its kinds."""
        return read_form(self.request.body)

    def failed(self, failure: Exception) -> Answer:
        """What is answered to a failure."""
        return failure_answer(self, failure)

    def challenge(self, failure: Exception) -> bytes:
        """How to prove oneself here, for the `WWW-Authenticate` header; b"" for no such header."""
        return b"" if isinstance(failure, NotEntitled | MoreProofNeeded) else BASIC_CHALLENGE

    def answer(self, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Answer:
        """An answer in the dialect's media type, with the transaction's id."""
        media_type = (b"content-type", self.dialect.media_type)
        echo = (self.transaction_header, self.trace.transaction_id.encode())
        return Answer(status, [media_type, *NO_STORE, echo, *headers], body)


def is_form(content_type: bytes | None) -> bool:
    """Whether a body is declared as a form, in UTF-8 if a charset is named (RFC 6749 section 3.2)."""
    if content_type == FORM:
        return True
    media_type, _, parameter = (content_type or b"").lower().partition(b";")
    return media_type.strip() == FORM and parameter.strip() in {
        b"",
        b"charset=utf-8",
        b'charset="utf-8"',
    }


def _refuse_secrets_in(query: bytes) -> None:
    """Raises BadRequest for credentials in the URI (RFC 6749 section 2.3.1); reads nothing else."""
    for field in query.split(b"&"):
        try:
            name = decode_component(field.partition(b"=")[0])
        except ValueError:
            continue
        if name in _NEVER_IN_A_URI:
            raise BadRequest("secret-in-uri")


C = TypeVar("C", bound=Call)


async def answer_call(call: C, steps: Callable[[C], Awaitable[Answer]]) -> Answer:
    """Runs an endpoint's steps; a failure is recorded, if it is a decision, and put into words."""
    try:
        return await steps(call)
    except Failure as failure:
        return call.failed(await _recorded(call, failure))
    except Exception as error:
        # The last resort: the caller learns nothing, the log gets names and places, never values.
        log.error(  # noqa: TRY400 - a traceback would print values
            "unhandled-exception",
            error=type(error).__name__,
            where=[f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)],
            transaction_id=call.trace.transaction_id,
        )
        return call.failed(error)


async def _recorded(call: Call, failure: Failure) -> Failure:
    """The failure, once its event is durable; StoreUnavailable when that did not succeed.

    What is refused before the application is proven is no decision about anyone and has no event,
    nor has what may simply be tried again.
    """
    if call.application is None or failure.recorded:
        return failure
    if isinstance(failure, Throttled | Unavailable):
        return failure
    event = Event(
        "request:refused",
        call.now,
        call.service.place_of(call.institution_id),
        client_id=call.application.client_id,
        reason=failure.reason,
        source=call.trace.source,
        transaction_id=call.trace.transaction_id,
    )
    try:
        await call.service.mint.journal.perform(RecordEvent(event))
    except Unavailable as unavailable:
        return unavailable
    return failure


def transaction_id_in(headers: RawHeaders, header: bytes) -> str:
    """The id to answer with where the headers were not read: the caller's, if it sent one, once."""
    sent = [value.decode("latin-1") for name, value in headers if name.lower() == header]
    return sent[0] if len(sent) == 1 and is_transaction_id(sent[0]) else new_transaction_id()


def failure_answer(call: Call, failure: Exception) -> Answer:
    """A failure in the words of the dialect, with the headers that its status calls for."""
    words = call.dialect.words_for(failure)
    headers = failure_headers(call, failure)
    if words.status in {401, 403} and (challenge := call.challenge(failure)):
        headers.append((b"www-authenticate", challenge))
    more = {"mfa_token": failure.request_token} if isinstance(failure, MoreProofNeeded) else {}
    return call.answer(words.status, call.dialect.write_failure(words, more), *headers)


def failure_headers(call: Call, failure: Exception) -> list[tuple[bytes, bytes]]:
    """The headers that a failure has in any dialect. It has a transaction id from here on, and what an
    operator has to know is logged under it."""
    if not call.trace.transaction_id:
        transaction_id = transaction_id_in(call.request.headers, call.transaction_header)
        call.trace = Trace(call.request.source, transaction_id)
    if isinstance(failure, CannotSign):
        log.error("cannot-sign", reason=failure.reason, transaction_id=call.trace.transaction_id)
    if isinstance(failure, StoreUnavailable | CoreBankUnavailable):
        log.warning("unavailable", reason=failure.reason, transaction_id=call.trace.transaction_id)
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(failure, Throttled | Unavailable):
        headers.append((b"retry-after", str(failure.retry_after).encode()))
    if isinstance(failure, MethodNotAllowed):
        headers.append((b"allow", ", ".join(failure.allowed).encode()))
    return headers
