"""Schemathesis against the legacy APIs' document, in XML and in JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis

from moneyer.sandbox.legacy.call import CUSTOMER, INSTITUTION, Operation
from moneyer.sandbox.legacy.routes import OPERATIONS
from tests.bank import TestClock
from tests.sandbox.described import Served, drive, each_mode, with_real_values
from tests.sandbox.legacy.window import ADA, BEN, Asking, Window

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
each_form = pytest.mark.parametrize("form", ["application/xml", "application/json"])


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    window = Window(tmp_path_factory.mktemp("window"), TestClock())
    yield window
    window.books.close()


@pytest.fixture(scope="module")
def plain(window: Window) -> Any:
    """The document as it is served."""
    schema = schemathesis.openapi.from_asgi("/v1/legacy-openapi.json", Served(window.answer))
    schema.config.update(base_url="http://b")
    return schema


@pytest.fixture(scope="module")
def real(window: Window) -> Any:
    """The document with an institution and customers that exist."""
    said = asyncio.run(window.say(Asking("GET", "/v1/legacy-openapi.json", None)))
    values = {name: ["00016"] for name in INSTITUTION} | {n: [ADA, BEN, "nobody"] for n in CUSTOMER}
    schema = schemathesis.openapi.from_dict(with_real_values(json.loads(said.body), values))
    schema.app = Served(window.answer)
    schema.config.update(base_url="http://b")
    return schema


@each_mode
@each_form
@each_operation
def test_any_values(plain: Any, operation: Operation, form: str, mode: Any) -> None:
    drive(plain, operation.route, "bank", mode, headers={"Accept": form})


@each_mode
@each_form
@each_operation
@pytest.mark.parametrize("token", ["bank", "ada"])
def test_real_values(real: Any, operation: Operation, form: str, mode: Any, token: str) -> None:
    """With the institution's own token, and with a customer's."""
    drive(real, operation.route, token, mode, headers={"Accept": form})
