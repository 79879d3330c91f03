"""A server on loopback that writes down what it is asked, and spoils what it is told to spoil.

What it says comes from a function: a whole service (`plain_v2`), or another server behind it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.processes import Scoped


class Seen(NamedTuple):
    """One request as it arrived; names of headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), strict_parsing=bool(self.body)))


class Reply(NamedTuple):
    """One answer. `pause` is slept before each byte of the body."""

    status: int
    headers: dict[str, str]
    body: bytes
    pause: float = 0.0


Service = Callable[[Seen], Reply]
Fault = Callable[[Seen, Service], Reply | None]
"""None: the connection ends without an answer."""


class Middleman(Scoped):
    """`seen` are all requests; `faults` are used up one by one, then everything goes well; `cut_off`
    counts the answers that the other side did not want to hear to the end."""

    def __init__(self, service: Service, port: int = 0) -> None:
        self.service = service
        self.seen: list[Seen] = []
        self.cut_off = 0
        self.faults: deque[Fault] = deque()
        self._server = _Server(("127.0.0.1", port), _handler_for(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def spoil(self, *faults: Fault) -> None:
        self.faults.extend(faults)

    def asked(self, path: str = "/oauth2/v1/token") -> list[Seen]:
        """The requests to `path`."""
        return [seen for seen in self.seen if seen.path == path]

    def answer(self, seen: Seen) -> Reply | None:
        self.seen.append(seen)
        try:
            fault = self.faults.popleft()
        except IndexError:
            return self.service(seen)
        return fault(seen, self.service)


def before(upstream: str) -> Service:
    """Everything is passed on to the server at `upstream`."""

    def forward(seen: Seen) -> Reply:
        kept = {k: v for k, v in seen.headers.items() if k not in ("host", "connection")}
        url = upstream + seen.target
        with httpx.Client(trust_env=False) as http:
            answer = http.request(seen.method, url, content=seen.body, headers=kept)
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name not in ("content-length", "connection", "transfer-encoding", "content-encoding")
        }
        return Reply(answer.status_code, headers, answer.content)

    return forward


def lost(seen: Seen, service: Service) -> None:
    """What was asked for is done, and nobody hears of it."""
    service(seen)


def dropped(seen: Seen, service: Service) -> None:
    """Nothing is done, and nobody hears of that."""


def says(status: int, body: bytes = b"", **headers: str) -> Fault:
    """An answer that no service behind gave; `_` in a name of a header stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _seen, _service: Reply(status, named, body)


def drips(body: bytes, pause: float) -> Fault:
    """An answer that comes a byte at a time."""
    return lambda _seen, _service: Reply(200, {}, body, pause)


def waits(for_what: threading.Event) -> Fault:
    """The true answer, but not before something has happened."""

    def fault(seen: Seen, service: Service) -> Reply:
        assert for_what.wait(30)
        return service(seen)

    return fault


class _Server(ThreadingHTTPServer):
    request_queue_size = 300
    daemon_threads = True
    block_on_close = False


def _handler_for(middleman: Middleman) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            self.close_connection = True
            if not self.raw_requestline or not self.parse_request():
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = middleman.answer(Seen(self.command, self.path, headers, body))
            if reply is not None:
                self._write(reply)

        def _write(self, reply: Reply) -> None:
            try:
                self.send_response(reply.status)
                given = {"content-length": str(len(reply.body))} if reply.status != 204 else {}
                for name, value in {**given, **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in (reply.body,) if not reply.pause else _bytes_of(reply.body):
                    time.sleep(reply.pause)
                    self.wfile.write(piece)
            except ConnectionError:
                middleman.cut_off += 1

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    return Handler


def _bytes_of(body: bytes) -> list[bytes]:
    return [body[place : place + 1] for place in range(len(body))]
