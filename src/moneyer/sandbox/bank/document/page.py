"""The OpenAPI document as a page to read: no script, nothing from elsewhere."""

from importlib import resources
from typing import Any, NamedTuple

import msgspec
from jinja2 import Environment, StrictUndefined

Schema = dict[str, Any]


class Row(NamedTuple):
    """A parameter, or a member of a schema. `link` is a schema's name."""

    name: str
    place: str
    type: str
    note: str
    required: bool
    link: str = ""


class Shown(NamedTuple):
    """A call as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    scopes: list[str]
    parameters: list[Row]
    body: str
    sends: str
    gives: str
    answer: str
    status: str
    curl: str
    refusals: list[tuple[str, str, str]]


class Step(NamedTuple):
    """What to do before the first call: a sentence, and lines for a shell."""

    text: str
    lines: str


class Place(NamedTuple):
    """Where a document stands, how to begin, and which page is beside it."""

    document: str
    page: str
    beginning: tuple[Step, ...]
    other: str
    other_title: str


def page(document: dict[str, Any], place: Place, base_url: str, base_path: str) -> str:
    """HTML."""
    folder = resources.files("moneyer.sandbox.bank.document")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((folder / "page.html").read_text())
    families: dict[str, list[Shown]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            families[operation["tags"][0]].append(_shown(path, method, operation))
    return template.render(
        info=document["info"],
        place=place,
        first=next(call.id for calls in families.values() for call in calls),
        base_url=base_url,
        base_path=base_path,
        families=families,
        count=sum(map(len, families.values())),
        schemas={name: _members(one) for name, one in document["components"]["schemas"].items()},
        notes={
            name: one.get("description", "") for name, one in document["components"]["schemas"].items()
        },
    )


def _shown(path: str, method: str, operation: Schema) -> Shown:
    responses = operation["responses"]
    status = next(status for status in responses if status < "300")
    content = _first(responses[status])
    body = _first(operation.get("requestBody", {}))
    return Shown(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        [scope for one in operation["security"] for scopes in one.values() for scope in scopes],
        [_row(one["name"], one["in"], one["schema"], one) for one in operation["parameters"]],
        _pretty(body["example"]) if "example" in body else "",
        _link(body.get("schema", {})),
        _link(content.get("schema", {})),
        _pretty(content["example"]) if content else "",
        status,
        operation["x-codeSamples"][0]["source"],
        [
            (code, *_refusal(example["value"]))
            for code, answer in responses.items()
            if code >= "400"
            for example in answer["content"]["application/json"]["examples"].values()
        ],
    )


def _first(part: Schema) -> Schema:
    """The media type that is spoken unless another is asked for."""
    return next(iter(part.get("content", {}).values()), {})


def _refusal(value: Schema) -> tuple[str, str]:
    """Code and sentence of an example, wherever its API has them."""
    info = value.get("errorInfo", {})
    return value.get("code") or info["errorCode"], value.get("message") or info["errorMessage"]


def _members(schema: Schema) -> list[Row]:
    required = schema.get("required", [])
    return [
        _row(name, "", inner, {**inner, "required": name in required})
        for name, inner in schema.get("properties", {}).items()
    ]


def _row(name: str, place: str, schema: Schema, about: Schema) -> Row:
    note = about.get("description", "")
    if "default" in schema and schema["default"] not in (None, "", [], {}):
        default = msgspec.json.encode(schema["default"]).decode()
        note = f"{note} Default {default}.".strip()
    return Row(name, place, _type(schema), note, about["required"], _link(schema))


def _link(schema: Schema) -> str:
    """The name of the schema that is meant, or "" where it is none of ours."""
    for one in (schema, schema.get("items", {}), *schema.get("anyOf", [])):
        if "$ref" in one:
            return str(one["$ref"].rpartition("/")[2])
    return ""


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return " ".join(str(schema[key]) for key in ("type", "format") if key in schema)


def _pretty(value: Any) -> str:
    """JSON set out in lines; text, which is XML, as it is."""
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
