"""How a failure is answered where the request went: in the dialect's words, or the API family's."""

from moneyer.dialects.v2 import words_for
from moneyer.endpoints.http import Answer
from moneyer.gateway.refusals import CannotTell, Refused
from moneyer.protocol.failures import Throttled, Unavailable
from moneyer.protocol.identifiers import is_transaction_id, new_transaction_id
from moneyer.sandbox.bank import answers
from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.problems import Problem
from moneyer.sandbox.faults.fault import Scene

REASON = "ordered-fault"
"""What the log says of every failure that was ordered."""


def failed(scene: Scene, failure: Exception) -> Answer:
    """The service's own answer to `failure`.

    An API is unavailable in its family's words; what happens to it besides happens at the door, whose
    words are V2's.
    """
    operation = scene.place.operation
    if operation is None:
        call = scene.place.frame(scene.request, scene.service)
        call.headers = dict(scene.request.headers)
        return call.failed(failure)
    if isinstance(failure, Unavailable):
        return refused(scene, operation, CannotTell(REASON, failure.retry_after))
    words = words_for(failure)
    wait = str(failure.retry_after) if isinstance(failure, Throttled) else ""
    headers = [(b"retry-after", wait.encode())] if wait else []
    problem = Problem(words.status, words.code, words.message)
    return answers.declined(problem, _transaction_id(scene), *headers)


def is_documented(scene: Scene, failure: Exception) -> bool:
    """Whether the service has words for `failure` where the request went."""
    if scene.place.kind in {"api", "other"}:
        return False
    words_of = scene.place.frame(scene.request, scene.service).dialect.words_for
    return words_of(failure) != words_of(RuntimeError())


def refused(scene: Scene, operation: Operation, refusal: Refused) -> Answer:
    """The guard's answer to a call of an API."""
    return answers.refused(refusal, operation.words, _transaction_id(scene))


def _transaction_id(scene: Scene) -> str:
    sent = dict(scene.request.headers).get(b"transactionid", b"").decode("latin-1")
    return sent if is_transaction_id(sent) else new_transaction_id()
