"""Both clients, a plain V2 service, and a real one."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from moneyer.client import Retry, Settings, Timeouts
from tests.cli.process import Sandbox
from tests.cli.process import sandbox as start
from tests.client.middleman import Middleman, before
from tests.client.plain_v2 import CLIENT_ID, CLIENT_SECRET, PlainV2
from tests.client.subject import Kind, Workshop


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever proxy this machine uses, it does not lead to itself."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture(params=["threads", "tasks"])
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
async def workshop(kind: Kind) -> AsyncIterator[Workshop]:
    made = Workshop(kind)
    yield made
    await made.close()


@pytest.fixture
def plain() -> PlainV2:
    return PlainV2()


@pytest.fixture
def service(plain: PlainV2) -> Iterator[Middleman]:
    """The plain V2 service behind a middleman."""
    with Middleman(plain) as running:
        yield running


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running Moneyer."""
    with start(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def front(sandbox: Sandbox) -> Iterator[Middleman]:
    """A middleman before the running Moneyer."""
    with Middleman(before(sandbox.base_url)) as running:
        yield running


QUICK = Retry(attempts=4, first_wait=0.01, longest_wait=2.0)


def settings_for(service: Middleman, **changes: Any) -> Settings:
    """Of the plain service's application."""
    return settings_for_address(service.base_url, **changes)


def settings_for_address(base_url: str, **changes: Any) -> Settings:
    """The same, wherever the service is."""
    given: dict[str, Any] = {
        "base_url": base_url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "institution_id": "00016",
        "retry": QUICK,
        "timeouts": Timeouts(connect=5.0, answer=20.0),
        **changes,
    }
    return Settings(**given)


def sandbox_settings(sandbox: Sandbox, base_url: str, client_id: str, **changes: Any) -> Settings:
    """Of one of the running Moneyer's applications, spoken to at `base_url`."""
    given: dict[str, Any] = {
        "base_url": base_url,
        "client_id": client_id,
        "client_secret": sandbox.secret(client_id),
        "institution_id": "00016",
        "retry": QUICK,
        **changes,
    }
    return Settings(**given)
