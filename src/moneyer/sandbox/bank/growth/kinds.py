"""The kinds of account. A balance is what the bank owes its customer: negative on cards and loans."""

from typing import Literal

import msgspec

AccountType = Literal[
    "CHECKING",
    "SAVINGS",
    "MONEY_MARKET",
    "CERT_OF_DEPOSIT",
    "CREDIT_CARD_LOAN",
    "MORTGAGE_LOAN",
    "CONSUMER_LOAN",
    "COMMERCIAL_LOAN",
]
Category = Literal["DEPOSIT", "LOAN"]


class Kind(msgspec.Struct, frozen=True):
    """What may be done with an account. `suffix` ends its number and tells an owner's accounts apart.

    `interest` in hundredths of a percent a year.
    """

    suffix: str
    type: AccountType
    description: str
    interest: int = 0
    transfer_from: bool = True
    transfer_to: bool = True

    @property
    def category(self) -> Category:
        return "LOAN" if self.type.endswith("_LOAN") else "DEPOSIT"

    @property
    def is_card(self) -> bool:
        return self.type == "CREDIT_CARD_LOAN"


CHECKING = Kind("10", "CHECKING", "Everyday Checking")
SAVINGS = Kind("20", "SAVINGS", "Rainy Day Savings", 85)
MONEY_MARKET = Kind("30", "MONEY_MARKET", "Premium Money Market", 310)
CERTIFICATE = Kind("40", "CERT_OF_DEPOSIT", "24-Month Certificate", 425, False, False)
CARD = Kind("50", "CREDIT_CARD_LOAN", "Rewards Card", 0, False)
MORTGAGE = Kind("60", "MORTGAGE_LOAN", "30-Year Fixed Mortgage", 590, False)
CAR_LOAN = Kind("70", "CONSUMER_LOAN", "Auto Loan", 675, False)

OPERATING = Kind("11", "CHECKING", "Business Checking")
PAYROLL = Kind("12", "CHECKING", "Payroll Account")
RESERVE = Kind("31", "MONEY_MARKET", "Business Money Market", 295)
BUSINESS_CARD = Kind("51", "CREDIT_CARD_LOAN", "Business Card", 0, False)
BUSINESS_LOAN = Kind("80", "COMMERCIAL_LOAN", "Equipment Loan", 720, False)

KINDS = {
    kind.suffix: kind
    for kind in (
        CHECKING,
        SAVINGS,
        MONEY_MARKET,
        CERTIFICATE,
        CARD,
        MORTGAGE,
        CAR_LOAN,
        OPERATING,
        PAYROLL,
        RESERVE,
        BUSINESS_CARD,
        BUSINESS_LOAN,
    )
}
