"""Accounts, transactions and banking images."""

import base64
import io
import itertools
from datetime import date
from typing import Any

import pytest
from PIL import Image

from tests.sandbox.bank.counter import ADA, BAKERY, BEN, CLARA, SHOP, Counter, cents, transfer


async def test_a_customers_token_and_an_institutions_give_the_same_accounts(counter: Counter) -> None:
    own = await counter.got("GET", "/v1/accounts", "ada")
    assert own == await counter.got("GET", "/v1/accounts", "bank", loginId="ada.marsh")
    assert own == await counter.got("GET", "/v1/accounts", "bank", hostUserId="H1000001")
    assert own == await counter.got("GET", f"/v1/customers/{ADA}:accounts", "bank")
    assert {one["institutionUserId"] for one in own["accounts"]} == {ADA}


async def test_one_name_at_two_institutions_is_two_customers(counter: Counter) -> None:
    here = await counter.got("GET", "/v1/accounts", "bank", loginId="ada.marsh")
    there = await counter.got("GET", "/v1/accounts", "harbor", loginId="ada.marsh")
    ids = [{one["id"] for one in found["accounts"]} for found in (here, there)]
    assert ids[0].isdisjoint(ids[1])
    foreign = next(iter(ids[0]))
    said = await counter.ask("GET", f"/v1/accounts/{foreign}", "harbor", loginId="ada.marsh")
    assert (said.status, said.code) == (404, "ACC_00012")
    said = await counter.ask("GET", "/v1/accounts", "harbor", hostUserId="H1000001")
    assert (said.status, said.code) == (404, "ACC_00101")


async def test_a_business_is_named_by_login_and_institution_customer_id(counter: Counter) -> None:
    bakery, shop = [
        await counter.got(
            "GET", "/v1/accounts", "bank", loginId="clara.weiss", institutionCustomerId=business
        )
        for business in (BAKERY, SHOP)
    ]
    assert {one["institutionCustomerId"] for one in bakery["accounts"]} == {BAKERY}
    both = await counter.got("GET", "/v1/accounts", "clara")
    assert both["accounts"] == bakery["accounts"] + shop["accounts"]
    chosen = await counter.got("GET", "/v1/accounts", "clara", institutionCustomerId=SHOP)
    assert chosen == shop


@pytest.mark.parametrize(
    "named",
    [
        {"loginId": "clara.weiss"},
        {"hostUserId": "H1000003"},
        {"hostUserId": "H1000003", "institutionCustomerId": BAKERY},
        {"loginId": "clara.weiss", "institutionCustomerId": "f" * 32},
    ],
)
async def test_a_business_that_is_named_by_half_is_refused(
    counter: Counter, named: dict[str, Any]
) -> None:
    said = await counter.ask("GET", "/v1/accounts", "bank", **named)
    assert (said.status, said.code) == (400, "ACC_00410")


async def test_numbers_are_whole_only_for_a_token_that_may_see_them(counter: Counter) -> None:
    whole = (await counter.accounts("bank", loginId="ada.marsh"))["CHECKING"]
    masked = (await counter.accounts("masked", loginId="ada.marsh"))["CHECKING"]
    assert whole["accountNumber"] == whole["micrNumber"] == "70010110"
    assert masked["accountNumber"] == "0110"
    assert "70010110" not in str(masked)


async def test_views_and_filters(counter: Counter) -> None:
    loans = await counter.got("GET", "/v1/accounts", **{"$filter": "category eq 'LOAN'"})
    assert {one["category"] for one in loans["accounts"]} == {"LOAN"}
    brief = await counter.got("GET", "/v1/accounts", viewName="s")
    assert "allowedActions" not in brief["accounts"][0]
    more = await counter.got("GET", "/v1/accounts", viewName="s", additionalFields="true")
    assert "allowedActions" in more["accounts"][0]


async def test_a_path_that_names_another_customer_is_refused(counter: Counter) -> None:
    said = await counter.ask("GET", f"/v1/customers/{BEN}:accounts", "ada")
    assert (said.status, said.code) == (403, "ACC_00018")
    said = await counter.ask("GET", f"/v1/customers/{BEN}:accounts", "bank", loginId="ada.marsh")
    assert (said.status, said.code) == (403, "ACC_00018")
    said = await counter.ask("GET", f"/v1/customers/{'0' * 32}:accounts", "bank")
    assert (said.status, said.code) == (404, "ACC_00101")
    assert await counter.got("GET", f"/v1/customers/{CLARA}:accounts", "bank")


async def test_transactions_add_up_to_the_balance(counter: Counter) -> None:
    for account in (await counter.accounts()).values():
        found = await counter.everything(account["id"])
        assert found[0]["ledgerBalance"] == account["currentBalance"]
        owed = account["category"] == "LOAN"
        for later, earlier in itertools.pairwise(found):
            up = later["isCreditTransaction"] != owed
            change = cents(later["amount"]) if up else -cents(later["amount"])
            assert cents(later["ledgerBalance"]) == cents(earlier["ledgerBalance"]) + change


@pytest.mark.parametrize("limit", [1, 2, 7, 49, 50, 199, 200])
async def test_pages_visit_each_transaction_once_in_order(counter: Counter, limit: int) -> None:
    account = (await counter.accounts())["CHECKING"]["id"]
    whole = await counter.everything(account)
    numbers = [int(one["transactionNumber"]) for one in whole]
    assert numbers == list(range(len(whole), 0, -1))
    assert await counter.everything(account, limit=limit) == whole


async def test_what_arrives_between_two_pages_changes_no_page(counter: Counter) -> None:
    accounts = await counter.accounts()
    source, target = accounts["CHECKING"]["id"], accounts["SAVINGS"]["id"]
    whole = await counter.everything(source)
    first = await counter.got("GET", "/v1/transactions", accountId=source)
    await counter.got("POST", "/v1/transfers", body=transfer(source, target, 1))
    second = await counter.got("GET", "/v1/transactions", accountId=source, cursor=first["nextCursor"])
    assert first["transactions"] + second["transactions"] == whole[:100]


async def test_a_range_of_dates_has_both_its_ends(counter: Counter) -> None:
    account = (await counter.accounts())["CHECKING"]["id"]
    whole = await counter.everything(account)
    first, last = whole[40]["transactionDate"], whole[10]["transactionDate"]
    found = await counter.got(
        "GET", "/v1/transactions", accountId=account, startDate=first, endDate=last, limit=200
    )
    expected = [one for one in whole if first <= one["transactionDate"] <= last]
    assert found["transactions"] == expected
    assert date.fromisoformat(first) < date.fromisoformat(last)


async def test_a_cursor_opens_no_other_list(counter: Counter) -> None:
    accounts = await counter.accounts()
    page = await counter.got("GET", "/v1/transactions", accountId=accounts["CHECKING"]["id"])
    said = await counter.ask(
        "GET", "/v1/transactions", accountId=accounts["SAVINGS"]["id"], cursor=page["nextCursor"]
    )
    assert (said.status, said.code) == (400, "TXN_40001")


async def cheque(counter: Counter) -> tuple[str, dict[str, Any]]:
    account = (await counter.accounts())["CHECKING"]["id"]
    found = await counter.got("GET", "/v1/banking-images", accountId=account, imageType="CHECK")
    return account, found["bankingImages"][0]


async def test_a_cheque_is_a_picture_and_the_same_bytes_every_time(counter: Counter) -> None:
    _, image = await cheque(counter)
    path = f"/v1/banking-images/{image['id']}"
    front, again = [await counter.ask("GET", path) for _ in range(2)]
    assert front.headers["content-type"] == "image/png"
    assert front.body == again.body
    back = await counter.ask("GET", path, view="BACK")
    pictures = [Image.open(io.BytesIO(side.body)) for side in (front, back)]
    assert [picture.size for picture in pictures] == [(1200, 540)] * 2
    assert front.body != back.body
    assert len(pictures[0].getcolors(10**6) or ()) > 500


async def test_a_caller_that_takes_json_alone_gets_both_sides_in_it(counter: Counter) -> None:
    _, image = await cheque(counter)
    path = f"/v1/banking-images/{image['id']}"
    said = await counter.got("GET", path, headers={"Accept": "application/json"})
    front = await counter.ask("GET", path)
    items = said.pop("imageInfoItems")
    assert said == image
    assert [item["view"] for item in items] == ["FRONT", "BACK"]
    assert base64.b64decode(items[0]["data"]) == front.body


async def test_a_transaction_leads_to_its_cheque_and_back(counter: Counter) -> None:
    account, image = await cheque(counter)
    paid = [one for one in await counter.everything(account) if "checkNumber" in one]
    assert paid[0]["transactionImage"]["imageIdentifier"] == image["id"]
    assert paid[0]["checkNumber"] == image["transactionImageNumber"]
    assert cents(paid[0]["amount"]) == round(image["amount"] * 100)
    one = await counter.got(
        "GET",
        "/v1/banking-images",
        accountId=account,
        imageType="CHECK",
        transactionImageNumber=image["transactionImageNumber"],
        transactionDate=image["transactionDate"],
    )
    assert one["bankingImages"] == [image]


async def test_another_customers_cheque_is_not_found(counter: Counter) -> None:
    _, image = await cheque(counter)
    said = await counter.ask("GET", f"/v1/banking-images/{image['id']}", "ben")
    assert (said.status, said.code) == (404, "BIS_30004")
