"""Destinations: where a customer's alerts go."""

from moneyer.customers.customer import Customer
from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.bank.calls.alert_kinds import offered
from moneyer.sandbox.bank.growth.dice import name_of
from moneyer.sandbox.customers import party_of
from moneyer.sandbox.legacy.call import Call, Operation, Reply, legacy_route
from moneyer.sandbox.legacy.wire import Told, Valued


class Destination(Told, frozen=True, omit_defaults=False):
    """`activated`: alerts go there, those in `alertTypeName`. `protocol` is `EMAIL` or `SMS`."""

    id: Valued
    contact_info: str
    protocol: str
    activated: bool
    alert_type_name: list[str]


class Destinations(Told, frozen=True, omit_defaults=False):
    """A PUSH preference has no destination: the sandbox knows nobody's device."""

    destination: list[Destination]


async def list_destinations(call: Call) -> Reply:
    """Raises Declined, Unavailable."""
    customer = await call.active_customer()
    places = (("EMAIL", customer.person.email), ("SMS", customer.person.phone_number))
    return Reply(
        Destinations(
            [
                _destination(call.desk.books, customer, protocol, contact)
                for protocol, contact in places
                if contact
            ]
        )
    )


def _destination(books: Books, customer: Customer, protocol: str, contact: str) -> Destination:
    wanted = _wanted(books, customer, protocol)
    name = name_of("destination", customer.institution_id, customer.customer_id, protocol)
    return Destination(Valued(name), contact, protocol, bool(wanted), wanted)


def _wanted(books: Books, customer: Customer, channel: str) -> list[str]:
    """The kinds of alert that go by `channel`: customer and institution both want that."""
    kinds = offered(books, customer.institution_id)
    wanted = {
        preference.type_name
        for owner in party_of(customer).owners
        for preference in books.state.preferences.get(
            (owner.institution_id, owner.owner_id), {}
        ).values()
        if preference.opted and preference.channel == channel
    }
    return [
        name for name, one in kinds.items() if name in wanted and one.active and channel in one.channels
    ]


OPERATION = Operation(
    legacy_route("GET", "/subscriptions/v1/fis/{di_fiid}/fiCustomers/{di_ficustomer}/destinations"),
    "listDestinations",
    "Where a customer's alerts go",
    list_destinations,
    "Destinations",
    Destinations,
)
