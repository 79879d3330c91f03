"""From a seed and an owner to accounts with a year behind them."""

from collections.abc import Iterable
from datetime import date, timedelta

from moneyer.sandbox.bank.growth.account import Account, Entry, Grown
from moneyer.sandbox.bank.growth.business import Firm, plan_business
from moneyer.sandbox.bank.growth.dice import Dice, digits_of, name_of
from moneyer.sandbox.bank.growth.household import Household, plan_household
from moneyer.sandbox.bank.growth.kinds import Kind
from moneyer.sandbox.bank.growth.plan import Plan, Planned
from moneyer.sandbox.bank.people import Owner

CUSHION = 25_000
"""An everyday account never held less than this, in cents."""

_OPENINGS = {
    "CHECKING": (120_000, 600_000),
    "SAVINGS": (240_000, 2_600_000),
    "MONEY_MARKET": (900_000, 6_500_000),
    "CERT_OF_DEPOSIT": (500_000, 4_000_000),
    "CREDIT_CARD_LOAN": (0, 0),
    "MORTGAGE_LOAN": (-32_000_000, -12_000_000),
    "CONSUMER_LOAN": (-2_600_000, -900_000),
    "COMMERCIAL_LOAN": (-9_000_000, -3_500_000),
}


def grow(seed: str, owner: Owner, today: date) -> tuple[Grown, ...]:
    """The accounts of `owner`, each with the year that ended yesterday.

    The same seed, owner and day always give the same accounts, to the last byte.
    """
    dice = Dice(seed, owner.institution_id, owner.owner_id)
    last = today - timedelta(days=1)
    if owner.type == "BUSINESS":
        firm = Firm(dice)
        holder = f"{owner.family_name or 'Main Street'} {firm.trade}"
        plan, kinds, payment = plan_business(firm, dice, last), firm.kinds, firm.payment
    else:
        home = Household(dice)
        holder = f"{owner.given_name} {owner.family_name}".strip() or "Account Holder"
        plan, kinds, payment = plan_household(home, dice, last), home.kinds, home.payment
    return tuple(_grown(seed, owner, holder, kind, payment, plan, dice) for kind in kinds)


def routing_number(institution_id: str) -> str:
    """Nine digits, the last of which checks the others as American routing numbers have it."""
    eight = digits_of(8, "routing", institution_id)
    weighted = sum(int(digit) * (3, 7, 1)[place % 3] for place, digit in enumerate(eight))
    return f"{eight}{-weighted % 10}"


def account_number(owner: Owner, kind: Kind) -> str:
    """The member's number, a number for the business of it, and the account's suffix."""
    member = owner.member_number if owner.member_number.isascii() else ""
    if not member.isdigit() or len(member) > 10:
        member = digits_of(8, "member", owner.institution_id, owner.owner_id)
    inner = digits_of(3, "entity", owner.owner_id) if owner.type == "BUSINESS" else ""
    return f"{member}{inner}{kind.suffix}"


def _grown(
    seed: str, owner: Owner, holder: str, kind: Kind, payment: int, plan: Plan, dice: Dice
) -> Grown:
    lines = [line for line in plan.lines if line.suffix == kind.suffix]
    low, high = _OPENINGS[kind.type]
    opening = dice.between(low, high) // 100 * 100
    if kind.type == "CHECKING":
        opening += max(0, CUSHION - _lowest(opening, lines))
    account = _account(seed, owner, holder, kind, payment, opening, plan.last, dice)
    return Grown(account, tuple(_booked(account, opening, lines)), opening)


def _lowest(opening: int, lines: Iterable[Planned]) -> int:
    lowest = balance = opening
    for line in lines:
        balance += line.amount or 0
        lowest = min(lowest, balance)
    return lowest


def _booked(account: Account, opening: int, lines: Iterable[Planned]) -> Iterable[Entry]:
    balance = opening
    for number, line in enumerate(lines, 1):
        amount = line.amount
        if amount is None:
            amount = balance * account.kind.interest // (12 * 10_000)
        balance += amount
        yield Entry(
            name_of("entry", account.account_id, str(number)),
            account.account_id,
            number,
            line.day.isoformat(),
            amount,
            balance,
            line.type,
            line.description,
            line.memo,
            line.cheque,
            line.payee,
        )


def _account(
    seed: str,
    owner: Owner,
    holder: str,
    kind: Kind,
    payment: int,
    opening: int,
    last: date,
    dice: Dice,
) -> Account:
    opened = last - timedelta(days=dice.between(400, 3_600))
    is_loan = kind.category == "LOAN" and not kind.is_card
    next_month = (last.replace(day=1) + timedelta(days=32)).replace(day=5)
    return Account(
        name_of(seed, "account", owner.institution_id, owner.owner_id, kind.suffix),
        owner.institution_id,
        owner.owner_id,
        kind.suffix,
        account_number(owner, kind),
        routing_number(owner.institution_id),
        holder,
        opened.isoformat(),
        limit=dice.between(8, 30) * 50_000 if kind.is_card else 0,
        original=abs(opening) + dice.between(2, 20) * 100_000 if is_loan else 0,
        payment=payment if is_loan else 0,
        due=next_month.isoformat() if kind.category == "LOAN" else "",
        matures=(last + timedelta(days=dice.between(40, 640))).isoformat()
        if kind.type == "CERT_OF_DEPOSIT"
        else "",
    )
