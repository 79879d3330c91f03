"""What is printed of a value by accident shows no secret: not in a log, a traceback or a debugger.

Every struct and named tuple of the package is filled with canaries and printed. Those that may show
what they hold are named below with the reason; a new one fails until it is judged.
"""

import enum
import importlib
import inspect
import pkgutil
import pprint
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest

import moneyer
from moneyer.protocol.failures import Failure
from moneyer.protocol.form import Form

MAY_STAND = {
    "institution_id", "client_id", "customer_id", "family_id", "kid", "slot", "version", "url",
    "method", "path", "status", "reason", "outcome", "generation", "grant_type", "redirect_uri", "iss",
}  # fmt: skip
"""Members that may be seen wherever they are: they name things and open nothing."""

SECRETS = {
    "client_secret", "password", "password_hash", "new_hash", "secret", "sealed", "bearer_token",
    "master_key", "refresh_token", "access_token", "id_token", "code", "ratchet", "tag", "pepper",
    "guess", "sealing", "refresh_tag", "digest", "body", "headers", "header", "payload", "signature",
    "signed", "query", "login_id", "login_key", "person", "nonce", "code_challenge",
}  # fmt: skip
"""Members that nothing may show, listed below or not."""

SHOWS = {
    "Institution": "public",
    "Policy": "public",
    "Application": "a registration, without its secrets",
    "Authenticated": "a registration, and which of its secrets was used",
    "Lifetimes": "numbers",
    "LoginLimits": "numbers",
    "RateLimits": "numbers",
    "Passwords": "numbers: what a check costs",
    "RenewalPolicy": "numbers",
    "Attempts": "rows are named by keyed hashes",
    "Event": "made to be read; names no secret",
    "Trace": "an address and a transaction's id",
    "AccessClaims": "the inside of a token, which opens nothing without the signature",
    "SignedClaims": "the same",
    "VerifiedClaims": "the same",
    "Bearer": "the same, and whose it is",
    "RevokedToken": "the id of a token that is dead",
    "KeySet": "public members, the private ones sealed and not shown",
    "TokenRequest": "who asks, and for what; the form shows nothing",
    "Server": "settings without a secret",
    "Store": "the same",
    "Log": "the same",
    "EndpointSettings": "the same",
    "Durability": "settings of the database, without a secret",
    "Settings": "the same; those with a secret hide it themselves",
    "Grant": "the table of grants",
    "Brand": "public",
    "Assertion": "an assertion's id, which is good no more",
    "ClientKey": "a public key",
    "ClientKeys": "public keys",
    "Consent": "what a customer allowed, and whom",
    "Connection": "the same",
    "Authentication": "how and when a customer was authenticated",
    "Begun": "names a customer; what opens it is the token it rests under",
    "Factor": "which kind of factor it is",
    "Proof": "the same",
    "Session": "the public name of a session",
    "Opened": "the same; the secret is not shown",
    "StoredRequest": "which kind of request it is",
    "Ticket": "which page it is for",
    "AuthorizationRequest": "whose request it is",
    "LogoutNotice": "whose session ended",
    "Ended": "ids of what opens nothing any more",
    "Entry": "the same",
    "Bulletin": "the same; read by gateways, and signed",
    "Known": "the same",
    "Cursor": "a place in a list",
    "Facts": "ids of keys and applications",
    "Claims": "the inside of a token, as above",
    "Route": "public",
    "Family": "the same, and a family of tokens by its public members",
    "Jwk": "a public key",
    "_Key": "the same",
    "_Header": "the same",
    "_KeySet": "public keys",
    "News": "bulletins, which are made to be read",
    "Everything": "what bulletins said, kept",
    "Page": "the same, of one institution",
    "Answer": "the same, as it came; an endpoint's answer shows its status alone",
    "Gateway": "settings without a secret",
    "GatewaySettings": "the same; the token service's hide theirs",
    "TokenService": "the same",
    "GuardSettings": "the same",
    "OwnRoute": "the same",
    "Identity": "the opaque id of a customer",
    "Asked": "what a call is for",
    "_Proof": "a proof is good once, for one call",
    "Presented": "by which scheme a token came",
    "Argument": "a fault of the sandbox, of a list that everybody may read",
    "Fault": "the same",
    "Ordered": "the same",
    "Site": "the same",
    "Standing": "which faults are played to which application of the sandbox",
    "StandingFile": "the same",
}

IN_THE_OPEN = {
    "Head": "a digest that everybody may have, and keep, to check the log against",
    "Link": "the log itself",
    "InstitutionCard": "sandbox.json is made to be read",
    "ApplicationCard": "the same",
    "CustomerCard": "the same",
    "SandboxFile": "the same",
    "_Card": "the address of a sandbox",
    "Words": "what every caller is told",
    "_Words": "the same",
    "Explanation": "what the command line prints",
    "Finding": "the same",
    "Resident": "stands in the source, for everyone",
    "Dialect": "two functions",
    "Asset": "a file that everybody may read",
    "Frame": "stands on every page",
    "Problem": "a page for everybody",
    "SignedOut": "the same",
}


MADE_UP = ("moneyer.sandbox.bank.", "moneyer.sandbox.legacy.")
"""A bank for everyone to look into; what carries a caller's token there is judged all the same."""

CARRIES_TOKENS = {"Call"}


def canary(name: str) -> str:
    return f"canary-{name}-canary"


def kinds() -> Iterator[type]:
    seen: set[type] = set()
    for found in pkgutil.walk_packages(moneyer.__path__, "moneyer."):
        if ".migrations" in found.name:
            continue
        module = importlib.import_module(found.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            holds = issubclass(kind, msgspec.Struct) or hasattr(kind, "_fields")
            made_up = kind.__module__.startswith(MADE_UP) and kind.__name__ not in CARRIES_TOKENS
            if holds and kind.__module__.startswith("moneyer.") and kind not in seen and not made_up:
                seen.add(kind)
                yield kind


def filled(name: str, hint: Any) -> Any:
    """A value of the type `hint` with the member's canary wherever there is text."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return filled(name, arguments[0])
    if origin in {typing.Union, types.UnionType}:
        return filled(name, next(argument for argument in arguments if argument is not type(None)))
    if origin is tuple:
        return tuple(filled(name, argument) for argument in arguments if argument is not ...)
    if origin in {list, frozenset}:
        return origin([filled(name, arguments[0])])
    if origin in {dict, Mapping}:
        return {canary(name): filled(name, arguments[1])}
    if hint is bytes:
        return canary(name).encode()
    if hint in {int, float, bool}:
        return 7
    if hint is Form:
        return Form({canary(name): canary(name)})
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    if inspect.isclass(hint) and issubclass(hint, Failure):
        return hint("reason")
    if inspect.isclass(hint) and (issubclass(hint, msgspec.Struct) or hasattr(hint, "_fields")):
        return made(hint)
    return canary(name)


def made(kind: Callable[..., Any]) -> Any:
    hints = typing.get_type_hints(kind, include_extras=True)
    return kind(**{name: filled(name, hint) for name, hint in hints.items()})


@pytest.mark.parametrize("kind", sorted(kinds(), key=str), ids=lambda kind: kind.__name__)
def test_what_is_printed_by_accident_shows_no_secret(kind: type) -> None:
    if kind.__name__ in IN_THE_OPEN:
        return
    value = made(kind)
    printed = f"{value!r} {value!s} {value} {[value]} {pprint.pformat(value)}"
    shown = set(re.findall("canary-([a-z0-9_]+)-canary", printed))
    assert not shown & SECRETS
    if kind.__name__ not in SHOWS:
        assert shown <= MAY_STAND, "give it a __repr__, or a reason in the list above"


def test_the_lists_name_nothing_that_is_gone() -> None:
    assert {kind.__name__ for kind in kinds()} >= SHOWS.keys() | IN_THE_OPEN.keys()
