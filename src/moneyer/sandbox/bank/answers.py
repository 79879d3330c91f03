"""Answers as bytes: what was found, what the bank declines, what the guard refuses."""

import msgspec

from moneyer.endpoints.http import JSON, NO_STORE, Answer
from moneyer.gateway.refusals import (
    CannotTell,
    ContextMalformed,
    ContextMismatch,
    NoRoute,
    Refused,
    ScopeMissing,
    TokenInvalid,
    TokenMissing,
)
from moneyer.sandbox.bank.call import Reply
from moneyer.sandbox.bank.problems import Problem, Words
from moneyer.sandbox.bank.wire import Wire

PNG = (b"content-type", b"image/png")
_NOSNIFF = (b"x-content-type-options", b"nosniff")


class ErrorInfo(Wire, frozen=True):
    """Every refusal: a code of the family, and a sentence."""

    code: str
    message: str


def found(reply: Reply, transaction_id: str) -> Answer:
    """What the call asked for."""
    echo = (b"transactionid", transaction_id.encode())
    if reply.picture:
        return Answer(reply.status, [PNG, _NOSNIFF, *NO_STORE, echo], reply.picture)
    if reply.body is None:
        return Answer(reply.status, [*NO_STORE, echo])
    return Answer(reply.status, [JSON, *NO_STORE, echo], msgspec.json.encode(reply.body))


def declined(problem: Problem, transaction_id: str, *headers: tuple[bytes, bytes]) -> Answer:
    """A refusal of the bank."""
    body = msgspec.json.encode(ErrorInfo(problem.code, problem.message))
    echo = (b"transactionid", transaction_id.encode())
    if problem.status == 503:
        headers = (*headers, (b"retry-after", b"1"))
    return Answer(problem.status, [JSON, *NO_STORE, echo, *headers], body)


def refused(refusal: Refused, words: Words, transaction_id: str) -> Answer:
    """A refusal of the guard, in the family's code, with a challenge (RFC 6750 section 3)."""
    headers: list[tuple[bytes, bytes]] = []
    if refusal.status in {401, 403}:
        headers.append((b"www-authenticate", challenge(refusal).encode()))
    said = words.unavailable.message if isinstance(refusal, CannotTell) else refusal.words
    problem = Problem(refusal.status, _code(refusal, words), said)
    answer = declined(problem, transaction_id, *headers)
    if isinstance(refusal, CannotTell):
        kept = [header for header in answer.headers if header[0] != b"retry-after"]
        kept.append((b"retry-after", str(refusal.retry_after).encode()))
        return answer._replace(headers=kept)
    return answer


def challenge(refusal: Refused) -> str:
    """How to do better, for the `WWW-Authenticate` header (RFC 6750 section 3)."""
    text = 'Bearer realm="moneyer"'
    if refusal.error:
        text += f', error="{refusal.error}"'
    if isinstance(refusal, ScopeMissing):
        text += f', scope="{" ".join(refusal.scopes)}"'
    return text


def _code(refusal: Refused, words: Words) -> str:
    family = words.family
    match refusal:
        case TokenMissing():
            return family.missing
        case TokenInvalid():
            return family.invalid
        case ContextMalformed() | ContextMismatch():
            return family.mismatch
        case CannotTell():
            return words.unavailable.code
        case NoRoute():
            return words.method.code
        case _:
            return family.forbidden
