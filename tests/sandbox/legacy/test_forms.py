"""XML unless JSON is asked for; every byte of it, and what stands around it."""

import json
import uuid
from typing import Any

import pytest

from moneyer.sandbox.legacy.routes import OPERATIONS
from tests.sandbox.legacy.window import ADA, XML, Window, asking

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
WHOLE = (
    f"{HEAD}<FICustomer><id>{ADA}</id><fiId>00016</fiId><name>Ada Marsh</name>"
    "<memberNumber>700101</memberNumber><hostCredential><loginId>H1000001</loginId></hostCredential>"
    "<person><personName><firstName>Ada</firstName><lastName>Marsh</lastName></personName>"
    "<contactInfo><emailAddress>ada.marsh@example.com</emailAddress>"
    "<phoneNumber><number>+1 555 0100</number></phoneNumber></contactInfo>"
    "<birthDate>1984-03-09</birthDate></person>"
    "<channelInfos><channelInfo><channelType>WEB</channelType>"
    "<credential><loginId>ada.marsh</loginId></credential>"
    "<userStatus><active>true</active><onHold>false</onHold><registered>true</registered></userStatus>"
    "</channelInfo></channelInfos><userType>RETAIL</userType></FICustomer>"
)


async def test_a_customer_is_these_bytes(window: Window) -> None:
    """No attributes, no prefixes: clients find elements by a plain search for tags."""
    said = await window.ask("getFiCustomer")
    assert (said.status, said.body.decode()) == (200, WHOLE)


async def test_a_refusal_is_the_status_document_of_v1_byte_for_byte(window: Window) -> None:
    said = await window.ask("getFiCustomer", headers={"di_tid": "7"})
    message = "Header 'di_tid' invalid"
    assert said.body.decode() == (
        f'{HEAD}<Status xmlns="http://schema.intuit.com/fs/common/v2">'
        f"<statusMessage>{message}</statusMessage><errorInfo><errorType>APP_ERROR</errorType>"
        f"<errorCode>90002</errorCode><errorMessage>{message}</errorMessage></errorInfo></Status>"
    )


@pytest.mark.parametrize("name", [operation.name for operation in OPERATIONS])
@pytest.mark.parametrize("as_json", [False, True])
async def test_every_answer_has_its_form_its_id_and_is_kept_by_nobody(
    window: Window, name: str, as_json: bool
) -> None:
    accept = {"accept": "application/json"} if as_json else {}
    sent = str(uuid.uuid4()).upper()
    for token in ("bank", "stolen"):
        said = await window.ask(name, token=token, headers={"di_tid": sent, **accept})
        assert (said.status < 300) == (token == "bank")
        assert said.headers["content-type"] == ("application/json" if as_json else XML)
        assert said.headers["di_tid"] == sent
        assert said.headers["cache-control"] == "no-store"
        assert said.json if as_json else len(said.xml)


@pytest.mark.parametrize(
    ("accept", "as_json"),
    [
        ("application/json", True),
        ("APPLICATION/JSON; charset=utf-8", True),
        ("application/json, */*;q=0.1", True),
        ("application/json;q=0.2, text/html", True),
        ("application/json, application/xml;q=0", True),
        ("*/*", False),
        ("application/*", False),
        ("application/xml", False),
        ("text/xml, application/json", False),
        ("application/json, application/xml;q=0.1", False),
        ("application/json;q=0", False),
        ("application/json;q=0.000, */*", False),
        ("image/png", False),
        ("", False),
        (";;,,=q;", False),
        ("application/jsonp", False),
    ],
)
async def test_json_is_for_who_asks_for_it_and_not_for_xml(
    window: Window, accept: str, as_json: bool
) -> None:
    said = await window.ask("getFiCustomer", headers={"accept": accept})
    assert (said.headers["content-type"] == "application/json") == as_json


async def test_both_forms_say_the_same(window: Window) -> None:
    """Every member of the JSON is an element of the XML, with the same text, in the same order."""

    def told(value: Any, name: str) -> list[tuple[str, str]]:
        if isinstance(value, dict) and set(value) <= {"value", "type"}:
            return [(name, value["value"])]
        if isinstance(value, dict):
            return [pair for inner, one in value.items() for pair in told(one, inner)]
        if isinstance(value, list):
            return [pair for one in value for pair in told(one, name)]
        if isinstance(value, bool):
            return [(name, str(value).lower())]
        return [(name, f"{value:.2f}" if isinstance(value, float) else str(value))]

    for operation in OPERATIONS:
        if operation.name == "registerUser":
            continue
        asked = asking(operation.name)
        asked.headers = {"di_tid": str(uuid.uuid4())}
        as_xml = await window.say(asked)
        asked.headers["accept"] = "application/json"
        as_json = await window.say(asked)
        leaves = [
            (element.tag, element.text or "") for element in as_xml.xml.iter() if not len(element)
        ]
        assert leaves == [pair for pair in told(as_json.json, "") if pair[1] != ""]


async def test_bodies_in_both_forms_mean_the_same(window: Window) -> None:
    """And so do those of clients that use prefixes, and of those that wrap identifiers."""
    document = (
        '<n:FICustomer xmlns:n="http://schema.intuit.com/domain/banking/fiCustomer/v2">'
        "{id}<n:ssn>123456789</n:ssn><n:memberNumber>{member}</n:memberNumber><n:person>"
        "<n:personName><n:firstName>Noor</n:firstName><n:lastName>Haddad</n:lastName></n:personName>"
        "<n:contactInfo><n:emailAddress>noor@example.com</n:emailAddress></n:contactInfo></n:person>"
        "<n:channelInfos><n:channelInfo><n:credential><n:loginId>{login}</n:loginId>"
        "<n:password>sandbox-noor-paints-walls</n:password></n:credential></n:channelInfo>"
        "</n:channelInfos></n:FICustomer>"
    )
    for number, identifier in enumerate(
        (
            "",
            "<n:fiId>00016</n:fiId>",
            '<n:id type="GUID">0</n:id><n:fiId><n:value>00016</n:value></n:fiId>',
        )
    ):
        body = document.format(id=identifier, member=f"90000{number}", login=f"noor.{number}.haddad")
        said = await window.ask(
            "registerUser", body=body.encode(), headers={"content-type": "application/xml"}
        )
        assert said.status == 201, said.body
        assert said.text("memberNumber") == f"90000{number}"
        assert b"123456789" not in said.body


async def test_a_body_without_a_media_type_is_xml(window: Window) -> None:
    body = b"<Events><Event><eventType>SECURITY_NOTICE</eventType></Event></Events>"
    said = await window.ask("sendEvent", body=body, headers={"content-type": None})
    assert said.status == 202


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "x", ""],
)
async def test_other_media_types_are_refused(window: Window, media_type: str) -> None:
    said = await window.ask("sendEvent", headers={"content-type": media_type})
    assert said.refusal == (415, "90002", "Header 'Content-Type' invalid", "APP_ERROR")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"Event": []}',
        b'{"Event": [{}]}',
        b'{"Event": [{"eventType": 7}]}',
        b'{"Event": [{"eventType": "A"}], "Event": []}',
        b'{"Event": [{"eventType": "\\ud800"}]}',
        json.dumps({"Event": [{"eventType": "SECURITY_NOTICE"}] * 17}).encode(),
        b"\xff",
        b'{"Event": NaN}',
        b"[" * 5000,
    ],
)
async def test_json_that_is_not_meant_is_refused(window: Window, body: bytes) -> None:
    said = await window.ask("sendEvent", body=body)
    assert said.refusal == (400, "90002", "Body invalid", "APP_ERROR")


async def test_an_element_that_stands_twice_means_nothing(window: Window) -> None:
    for body in (
        b"<Events><Event><eventType>A</eventType><eventType>B</eventType></Event></Events>",
        b"<Events><Event><eventType><b/></eventType></Event></Events>",
        b"<Event><eventType>SECURITY_NOTICE</eventType></Event>",
    ):
        said = await window.ask("sendEvent", body=body, headers={"content-type": "text/xml"})
        assert said.refusal == (400, "90002", "Body invalid", "APP_ERROR")


async def test_a_head_is_answered_as_a_get(window: Window) -> None:
    asked = asking("getFiCustomer")
    asked.method = "HEAD"
    assert (await window.say(asked)).status == 200


async def test_another_method_is_told_which_there_are(window: Window) -> None:
    for name, method, allowed in (
        ("getFiCustomer", "DELETE", "HEAD, GET"),
        ("sendEvent", "GET", "POST"),
    ):
        asked = asking(name)
        asked.method = method
        said = await window.say(asked)
        assert said.refusal == (405, "90002", "Method invalid", "APP_ERROR")
        assert said.headers["allow"] == allowed


async def test_other_paths_are_left_to_others(window: Window) -> None:
    for path in ("/", "/v1/accounts", "/registration/v4/fis/00016", "/bankingservices/v2/fis/1/x"):
        asked = asking("getFiCustomer")
        asked.path = path
        assert await window.answer(asked.request()) is None
