"""Queries and bodies, read without leniency; what is wrong is said in the family's words."""

import re
from typing import TypeVar

import msgspec

from moneyer.endpoints.http import Request
from moneyer.gateway.route import Route
from moneyer.protocol.failures import BadRequest, BodyTooLarge, UnprintableParameter
from moneyer.protocol.form import Form, read_form
from moneyer.protocol.strict_json import read_object
from moneyer.sandbox.bank.problems import Declined, Problem, Words
from moneyer.sandbox.bank.wire import Asked

MAX_VALUE = 512

CONTEXT = frozenset({"hostUserId", "loginId", "institutionCustomerId"})
"""The parameters that name the customer: the guard has read them."""

_JSON = re.compile(rb"application/json\s*(;\s*charset\s*=\s*\"?utf-8\"?\s*)?", re.IGNORECASE)
_PRINTABLE = re.compile("[\x20-\x7e]*")
_MISSING = re.compile(r"missing required field `([^`]+)`")
_PLACE = re.compile(r"at `\$\.?([^`]*)`")
_INDEX = re.compile(r"\[[^\]]*\]")

A = TypeVar("A", bound=Asked)


def read_form_of(query: bytes, words: Words) -> Form:
    """The parameters in a query. Raises Declined."""
    try:
        return read_form(query)
    except UnprintableParameter:
        raise Declined(words.printable) from None
    except BadRequest:
        raise Declined(words.query) from None


def read_query(form: Form, type_: type[A], words: Words, route: Route) -> A:
    """What a call asks for. Raises Declined."""
    context = CONTEXT - {"institutionCustomerId"} if route.context_in_header else CONTEXT
    values: dict[str, str] = {}
    for name in form.names() - context:
        try:
            values[name] = form.printable(name, MAX_VALUE) or ""
        except UnprintableParameter:
            raise Declined(words.printable) from None
        except BadRequest:
            raise Declined(words.fields.get(name, words.query)) from None
    try:
        return msgspec.convert(values, type_, strict=False)
    except msgspec.ValidationError as error:
        raise Declined(_problem(error, words, words.query)) from None


def read_body(request: Request, headers: dict[bytes, bytes], type_: type[A], words: Words) -> A:
    """The body of a call: one JSON object, no name twice, printable ASCII. Raises Declined."""
    if not _JSON.fullmatch(headers.get(b"content-type", b"")):
        raise Declined(words.media_type)
    if request.unread is not None:
        too_large = isinstance(request.unread, BodyTooLarge)
        raise Declined(words.too_large if too_large else words.body)
    try:
        plain = read_object(request.body)
    except ValueError:
        raise Declined(words.body) from None
    if not _is_printable(plain):
        raise Declined(words.printable)
    try:
        return msgspec.json.decode(request.body, type=type_)
    except msgspec.ValidationError as error:
        raise Declined(_problem(error, words, words.body)) from None
    except msgspec.DecodeError:
        raise Declined(words.body) from None


def _is_printable(value: object) -> bool:
    if isinstance(value, str):
        return _PRINTABLE.fullmatch(value) is not None
    if isinstance(value, dict):
        return all(map(_is_printable, value)) and all(map(_is_printable, value.values()))
    return not isinstance(value, list) or all(map(_is_printable, value))


def _problem(error: msgspec.ValidationError, words: Words, otherwise: Problem) -> Problem:
    """The refusal for the member at fault. msgspec names it by our own name, never the caller's."""
    said = str(error)
    place = _PLACE.search(said)
    path = _INDEX.sub("", place[1]) if place else ""
    if missing := _MISSING.search(said):
        path = f"{path}.{missing[1]}?".removeprefix(".")
    if "of length <=" in said and "<=" in words.fields:
        return words.fields["<="]
    return words.fields.get(path, otherwise)
