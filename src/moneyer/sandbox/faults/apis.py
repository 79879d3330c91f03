"""How the bank's APIs refuse: each in its own form, with its own codes."""

from collections.abc import Callable
from typing import NamedTuple

from moneyer.dialects import v1, v2
from moneyer.endpoints.http import Answer, RawHeaders, Request
from moneyer.gateway.refusals import CannotTell, Refused
from moneyer.gateway.route import Routes
from moneyer.protocol.failures import Throttled, Unavailable
from moneyer.protocol.identifiers import is_transaction_id, new_transaction_id
from moneyer.sandbox.bank import answers
from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.problems import Problem
from moneyer.sandbox.bank.routes import OPERATIONS
from moneyer.sandbox.legacy.frame import Frame
from moneyer.sandbox.legacy.routes import ROUTES as LEGACY

_CURRENT = Routes([operation.route for operation in OPERATIONS])
_BY_ROUTE = {(o.route.method, o.route.path): o for o in OPERATIONS}


class Api(NamedTuple):
    """A call of an API: what it needs, what the guard answers, and what the bank does.

    An API is unavailable in its family's words; what happens to it besides happens at the door, whose
    words are the token endpoint's.
    """

    scopes: tuple[str, ...]
    refused: Callable[[Request, Refused], Answer]
    failed: Callable[[Request, Exception], Answer]

    def __repr__(self) -> str:
        return "Api(…)"


def api_of(method: str, path: str) -> Api | None:
    """The call that this is; None where there is no such one."""
    method = "GET" if method == "HEAD" else method
    if found := _CURRENT.find(method, path):
        return _current(_BY_ROUTE[found[0].method, found[0].path])
    if found := LEGACY.find(method, path):
        return Api(found[0].scopes, _legacy_refused, _legacy_failed)
    return None


def _current(operation: Operation) -> Api:
    def refused(request: Request, refusal: Refused) -> Answer:
        return answers.refused(refusal, operation.words, _transaction_id(request))

    def failed(request: Request, failure: Exception) -> Answer:
        if isinstance(failure, Unavailable):
            return refused(request, CannotTell(failure.reason, failure.retry_after))
        words = v2.words_for(failure)
        problem = Problem(words.status, words.code, words.message)
        return answers.declined(problem, _transaction_id(request), *_wait(failure))

    return Api(operation.route.scopes, refused, failed)


def _legacy_refused(request: Request, refusal: Refused) -> Answer:
    return Frame(request).refused(refusal)


def _legacy_failed(request: Request, failure: Exception) -> Answer:
    return Frame(request).declined(v1.words_for(failure), *_wait(failure))


def _wait(failure: Exception) -> RawHeaders:
    if isinstance(failure, Throttled | Unavailable):
        return [(b"retry-after", str(failure.retry_after).encode())]
    return []


def _transaction_id(request: Request) -> str:
    sent = dict(request.headers).get(b"transactionid", b"").decode("latin-1")
    return sent if is_transaction_id(sent) else new_transaction_id()
