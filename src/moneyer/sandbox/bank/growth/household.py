"""A year in the life of a person: salary, rent or mortgage, bills, shopping, a little saved."""

from datetime import date

from moneyer.sandbox.bank.growth import catalogue as firms
from moneyer.sandbox.bank.growth.dice import Dice
from moneyer.sandbox.bank.growth.kinds import (
    CAR_LOAN,
    CARD,
    CERTIFICATE,
    CHECKING,
    MONEY_MARKET,
    MORTGAGE,
    SAVINGS,
    Kind,
)
from moneyer.sandbox.bank.growth.plan import Plan

FRIDAY = 4


class Household:
    """What stays the same all year. Amounts in cents."""

    def __init__(self, dice: Dice) -> None:
        self.owns_a_house = dice.chance(50)
        self.salary = dice.between(1_900, 3_600) * 100
        self.employer = dice.pick(firms.EMPLOYERS)
        self.landlord = dice.pick(firms.LANDLORDS)
        self.home = self.salary * 2 * dice.between(32, 38) // 100
        self.car_payment = dice.between(28_000, 46_000)
        self.saved = dice.between(10, 40) * 1_000
        self.payday = dice.number(2)

    @property
    def loan(self) -> Kind:
        return MORTGAGE if self.owns_a_house else CAR_LOAN

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return (CHECKING, SAVINGS, MONEY_MARKET, CERTIFICATE, CARD, self.loan)

    @property
    def payment(self) -> int:
        return self.home if self.owns_a_house else self.car_payment


def plan_household(home: Household, dice: Dice, last: date) -> Plan:
    """The year that ends with `last`."""
    plan = Plan(last, dice.between(101, 980))
    for day in plan.days():
        _income(plan, home, day)
        _obligations(plan, home, dice, day)
        _shopping(plan, dice, day)
        plan.credit_interest(day, SAVINGS, MONEY_MARKET, CERTIFICATE)
    return plan


def _income(plan: Plan, home: Household, day: date) -> None:
    if day.weekday() == FRIDAY and day.toordinal() // 7 % 2 == home.payday:
        plan.book(day, CHECKING, home.salary, "DIRECT_DEPOSIT", f"{home.employer} PAYROLL")


def _obligations(plan: Plan, home: Household, dice: Dice, day: date) -> None:
    if day.day == 1 and not home.owns_a_house:
        plan.cheque(day, CHECKING, home.home, home.landlord, f"Rent {day:%B}")
    if day.day == 3:
        plan.repay(day, CHECKING, home.loan, home.payment)
    if day.day == 6:
        plan.move(day, CHECKING, SAVINGS, home.saved)
    if day.day == 8:
        plan.settle_card(day, CHECKING, CARD)
    for due, biller in firms.BILLS:
        if day.day == due:
            amount = dice.between(biller.low, biller.high)
            plan.book(day, CHECKING, -amount, "BILL_PAYMENT", biller.name)
    if day.weekday() < 5 and dice.chance(5):
        payee = dice.pick(firms.CRAFTSPEOPLE)
        plan.cheque(day, CHECKING, dice.between(payee.low, payee.high) // 500 * 500, payee.name)


def _shopping(plan: Plan, dice: Dice, day: date) -> None:
    if dice.chance(38):
        shop = dice.pick(firms.SHOPS)
        amount = dice.between(shop.low, shop.high)
        plan.book(day, CHECKING, -amount, "POS_PURCHASE", shop.name)
    if dice.chance(22):
        shop = dice.pick(firms.CARD_SHOPS)
        plan.charge(day, CARD, dice.between(shop.low, shop.high), shop.name)
    if dice.chance(7):
        notes = dice.between(2, 10) * 2_000
        plan.book(day, CHECKING, -notes, "ATM_WITHDRAWAL", "ATM WITHDRAWAL MAIN STREET")
