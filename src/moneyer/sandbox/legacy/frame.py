"""What stands around a legacy call: its headers, and in which form it is answered."""

from moneyer.dialects import v1
from moneyer.dialects.words import Words
from moneyer.endpoints.call import transaction_id_in
from moneyer.endpoints.http import JSON, NO_STORE, Answer, RawHeaders, Request, read_headers
from moneyer.endpoints.v1.frame import LegacyCall, require_address
from moneyer.gateway.refusals import CannotTell, InstitutionMismatch, Refused, TokenMissing
from moneyer.protocol.failures import BadHeader, BadTransactionId
from moneyer.protocol.identifiers import is_transaction_id
from moneyer.sandbox.bank.answers import challenge
from moneyer.sandbox.legacy.as_json import write_json, write_json_failure
from moneyer.sandbox.legacy.call import Operation, Reply
from moneyer.sandbox.legacy.problems import BAD_TOKEN, NO_TOKEN, OTHER_INSTITUTION, UNAVAILABLE
from moneyer.sandbox.legacy.xml.writing import write_xml

_XML = (b"content-type", v1.MEDIA_TYPE)
_XML_NAMES = frozenset({"application/xml", "text/xml"})


def require_headers(request: Request) -> dict[bytes, bytes]:
    """The headers, as the V1 token endpoint demands them. Raises BadHeader and its kinds."""
    headers = read_headers(request.headers, LegacyCall.read_once)
    if not is_transaction_id(headers.get(b"di_tid", b"").decode("latin-1")):
        raise BadTransactionId("transaction-id-missing-or-malformed")
    if (address := headers.get(b"originating_ip")) is not None:
        require_address(address.decode("latin-1"))
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise BadHeader("content-encoding")
    return headers


def asks_for_json(headers: RawHeaders) -> bool:
    """Whether `Accept` names JSON and does not name XML (RFC 9110 section 12.5.1)."""
    wanted = set()
    for name, value in headers:
        if name == b"accept":
            for media_range in value.decode("latin-1").lower().split(","):
                media_type, *parameters = (part.strip() for part in media_range.split(";"))
                if not any(_is_zero(parameter) for parameter in parameters):
                    wanted.add(media_type)
    return "application/json" in wanted and _XML_NAMES.isdisjoint(wanted)


def _is_zero(parameter: str) -> bool:
    """Whether a media range's parameter says that it is not wanted."""
    name, _, value = parameter.partition("=")
    return name == "q" and value.strip("0.") == "" and value.startswith("0")


class Frame:
    """Answers in the form that a request asks for, with its transaction's id."""

    def __init__(self, request: Request) -> None:
        self.transaction_id = transaction_id_in(request.headers, b"di_tid")
        self._as_json = asks_for_json(request.headers)

    def found(self, operation: Operation, reply: Reply, base_url: str) -> Answer:
        """What the call asked for."""
        location = [(b"location", f"{base_url}{reply.location}".encode())] if reply.location else []
        if self._as_json:
            body = write_json(operation.gives if operation.is_wrapped else "", reply.body)
        else:
            body = write_xml(operation.gives, reply.body)
        return self._answer(reply.status, body, location)

    def declined(self, words: Words, *headers: tuple[bytes, bytes]) -> Answer:
        """A refusal, as a `Status`. One that asks for patience says how much."""
        write = write_json_failure if self._as_json else v1.write_failure
        more = list(headers)
        if words.status in {429, 503} and not any(name == b"retry-after" for name, _ in headers):
            more.append((b"retry-after", b"1"))
        return self._answer(words.status, write(words, {}), more)

    def refused(self, refusal: Refused) -> Answer:
        """A refusal of the guard."""
        match refusal:
            case CannotTell():
                wait = str(refusal.retry_after).encode()
                return self.declined(UNAVAILABLE, (b"retry-after", wait))
            case InstitutionMismatch():
                words = OTHER_INSTITUTION
            case TokenMissing():
                words = NO_TOKEN
            case _:
                words = BAD_TOKEN
        return self.declined(words, (b"www-authenticate", challenge(refusal).encode()))

    def _answer(self, status: int, body: bytes, more: RawHeaders) -> Answer:
        media_type = JSON if self._as_json else _XML
        echo = (b"di_tid", self.transaction_id.encode())
        return Answer(status, [media_type, *NO_STORE, echo, *more], body)
