"""What must not show, and what must not be loaded."""

import logging
import os
import pickle
import subprocess
import sys
import traceback
from typing import Any

import pytest

from moneyer.client import (
    AuthorizationCode,
    ClientError,
    MoreProofNeeded,
    Password,
    ProtocolError,
    RefreshToken,
    SecondFactor,
    ServiceUnavailable,
    SignInNeeded,
    TokenClient,
    TokenRefused,
    Tokens,
    Unreachable,
)
from moneyer.client.wire import Answer, revocation_request, token_request
from tests.client.conftest import settings_for, settings_for_address
from tests.client.middleman import Middleman, dropped, says
from tests.client.subject import Workshop

CANARY = "canary-4711"


def things() -> list[Any]:
    """One of each that holds a secret."""
    settings = settings_for_address("https://bank.example", client_secret=CANARY)
    tokens = Tokens(CANARY, 0, 1, (), CANARY, 2, CANARY)
    grants = [
        Password("ada", CANARY),
        AuthorizationCode(CANARY, "https://app.example", CANARY),
        RefreshToken(CANARY),
        SecondFactor(CANARY, CANARY, CANARY),
    ]
    return [
        settings,
        tokens,
        *grants,
        *[token_request(settings, grant) for grant in grants],
        revocation_request(settings, CANARY),
        Answer(200, {"x": CANARY}, CANARY.encode()),
        TokenClient(settings),
    ]


@pytest.mark.parametrize("thing", things(), ids=lambda thing: type(thing).__name__)
def test_nothing_that_holds_a_secret_shows_it(thing: Any) -> None:
    """Neither by `repr`, nor as text, nor inside something else."""
    for shown in (repr(thing), str(thing), f"{thing}", repr([thing]), "%r" % (thing,)):  # noqa: UP031
        assert CANARY not in shown


@pytest.mark.parametrize("fault", [dropped, says(503), says(200, b"<"), says(400, b"{}"), says(302)])
async def test_no_failure_shows_a_secret(
    service: Middleman, workshop: Workshop, caplog: pytest.LogCaptureFixture, fault: Any
) -> None:
    """Nor do its traceback and the logs of all libraries at the finest level."""
    caplog.set_level(logging.DEBUG)
    service.spoil(*[fault] * 9)
    client = workshop.make(settings_for(service, client_secret=CANARY))
    with pytest.raises(ClientError) as failure:
        await client.sign_in(Password("ada", CANARY + "-password"))
    told = "".join(traceback.format_exception(failure.value)) + repr(failure.value)
    assert CANARY not in told
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "failure",
    [
        TokenRefused(401, "CMN_90004", "Invalid credentials", "invalid_client", "wrong"),
        SignInNeeded(),
        MoreProofNeeded(403, "CMN_90015", "More", "mfa_required", ""),
        ServiceUnavailable("busy", 3.0),
        Unreachable("gone", sent=True),
        ProtocolError("odd", 200),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_failures_say_something_and_travel_between_processes(failure: ClientError) -> None:
    """As they must for whoever works with several."""
    copy = pickle.loads(pickle.dumps(failure))
    assert str(copy) == str(failure) != ""
    assert vars(copy) == vars(failure)


def test_the_client_loads_nothing_of_the_server() -> None:
    """No database, no cryptography, no requests; not even msgspec."""
    program = (
        "import sys, moneyer.client; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), "
        "*[name for name in sys.modules if name.startswith('moneyer.')])"
    )
    unmeasured = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=unmeasured,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(done.stdout.split())
    assert {"httpx", "moneyer.client.blocking"} <= loaded
    foreign = {
        "alembic",
        "argon2",
        "asyncpg",
        "cryptography",
        "jinja2",
        "msgspec",
        "psycopg",
        "requests",
        "sqlalchemy",
        "sqlite3",
        "structlog",
        "typer",
        "uvloop",
    }
    assert not foreign & loaded
    rooms = {name.split(".")[1] for name in loaded if name.startswith("moneyer.")}
    assert rooms == {"client", "protocol"}


def test_without_credentials_nobody_is_signed_in() -> None:
    """No customer's client takes the application's own token by itself."""
    with (
        TokenClient(settings_for_address("https://bank.example")) as client,
        pytest.raises(SignInNeeded, match="nobody is signed in"),
    ):
        client.token()
