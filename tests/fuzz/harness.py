"""Sends hostile requests straight into the ASGI application, and judges every answer."""

import base64
import binascii
from collections import Counter
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from moneyer.endpoints.asgi import AsgiApp
from tests.bank import PASSWORD, Bank
from tests.contract.wire import check_headers, check_refusal
from tests.fuzz.corpus import AUTH_CODE, FEED, LEGACY, REVOKE, TOKEN, Hostile, Pool
from tests.v1 import classic

Headers = list[tuple[bytes, bytes]]
PUBLIC = ("/i/", "/.well-known/", "/health/")


class Harness:
    """One bank under fire. `statuses` and `bodies` count what was answered."""

    def __init__(self, bank: Bank, app: AsgiApp, pool: Pool) -> None:
        self.bank, self.app, self.pool = bank, app, pool
        self.canaries = [secret.encode() for secret in (*bank.secrets.values(), PASSWORD)]
        self.canaries.append((bank.folder / "master.key").read_bytes().strip())
        self.statuses: Counter[int] = Counter()
        self.bodies: set[bytes] = set()

    async def fire(self, request: Hostile) -> None:
        """Sends one request. Raises AssertionError when its answer is not as it must be."""
        status, headers, body = await send(self.app, request)
        self.statuses[status] += 1
        self._judge(request, status, headers, body)
        if status == 200 and request.path == LEGACY:
            self.pool.access = [*self.pool.access[-30:], classic.tag(body.decode(), "access_token")]
        elif status == 200:
            self._keep(request, msgspec.json.decode(body) if body else {})

    def _judge(self, request: Hostile, status: int, headers: Headers, body: bytes) -> None:
        sent = b"".join(name + value for name, value in headers) + body
        assert not any(canary in sent for canary in self.canaries), "a secret was echoed"
        assert all(0x20 <= byte < 0x7F for _, value in headers for byte in value)
        if status >= 400:
            assert status < 500, status
            if request.method == "HEAD":
                assert body == b""
                return
            refusal = classic.check_refusal if request.path == LEGACY else check_refusal
            refusal(status, headers, body)
            self.bodies.add(body)
        elif request.path.startswith(PUBLIC):
            assert status == 200
            assert request.method in {"GET", "HEAD"}
        elif request.path == FEED:
            client, secret = credentials_of(request)
            assert (status, client, secret) == (200, "apis", self.bank.secrets["apis"])
            assert request.method == "GET"
        else:
            assert status == (204 if request.path == REVOKE else 200)
            assert_may_succeed(self.bank, request)
            if status == 200:
                (classic.check_headers if request.path == LEGACY else check_headers)(headers)

    def _keep(self, request: Hostile, members: Any) -> None:
        """Puts what was given out into the pool, for later requests."""
        pool = self.pool
        headers = dict(request.headers)
        if request.path == AUTH_CODE:
            institution = headers[b"institutionid"].decode()
            pool.codes = [*pool.codes[-30:], (institution, members["code"])]
        if request.path == TOKEN:
            assert all(isinstance(value, str) for value in members.values())
            pool.access = [*pool.access[-30:], members["access_token"]]
            if token := members.get("refresh_token"):
                client, _ = credentials_of(request)
                institution = token.removeprefix("mrt_").partition(".")[0]
                pool.refresh = [*pool.refresh[-60:], (client, institution, token)]


async def send(app: AsgiApp, request: Hostile) -> tuple[int, Headers, bytes]:
    """What the application answers: exactly one start and one body."""
    messages = [
        {"type": "http.disconnect"}
        if chunk is None
        else {"type": "http.request", "body": chunk, "more_body": chunk is not request.chunks[-1]}
        for chunk in request.chunks
    ]
    inbox, outbox = iter(messages), []

    async def receive() -> MutableMapping[str, Any]:
        return next(inbox)

    async def answer(message: MutableMapping[str, Any]) -> None:
        outbox.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.path.encode("utf-8", "replace"),
        "query_string": request.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers],
        "client": (request.source, 40000) if request.source is not None else None,
        "server": ("bank.test", 443),
    }
    await app(scope, receive, answer)
    start, body = outbox
    assert (start["type"], body["type"]) == ("http.response.start", "http.response.body")
    return start["status"], start["headers"], body["body"]


def credentials_of(request: Hostile) -> tuple[str, str]:
    """Who the request says it is, read the long way; ("", "") when it does not say so properly."""
    values = [value for name, value in request.headers if name.lower() == b"authorization"]
    if len(values) != 1:
        return "", ""
    scheme, _, encoded = values[0].decode("latin-1").partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(" "), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    if scheme.lower() != "basic" or ":" not in pair:
        return "", ""
    client, _, secret = pair.partition(":")
    return unquote_plus(client), unquote_plus(secret)


def assert_may_succeed(bank: Bank, request: Hostile) -> None:
    """What every request that succeeds must have been: proven, over TLS, a form, whole."""
    names = [name.lower() for name, _ in request.headers]
    headers = {name.lower(): value for name, value in request.headers}
    assert request.scheme == "https"
    assert request.method == "POST" or (request.path, request.method) == (REVOKE, "DELETE")
    assert headers[b"content-type"].lower().startswith(b"application/x-www-form-urlencoded")
    assert len(request.body) <= 32 * 1024
    assert None not in request.chunks
    for name in (b"authorization", b"institutionid", b"transactionid", b"content-type"):
        assert names.count(name) <= 1
    if request.path == LEGACY:
        assert names.count(b"di_fiid") == names.count(b"di_tid") == 1
    if request.path in {TOKEN, REVOKE, LEGACY}:
        client, secret = credentials_of(request)
        assert bank.secrets.get(client) == secret
