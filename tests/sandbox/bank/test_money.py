"""Money is conserved, whatever is asked."""

import asyncio
import itertools
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.sandbox.bank.money import MOST, cents_of, dollars, money
from moneyer.sandbox.bank.people import Owner
from tests.bank import TestClock
from tests.sandbox.bank.counter import PARTIES, Counter, cents, state_of, transfer

amounts = st.one_of(
    st.integers(-5, 400_000).map(lambda amount: amount / 100),
    st.sampled_from([0, -1, 0.001, 1e308, 10**9, 12345678901234567890, "7.50", "x", None, True]),
)
steps = st.tuples(
    st.sampled_from(["ada", "ben", "clara"]),
    st.integers(0, 12),
    st.integers(0, 14),
    amounts,
    st.sampled_from(["", "k1", "k2"]),
)


def total(counter: Counter) -> int:
    """Every balance of every customer of the institution, and what left it."""
    books = counter.bank.books
    owners = [owner for party in PARTIES if party.institution_id == "00016" for owner in party.owners]

    def of(owner: Owner) -> int:
        return sum(books.balance(owner, one.account_id) for one in books.accounts(owner))

    return sum(map(of, owners)) + books.state.outside.get("00016", 0)


async def places(counter: Counter, token: str) -> list[str]:
    """Accounts of a customer, recipients of theirs, and something that is neither."""
    accounts = await counter.got("GET", "/v1/accounts", token)
    recipients = await counter.got("GET", "/v1/recipients", token)
    found = [one["id"] for one in (*accounts["accounts"], *recipients["recipients"])]
    return [*found, "nowhere"]


async def recipients(counter: Counter) -> None:
    for token in ("ada", "ben", "clara"):
        whom = "700102" if token != "ben" else "700101"
        await counter.got(
            "POST",
            "/v1/recipients",
            token,
            body={
                "accountNumber": f"{whom}10",
                "accountType": "CHECKING",
                "memberNumber": whom,
                "nickName": "friend",
            },
        )
        await counter.got(
            "POST",
            "/v1/recipients",
            token,
            body={"accountNumber": "99887766", "accountType": "SAVINGS", "nickName": "abroad"},
        )


async def perform(counter: Counter, todo: list[tuple[str, int, int, Any, str]]) -> int:
    """Carries out transfers, most of which are nonsense; gives how many were made."""
    made = 0
    for token, source, target, amount, key in todo:
        where = await places(counter, token)
        body = transfer(where[source % len(where)], where[target % len(where)], amount)
        headers = {"Idempotency-Key": key} if key else {}
        said = await counter.ask("POST", "/v1/transfers", token, body=body, headers=headers)
        assert said.status in {200, 400}, said
        made += said.status == 200
    return made


@given(todo=st.lists(steps, max_size=12))
@settings(max_examples=40, deadline=None)
def test_transfers_conserve_money_add_up_and_survive_a_restart(
    todo: list[tuple[str, int, int, Any, str]],
) -> None:
    """Whatever is asked: the sum stays, every running balance adds up, and a journal read again
    gives the same bank."""

    async def check(folder: Path) -> None:
        counter = Counter(folder, TestClock())
        await recipients(counter)
        before = total(counter)
        await perform(counter, todo)
        assert total(counter) == before
        for party in PARTIES:
            for owner in party.owners:
                for account in counter.bank.books.accounts(owner):
                    entries = counter.bank.books.entries(owner, account.account_id)
                    for earlier, later in itertools.pairwise(entries):
                        assert later.balance == earlier.balance + later.amount
                    balance = counter.bank.books.balance(owner, account.account_id)
                    assert entries[-1].balance == balance
                    if account.kind.category == "DEPOSIT":
                        assert balance >= 0
        counter.bank.close()
        again = Counter(folder, TestClock(), seed="another")
        assert state_of(again.bank) == state_of(counter.bank)
        assert total(again) == before
        again.bank.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder)))


@given(amount=st.integers(-MOST * 2, MOST * 2))
def test_cents_go_over_the_wire_and_come_back(amount: int) -> None:
    if abs(amount) < MOST:
        assert cents_of(Decimal(repr(money(amount).amount))) == amount
        assert Decimal(dollars(amount).replace(",", "")) * 100 == amount
    else:
        with pytest.raises(ValueError, match="no amount"):
            cents_of(Decimal(amount) / 100)


@pytest.mark.parametrize(
    "amount", ["0.001", "1.0000000000000000000000000000000001", "NaN", "Infinity", "1e9", "1E+999999"]
)
def test_what_is_no_amount_is_no_amount(amount: str) -> None:
    with pytest.raises(ValueError, match=r"no amount|fractions"):
        cents_of(Decimal(amount))


async def test_two_transfers_at_once_do_not_spend_the_same_money(counter: Counter) -> None:
    accounts = await counter.accounts()
    source, target = accounts["CHECKING"]["id"], accounts["SAVINGS"]["id"]
    everything = cents(accounts["CHECKING"]["availableBalance"]) / 100
    said = await asyncio.gather(
        *(
            counter.ask("POST", "/v1/transfers", body=transfer(source, target, everything))
            for _ in range(5)
        )
    )
    assert sorted(one.status for one in said) == [200, 400, 400, 400, 400]
    assert await counter.balance(source) == 0


async def test_one_key_at_once_moves_money_once(counter: Counter) -> None:
    source = (await counter.accounts())["CHECKING"]["id"]
    before = await counter.balance(source)
    await recipients(counter)
    target = (await counter.got("GET", "/v1/recipients"))["recipients"][0]["id"]
    body, headers = transfer(source, target, 5), {"Idempotency-Key": "once"}
    said = await asyncio.gather(
        *(counter.ask("POST", "/v1/transfers", body=body, headers=headers) for _ in range(4))
    )
    assert len({one.body for one in said}) == 1
    assert await counter.balance(source) == before - 500
