"""The headers of V1, which have underscores: one spelling, one meaning, once."""

import pytest

from tests.bank import Bank
from tests.v1 import classic
from tests.v1.classic import CC, refused, tag

FIRST = "7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f"
SECOND = "00000000-0000-4000-8000-000000000000"
pytestmark = pytest.mark.requirement("V1-07")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("di_fiid", ("00016", "00042")),
        ("di_tid", (FIRST, SECOND)),
        ("originating_ip", ("192.0.2.1", "192.0.2.2")),
        ("offering_id", ("a", "b")),
        ("Authorization", ("Basic YTpi", "Basic YTpi")),
        ("Content-Type", ("application/x-www-form-urlencoded", "text/plain")),
    ],
)
@pytest.mark.parametrize("spelling", [str, str.upper, str.title], ids=["same", "upper", "title"])
async def test_none_of_them_may_stand_twice(
    bank: Bank, name: str, values: tuple[str, str], spelling: type[str]
) -> None:
    """Equal or not, in whatever case; nor may two values stand in one."""
    for second in values:
        answer = await classic.send(bank, CC, {name: values[0]}, more=((spelling(name), second),))
        refused(answer, classic.HEADER)
    joined = await classic.send(bank, CC, {name: ", ".join(values)})
    assert joined.status_code == (200 if name == "offering_id" else 400)
    assert len(bank.events("token:issued")) == (name == "offering_id")


async def test_names_have_no_case(bank: Bank) -> None:
    headers = {name.upper(): value for name, value in classic.headers_of(bank).items()}
    answer = await bank.http.post(classic.PATH, content=CC, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["di_tid"] == headers["DI_TID"]


@pytest.mark.parametrize(
    "name", ["di-fiid", "difiid", "di_fi_id", "di_fiid_", "x_di_fiid", "HTTP_DI_FIID", "institutionId"]
)
async def test_a_name_that_is_nearly_right_is_another_header(bank: Bank, name: str) -> None:
    """Alone it selects nothing, beside the right one nothing new: `-` and `_` are never folded."""
    alone = await classic.send(bank, CC, {"di_fiid": None}, more=((name, "00016"),))
    refused(alone, classic.INSTITUTION)
    beside = await classic.send(bank, CC, more=((name, "00042"),))
    assert tag(beside.text, "di_fiid") == "00016"


@pytest.mark.parametrize("name", ["di-tid", "ditid", "transactionId", "intuit_tid"])
async def test_another_name_names_no_request(bank: Bank, name: str) -> None:
    refused(await classic.send(bank, CC, {"di_tid": None}, more=((name, FIRST),)), classic.TRANSACTION)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "00016,00042", "00016 00042", "0001\uff16", "\uff10\uff10016", "00016\x00", "0-1"),
        *("../00016", "%30%30016", "00016'", "i/00016", "<di_fiid>", "&amp;", "9" * 33),
    ],
)
async def test_an_institution_is_1_to_32_letters_and_digits(bank: Bank, value: str) -> None:
    refused(await classic.send(bank, CC, {"di_fiid": value}), classic.INSTITUTION)
    assert not bank.events("token:issued")


@pytest.mark.parametrize("value", ["16", "0016", "000016", "1E1", "9" * 32])
async def test_an_institution_is_never_a_number(bank: Bank, value: str) -> None:
    refused(await classic.send(bank, CC, {"di_fiid": value}), classic.NOT_ENTITLED)


@pytest.mark.parametrize(
    "value",
    [
        *("", "1", FIRST.replace("-", ""), "{" + FIRST + "}", f"urn:uuid:{FIRST}", FIRST[:-1] + "g"),
        *(f"{FIRST}, x", "<script>", "\x1b[31m", "x" * 1000, "\uff17d5b7e2c"),
    ],
)
async def test_a_request_id_that_is_no_uuid_is_refused_and_not_repeated(bank: Bank, value: str) -> None:
    answer = await classic.send(bank, CC, {"di_tid": value})
    refused(answer, classic.TRANSACTION)
    assert answer.headers["di_tid"] != value


@pytest.mark.parametrize(
    "value",
    [
        *("", "here", "192.0.2", "192.0.2.256", "192.0.2.01", "192.0.2.1:80", "192.0.2.0/24", "::g"),
        *("fe80::1%eth0", "[::1]", "192.0.2.1, 192.0.2.2", "0x7f.1", "2130706433", "\uff11.1.1.1"),
        *("localhost", "<ip>", "1.1.1.1\x00", "x" * 4000),
    ],
)
async def test_an_originating_ip_is_an_address(bank: Bank, value: str) -> None:
    refused(await classic.send(bank, CC, {"originating_ip": value}), classic.ORIGINATING)


async def test_an_originating_ip_opens_no_allow_list_and_gives_no_fresh_guesses(bank: Bank) -> None:
    """It is the caller's own word: whoever sends it is still whoever sent it."""
    bank.change_application("classic", allowed_addresses=("198.51.100.0/24",))
    await bank.refresh()
    answer = await classic.send(bank, CC, {"originating_ip": "198.51.100.9"})
    refused(answer, classic.ADDRESS)
    bank.change_application("classic", allowed_addresses=())
    await bank.refresh()
    wrong = {"Authorization": bank.basic("classic", "a guess")}
    for number in range(20):
        sent = {**wrong, "originating_ip": f"198.51.100.{number}"}
        refused(await classic.send(bank, CC, sent), classic.CLIENT)
    refused(await classic.send(bank, CC, {"originating_ip": "203.0.113.1"}), classic.QUOTA)
