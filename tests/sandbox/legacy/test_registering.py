"""Register User: who may, what has to be said, and what is refused in which words."""

import copy
from typing import Any

import pytest

from moneyer.protocol.failures import Overloaded, StoreUnavailable
from moneyer.sandbox.legacy.registration import EXAMPLE
from tests.sandbox.legacy.window import Said, Window

PASSWORD = "sandbox-noor-paints-walls"


def changed(**members: Any) -> dict[str, Any]:
    """The example with members replaced, by their paths with `__` between; None takes one away."""
    body = copy.deepcopy(EXAMPLE)
    for path, value in members.items():
        place: Any = body["FICustomer"]
        *way, last = path.split("__")
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return body


LOGIN = "channelInfos__channelInfo__0__credential__loginId"
WORD = "channelInfos__channelInfo__0__credential__password"
FIRST, LAST = "person__personName__firstName", "person__personName__lastName"
EMAIL, PHONE = "person__contactInfo__emailAddress", "person__contactInfo__phoneNumber"


async def register(window: Window, token: str = "bank", fi: str = "00016", **members: Any) -> Said:
    return await window.ask("registerUser", fi, token=token, body=changed(**members))


async def test_somebody_becomes_a_customer(window: Window) -> None:
    said = await register(window)
    customer_id = said.text("id") or ""
    assert said.status == 201
    assert said.headers["location"] == (
        f"http://b/bankingservices/v2/fis/00016/fiCustomers/{customer_id}"
    )
    (added,) = (one for one in window.register.customers if one.customer_id == customer_id)
    assert (added.institution_id, added.login_id, added.type) == ("00016", "noor.haddad", "RETAIL")
    assert (added.member_number, added.host_user_id) == ("700199", "700199")
    person = added.person
    assert (person.given_name, person.family_name, person.birthdate) == ("Noor", "Haddad", "1993-05-17")
    assert (person.email, person.phone_number) == ("noor.haddad@example.com", "5550100199")
    assert window.register.passwords[customer_id] == PASSWORD
    assert PASSWORD.encode() not in said.body


async def test_json_is_wrapped_both_ways(window: Window) -> None:
    said = await window.ask("registerUser", headers={"accept": "application/json"})
    assert set(said.json) == {"FICustomer"}
    assert said.json["FICustomer"]["memberNumber"] == "700199"
    bare = await window.ask("registerUser", body=EXAMPLE["FICustomer"])
    assert bare.refusal == (400, "90002", "Body invalid", "APP_ERROR")


async def test_only_an_institution_registers(window: Window) -> None:
    said = await register(window, token="ada")
    assert said.refusal == (403, "90002", "Client not authorized for this URL", "APP_ERROR")


async def test_two_institutions_register_the_same_person_apart(window: Window) -> None:
    """The same names at both; at each of them once."""
    assert (await register(window)).status == 201
    assert (await register(window, "harbor", "00042")).status == 201
    assert (await register(window)).refusal[:2] == (400, "26201")
    assert (await register(window, "harbor", "00042")).refusal[:2] == (400, "26201")


async def test_who_is_there_already_is_told_so(window: Window) -> None:
    taken = await register(window, **{LOGIN: "ADA.marsh"})
    assert taken.refusal == (400, "26201", "Login id is already taken", "USER_ERROR")
    known = await register(window, memberNumber="700101")
    assert known.refusal == (409, "26331", "User is already a registered user", "USER_ERROR")


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("memberNumber", None, "20006"),
        ("memberNumber", "", "20006"),
        ("memberNumber", "1" * 17, "20006"),
        ("memberNumber", "70-01", "20006"),
        ("memberNumber", "\uff17\uff10\uff10\uff11", "20006"),
        ("fiId", {"value": "00042"}, "20006"),
        ("person", None, "20006"),
        (FIRST, None, "20006"),
        (FIRST, "  ", "20006"),
        (FIRST, "x" * 40, "220002"),
        (FIRST, "a\x00b", "220002"),
        (LAST, "", "20006"),
        (LAST, "x" * 40, "220003"),
        (LAST, "a\nb", "220003"),
        (EMAIL, None, "220006"),
        (EMAIL, "nobody", "220006"),
        (EMAIL, "a@b", "220006"),
        (EMAIL, f"{'x' * 60}@b.example", "220006"),
        (EMAIL, "a b@c.example", "220006"),
        ("person__birthDate", "17.05.1993", "220013"),
        ("person__birthDate", "1993-02-30", "220013"),
        ("person__birthDate", "19930517", "220013"),
        (PHONE, [{}], "220014"),
        (PHONE, [{"number": "call me"}], "220014"),
        ("channelInfos", None, "20006"),
        ("channelInfos__channelInfo", [], "20006"),
        ("channelInfos__channelInfo", [{}, {}], "20006"),
        (LOGIN, None, "220015"),
        (LOGIN, "short", "220015"),
        (LOGIN, "x" * 129, "220015"),
        (LOGIN, "12345678", "220015"),
        (LOGIN, "noor haddad", "220015"),
        (LOGIN, "noor/haddad", "220015"),
        (LOGIN, "noör.haddad", "220015"),
        (LOGIN, "noor.haddad\n", "220015"),
        ("hostCredential", {"loginId": "a b"}, "20006"),
        (WORD, None, "220018"),
        (WORD, "too short", "220018"),
        (WORD, "x" * 1025, "220018"),
        (WORD, "aaaaaaaaaaaaaaaa", "220018"),
        (WORD, "passwordpassword", "220018"),
        (WORD, "a bell \x07 in the middle", "220018"),
    ],
)
async def test_what_is_not_as_it_has_to_be_has_a_code(
    window: Window, member: str, value: Any, code: str
) -> None:
    said = await register(window, **{member: value})
    assert said.refusal[:2] == (400, code)
    assert len(window.register.customers) == 5
    if isinstance(value, str) and len(value) > 5:
        assert value.encode() not in said.body


async def test_a_login_id_is_not_the_member_number(window: Window) -> None:
    said = await register(window, memberNumber="NOOR4711", **{LOGIN: "noor4711"})
    assert said.refusal == (
        400,
        "220016",
        "Login id and member number cannot be the same",
        "USER_ERROR",
    )


async def test_why_a_password_is_refused_is_said(window: Window) -> None:
    said = await register(window, **{WORD: "too short"})
    assert said.refusal[2] == "Invalid user password: a password has at least 15 characters"


async def test_a_password_keeps_its_blanks_and_its_script(window: Window) -> None:
    """In XML too, where nothing is trimmed."""
    word = " ключ под ковриком & <co> "
    said = await register(window, **{WORD: word})
    assert window.register.passwords[said.text("id") or ""] == word
    body = (
        "<FICustomer><memberNumber>4711</memberNumber><person><personName><firstName>A</firstName>"
        "<lastName>B</lastName></personName><contactInfo><emailAddress>a@b.example</emailAddress>"
        "</contactInfo></person><channelInfos><channelInfo><credential><loginId>a.newcomer</loginId>"
        "<password> ключ под ковриком &amp; &lt;co&gt; </password></credential></channelInfo>"
        "</channelInfos></FICustomer>"
    )
    said = await window.ask("registerUser", body=body.encode(), headers={"content-type": "text/xml"})
    assert window.register.passwords[said.text("id") or ""] == word


@pytest.mark.parametrize(
    ("failure", "refusal"),
    [
        (Overloaded("full"), (429, "92000", "Spike arrest violation", "SYSTEM_ERROR")),
        (StoreUnavailable("away"), (503, "90003", "Internal Service Error", "SYSTEM_ERROR")),
    ],
)
async def test_who_comes_at_a_bad_time_is_asked_to_wait(
    window: Window, failure: Exception, refusal: tuple[int, str, str, str]
) -> None:
    window.register.failure = failure
    said = await register(window)
    assert said.refusal == refusal
    assert said.headers["retry-after"] == "1"
