"""How a call may be refused, status by status."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from moneyer.gateway import refusals as guard
from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.problems import Problem

Schema = dict[str, Any]


NOWHERE = Problem(404, "CMN_90011", "Request is invalid")
"""A path with something longer than any id in it is nobody's: the token service answers."""


def refusals(operation: Operation) -> dict[str, Schema]:
    """OpenAPI's response objects, each with an example for every code."""
    by_status: dict[int, dict[str, Problem]] = {}
    for problem in problems(operation):
        by_status.setdefault(problem.status, {}).setdefault(_key(problem), problem)
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(_codes(found.values()))}",
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/ErrorInfo"},
                    "examples": {
                        key: {"value": {"code": problem.code, "message": problem.message}}
                        for key, problem in found.items()
                    },
                }
            },
        }
        for status, found in sorted(by_status.items())
    }


def problems(operation: Operation) -> Iterator[Problem]:
    """Everything that a call may be refused with: by the bank, and by the guard before it."""
    words = operation.words
    family = words.family
    yield from operation.problems
    yield from (words.query, words.printable, words.transaction)
    if operation.body is not None:
        yield from (words.body, words.too_large, words.media_type)
    if operation.route.customer == "required":
        yield from (words.business, words.retail, words.customer)
        yield Problem(400, family.mismatch, guard.ContextMalformed.words)
    elif any("customerId" in part for part in operation.route.path.split("/")):
        yield words.customer
    if "{" in operation.route.path:
        yield NOWHERE
    yield Problem(401, family.missing, guard.TokenMissing.words)
    yield Problem(401, family.invalid, guard.TokenInvalid.words)
    yield Problem(403, family.forbidden, guard.ScopeMissing.words)
    yield Problem(403, family.mismatch, guard.ContextMismatch.words)
    yield words.unavailable


def _key(problem: Problem) -> str:
    """The code, and a word more where one code says two things."""
    return f"{problem.code}-{problem.message.split(' ')[0]}" if problem.status == 401 else problem.code


def _codes(found: Any) -> list[str]:
    return list(dict.fromkeys(problem.code for problem in found))
