"""What a message of HTTP/1.1 means, and how an answer is written (RFC 9110, RFC 9112)."""

from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import httptools

from moneyer.endpoints.http import Answer, RawHeaders, Request

_STATUS_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Refusal(Exception):
    """What is sent has no meaning in HTTP, or none that is served here. Nothing after it is read."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", b"1"))
        self.answer = Answer(status, headers, f"{reason}\n".encode())


class Turn(NamedTuple):
    """What is to be answered next: a request, or a refusal. After the last one the connection ends."""

    asked: Request | Refusal
    is_last: bool
    is_1_0: bool = False


def write_answer(answer: Answer, turn: Turn, date: bytes, is_last: bool) -> bytes:
    """The bytes of an answer, to a HEAD without its body (RFC 9110 section 9.3.2).

    `date` is a whole header line.
    """
    parts = [_STATUS_LINES[answer.status], date]
    for name, value in answer.headers:
        parts += (name, b": ", value, b"\r\n")
    if is_last:
        parts.append(b"connection: close\r\n")
    elif turn.is_1_0:
        parts.append(b"connection: keep-alive\r\n")
    if answer.status != HTTPStatus.NO_CONTENT:
        parts.append(b"content-length: %d\r\n" % len(answer.body))
    parts.append(b"\r\n")
    if not (isinstance(turn.asked, Request) and turn.asked.method == "HEAD"):
        parts.append(answer.body)
    return b"".join(parts)


def path_and_query(target: bytes) -> tuple[str, bytes]:
    """The decoded path and the raw query of a request target (RFC 9112 section 3.2).

    Of an absolute form the authority is dropped: no decision here follows a host's name.
    """
    if not target.startswith(b"/"):
        scheme, separator, rest = target.partition(b"://")
        if separator and scheme.lower() in {b"http", b"https"}:
            _, slash, path = rest.partition(b"/")
            target = slash + path or b"/"
    path, _, query = target.partition(b"?")
    if b"%" in path:
        path = unquote_to_bytes(path)
    return path.decode("utf-8", "replace"), query


def require_plain_chunks(headers: RawHeaders, version: str) -> None:
    """Raises Refusal for any transfer coding but one "chunked" (RFC 9112 sections 6.1 and 7)."""
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if version != "1.1" or codings != [b"chunked"]:
        raise Refusal(400, "the one transfer coding read here is chunked, in HTTP/1.1")


def require_known_expectation(headers: RawHeaders) -> None:
    """Raises Refusal for any expectation but 100-continue (RFC 9110 section 10.1.1)."""
    if any(value.lower() != b"100-continue" for name, value in headers if name == b"expect"):
        raise Refusal(417, "the one expectation met here is 100-continue")


def refusal_for(error: httptools.HttpParserError) -> Refusal:
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return Refusal(400, "the method is unknown")
    if isinstance(error, httptools.HttpParserInvalidURLError):
        return Refusal(400, "the request target is malformed")
    return Refusal(400, "the request is malformed")
