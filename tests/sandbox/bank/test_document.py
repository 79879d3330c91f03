"""The OpenAPI document, and the page that is made of it."""

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from moneyer.sandbox.bank.routes import OPERATIONS
from tests.bank import TestClock
from tests.sandbox.bank.asking import INSTITUTIONAL, asking
from tests.sandbox.bank.counter import Counter, request_for, transfer


async def described(counter: Counter) -> Any:
    said = await counter.ask("GET", "/v1/openapi.json", None)
    assert said.headers["content-type"] == "application/json"
    return said.json


async def test_every_call_is_described_and_every_scope_named(counter: Counter) -> None:
    document = await described(counter)
    calls = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert calls == {(o.route.method, o.route.path) for o in OPERATIONS}
    scopes = document["components"]["securitySchemes"]["oauth2"]["flows"]["password"]["scopes"]
    assert set(scopes) == {scope for o in OPERATIONS for scope in o.route.scopes}
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(set(ids)) == len(ids) == len(OPERATIONS)


async def test_every_example_fits_its_own_schema(counter: Counter) -> None:
    document = await described(counter)
    checked = 0
    for methods in document["paths"].values():
        for operation in methods.values():
            for part in (*operation["responses"].values(), operation.get("requestBody", {})):
                content = part.get("content", {}).get("application/json", {})
                if "example" in content:
                    schema = {**content["schema"], "components": document["components"]}
                    jsonschema_rs.validator_for(schema).validate(content["example"])
                    checked += 1
    assert checked > len(OPERATIONS)


async def test_the_page_lists_every_call_with_a_line_to_paste(counter: Counter) -> None:
    said = await counter.ask("GET", "/docs", None)
    page = said.body.decode()
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page
        assert f"http://b{operation.route.path.split('{')[0]}" in page
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page))


async def test_the_page_takes_nothing_from_elsewhere_and_runs_nothing(counter: Counter) -> None:
    said = await counter.ask("GET", "/docs", None)
    page = said.body.decode()
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!/|#)([^"]+)"', page) == []
    policy = said.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'")
    assert "unsafe" not in policy
    style = await counter.ask("GET", "/docs/style.css", None)
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert "url(" not in style.body.decode()


async def test_documents_are_read_not_written(counter: Counter) -> None:
    said = await counter.ask("POST", "/docs", None)
    assert (said.status, said.headers["allow"]) == (405, "GET, HEAD")


async def test_other_paths_are_left_to_others(counter: Counter) -> None:
    for path in ("/", "/v1", "/v1/auth-code", "/v1/accounts/", "/v1/accounts/a/b", "/docs/x", "/demo"):
        assert await counter.bank.handle(request_for("GET", path)) is None


async def test_a_base_path_precedes_everything(tmp_path: Path, clock: TestClock) -> None:
    counter = Counter(tmp_path, clock, base_path="/digitalbanking")
    assert await counter.bank.handle(request_for("GET", "/v1/accounts")) is None
    found = await counter.got("GET", "/digitalbanking/v1/accounts")
    assert found["accounts"]
    page = (await counter.ask("GET", "/digitalbanking/docs", None)).body.decode()
    assert 'href="/digitalbanking/docs/style.css"' in page
    counter.bank.close()


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.example], ids=lambda o: o.name)
async def test_the_body_on_the_page_can_be_sent(counter: Counter, operation: Any) -> None:
    """Every example works as it stands, on a new bank, for the customer whom the page names."""
    asked = await asking(counter, operation, "bank")
    said = await asked.send(counter)
    assert said.status == operation.status, said


@pytest.mark.parametrize("token", ["ada", "bank"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
async def test_every_good_answer_fits_its_schema(counter: Counter, operation: Any, token: str) -> None:
    """With either kind of token, once there is something to show."""
    if token == "ada" and operation.name in INSTITUTIONAL:
        token = "bank"
    accounts = await counter.accounts()
    source, target = accounts["CHECKING"]["id"], accounts["SAVINGS"]["id"]
    by_name = {one.name: one for one in OPERATIONS}
    for name in ("createAlertPreference", "createUserDisclosure", "createRecipient"):
        if operation.route.method == "GET" and "{" not in operation.route.path:
            example = by_name[name]
            await counter.got("POST", example.route.path, body=example.example)
    await counter.got("POST", "/v1/transfers", body=transfer(source, target, 25))
    asked = await asking(counter, operation, token)
    if operation.pictures:
        asked.headers = {"Accept": "application/json"}
    said = await asked.send(counter)
    assert said.status == operation.status, said
    document = await described(counter)
    answers = document["paths"][operation.route.path][operation.route.method.lower()]["responses"]
    content = answers[str(said.status)].get("content")
    assert (content is None) == (said.body == b"")
    if content is not None:
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        jsonschema_rs.validator_for(schema).validate(said.json)
