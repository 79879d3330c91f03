"""The service under test: `moneyer sandbox`, and the credentials it tells us."""

import base64
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

import msgspec

from bench.failures import BadAnswer, BenchFailure, Refused, ServerFailure
from bench.server import ServerProcess
from bench.wire import Answer, ask, request_head, with_body

_START_SECONDS = 30.0
_POLL_SECONDS = 0.005


class Application(msgspec.Struct, frozen=True):
    name: str
    client_id: str
    grants: list[str]
    institutions: list[str]
    client_secret: str | None = None


class Customer(msgspec.Struct, frozen=True):
    institution: str
    login_id: str
    password: str


class Contract(msgspec.Struct, frozen=True):
    """`sandbox.json`, as far as it concerns us."""

    base_url: str
    applications: list[Application]
    customers: list[Customer]


@dataclass(frozen=True)
class Caller:
    """One application at one institution: who asks for tokens, and the head it asks with."""

    application: str
    institution: str
    head: bytes

    def request(self, form: str) -> bytes:
        return with_body(self.head, form.encode("ascii"))


@dataclass(frozen=True)
class Sandbox:
    process: ServerProcess
    contract: Contract

    def caller(self, *grants: str, customers: bool = False) -> Caller:
        """The first application that holds these grants (and, if asked, serves customers)."""
        for application in self.contract.applications:
            if application.client_secret is None or not set(grants) <= set(application.grants):
                continue
            for institution in application.institutions:
                if not customers or self.customers(institution):
                    return _caller(self.contract.base_url, application, institution)
        raise BenchFailure(f"the sandbox has no application for {' + '.join(grants)}")

    def customers(self, institution: str) -> list[Customer]:
        return [c for c in self.contract.customers if c.institution == institution]


def launch(port: int, data: Path, log: Path) -> ServerProcess:
    """Start a fresh sandbox; it inherits the core of the calling thread."""
    moneyer = Path(sys.executable).parent / "moneyer"
    if not moneyer.exists():
        raise ServerFailure("no `moneyer` command beside this Python")
    where = ["--host", "127.0.0.1", "--port", str(port), "--data", str(data), "--fresh"]
    return ServerProcess("moneyer sandbox", [str(moneyer), "sandbox", *where], port, log)


def open_sandbox(process: ServerProcess, data: Path) -> tuple[Sandbox, float]:
    """Wait until it issues tokens. Returns it and the seconds from its start to the first token."""
    deadline = process.started_at + _START_SECONDS
    await_live(process)
    _until(process, deadline, (data / "sandbox.json").exists)
    sandbox = Sandbox(process, _contract(data / "sandbox.json"))
    first = sandbox.caller("client_credentials").request("grant_type=client_credentials")
    _until(process, deadline, lambda: _status(process.port, first) == 200)
    return sandbox, time.perf_counter() - process.started_at


def await_live(process: ServerProcess) -> None:
    """Wait until it answers. Raises ServerFailure."""
    live = request_head("GET", "/health/live", f"127.0.0.1:{process.port}", ()) + b"0\r\n\r\n"
    deadline = process.started_at + _START_SECONDS
    _until(process, deadline, lambda: _status(process.port, live) == 200)


def sample(port: int, request: bytes) -> Answer:
    """One real answer, to be copied by the echo. Raises Refused unless it is a 200."""
    answer = ask(port, request)
    if answer.status != 200:
        raise Refused(f"status {answer.status} for a sample: {answer.body[:200]!r}")
    return answer


def _contract(file: Path) -> Contract:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Contract)
    except msgspec.DecodeError as failure:
        raise BenchFailure(f"sandbox.json is not what we know: {failure}") from None


def _caller(base_url: str, application: Application, institution: str) -> Caller:
    base = urlsplit(base_url)
    if base.scheme != "http":
        raise BenchFailure("the sandbox must speak plain HTTP here")
    pair = f"{quote_plus(application.client_id)}:{quote_plus(application.client_secret or '')}"
    headers = (
        ("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
        ("institutionId", institution),
        ("transactionId", str(uuid.uuid4())),
    )
    path = base.path.rstrip("/") + "/oauth2/v1/token"
    head = request_head("POST", path, base.netloc, headers)
    return Caller(application.name, institution, head)


def _status(port: int, request: bytes) -> int | None:
    try:
        return ask(port, request).status
    except (OSError, BadAnswer):
        return None


def _until(process: ServerProcess, deadline: float, ready: Callable[[], bool]) -> None:
    while not ready():
        process.check_alive()
        if time.perf_counter() > deadline:
            raise ServerFailure(
                f"{process.name} was not ready in {_START_SECONDS:.0f} s\n{process.log_tail()}"
            )
        time.sleep(_POLL_SECONDS)
