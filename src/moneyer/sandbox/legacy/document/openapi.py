"""The OpenAPI document of the legacy calls, made from the descriptions that they answer by."""

import re
from typing import Any

import msgspec

import moneyer
from moneyer.sandbox.bank.document.sample import sample
from moneyer.sandbox.legacy.as_json import Status
from moneyer.sandbox.legacy.call import Operation
from moneyer.sandbox.legacy.document.curl import curl
from moneyer.sandbox.legacy.document.refusals import refusals
from moneyer.sandbox.legacy.routes import OPERATIONS
from moneyer.sandbox.legacy.xml.writing import write_xml

REF = "#/components/schemas/{name}"
Schema = dict[str, Any]

_HEADERS = (
    ("di_tid", True, {"type": "string", "format": "uuid"}, "A new one for each request."),
    ("originating_ip", False, {"type": "string"}, "The address of the customer's device."),
    ("offering_id", False, {"type": "string"}, "The client application's name; not read."),
)


def openapi(base_url: str) -> Schema:
    """OpenAPI 3.1; `base_url` is where the sandbox is reached."""
    schemas = _schemas()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The sandbox bank's legacy APIs",
            "version": moneyer.__version__,
            "description": (
                "What takes V1 tokens, and nothing else. Answers are XML unless Accept names JSON and "
                "not XML; bodies are XML or JSON by their Content-Type. Every refusal is a Status. The "
                "institution in the path has to be the token's, and so has the customer, where the "
                "token is a customer's."
            ),
        },
        "servers": [{"url": base_url or "/"}],
        "tags": [{"name": "Legacy"}],
        "paths": {
            o.route.path: {o.route.method.lower(): _operation(base_url, o, schemas)} for o in OPERATIONS
        },
        "components": {"schemas": schemas, "securitySchemes": {"v1": _security()}},
    }


def _security() -> Schema:
    return {"type": "http", "scheme": "bearer", "description": "A token from /v1/oauth/token."}


def _schemas() -> dict[str, Schema]:
    types = [one for o in OPERATIONS for one in (o.told, o.sent) if one is not None]
    _, schemas = msgspec.json.schema_components([Status, *types], ref_template=REF)
    return dict(sorted(schemas.items()))


def _operation(base_url: str, operation: Operation, schemas: dict[str, Schema]) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": ["Legacy"],
        "security": [{"v1": []}],
        "parameters": list(_parameters(operation)),
        "responses": {str(operation.status): _success(operation, schemas), **refusals(operation)},
        "x-codeSamples": [{"lang": "curl", "source": curl(base_url, operation)}],
    }
    if operation.sent is not None:
        reference = {"$ref": REF.format(name=operation.sent.__name__)}
        content = {
            "application/xml": {"schema": reference, "example": xml_example(operation)},
            "application/json": {
                "schema": _wrapped(operation, operation.sends, reference),
                "example": operation.example,
            },
        }
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(operation: Operation) -> list[Schema]:
    inside = {"type": "string", "minLength": 1, "maxLength": 128}
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": inside}
        for name in re.findall(r"\{(\w+)\}", operation.route.path)
    ]
    found += [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": {"type": "string", "enum": list(values), "default": values[0]},
        }
        for name, values in operation.query.items()
    ]
    found += [
        {"name": name, "in": "header", "required": needed, "schema": schema, "description": text}
        for name, needed, schema, text in _HEADERS
    ]
    return found


def _success(operation: Operation, schemas: dict[str, Schema]) -> Schema:
    reference = {"$ref": REF.format(name=operation.told.__name__)}
    plain = sample(reference, schemas)
    example = msgspec.convert(plain, operation.told)
    headers = {"di_tid": {"description": "The caller's.", "schema": _HEADERS[0][2]}}
    if operation.status == 201:
        headers["location"] = {"description": "Where it is now.", "schema": {"type": "string"}}
    return {
        "description": operation.summary,
        "headers": headers,
        "content": {
            "application/xml": {
                "schema": reference,
                "example": write_xml(operation.gives, example).decode(),
            },
            "application/json": {
                "schema": _wrapped(operation, operation.gives, reference),
                "example": {operation.gives: plain} if operation.is_wrapped else plain,
            },
        },
    }


def _wrapped(operation: Operation, root: str, reference: Schema) -> Schema:
    """In JSON the root element is a member, or is not there."""
    if not operation.is_wrapped:
        return reference
    return {"type": "object", "properties": {root: reference}, "required": [root]}


def xml_example(operation: Operation) -> str:
    """The operation's example as XML."""
    if operation.sent is None:
        return ""
    inner = operation.example[operation.sends] if operation.is_wrapped else operation.example
    return write_xml(operation.sends, msgspec.convert(inner, operation.sent)).decode()
