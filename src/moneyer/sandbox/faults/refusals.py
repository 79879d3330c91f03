"""Every documented failure as a fault: generated from what the service and the guard can refuse."""

import re
from collections.abc import Iterator
from inspect import signature
from typing import TypeVar

from moneyer.dialects import standard, v1, v2
from moneyer.endpoints.http import Answer
from moneyer.gateway.refusals import CannotTell, NoRoute, Refused, ScopeMissing, StepUp
from moneyer.protocol import failures
from moneyer.protocol.failures import BadParameter, Failure
from moneyer.sandbox.faults.fault import Before, Fault, Scene, Site
from moneyer.sandbox.faults.words import REASON, failed, is_documented

F = TypeVar("F", bound=Exception)

MFA = "urn:moneyer:acr:mfa"

_NOT_ABOUT_TOKENS = (NoRoute, CannotTell)
"""The second is what `unavailable` is here."""

AT_APIS = Site("an API", lambda scene: scene.place.kind == "api")

_NAMES: dict[type[Failure], str] = {
    failures.BadClient: "invalid-credentials",
    failures.UnknownGrantType: "invalid-grant-type",
    failures.BadScope: "invalid-scopes",
    failures.BadCustomer: "invalid-user-credentials",
    failures.BadBearer: "invalid-bearer",
    failures.AddressBlocked: "access-blocked",
    failures.BadTarget: "invalid-client-configuration",
    failures.Overloaded: "spike-limit",
}
"""Where those who read the documentation have another name for it; else it follows the class."""

_ELSEWHERE = (
    failures.SentBack,
    failures.Throttled,
    failures.StoreUnavailable,
    failures.Unavailable,
    BadParameter,
)
"""Not by this name: they are `overloaded` and `unavailable`, or are told apart by a parameter. What is
sent back to an application goes through a customer's browser."""

_EXAMPLES: dict[type[Failure], Failure] = {
    failures.MethodNotAllowed: failures.MethodNotAllowed("POST"),
    failures.LacksScope: failures.LacksScope("accounts:read"),
    failures.GrantNotPermitted: failures.GrantNotPermitted("client_credentials", REASON),
}

_PARAMETERS = ("grant_type", "username", "password")


def name_of(kind: type[Failure]) -> str:
    """`NotEntitled` is `not-entitled`, `BadToken` is `invalid-token`."""
    named = "-".join("invalid" if word == "Bad" else word.lower() for word in _words(kind))
    return _NAMES.get(kind, named)


def documented() -> Iterator[Fault]:
    """Each failure of the service that is in a dialect's table."""
    for kind in _kinds(Failure):
        if kind not in _ELSEWHERE:
            yield _fault(name_of(kind), _example(kind))
    for parameter in _PARAMETERS:
        name = f"invalid-{parameter.replace('_', '-')}-parameter"
        yield _fault(name, BadParameter(parameter, REASON))


def guarded() -> Iterator[Fault]:
    """Each refusal of the guard in front of the APIs, in the codes of the API's family."""
    for kind in _kinds(Refused):
        if kind not in _NOT_ABOUT_TOKENS:
            name = "forbidden" if kind is ScopeMissing else "-".join(_words(kind)).lower()
            line = f"{kind.status}, in the code of the API's family: {kind.words}"
            yield Fault(name, line, AT_APIS, before=_refusing(kind), answers=True)


def example_of(kind: type[Refused], scopes: tuple[str, ...]) -> Refused:
    """One refusal of this kind, of a call that needs one of `scopes`."""
    if issubclass(kind, ScopeMissing):
        return kind(scopes)
    if issubclass(kind, StepUp):
        return kind((MFA,), None)
    return kind(REASON)


def _kinds(kind: type[F]) -> Iterator[type[F]]:
    """All kinds below `kind` that its own module names."""
    for child in kind.__subclasses__():
        if child.__module__ == kind.__module__:
            yield child
            yield from _kinds(child)


def _words(kind: type[Exception]) -> list[str]:
    return re.findall("[A-Z][a-z]*[0-9]*", kind.__name__)


def _example(kind: type[Failure]) -> Failure:
    """One failure of this kind."""
    if found := _EXAMPLES.get(kind):
        return found
    needed = [p for p in signature(kind).parameters.values() if p.default is p.empty]
    return kind(*[REASON for _ in needed])


def _fault(name: str, failure: Failure) -> Fault:
    site = Site("the service's endpoints", lambda scene: is_documented(scene, failure))
    return Fault(name, _line(failure), site, before=_failing(failure), answers=True)


def _failing(failure: Failure) -> Before:
    async def before(scene: Scene, _argument: int) -> Answer:
        return failed(scene, failure)

    return before


def _refusing(kind: type[Refused]) -> Before:
    async def before(scene: Scene, _argument: int) -> Answer | None:
        api = scene.place.api
        return api and api.refused(scene.request, example_of(kind, api.scopes))

    return before


def _line(failure: Failure) -> str:
    """What each dialect says that has words for it."""
    said = []
    if (words := v2.words_for(failure)) != v2.INTERNAL:
        said.append(f"V2: {words.status} {words.code} {words.message}")
    if (words := standard.words_for(failure)) != standard.words_for(RuntimeError()):
        said.append(f"standard: {words.status} {words.error}")
    if (words := v1.words_for(failure)) != v1.INTERNAL:
        said.append(f"V1: {words.status} {words.code} {words.message}")
    return "; ".join(said)
