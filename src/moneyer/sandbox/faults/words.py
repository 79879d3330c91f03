"""How a failure is answered where the request went: in the dialect's words, or the API family's."""

from moneyer.endpoints.http import Answer
from moneyer.sandbox.faults.fault import Scene

REASON = "ordered-fault"
"""What the log says of every failure that was ordered."""


def failed(scene: Scene, failure: Exception) -> Answer:
    """The answer to `failure` of whoever the request is for."""
    if scene.place.api is not None:
        return scene.place.api.failed(scene.request, failure)
    call = scene.place.frame(scene.request, scene.service)
    call.headers = dict(scene.request.headers)
    return call.failed(failure)


def is_documented(scene: Scene, failure: Exception) -> bool:
    """Whether the service has words for `failure` where the request went."""
    if scene.place.kind in {"api", "other"}:
        return False
    words_of = scene.place.frame(scene.request, scene.service).dialect.words_for
    return words_of(failure) != words_of(RuntimeError())
