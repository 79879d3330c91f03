"""The OpenAPI document of the legacy calls, its page, and the examples in them."""

import re
import subprocess
from typing import Any

import jsonschema_rs
import pytest

from moneyer.gateway.apis import APIS
from moneyer.gateway.route import Route
from moneyer.sandbox.legacy.call import Operation
from moneyer.sandbox.legacy.document.curl import curl
from moneyer.sandbox.legacy.document.openapi import xml_example
from moneyer.sandbox.legacy.document.refusals import words_of
from moneyer.sandbox.legacy.routes import OPERATIONS
from tests.sandbox.legacy.window import Asking, Window, asking


async def described(window: Window) -> Any:
    said = await window.say(Asking("GET", "/v1/legacy-openapi.json", None))
    assert said.headers["content-type"] == "application/json"
    return said.json


async def test_every_call_and_every_refusal_of_it_is_described(window: Window) -> None:
    document = await described(window)
    for operation in OPERATIONS:
        entry = document["paths"][operation.route.path][operation.route.method.lower()]
        assert entry["operationId"] == operation.name
        told = {
            (int(status), example["value"]["errorInfo"]["errorMessage"])
            for status, answer in entry["responses"].items()
            if status >= "400"
            for example in answer["content"]["application/json"]["examples"].values()
            if "errorInfo" in example["value"]
        }
        assert told == {(words.status, words.message) for words in words_of(operation)}
        headers = {one["name"]: one["required"] for one in entry["parameters"] if one["in"] == "header"}
        assert headers == {"di_tid": True, "originating_ip": False, "offering_id": False}
    assert len(document["paths"]) == len(OPERATIONS) == 5


async def test_every_json_example_and_every_real_answer_fits_its_schema(window: Window) -> None:
    document = await described(window)
    for operation in OPERATIONS:
        entry = document["paths"][operation.route.path][operation.route.method.lower()]
        content = entry["responses"][str(operation.status)]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        validator = jsonschema_rs.validator_for(schema)
        validator.validate(content["example"])
        said = await window.ask(operation.name, headers={"accept": "application/json"})
        assert said.status == operation.status
        validator.validate(said.json)
        if operation.sent:
            sent = entry["requestBody"]["content"]["application/json"]
            schema = {**sent["schema"], "components": document["components"]}
            jsonschema_rs.validator_for(schema).validate(sent["example"])


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.sent], ids=lambda o: o.name)
async def test_the_xml_example_can_be_sent_too(window: Window, operation: Operation) -> None:
    headers = {"content-type": "application/xml"}
    said = await window.ask(operation.name, body=xml_example(operation).encode(), headers=headers)
    assert said.status == operation.status, said.body


async def test_the_page_lists_every_call_and_leads_to_the_other(window: Window) -> None:
    said = await window.say(Asking("GET", "/docs/legacy", None))
    page = said.body.decode()
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page
    assert 'href="/docs"' in page
    assert 'href="/v1/legacy-openapi.json"' in page
    assert "&lt;FICustomer&gt;" in page
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!/|#)([^"]+)"', page) == []
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_every_line_is_one_command_for_a_shell(operation: Operation) -> None:
    line = curl("http://b", operation)
    assert "{" not in line.partition("-d ")[0]
    done = subprocess.run(["bash", "-n", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f'"http://b{asking(operation.name).path}"' in line


def test_the_calls_are_those_that_a_gateway_guards_as_legacy() -> None:
    """Path by path, whatever the variables are called."""

    def shape(route: Route) -> tuple[str, str, str, str]:
        return route.method, re.sub(r"\{\w+\}", "{}", route.path), route.audience, route.customer

    assert {shape(o.route) for o in OPERATIONS} == {shape(route) for route in APIS["legacy"]}
