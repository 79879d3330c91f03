"""One call of the bank's APIs, and the description of each call there is."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from moneyer.endpoints.http import Request
from moneyer.gateway.call import Verified
from moneyer.gateway.route import Route
from moneyer.protocol.form import Form
from moneyer.sandbox.bank import reading
from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.bank.growth.account import Account
from moneyer.sandbox.bank.holder import Holder, resolve
from moneyer.sandbox.bank.people import Customers, House, Houses, Owner
from moneyer.sandbox.bank.problems import Declined, Problem, Words
from moneyer.sandbox.bank.wire import Asked, Nothing, Wire

A = TypeVar("A", bound=Asked)


class Reply(NamedTuple):
    """What a call is answered with: a struct as JSON, a picture (PNG), or nothing."""

    status: int = 200
    body: Wire | None = None
    picture: bytes = b""


class Desk(NamedTuple):
    """What the bank works with."""

    books: Books
    customers: Customers
    houses: Houses


class Call(NamedTuple):
    """A call that the guard let through."""

    desk: Desk
    operation: "Operation"
    request: Request
    headers: dict[bytes, bytes]
    form: Form
    asked: Asked
    verified: Verified
    variables: dict[str, str]
    transaction_id: str
    now: int

    def __repr__(self) -> str:
        return f"Call({self.operation.route.path!r})"

    @property
    def books(self) -> Books:
        return self.desk.books

    @property
    def institution_id(self) -> str:
        return self.verified.institution_id

    @property
    def house(self) -> House:
        return self.desk.houses(self.institution_id) or House(self.institution_id)

    @property
    def shows_numbers(self) -> bool:
        """Whether account numbers are told whole."""
        return "accounts:read_unmasked" in self.verified.scopes

    def query(self, type_: type[A]) -> A:
        """The parameters beside the customer's: `type_` is what the operation says."""
        if not isinstance(self.asked, type_):
            raise TypeError(f"{self.operation.name} does not take {type_.__name__}")
        return self.asked

    def body(self, type_: type[A]) -> A:
        """The JSON body. Raises Declined."""
        return reading.read_body(self.request, self.headers, type_, self.operation.words)

    async def holder(self) -> Holder:
        """Whom the call is about. Raises Declined."""
        return await resolve(self.verified, self.desk.customers, self.operation.words)

    def accounts(self, holder: Holder) -> Iterator[tuple[Owner, Account]]:
        """Every account of all whom the call is about."""
        for owner in holder.owners:
            for account in self.books.accounts(owner):
                yield owner, account

    def account(self, holder: Holder, account_id: str, problem: Problem) -> tuple[Owner, Account]:
        """The account of that id. Raises Declined with `problem` where it is none of theirs."""
        for owner, account in self.accounts(holder):
            if account.account_id == account_id:
                return owner, account
        raise Declined(problem)


class Operation(NamedTuple):
    """A call that can be made. The OpenAPI document and the guard's routes are made from these.

    `problems` are what it may decline beside the family's own words. `example` is a body to try.
    `gives` is None where there is nothing in the answer; `pictures` where it may be a PNG instead.
    """

    route: Route
    words: Words
    name: str
    summary: str
    answer: Callable[[Call], Awaitable[Reply]]
    query: type[Asked] = Nothing
    body: type[Asked] | None = None
    gives: type[Wire] | None = None
    status: int = 200
    problems: tuple[Problem, ...] = ()
    example: dict[str, Any] = {}  # noqa: RUF012 - never changed
    pictures: bool = False
    retries: bool = False
    """Takes `Idempotency-Key`."""
