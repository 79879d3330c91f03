"""A year in the life of a business: takings, suppliers, wages, taxes."""

from datetime import date

from moneyer.sandbox.bank.growth import catalogue as firms
from moneyer.sandbox.bank.growth.dice import Dice
from moneyer.sandbox.bank.growth.household import FRIDAY
from moneyer.sandbox.bank.growth.kinds import (
    BUSINESS_CARD,
    BUSINESS_LOAN,
    OPERATING,
    PAYROLL,
    RESERVE,
    Kind,
)
from moneyer.sandbox.bank.growth.plan import Plan


class Firm:
    """What stays the same all year. Amounts in cents."""

    kinds: tuple[Kind, ...] = (OPERATING, PAYROLL, RESERVE, BUSINESS_CARD, BUSINESS_LOAN)

    def __init__(self, dice: Dice) -> None:
        self.trade = dice.pick(firms.TRADES)
        self.wages = dice.between(300_000, 700_000)
        self.rent = dice.between(180_000, 420_000)
        self.landlord = dice.pick(firms.LANDLORDS)
        self.payment = dice.between(60_000, 140_000)
        self.payday = dice.number(2)


def plan_business(firm: Firm, dice: Dice, last: date) -> Plan:
    """The year that ends with `last`."""
    plan = Plan(last, dice.between(2_001, 8_000))
    for day in plan.days():
        _takings(plan, dice, day)
        _obligations(plan, firm, dice, day)
        _wages(plan, firm, day)
        plan.credit_interest(day, RESERVE)
    return plan


def _takings(plan: Plan, dice: Dice, day: date) -> None:
    if day.weekday() < 5:
        taken = dice.between(firms.TILL.low, firms.TILL.high) // 2
        plan.book(day, OPERATING, taken, "ACH_CREDIT", firms.TILL.name)


def _wages(plan: Plan, firm: Firm, day: date) -> None:
    if day.weekday() == FRIDAY and day.toordinal() // 7 % 2 == firm.payday:
        plan.move(day, OPERATING, PAYROLL, firm.wages)
        plan.book(day, PAYROLL, -firm.wages, "ELECTRONIC_TRANSFER_DEBIT", "WAGES")


def _obligations(plan: Plan, firm: Firm, dice: Dice, day: date) -> None:
    if day.day == 1:
        plan.cheque(day, OPERATING, firm.rent, firm.landlord, f"Premises {day:%B}")
    if day.day == 4:
        plan.repay(day, OPERATING, BUSINESS_LOAN, firm.payment)
    if day.day == 9:
        plan.settle_card(day, OPERATING, BUSINESS_CARD)
    if day.day == 15 and day.month % 3 == 1:
        tax = dice.between(250_000, 620_000)
        plan.book(day, OPERATING, -tax, "ELECTRONIC_TRANSFER_DEBIT", "QUARTERLY TAX DEPOSIT")
    if day.day == 25:
        plan.move(day, OPERATING, RESERVE, dice.between(40, 150) * 1_000)
    if day.weekday() < 5 and dice.chance(22):
        supplier = dice.pick(firms.SUPPLIERS)
        amount = dice.between(supplier.low, supplier.high)
        plan.cheque(day, OPERATING, amount, supplier.name, f"Invoice {dice.between(1000, 9999)}")
    if day.weekday() < 5 and dice.chance(30):
        shop = dice.pick(firms.CARD_SHOPS)
        plan.charge(day, BUSINESS_CARD, dice.between(shop.low, shop.high), shop.name)
