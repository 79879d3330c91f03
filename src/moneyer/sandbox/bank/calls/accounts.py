"""Accounts: what a customer has, and how much is in it."""

import re
from typing import Annotated, Literal

import msgspec

from moneyer.gateway.refusals import ContextMismatch
from moneyer.gateway.route import Route
from moneyer.sandbox.bank.books.books import day_of
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.growth.account import Account
from moneyer.sandbox.bank.growth.kinds import AccountType, Category
from moneyer.sandbox.bank.holder import Holder
from moneyer.sandbox.bank.money import Money, money
from moneyer.sandbox.bank.people import Owner
from moneyer.sandbox.bank.problems import ACCOUNTS, BAD_FILTER, NO_ACCOUNT, Declined
from moneyer.sandbox.bank.wire import Asked, Day, Wire

_FILTER = re.compile(r"\s*(id|nickName|accountNumber|category)\s+eq\s+'([^']{1,128})'\s*")


class AccountTypeInfo(Wire, frozen=True):
    value: AccountType
    description: str


class AccountStatus(Wire, frozen=True, omit_defaults=False):
    open: bool
    negative_balance: bool
    credit_balance: bool


class AllowedActions(Wire, frozen=True, omit_defaults=False):
    summary: bool
    transfer_from: bool
    transfer_to: bool
    is_history_enabled: bool
    is_history_entitled: bool


class AccountInfo(Wire, frozen=True):
    """An account. Balances of cards and loans are what is owed.

    `accountNumber` is the last four digits; whole with the scope accounts:read_unmasked.
    """

    id: str
    institution_id: str
    institution_user_id: str
    account_number: str
    description: str
    nick_name: str
    type: AccountTypeInfo
    category: Category
    current_balance: Money
    available_balance: Money
    institution_customer_id: str = ""
    primary_holder_name: str = ""
    status: AccountStatus | None = None
    allowed_actions: AllowedActions | None = None
    routing_number: str = ""
    micr_number: str = ""
    opened_date: Day = ""
    interest_rate: float | None = None
    interest_year_to_date: Money | None = None
    maturity_date: Day = ""
    original_loan_amount: Money | None = None
    current_principal_balance: Money | None = None
    line_of_credit_limit: Money | None = None
    minimum_payment: Money | None = None
    next_payment_amount: Money | None = None
    next_payment_date: Day = ""


class Accounts(Wire, frozen=True, omit_defaults=False):
    accounts: list[AccountInfo]


class AccountsQuery(Asked, frozen=True):
    """`viewName` `s` leaves out what is not needed for a list."""

    view_name: Literal["s", "m"] = "m"
    cross_account: bool = True
    additional_fields: bool = False
    filter: Annotated[
        str,
        msgspec.Meta(
            max_length=200,
            description="OData: a member (id, nickName, accountNumber, category) `eq` a value.",
            examples=["category eq 'DEPOSIT'"],
        ),
    ] = msgspec.field(name="$filter", default="")


class AccountQuery(Asked, frozen=True):
    view_name: Literal["s", "m"] = "m"
    cross_account: bool = True


async def list_accounts(call: Call) -> Reply:
    """Raises Declined."""
    asked = call.query(AccountsQuery)
    return _listed(call, await call.holder(), asked)


async def get_account(call: Call) -> Reply:
    """Raises Declined."""
    asked = call.query(AccountQuery)
    holder = await call.holder()
    owner, account = call.account(holder, call.variables["accountId"], NO_ACCOUNT)
    return Reply(body=shown(call, holder, owner, account, whole=asked.view_name == "m"))


async def accounts_of_customer(call: Call) -> Reply:
    """The path names the customer by institutionUserId. Raises Declined, ContextMismatch."""
    asked = call.query(AccountsQuery)
    verified, customer_id = call.verified, call.variables["customerId"]
    if verified.customer_id and verified.customer_id != customer_id:
        raise ContextMismatch("path-names-another")
    party = await call.desk.customers.by_id(call.institution_id, customer_id)
    if party is None:
        raise Declined(ACCOUNTS.customer)
    for name, real in (("loginId", party.login_id), ("hostUserId", party.host_user_id)):
        said = call.form.text(name, 256)
        if said is not None and said.casefold() != real.casefold():
            raise ContextMismatch("path-and-query-differ")
    return _listed(call, Holder(party, party.owners), asked)


def _listed(call: Call, holder: Holder, asked: AccountsQuery) -> Reply:
    whole = asked.view_name == "m" or asked.additional_fields
    accounts = [
        shown(call, holder, owner, account, whole=whole) for owner, account in call.accounts(holder)
    ]
    if asked.filter:
        match = _FILTER.fullmatch(asked.filter)
        if match is None:
            raise Declined(BAD_FILTER)
        members = {"nickName": "nick_name", "accountNumber": "account_number"}
        member = members.get(match[1], match[1])
        accounts = [one for one in accounts if getattr(one, member) == match[2]]
    return Reply(body=Accounts(accounts))


def shown(call: Call, holder: Holder, owner: Owner, account: Account, *, whole: bool) -> AccountInfo:
    """An account as the caller may see it."""
    kind = account.kind
    balance = call.books.balance(owner, account.account_id)
    is_loan = kind.category == "LOAN"
    brief = AccountInfo(
        account.account_id,
        account.institution_id,
        holder.party.customer_id,
        account.number if call.shows_numbers else account.number[-4:],
        kind.description,
        kind.description,
        AccountTypeInfo(kind.type, kind.description),
        kind.category,
        money(-balance if is_loan else balance),
        money(call.books.available(owner, account)),
        owner.owner_id if holder.party.is_business else "",
        account.holder,
    )
    return _with_details(call, owner, account, balance, brief) if whole else brief


def _with_details(
    call: Call, owner: Owner, account: Account, balance: int, brief: AccountInfo
) -> AccountInfo:
    kind = account.kind
    is_loan = kind.category == "LOAN"
    owed = max(0, -balance)
    due = min(owed, account.payment or max(2_500, owed // 25)) if is_loan else 0
    return msgspec.structs.replace(
        brief,
        status=AccountStatus(
            open=True,
            negative_balance=balance < 0 and not is_loan,
            credit_balance=balance > 0 and is_loan,
        ),
        allowed_actions=AllowedActions(
            summary=True,
            transfer_from=kind.transfer_from,
            transfer_to=kind.transfer_to,
            is_history_enabled=True,
            is_history_entitled=True,
        ),
        routing_number=account.routing,
        micr_number=account.number if call.shows_numbers and kind.type == "CHECKING" else "",
        opened_date=account.opened,
        interest_rate=kind.interest / 100 if kind.interest else None,
        interest_year_to_date=money(_interest(call, owner, account)) if kind.interest else None,
        maturity_date=account.matures,
        original_loan_amount=money(account.original) if account.original else None,
        current_principal_balance=money(owed) if is_loan and not kind.is_card else None,
        line_of_credit_limit=money(account.limit) if account.limit else None,
        minimum_payment=money(due) if kind.is_card else None,
        next_payment_amount=money(due) if is_loan else None,
        next_payment_date=account.due if due else "",
    )


def _interest(call: Call, owner: Owner, account: Account) -> int:
    """What was earned or charged since the first of January."""
    year = f"{day_of(call.now).year}-"
    return sum(
        abs(entry.amount)
        for entry in call.books.entries(owner, account.account_id)
        if entry.type in {"INTEREST_POSTING", "INTEREST_CHARGE"} and entry.date.startswith(year)
    )


_READ = ("accounts:read", "accounts:read_unmasked")

OPERATIONS = (
    Operation(
        Route("GET", "/v1/accounts", ACCOUNTS.family, _READ),
        ACCOUNTS,
        "listAccounts",
        "A customer's accounts with their balances",
        list_accounts,
        query=AccountsQuery,
        gives=Accounts,
        problems=(BAD_FILTER,),
    ),
    Operation(
        Route("GET", "/v1/accounts/{accountId}", ACCOUNTS.family, _READ),
        ACCOUNTS,
        "getAccount",
        "One account",
        get_account,
        query=AccountQuery,
        gives=AccountInfo,
        problems=(NO_ACCOUNT,),
    ),
    Operation(
        Route("GET", "/v1/customers/{customerId}:accounts", ACCOUNTS.family, _READ, "none"),
        ACCOUNTS,
        "listAccountsOfCustomer",
        "The accounts of the customer whose institutionUserId stands in the path",
        accounts_of_customer,
        query=AccountsQuery,
        gives=Accounts,
        problems=(BAD_FILTER,),
    ),
)
