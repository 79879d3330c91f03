"""The parameters of a call: in its path, in its query, in its headers."""

import re
from typing import Any

import msgspec

from moneyer.sandbox.bank.call import Operation

Schema = dict[str, Any]

_UUID = {"type": "string", "format": "uuid"}
_CONTEXT = {"type": "string", "minLength": 1, "maxLength": 128}


def parameters(operation: Operation) -> list[Schema]:
    """OpenAPI's parameter objects, in the order in which a reader wants them."""
    route = operation.route
    found = [
        _parameter(name, "path", {"type": "string", "minLength": 1, "maxLength": 128}, required=True)
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    found += _query(operation)
    if route.customer == "required":
        found += [
            _parameter("hostUserId", "query", _CONTEXT, "Names the customer, or loginId does."),
            _parameter("loginId", "query", _CONTEXT, "Names the customer, or hostUserId does."),
            _parameter(
                "institutionCustomerId",
                "header" if route.context_in_header else "query",
                _CONTEXT,
                "Which business of a business customer.",
            ),
        ]
    found.append(_parameter("transactionId", "header", _UUID, "A new one for each request."))
    if operation.retries:
        key = {"type": "string", "pattern": "^[!-~]{1,128}$"}
        found.append(
            _parameter("Idempotency-Key", "header", key, "The same again is answered the same.")
        )
    return found


def _query(operation: Operation) -> list[Schema]:
    """What the query's struct says."""
    _, components = msgspec.json.schema_components([operation.query])
    schema = components[operation.query.__name__]
    required = schema.get("required", [])
    found = []
    for name, described in schema["properties"].items():
        plain = _without_null(described)
        text = plain.pop("description", "")
        found.append(_parameter(name, "query", plain, text, required=name in required))
    return found


def _without_null(schema: Schema) -> Schema:
    """A parameter that is left out is absent, never null."""
    kept = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(kept) != 1:
        return dict(schema)
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**rest, **kept[0]}


def _parameter(
    name: str, place: str, schema: Schema, description: str = "", *, required: bool = False
) -> Schema:
    parameter: Schema = {"name": name, "in": place, "required": required, "schema": schema}
    if description:
        parameter["description"] = description
    return parameter
