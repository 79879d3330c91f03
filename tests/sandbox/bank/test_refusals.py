"""Every refusal that the document names can be had, and is what the document says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.document.refusals import NOWHERE, problems
from moneyer.sandbox.bank.problems import Problem
from moneyer.sandbox.bank.routes import OPERATIONS
from tests.bank import TestClock
from tests.sandbox.bank.asking import INSTITUTIONAL, asking
from tests.sandbox.bank.counter import Counter
from tests.sandbox.bank.spoiling import generic
from tests.sandbox.bank.spoiling_each import RECIPES

DOCUMENTED = [
    pytest.param(operation, problem, id=f"{operation.name}-{problem.status}-{problem.code}-{place}")
    for operation in OPERATIONS
    for place, problem in enumerate(dict.fromkeys(problems(operation)))
    if problem != NOWHERE
]


@pytest.mark.requirement("BE-04", "BE-05")
@pytest.mark.parametrize(("operation", "problem"), DOCUMENTED)
async def test_a_documented_refusal(counter: Counter, operation: Operation, problem: Problem) -> None:
    institutional = operation.name in INSTITUTIONAL
    asked = await asking(counter, operation, "bank" if institutional else "ada")
    said = await generic(counter, operation, asked, problem)
    if said is None:
        recipe = RECIPES.get(f"{operation.name} {problem.code}") or RECIPES[problem.code]
        said = await recipe(counter, asked)
    assert (said.status, said.code) == (problem.status, problem.code), said
    assert said.json["message"] == problem.message
    assert said.headers["cache-control"] == "no-store"
    assert len(said.headers["transactionid"]) == 36
    challenge = said.headers.get("www-authenticate", "")
    if problem.status == 401:
        missing = problem.message.startswith("Full")
        assert challenge == 'Bearer realm="moneyer"' + ("" if missing else ', error="invalid_token"')
    if problem.status == 403 and "does not authorize" in problem.message:
        scopes = " ".join(operation.route.scopes)
        assert challenge == f'Bearer realm="moneyer", error="insufficient_scope", scope="{scopes}"'
    assert said.headers.get("retry-after") == ("7" if problem.status == 503 else None)


async def test_a_call_that_a_path_does_not_have(counter: Counter) -> None:
    for method, path_, allowed, code in (
        ("POST", "/v1/accounts", "HEAD, GET", "ACC_40500"),
        ("PATCH", "/v1/recipients/x", "HEAD, DELETE, GET, PUT", "REC_40500"),
        ("GET", "/v1/transfers", "POST", "TFR_40500"),
    ):
        said = await counter.ask(method, path_)
        assert (said.status, said.code, said.headers["allow"]) == (405, code, allowed)


async def test_a_head_is_answered_as_a_get_is(counter: Counter) -> None:
    assert (await counter.ask("HEAD", "/v1/accounts")).status == 200


async def test_the_callers_transaction_id_comes_back(counter: Counter) -> None:
    sent = "8D9AA3C4-6F0E-4A53-B0A4-0C2F5F6A7B11"
    for token in ("ada", None):
        said = await counter.ask("GET", "/v1/accounts", token, headers={"transactionId": sent})
        assert said.headers["transactionid"] == sent


async def test_a_strict_bank_demands_a_transaction_id(tmp_path: Path, clock: TestClock) -> None:
    counter = Counter(tmp_path, clock, require_transaction_id=True)
    said = await counter.ask("GET", "/v1/accounts")
    assert (said.status, said.code) == (400, "ACC_99998")
    counter.bank.close()


async def test_no_refusal_echoes_what_was_sent(counter: Counter) -> None:
    said = await counter.ask("GET", "/v1/accounts", marker4711="marker4712")
    assert b"marker" not in said.body
    said = await counter.ask("POST", "/v1/transfers", body={"marker4711": {"marker4712": 1}})
    assert b"marker" not in said.body
    assert json.loads(said.body)["code"] == "TFR_40004"
