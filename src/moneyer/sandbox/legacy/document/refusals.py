"""How a legacy call may be refused, status by status."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec

from moneyer.dialects import v1, v2
from moneyer.dialects.words import Words
from moneyer.protocol.failures import UnknownResource
from moneyer.sandbox.legacy import problems
from moneyer.sandbox.legacy.as_json import status_of
from moneyer.sandbox.legacy.call import Operation

Schema = dict[str, Any]

_STATUS = {"$ref": "#/components/schemas/Status"}
_NOWHERE = {
    "type": "object",
    "properties": {"code": {"const": "CMN_90011"}, "message": {"type": "string"}},
    "required": ["code", "message"],
}
"""A path with a control character, or with something longer than any id, is nobody's: the token service
answers."""


def words_of(operation: Operation) -> Iterator[Words]:
    """Everything that a call may be refused with."""
    yield from (problems.BAD_TRANSACTION, problems.BAD_ORIGIN, problems.BAD_HEADER)
    yield from (problems.NO_TOKEN, problems.BAD_TOKEN, problems.OTHER_INSTITUTION)
    yield problems.BAD_QUERY
    if operation.sent is not None:
        yield from (problems.BAD_MEDIA_TYPE, problems.BODY_TOO_LARGE, problems.BAD_BODY)
    if operation.names_a_customer:
        yield from (problems.OTHER_CUSTOMER, problems.NO_CUSTOMER)
    yield from operation.problems
    yield problems.UNAVAILABLE


def refusals(operation: Operation) -> dict[str, Schema]:
    """OpenAPI's response objects, each with an example for every refusal, in both forms."""
    by_status: dict[int, list[Words]] = {}
    for words in words_of(operation):
        by_status.setdefault(words.status, []).append(words)
    described: dict[str, Schema] = {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(_codes(found))}",
            "content": {
                "application/xml": _content(found, lambda words: v1.write_failure(words, {}).decode()),
                "application/json": _content(
                    found, lambda words: msgspec.to_builtins(status_of(words))
                ),
            },
        }
        for status, found in sorted(by_status.items())
    }
    nowhere = v2.words_for(UnknownResource(""))
    missing = described.setdefault(str(nowhere.status), {"description": "Not Found", "content": {}})
    missing["description"] += "; or, where no call has such a path, the token service's answer"
    as_json = missing["content"].setdefault("application/json", {"examples": {}})
    as_json["schema"] = {"anyOf": [_STATUS, _NOWHERE]} if "schema" in as_json else _NOWHERE
    as_json["examples"][nowhere.code] = {
        "value": msgspec.json.decode(v2.write_failure(nowhere, {})),
    }
    return dict(sorted(described.items()))


def _content(found: list[Words], write: Any) -> Schema:
    return {
        "schema": _STATUS,
        "examples": {
            f"{words.code}-{number}": {"value": write(words)} for number, words in enumerate(found, 1)
        },
    }


def _codes(found: list[Words]) -> list[str]:
    return list(dict.fromkeys(words.code for words in found))
