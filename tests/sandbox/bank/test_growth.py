"""What grows from a seed."""

from datetime import date, timedelta
from typing import Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.sandbox.bank.cheques.words import in_words
from moneyer.sandbox.bank.growth.dice import Dice
from moneyer.sandbox.bank.growth.grow import grow, routing_number
from moneyer.sandbox.bank.people import Owner

TODAY = date(2026, 11, 25)

texts = st.text("abcXYZ0189", min_size=1, max_size=12)
owners = st.builds(
    Owner,
    texts,
    texts,
    st.sampled_from(["RETAIL", "BUSINESS"]),
    texts,
    texts,
    st.sampled_from(["", "700101", "A-17", "12345678901234567890"]),
)


def owner(type_: Literal["RETAIL", "BUSINESS"] = "RETAIL", name: str = "one") -> Owner:
    return Owner("00016", name, type_, "Ada", "Marsh", "700101")


@given(seed=texts, who=owners)
@settings(max_examples=25, deadline=None)
def test_running_balances_add_up_from_the_opening_to_the_balance(seed: str, who: Owner) -> None:
    for grown in grow(seed, who, TODAY):
        balance = grown.opening
        for number, entry in enumerate(grown.entries, 1):
            balance += entry.amount
            assert (entry.number, entry.balance) == (number, balance)
        assert grown.balance == balance
        assert len({entry.entry_id for entry in grown.entries}) == len(grown.entries)


@given(seed=texts, who=owners)
@settings(max_examples=15, deadline=None)
def test_the_same_seed_gives_the_same_bytes(seed: str, who: Owner) -> None:
    once, twice = (msgspec.json.encode(grow(seed, who, TODAY)) for _ in range(2))
    assert once == twice


def test_another_seed_another_owner_or_another_institution_gives_other_accounts() -> None:
    kept = {
        grow(seed, msgspec.structs.replace(owner(), institution_id=i, owner_id=o), TODAY)[0].account
        for seed in ("s", "t")
        for i in ("00016", "00042")
        for o in ("one", "two")
    }
    assert len({account.account_id for account in kept}) == 8


def test_numbers_from_a_seed_never_change() -> None:
    """A sandbox that is kept grows the same accounts under every later version."""
    dice = Dice("seed", "00016")
    assert [dice.number(1000) for _ in range(6)] == [165, 993, 24, 304, 564, 332]
    assert grow("seed", owner(), TODAY)[0].account.account_id == "31a76699094091572cf1deafc0b95bd1"


@given(who=owners)
@settings(max_examples=25, deadline=None)
def test_everyday_accounts_are_never_overdrawn_and_deposits_never_owed(who: Owner) -> None:
    for grown in grow("seed", who, TODAY):
        if grown.account.kind.category == "DEPOSIT":
            assert min(entry.balance for entry in grown.entries) > 0
        else:
            assert max(entry.balance for entry in grown.entries) <= 0


def test_a_person_has_accounts_of_six_kinds_and_a_year_of_transactions() -> None:
    accounts = grow("seed", owner(), TODAY)
    kinds = {grown.account.kind.type for grown in accounts}
    assert {"CHECKING", "SAVINGS", "MONEY_MARKET", "CERT_OF_DEPOSIT", "CREDIT_CARD_LOAN"} < kinds
    assert kinds & {"MORTGAGE_LOAN", "CONSUMER_LOAN"}
    everyday = accounts[0].entries
    assert date.fromisoformat(everyday[0].date) < TODAY - timedelta(days=350)
    assert date.fromisoformat(everyday[-1].date) < TODAY
    assert [entry.date for entry in everyday] == sorted(entry.date for entry in everyday)
    assert {"DIRECT_DEPOSIT", "BILL_PAYMENT", "CHECK", "POS_PURCHASE"} <= {e.type for e in everyday}
    assert len(everyday) > 200


@given(who=owners)
@settings(max_examples=10, deadline=None)
def test_what_is_moved_between_accounts_leaves_one_and_arrives_in_the_other(who: Owner) -> None:
    moved = [
        (entry.date, entry.amount)
        for grown in grow("seed", who, TODAY)
        for entry in grown.entries
        if entry.type in {"TRANSFER_CREDIT", "TRANSFER_DEBIT"}
    ]
    assert moved
    assert sorted(moved) == sorted((day, -amount) for day, amount in moved)


def test_cheques_are_numbered_without_gaps_and_made_out_to_somebody() -> None:
    cheques = [entry for entry in grow("seed", owner("BUSINESS"), TODAY)[0].entries if entry.cheque]
    numbers = [int(entry.cheque) for entry in cheques]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(entry.payee and entry.amount < 0 for entry in cheques)


@given(institution_id=texts)
def test_routing_numbers_have_the_check_digit_that_banks_compute(institution_id: str) -> None:
    digits = [int(digit) for digit in routing_number(institution_id)]
    weights = (3, 7, 1, 3, 7, 1, 3, 7, 1)
    assert sum(d * w for d, w in zip(digits, weights, strict=True)) % 10 == 0


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "Zero and 00/100"),
        (5, "Zero and 05/100"),
        (1_19, "One and 19/100"),
        (42_100_50, "Forty-Two Thousand One Hundred and 50/100"),
        (1_000_000_00, "One Million and 00/100"),
        (
            2_013_019_990_01,
            "Two Billion Thirteen Million Nineteen Thousand Nine Hundred Ninety and 01/100",
        ),
    ],
)
def test_amounts_in_words(amount: int, words: str) -> None:
    assert in_words(amount) == words
