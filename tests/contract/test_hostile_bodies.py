"""Bodies made to harm: bombs, confusions, hidden parameters, and logins that only look alike."""

import gzip
import unicodedata
from typing import Any

import httpx
import pytest

from moneyer.customers.login import canonical_login
from moneyer.protocol.failures import BadParameter
from moneyer.store.admin import AdminError
from tests.bank import PASSWORD, Bank
from tests.contract import wire
from tests.contract.wire import refused

CC = "grant_type=client_credentials"
KB, MB = 1024, 1024 * 1024


@pytest.mark.requirement("TE-18")
@pytest.mark.parametrize(
    "body",
    [
        "&".join(f"f{number}=1" for number in range(1_000_000)),
        CC + "&x=" + "y" * 50 * MB,
        "%" * 10 * MB,
        "&" * MB,
        "=" * MB,
        CC + "&" + "a" + "[b]" * MB + "=1",
    ],
    ids=["a million fields", "one value of 50 MB", "percent signs", "ampersands", "equals", "nesting"],
)
async def test_a_bomb_is_refused_for_its_size_before_anything_is_built(bank: Bank, body: str) -> None:
    refused(await bank.raw(body), wire.SIZE)
    assert (await bank.raw(CC)).status_code == 200


@pytest.mark.requirement("TE-18")
async def test_a_body_that_never_ends_is_read_no_further_than_its_limit(bank: Bank) -> None:
    """Nothing is read once the limit is passed: the rest of an endless stream stays where it is."""
    taken = 0

    async def endless() -> Any:
        nonlocal taken
        while True:
            taken += 4 * KB
            yield b"x" * 4 * KB

    headers = {"Content-Type": "application/x-www-form-urlencoded", "institutionId": "00016"}
    headers["Authorization"] = bank.basic("machine")
    answer = await bank.http.post("/oauth2/v1/token", content=endless(), headers=headers)
    refused(answer, wire.SIZE)
    assert taken <= 40 * KB


@pytest.mark.requirement("TE-03", "TE-18")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, identity", "GZIP", "x"])
async def test_a_compressed_body_is_refused_unopened(bank: Bank, coding: str) -> None:
    bomb = gzip.compress(b"0" * 10 * MB)
    refused(await bank.raw(bomb, {"Content-Encoding": coding}), wire.HEADER)


@pytest.mark.requirement("TE-03")
async def test_two_media_types_are_refused(bank: Bank) -> None:
    form = ("Content-Type", "application/x-www-form-urlencoded")
    for second in ("application/json", "application/x-www-form-urlencoded"):
        for pair in ([form, ("Content-Type", second)], [("Content-Type", second), form]):
            refused(await bank.raw(CC, pair), wire.HEADER)


@pytest.mark.requirement("TE-05", "TE-07")
@pytest.mark.parametrize(
    ("body", "row"),
    [
        ("grant_type=password&grant_type=client_credentials", wire.REQUEST),
        (f"{CC}&scope=accounts:read&scopes=transactions:read", wire.REQUEST),
        (f"{CC}&scopes=accounts:read&%73copes=transactions:read", wire.REQUEST),
        (f"{CC}&scopes=accounts:read&%73%63opes=", wire.REQUEST),
        ("grant_type%00=client_credentials", wire.NOT_ASCII),
        (f"{CC}&username%00=ada", wire.NOT_ASCII),
        ("grant_type[]=client_credentials", wire.NO_GRANT_TYPE),
        ("grant_type[0]=client_credentials", wire.NO_GRANT_TYPE),
        ("GRANT_TYPE=client_credentials", wire.NO_GRANT_TYPE),
        (" grant_type=client_credentials", wire.NO_GRANT_TYPE),
        ("grant_type=client_credentials;scopes=accounts:read", wire.GRANT_TYPE),
        ("a=1;grant_type=client_credentials", wire.NO_GRANT_TYPE),
        ("grant_type=client_credentials\n", wire.NOT_ASCII),
        ("grant_type=client_credentials ", wire.GRANT_TYPE),
        ("grant_type=%2563lient_credentials", wire.GRANT_TYPE),
        ("grant_type==client_credentials", wire.GRANT_TYPE),
        ('{"grant_type":"client_credentials"}', wire.NO_GRANT_TYPE),
        ("\ufeffgrant_type=client_credentials", wire.NO_GRANT_TYPE),
        ("grant_type=client_credentials\ufeff", wire.NOT_ASCII),
        ("grant_type=\uff43lient_credentials", wire.NOT_ASCII),
        ("\uff47rant_type=client_credentials", wire.NO_GRANT_TYPE),
        ("grant_type=client_credential\u017f", wire.NOT_ASCII),
    ],
)
async def test_a_hidden_doubled_or_disguised_parameter_has_no_second_meaning(
    bank: Bank, body: str, row: wire.Row
) -> None:
    refused(await bank.raw(body.encode()), row)


async def test_utf_16_is_no_form(bank: Bank) -> None:
    for coding in ("utf-16", "utf-16-le", "utf-32"):
        assert (await bank.raw(CC.encode(coding))).status_code == 400


async def sign_in(bank: Bank, login: str, password: str = PASSWORD) -> httpx.Response:
    return await bank.token("mobile", grant_type="password", username=login, password=password)


LOGINS = {
    "capital": ("kelvin", "KELVIN"),
    "Kelvin sign": ("kelvin", "\u212aelvin"),
    "composed": ("jos\u00e9", "jose\u0301"),
    "decomposed": ("jose\u0301", "JOS\u00c9"),
    "sharp s": ("stra\u00dfe", "STRASSE"),
    "full width": ("ada16", "\uff41\uff44\uff4116"),
    "ligature": ("ffinn", "\ufb03nn"),
    "final sigma": ("\u03bf\u03b4\u03cc\u03c2", "\u039f\u0394\u038c\u03a3"),
}


@pytest.mark.parametrize("pair", LOGINS.values(), ids=LOGINS.keys())
async def test_two_spellings_that_look_alike_are_one_customer(
    bank: Bank, pair: tuple[str, str]
) -> None:
    """The second signs in as the first, and nobody else can be registered under it."""
    registered, typed = pair
    customer = bank.add_customer("00016", registered)
    answer = await sign_in(bank, typed)
    assert answer.status_code == 200, answer.text
    assert bank.events("family:opened")[-1]["customer_id"] == customer.customer_id
    with pytest.raises(AdminError):
        bank.add_customer("00016", typed)


@pytest.mark.requirement("PW-04")
@pytest.mark.parametrize(
    "login",
    [
        *("ada\x00", "a\rda", "a\nda", "ad\u200da", "\ufeffada", "ada\u202e", "ada\ufe0f", "a\u034fda"),
        *("ad\u00ada", " ada", "ada\u00a0", "ada\u3164", "\u115fada", "ada\U000e0061"),
    ],
)
async def test_a_login_with_something_that_does_not_show_is_refused_and_never_looked_up(
    bank: Bank, login: str
) -> None:
    refused(await sign_in(bank, login), wire.USERNAME)
    assert not bank.events("sign-in:refused")


@pytest.mark.parametrize("login", ["\u0430da", "ad\u0251", "\u0131da", "a.da", "ada1"])
async def test_a_login_that_is_another_is_another(bank: Bank, login: str) -> None:
    refused(await sign_in(bank, login), wire.CUSTOMER)


@pytest.mark.parametrize(
    "raw",
    [
        b"%C0%AEda",
        b"%E0%81%A1da",
        b"\xff",
        b"ada%80",
        b"%ED%A0%80ada",
        b"\xed\xb0\x80",
        b"%F8%88%80%80%80",
    ],
)
async def test_a_login_in_broken_utf_8_is_400(bank: Bank, raw: bytes) -> None:
    body = b"grant_type=password&password=x&username=" + raw
    refused(await bank.raw(body, client_id="mobile"), wire.REQUEST)


async def test_a_password_is_one_however_its_letters_are_composed(bank: Bank) -> None:
    """NFC before hashing; but case and compatibility count, as they must in a password."""
    word = "pass\u00e9 compos\u00e9 \u212b"
    bank.add_customer("00016", "grace", password=word)
    for form in ("NFC", "NFD"):
        assert (await sign_in(bank, "grace", unicodedata.normalize(form, word))).status_code == 200
    for other in (word.upper(), word + " ", " " + word, word.replace("\u00e9", "e")):
        refused(await sign_in(bank, "grace", other), wire.CUSTOMER)


@pytest.mark.requirement("PW-04")
@pytest.mark.parametrize("character", ["\x00", "\r", "\n", "\t", "\x7f"])
async def test_a_password_with_a_control_character_is_400(bank: Bank, character: str) -> None:
    refused(await sign_in(bank, "ada", PASSWORD + character), wire.PASSWORD)


def test_no_two_spellings_of_a_login_make_two_keys_under_any_normal_form() -> None:
    """Every letter of the basic plane, alone and accented, in the four normal forms and both cases."""
    for code in (*range(0x20, 0xD800), *range(0xF900, 0x10000)):
        for login in (f"x{chr(code)}", f"x{chr(code)}\u0301"):
            try:
                key = canonical_login(login)
            except BadParameter:
                continue
            for form in ("NFC", "NFD"):
                assert canonical_login(unicodedata.normalize(form, login)) == key, hex(code)
