"""How a legacy call may be refused, status by status."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec

from moneyer.dialects import v1
from moneyer.dialects.words import Words
from moneyer.sandbox.legacy import problems
from moneyer.sandbox.legacy.as_json import status_of
from moneyer.sandbox.legacy.call import Operation

Schema = dict[str, Any]


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
    return {
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


def _content(found: list[Words], write: Any) -> Schema:
    return {
        "schema": {"$ref": "#/components/schemas/Status"},
        "examples": {
            f"{words.code}-{number}": {"value": write(words)} for number, words in enumerate(found, 1)
        },
    }


def _codes(found: list[Words]) -> list[str]:
    return list(dict.fromkeys(words.code for words in found))
