"""Every refusal that the document names can be had, by every call, in both forms."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from moneyer.dialects.words import Words
from moneyer.gateway.refusals import CannotTell
from moneyer.protocol.failures import BodyTooLarge, Overloaded
from moneyer.sandbox.legacy import problems
from moneyer.sandbox.legacy.call import Operation
from moneyer.sandbox.legacy.document.refusals import words_of
from moneyer.sandbox.legacy.routes import OPERATIONS
from tests.sandbox.legacy.test_registering import EMAIL, FIRST, LAST, LOGIN, PHONE, WORD, changed
from tests.sandbox.legacy.window import ADA, Asking, Window, asking

DOCUMENTED = [
    pytest.param(operation, words, id=f"{operation.name}-{words.status}-{words.message[:24]}")
    for operation in OPERATIONS
    for words in words_of(operation)
]
Spoil = Callable[[Window, Asking], Any]


def headed(**headers: str) -> Spoil:
    named = {name.replace("__", "-"): value for name, value in headers.items()}
    return lambda _, asked: asked.headers.update(named)


def with_(**members: Any) -> Spoil:
    def spoil(_window: Window, asked: Asking) -> None:
        for name, value in members.items():
            setattr(asked, name, value)

    return spoil


def registering(**members: Any) -> Spoil:
    return with_(body=changed(**members))


def event(kind: str, **data: str) -> Spoil:
    pairs = [{"key": key, "value": value} for key, value in data.items()]
    return with_(body={"Event": [{"eventType": kind, "dataMap": [{"map": pairs}]}]})


def elsewhere(before: str, after: str) -> Spoil:
    return lambda _, asked: setattr(asked, "path", asked.path.replace(before, after))


def others(window: Window, asked: Asking) -> None:
    asked.token = "ben"


def busy(window: Window, asked: Asking) -> None:
    window.register.failure = Overloaded("full")


def away(window: Window, asked: Asking) -> None:
    window.guard.failure = CannotTell("keys-unknown", 1)


RECIPES: dict[Words, Spoil] = {
    problems.BAD_TRANSACTION: headed(di_tid="7"),
    problems.BAD_ORIGIN: headed(originating_ip="home"),
    problems.BAD_HEADER: headed(content__encoding="gzip"),
    problems.NO_TOKEN: with_(token=None),
    problems.BAD_TOKEN: with_(token="stolen"),
    problems.OTHER_INSTITUTION: elsewhere("/00016/", "/00042/"),
    problems.BAD_QUERY: with_(query="a=1&a=2"),
    problems.BAD_MEDIA_TYPE: headed(content__type="text/plain"),
    problems.BODY_TOO_LARGE: with_(unread=BodyTooLarge("too-large")),
    problems.BAD_BODY: with_(body=b"{"),
    problems.OTHER_CUSTOMER: others,
    problems.NO_CUSTOMER: elsewhere(ADA, "0" * 32),
    problems.UNAVAILABLE: away,
    problems.BAD_TYPE: with_(query="fiCustomerIdType=EMAIL"),
    problems.BAD_EVENT_TYPE: event("NOBODY_KNOWS"),
    problems.BAD_MESSAGE: event("SECURITY_NOTICE", message="x" * 201),
    problems.NO_ACCOUNT: event("SECURITY_NOTICE", accountId="x"),
    problems.NOT_FOR_CUSTOMERS: with_(token="ada"),
    problems.OTHER_FI: registering(fiId={"value": "00042"}),
    problems.BAD_MEMBER: registering(memberNumber=""),
    problems.NO_NAME: registering(person=None),
    problems.BAD_FIRST_NAME: registering(**{FIRST: "x" * 40}),
    problems.BAD_LAST_NAME: registering(**{LAST: "x" * 40}),
    problems.BAD_EMAIL: registering(**{EMAIL: "x"}),
    problems.BAD_BIRTH_DATE: registering(person__birthDate="x"),
    problems.BAD_PHONE: registering(**{PHONE: [{}]}),
    problems.NO_CHANNEL: registering(channelInfos=None),
    problems.BAD_LOGIN: registering(**{LOGIN: "x"}),
    problems.LOGIN_IS_MEMBER: registering(memberNumber="noor4711", **{LOGIN: "noor4711"}),
    problems.BAD_HOST_ID: registering(hostCredential={"loginId": " "}),
    problems.BAD_PASSWORD: registering(**{WORD: "x"}),
    problems.LOGIN_TAKEN: registering(**{LOGIN: "ada.marsh"}),
    problems.REGISTERED: registering(memberNumber="700101"),
    problems.BUSY: busy,
}


@pytest.mark.parametrize(("operation", "words"), DOCUMENTED)
async def test_a_documented_refusal_can_be_had(
    window: Window, operation: Operation, words: Words
) -> None:
    """As a `Status` with exactly these words; only a password's refusal says more."""
    asked = asking(operation.name, headers={})
    RECIPES[words](window, asked)
    said = await window.say(asked)
    status, code, message, kind = said.refusal
    assert (status, code, kind) == (words.status, words.code, words.error)
    assert message.partition(":")[0] == words.message
    assert ("www-authenticate" in said.headers) == (
        words in {problems.NO_TOKEN, problems.BAD_TOKEN, problems.OTHER_INSTITUTION}
    )
    assert ("retry-after" in said.headers) == (status in {429, 503})
    asked.headers["accept"] = "application/json"
    assert (await window.say(asked)).json == {
        "statusMessage": message,
        "errorInfo": {"errorType": kind, "errorCode": code, "errorMessage": message},
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
async def test_headers_are_judged_before_tokens_and_tokens_before_anything_else(
    window: Window, operation: Operation
) -> None:
    """So that who is not proven learns nothing."""
    asked = asking(operation.name, "00042", "nobody", token="stolen", query="a=1&a=2", headers={})
    if operation.sent:
        asked.body = b"{"
    assert (await window.say(asked)).refusal[2] == problems.BAD_TOKEN.message
    asked.headers = {"di_tid": None}
    assert (await window.say(asked)).refusal[2] == problems.BAD_TRANSACTION.message
    assert len(window.guard.asked) == 1


@pytest.mark.parametrize(
    "header", [b"di_tid", b"authorization", b"originating_ip", b"offering_id", b"content-type"]
)
async def test_a_header_stands_once(window: Window, header: bytes) -> None:
    request = asking("sendEvent", headers={"originating_ip": "192.0.2.1", "offering_id": "x"}).request()
    value = dict(request.headers)[header]
    twice = msgspec.structs.replace(request, headers=[*request.headers, (header, value)])
    answer = await window.answer(twice)
    assert answer is not None
    assert answer.status == 400
    assert b"Header invalid" in answer.body
