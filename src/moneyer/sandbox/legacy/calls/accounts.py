"""Legacy accounts: what a customer has, with balances of this moment."""

from moneyer.customers.customer import Customer
from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.bank.growth.account import Account
from moneyer.sandbox.bank.people import Owner
from moneyer.sandbox.customers import party_of
from moneyer.sandbox.legacy.call import Call, Operation, Reply, legacy_route
from moneyer.sandbox.legacy.wire import Guid, Told, Valued


class Amount(Told, frozen=True, omit_defaults=False):
    """Dollars."""

    amount: float
    currency_code: str = "USD"


class AccountNumber(Told, frozen=True):
    """The last four digits: all are for `accounts:read_unmasked`, and V1 tokens have no scopes."""

    display_value: str


class LegacyAccount(Told, frozen=True):
    """Balances of cards and loans are what is owed."""

    id: Valued
    fi_id: Valued
    fi_customer_id: Guid
    account_number: AccountNumber
    account_status: str
    account_type: str
    category: str
    description: str
    nick_name: str
    current_balance: Amount
    available_balance: Amount
    primary_holder_name: str
    routing_number: str
    opened_date: str
    transfer_restriction: str = ""


class LegacyAccounts(Told, frozen=True, omit_defaults=False):
    account: list[LegacyAccount]


async def list_accounts(call: Call) -> Reply:
    """Raises Declined, Unavailable."""
    customer = await call.active_customer()
    books = call.desk.books
    return Reply(
        LegacyAccounts(
            [
                _shown(books, customer, owner, account)
                for owner in party_of(customer).owners
                for account in books.accounts(owner)
            ]
        )
    )


def _shown(books: Books, customer: Customer, owner: Owner, account: Account) -> LegacyAccount:
    kind = account.kind
    balance = books.balance(owner, account.account_id)
    return LegacyAccount(
        Valued(account.account_id),
        Valued(account.institution_id),
        Guid(customer.customer_id),
        AccountNumber(account.number[-4:]),
        "OPEN",
        kind.type,
        kind.category,
        kind.description,
        kind.description,
        Amount((-balance if kind.category == "LOAN" else balance) / 100),
        Amount(books.available(owner, account) / 100),
        account.holder,
        account.routing,
        account.opened,
        _RESTRICTIONS[kind.transfer_from, kind.transfer_to],
    )


_RESTRICTIONS = {
    (True, True): "",
    (False, True): "EXCLUDE_AS_FROM",
    (True, False): "EXCLUDE_AS_TO",
    (False, False): "EXCLUDE_ALL",
}

OPERATION = Operation(
    legacy_route("GET", "/bankingservices/v2/fis/{di_fiid}/fiCustomers/{di_ficustomer}/accounts"),
    "listLegacyAccounts",
    "A customer's accounts with their balances",
    list_accounts,
    "Accounts",
    LegacyAccounts,
)
