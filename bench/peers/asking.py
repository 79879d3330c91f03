"""What peers are asked: one application's requests, and the flows made of them."""

import base64
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

import msgspec

from bench.failures import BadAnswer, Refused, ServerFailure
from bench.load import Flow, Refresh, Repeat, refresh_token_in
from bench.peers.peer import Flows
from bench.server import ServerProcess
from bench.wire import Answer, ask, request_head, with_body

_CHAINS = 64
_POLL_SECONDS = 0.05
_ASK_SECONDS = 30.0

CLIENT_ID = "bench"
CLIENT_SECRET = "bench-secret-0123456789-0123456789-0123456789"
USERNAME = "ada"
PASSWORD = "ada-opens-doors-0123456789"


class _Token(msgspec.Struct):
    access_token: str


class _Introspected(msgspec.Struct):
    active: bool


@dataclass(frozen=True)
class Application:
    """An application with Basic authentication, at one peer.

    `extras` are added to every token request, a refresh excepted.
    """

    process: ServerProcess
    token_path: str
    introspection_path: str
    extras: Mapping[str, str]
    client_id: str = CLIENT_ID

    @property
    def head(self) -> bytes:
        return self._head(self.token_path)

    def token_request(self, grant: str, **form: str) -> bytes:
        body = urlencode({"grant_type": grant, **self.extras, **form})
        return with_body(self.head, body.encode("ascii"))

    def password_request(self) -> bytes:
        return self.token_request("password", username=USERNAME, password=PASSWORD)

    def introspection_request(self, token: str) -> bytes:
        form = urlencode({"token": token, "token_type_hint": "access_token"})
        return with_body(self._head(self.introspection_path), form.encode("ascii"))

    def ask(self, request: bytes) -> Answer:
        """Raises Refused unless the answer is a 200."""
        answer = ask(self.process.port, request, _ASK_SECONDS)
        if answer.status != 200:
            raise Refused(f"{self.process.name}: status {answer.status}: {answer.body[:300]!r}")
        return answer

    def await_tokens(self, request: bytes, seconds: float) -> None:
        """Return when `request` is answered with 200. Raises ServerFailure after `seconds`."""
        deadline = self.process.started_at + seconds
        while True:
            self.process.check_alive()
            try:
                self.ask(request)
            except (OSError, BadAnswer, Refused) as failure:
                if time.perf_counter() > deadline:
                    tail = self.process.log_tail()
                    raise ServerFailure(f"{self.process.name}: {failure!r}\n{tail}") from None
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _head(self, path: str) -> bytes:
        pair = f"{quote_plus(self.client_id)}:{quote_plus(CLIENT_SECRET)}"
        headers = (
            ("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", "application/json"),
        )
        return request_head("POST", path, f"127.0.0.1:{self.process.port}", headers)


def repeat(request: bytes) -> Flows:
    return lambda connections: [Repeat(request)] * connections


def chains(head: bytes, tokens: Sequence[bytes]) -> Flows:
    """Refresh chains dealt out to the connections; they go on from window to window."""

    def flows(connections: int) -> Sequence[Flow]:
        used = min(connections, len(tokens))
        return [Refresh(head, tokens[n::used]) for n in range(used)]

    return flows


def introspection(application: Application, token_request: bytes) -> Flows:
    """One token, asked about again and again. Raises Refused if the answer is not "active"."""
    issued = msgspec.json.decode(application.ask(token_request).body, type=_Token)
    request = application.introspection_request(issued.access_token)
    told = application.ask(request).body
    if not msgspec.json.decode(told, type=_Introspected).active:
        raise Refused(f"{application.process.name} calls its own token inactive: {told!r}")
    return repeat(request)


def all_flows(application: Application, first_party: Application) -> dict[str, Flows]:
    """The four loads of a peer that has a password grant.

    The password grant, which opens the refresh chains too, is `first_party`'s.
    """
    client_credentials = application.token_request("client_credentials")
    password = first_party.password_request()
    tokens = [refresh_token_in(first_party.ask(password).body) for _ in range(_CHAINS)]
    return {
        "client_credentials": repeat(client_credentials),
        "refresh_token": chains(first_party.head, tokens),
        "password": repeat(password),
        "introspection": introspection(application, client_credentials),
    }
