"""Every legacy call, in the order in which the page lists them."""

from moneyer.gateway.route import Routes
from moneyer.sandbox.legacy.call import Operation
from moneyer.sandbox.legacy.calls import accounts, destinations, get_customer, register_user, send_event

OPERATIONS: tuple[Operation, ...] = (
    register_user.OPERATION,
    get_customer.OPERATION,
    accounts.OPERATION,
    send_event.OPERATION,
    destinations.OPERATION,
)

ROUTES = Routes([operation.route for operation in OPERATIONS])
BY_ROUTE = {(o.route.method, o.route.path): o for o in OPERATIONS}
