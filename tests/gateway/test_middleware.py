"""The guard around ASGI applications: what they are shown, and what they never see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from moneyer.gateway.apis import APIS
from moneyer.gateway.build import GuardSettings
from moneyer.gateway.call import Context, Verified
from moneyer.gateway.facts import NAMES, facts_of, without_facts
from moneyer.gateway.middleware import GuardMiddleware
from tests.bank import lifespan
from tests.gateway.alone import ADA, NOW, Alone
from tests.gateway.striking import CallersKey, ath

PUBLIC = "https://api.bank.test"


class Service:
    """A plain ASGI application that notes what it is shown."""

    def __init__(self, *, has_lifespan: bool = True) -> None:
        self.scopes: list[Any] = []
        self.life: list[str] = []
        self._has_lifespan = has_lifespan

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            if not self._has_lifespan:
                raise RuntimeError("only http here")
            for word in ("startup", "shutdown"):
                await receive()
                self.life.append(word)
                await send({"type": f"lifespan.{word}.complete"})
            return
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"served"})


@pytest.fixture
def alone() -> Alone:
    return Alone()


@asynccontextmanager
async def around(service: Service, guard: Any, **how: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = GuardMiddleware(service, guard, APIS["accounts"], base_url=PUBLIC, **how)
    async with lifespan(app):  # type: ignore[arg-type]
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as http:
            yield http


@pytest.mark.requirement("GW-05")
async def test_the_application_is_told_what_is_proven(alone: Alone) -> None:
    service = Service()
    async with around(service, alone.guard) as http:
        headers = {"Authorization": f"Bearer {alone.strike()}"}
        answer = await http.get("/v1/accounts", params={"loginId": "ada"}, headers=headers)
    assert answer.status_code == 200
    (scope,) = service.scopes
    verified = scope["state"]["moneyer"]
    assert (verified.customer_id, verified.institution_id) == (ADA, "00016")
    told = {n.decode(): v.decode() for n, v in scope["headers"] if n.startswith(b"moneyer")}
    assert told["moneyer-customer"] == ADA
    assert told["moneyer-login-id"] == "ada"
    assert service.life == ["startup", "shutdown"]


@pytest.mark.requirement("GW-05", "TM-HDR")
@pytest.mark.parametrize(
    "name",
    [
        *("moneyer-institution", "Moneyer-Institution", "MONEYER-INSTITUTION", "moneyer_institution"),
        *("Moneyer_Customer", "moneyer.institution", "moneyer-", "moneyer", "moneyer-not-yet-known"),
        *("moneyer__institution", "moneyer!customer", "moneyer'customer"),
    ],
)
async def test_nobody_else_can_tell_it(alone: Alone, name: str) -> None:
    """In no spelling, once or twice, on guarded paths and on open ones."""
    service = Service()
    forged = [(name, "EVIL"), (name, "EVIL")]
    async with around(service, alone.guard, open_paths=["/health"]) as http:
        await http.get("/v1/accounts", headers=[("Authorization", f"Bearer {alone.strike()}"), *forged])
        await http.get("/health", headers=forged)
    assert len(service.scopes) == 2
    for scope in service.scopes:
        assert all(b"EVIL" not in value for _, value in scope["headers"])
    assert "state" not in service.scopes[1] or "moneyer" not in service.scopes[1]["state"]


def test_other_headers_are_left_alone() -> None:
    kept = [(b"moneyers", b"1"), (b"x-moneyer-institution", b"2"), (b"moneyer2", b"3")]
    assert without_facts(kept) == kept


@pytest.mark.requirement("GW-01", "GW-05")
async def test_a_refused_call_never_reaches_it(alone: Alone) -> None:
    service = Service()
    async with around(service, alone.guard) as http:
        bare = await http.get("/v1/accounts")
        assert (bare.status_code, bare.json()["code"]) == (401, "ACC_00601")
        assert bare.headers["www-authenticate"] == 'Bearer realm="moneyer"'
        lost = await http.get("/v2/x", headers={"Authorization": f"Bearer {alone.strike()}"})
        assert lost.status_code == 404
        head = await http.head("/v1/accounts")
        assert (head.status_code, head.content) == (401, b"")
    assert service.scopes == []


@pytest.mark.requirement("DP-02")
async def test_a_proof_is_for_the_address_that_the_settings_name(alone: Alone) -> None:
    """Never for the one that a caller's Host names."""
    service, key = Service(), CallersKey()
    token = alone.strike(cnf={"jkt": key.thumbprint})

    def headers(jti: str, base: str) -> dict[str, str]:
        claims = {"jti": jti, "htm": "GET", "htu": f"{base}/v1/accounts", "iat": NOW, "ath": ath(token)}
        return {"Authorization": f"DPoP {token}", "DPoP": key.proof(claims)}

    async with around(service, alone.guard) as http:
        assert (await http.get("/v1/accounts", headers=headers("1", PUBLIC))).status_code == 200
        evil = "https://evil.example"
        forged = {**headers("2", evil), "Host": "evil.example"}
        answer = await http.get("/v1/accounts", headers=forged)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("DPoP ")


async def test_an_application_without_a_lifespan_is_guarded_too(alone: Alone) -> None:
    service = Service(has_lifespan=False)
    async with around(service, alone.guard) as http:
        answer = await http.get("/v1/accounts", headers={"Authorization": f"Bearer {alone.strike()}"})
    assert answer.content == b"served"


async def test_before_the_guard_is_at_work_nothing_passes(alone: Alone) -> None:
    """503: a server that runs no lifespan leaves the door closed, not open."""
    service = Service()
    app = GuardMiddleware(service, GuardSettings(PUBLIC, "x", "y"), APIS["accounts"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC) as http:
        answer = await http.get("/v1/accounts", headers={"Authorization": f"Bearer {alone.strike()}"})
    assert answer.status_code == 503
    assert service.scopes == []


async def test_a_websocket_is_judged_and_closed(alone: Alone) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    service = Service()
    app = GuardMiddleware(service, alone.guard, APIS["accounts"])
    scope = {"type": "websocket", "path": "/v1/accounts", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
    assert service.scopes == []


def test_facts_are_safe_in_headers() -> None:
    """Line ends, other scripts, blanks at the ends: a value is one line of printable ASCII."""
    context = Context(login_id="añb\r\nmoneyer-customer: EVIL", host_user_id=" 50% ")
    verified = Verified("00016", "app", ("a", "b"), "sub", "jti", "password", context=context)
    told = dict(facts_of(verified))
    assert told[b"moneyer-login-id"] == b"a%C3%B1b%0D%0Amoneyer-customer:%20EVIL"
    assert told[b"moneyer-host-user-id"] == b"%2050%25%20"
    assert told[b"moneyer-scopes"] == b"a b"
    assert b"moneyer-customer" not in told
    assert {name.decode() for name in told} <= set(NAMES)


async def test_without_a_lifespan_no_guard_is_at_work_and_the_log_says_so(alone: Alone) -> None:
    """Mounted in another application, or behind a server that runs none: nothing gets through."""
    settings = GuardSettings("https://bank.test", "apis", "secret")
    app = GuardMiddleware(Service(), settings, APIS["accounts"])
    transport = httpx.ASGITransport(app)
    with capture_logs() as said:
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as http:
            headers = {"Authorization": f"Bearer {alone.strike()}"}
            answer = await http.get("/v1/accounts", params={"loginId": "ada"}, headers=headers)
    assert answer.status_code == 503
    assert [(line["event"], line["log_level"]) for line in said] == [("guard-not-at-work", "error")]
