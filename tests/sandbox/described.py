"""Driving what a served OpenAPI document describes: no 5xx, no answer that it does not describe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from moneyer.dialects import v2
from moneyer.endpoints.http import JSON, Answer, Request
from moneyer.gateway.route import Route
from moneyer.protocol.failures import UnknownResource

Message = MutableMapping[str, Any]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

FEW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

NOT_FOUND = Answer(404, [JSON], v2.write_failure(v2.words_for(UnknownResource("")), {}))
"""What the token service says of a path that is nobody's."""

each_mode = pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=str)


class Served:
    """APIs of the sandbox as an ASGI application."""

    def __init__(self, handle: Callable[[Request], Awaitable[Answer | None]]) -> None:
        self._handle = handle

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        answer = await self._handle(
            Request(
                scope["method"],
                scope["path"],
                scope["query_string"],
                list(scope["headers"]),
                body,
                "127.0.0.1",
                secure=False,
            )
        )
        status, headers, content = answer or NOT_FOUND
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def with_real_values(document: Any, values: dict[str, list[str]]) -> Any:
    """The document with things that exist where anything would do: half of what is asked then goes
    deeper than the first look-up."""

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            named = node.get("name")
            if "in" in node and named in values:
                node["schema"] = {"enum": values[named]}
            for name, schema in node.get("properties", {}).items():
                if name in values and isinstance(schema, dict):
                    node["properties"][name] = {"enum": values[name]}
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(document["paths"])
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Body"):
            walk(schema)
    return document


def drive(
    schema: Any,
    route: Route,
    token: str,
    mode: schemathesis.GenerationMode,
    without: Callable[[Any], set[str]] = lambda _: set(),
    headers: dict[str, str] | None = None,
) -> None:
    """Asks what Schemathesis makes of a route's description; every answer has to fit it.

    `without` says which parameters are left out of a case; `headers` are sent with each.
    """
    described = schema[route.path][route.method]
    sent = {"Authorization": f"Bearer {token}", **(headers or {})}

    @given(case=described.as_strategy(generation_mode=mode))
    @FEW
    def ask(case: Any) -> None:
        dropped = without(case)
        case.query = {k: v for k, v in (case.query or {}).items() if k not in dropped}
        case.headers = {k: v for k, v in (case.headers or {}).items() if k not in dropped}
        case.call_and_validate(checks=CHECKS, headers=sent)

    ask()
