"""One legacy call, and the description of each call there is."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from moneyer.customers.customer import Customer
from moneyer.dialects.words import Words
from moneyer.endpoints.http import Request
from moneyer.gateway.call import Verified
from moneyer.gateway.families import LEGACY
from moneyer.gateway.route import Route
from moneyer.protocol.form import Form
from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.legacy.body import read_body
from moneyer.sandbox.legacy.people import IdType, Registry
from moneyer.sandbox.legacy.problems import NO_CUSTOMER, OTHER_CUSTOMER, Declined
from moneyer.sandbox.legacy.wire import Sent, Told

S = TypeVar("S", bound=Sent)


class Reply(NamedTuple):
    """What a call is answered with. `location` is a path of ours, "" for none."""

    body: Told
    status: int = 200
    location: str = ""


class Desk(NamedTuple):
    """What the legacy calls work with: the bank's books, and the register of its customers."""

    books: Books
    registry: Registry


class Call(NamedTuple):
    """A call that the guard let through, with the token of the institution in its path."""

    desk: Desk
    operation: "Operation"
    request: Request
    headers: dict[bytes, bytes]
    form: Form
    verified: Verified
    variables: dict[str, str]
    transaction_id: str
    now: int

    def __repr__(self) -> str:
        return f"Call({self.operation.route.path!r})"

    @property
    def institution_id(self) -> str:
        return self.verified.institution_id

    def body(self, type_: type[S]) -> S:
        """Raises Declined."""
        operation = self.operation
        return read_body(
            self.request, self.headers, type_, operation.sends, wrapped=operation.is_wrapped
        )

    async def customer(self, id_type: IdType = "GUID") -> Customer:
        """Whom the path names. Raises Declined: nobody there, or another than the token's customer,
        which is not told apart where the token is a customer's."""
        name = named(self.variables, CUSTOMER)
        found = await self.desk.registry.find(self.institution_id, id_type, name)
        own = self.verified.customer_id
        if own and (found is None or found.customer_id != own):
            raise Declined(OTHER_CUSTOMER)
        if found is None:
            raise Declined(NO_CUSTOMER)
        return found

    async def active_customer(self) -> Customer:
        """As `customer`; one who is disabled has nothing here. Raises Declined."""
        found = await self.customer()
        if found.status != "active":
            raise Declined(NO_CUSTOMER)
        return found


INSTITUTION = ("di_fiid", "fiId")
CUSTOMER = ("di_ficustomer", "fiCustomerId")
"""What the variables in a path are called, in one call or another."""


def named(variables: dict[str, str], names: tuple[str, ...]) -> str:
    """The variable of a path that goes by one of `names`."""
    return next(variables[name] for name in names if name in variables)


class Operation(NamedTuple):
    """A call that can be made. `gives` and `sends` are the names of the root elements.

    `is_wrapped`: in JSON, the root is there as well. `query` are the parameters, with what they may be.
    """

    route: Route
    name: str
    summary: str
    answer: Callable[[Call], Awaitable[Reply]]
    gives: str
    told: type[Told]
    sends: str = ""
    sent: type[Sent] | None = None
    is_wrapped: bool = False
    status: int = 200
    query: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - never changed
    problems: tuple[Words, ...] = ()
    example: dict[str, Any] = {}  # noqa: RUF012 - never changed

    @property
    def names_a_customer(self) -> bool:
        return any(f"{{{name}}}" in self.route.path for name in CUSTOMER)


def legacy_route(method: str, path: str) -> Route:
    """A route that V1 tokens open."""
    return Route(method, path, LEGACY, customer="none", audience="legacy-apis")
