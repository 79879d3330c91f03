"""The OpenAPI document, made from the same descriptions that the bank answers by."""

from typing import Any

import msgspec

import moneyer
from moneyer.sandbox.bank.answers import ErrorInfo
from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.document.curl import curl
from moneyer.sandbox.bank.document.parameters import parameters
from moneyer.sandbox.bank.document.refusals import refusals
from moneyer.sandbox.bank.document.sample import sample
from moneyer.sandbox.bank.routes import OPERATIONS

REF = "#/components/schemas/{name}"
Schema = dict[str, Any]

_AMOUNT = {
    "type": "number",
    "minimum": 0,
    "maximum": 999_999_999.99,
    "description": "Dollars, with at most two decimals.",
}
_DECIMALS = (("Sum", "amount"), ("AdditionalBody", "threshold"))
"""Members that are read as decimal numbers, which schemas of msgspec know as text alone."""


def openapi(base_url: str) -> dict[str, Any]:
    """OpenAPI 3.1 for every call; `base_url` is where the sandbox is reached."""
    schemas = _schemas()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The sandbox bank",
            "version": moneyer.__version__,
            "description": (
                "Accounts, transactions, banking images, disclosures, money movement and alerts of a "
                "bank that is made up. Amounts are numbers of dollars; every refusal is a code and a "
                "sentence. With an institution's token a call names its customer by hostUserId or "
                "loginId; a business by loginId and institutionCustomerId."
            ),
        },
        "servers": [{"url": base_url or "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(map(_section, OPERATIONS))],
        "paths": _paths(base_url, schemas),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"oauth2": _security(base_url)},
        },
    }


def _section(operation: Operation) -> str:
    """The family as a reader knows it: recipients and transfers are one, with codes of their own."""
    name = operation.words.family.name
    return "Money Movement" if name in {"Recipients", "Transfers"} else name


def _schemas() -> dict[str, Schema]:
    types = [one for o in OPERATIONS for one in (o.gives, o.body) if one is not None]
    _, schemas = msgspec.json.schema_components([ErrorInfo, *types], ref_template=REF)
    for name, member in _DECIMALS:
        schemas[name]["properties"][member] = _AMOUNT
    return dict(sorted(schemas.items()))


def _security(base_url: str) -> Schema:
    scopes = sorted({scope for o in OPERATIONS for scope in o.route.scopes})
    flow = {"tokenUrl": f"{base_url}/oauth2/v1/token", "scopes": dict.fromkeys(scopes, "")}
    return {"type": "oauth2", "flows": {"clientCredentials": flow, "password": flow}}


def _paths(base_url: str, schemas: dict[str, Schema]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        route = operation.route
        entry = paths.setdefault(route.path, {})
        entry[route.method.lower()] = _operation(base_url, operation, schemas)
    return paths


def _operation(base_url: str, operation: Operation, schemas: dict[str, Schema]) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [_section(operation)],
        "security": [{"oauth2": [scope]} for scope in operation.route.scopes],
        "parameters": parameters(operation),
        "responses": {str(operation.status): _success(operation, schemas), **refusals(operation)},
        "x-codeSamples": [{"lang": "curl", "source": curl(base_url, operation)}],
    }
    if operation.body is not None:
        content: Schema = {"schema": {"$ref": REF.format(name=operation.body.__name__)}}
        if not any("{" in str(value) for value in operation.example.values()):
            content["example"] = operation.example
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _success(operation: Operation, schemas: dict[str, Schema]) -> Schema:
    answer: Schema = {
        "description": "Done" if operation.gives is None else operation.summary,
        "headers": {
            "transactionId": {
                "description": "The caller's, or a new one",
                "schema": {"type": "string", "format": "uuid"},
            }
        },
    }
    if operation.gives is not None:
        schema = {"$ref": REF.format(name=operation.gives.__name__)}
        answer["content"] = {"application/json": {"schema": schema, "example": sample(schema, schemas)}}
        if operation.pictures:
            answer["content"]["image/png"] = {"schema": {"type": "string", "format": "binary"}}
    return answer
