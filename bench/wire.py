"""HTTP/1.1 as far as the benchmark needs it: requests built once, answers framed by length."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from bench.failures import BadAnswer

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r\n", re.IGNORECASE)
_LARGEST_HEAD = 65536

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """One whole answer; `raw` is every byte of it, head and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    raw: bytes

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


def request_head(method: str, path: str, host: str, headers: Headers) -> bytes:
    """Everything before the value of Content-Length, which comes last."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\nContent-Length: ").encode("ascii")


def with_body(head: bytes, body: bytes) -> bytes:
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)


def frame(data: bytes) -> tuple[int, int, int] | None:
    """(status, where the body begins, where it ends), or None while bytes are missing.

    Raises BadAnswer where the answer has no Content-Length or bytes follow it: we never send a
    second request before the first is answered.
    """
    head_end = data.find(b"\r\n\r\n")
    if head_end < 0:
        if len(data) > _LARGEST_HEAD:
            raise BadAnswer("the head of an answer does not end")
        return None
    if not data.startswith(b"HTTP/1.1 ") or not data[9:12].isdigit():
        raise BadAnswer(f"not an HTTP/1.1 answer: {data[:40]!r}")
    length = _CONTENT_LENGTH.search(data, 0, head_end + 2)
    if length is None:
        raise BadAnswer("an answer without Content-Length")
    begin = head_end + 4
    end = begin + int(length[1])
    if len(data) < end:
        return None
    if len(data) > end:
        raise BadAnswer("bytes after the end of an answer")
    return int(data[9:12]), begin, end


def ask(port: int, request: bytes, timeout: float = 10.0) -> Answer:
    """One request on a connection of its own; OSError if nobody answers in `timeout` seconds."""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(request)
        data = b""
        while (framed := frame(data)) is None:
            received = connection.recv(65536)
            if not received:
                raise BadAnswer("the connection ended inside an answer")
            data += received
    status, begin, _ = framed
    return Answer(status, _headers(data[: begin - 4]), data[begin:], data)


def _headers(head: bytes) -> tuple[tuple[str, str], ...]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return tuple((name, value.strip()) for name, _, value in pairs)
